"""Weight perturbation: each weight is changed a little in one of two runs of a trial, and learns
from the difference of their losses.

Zuege, Klos & Memmesheimer 2023, Physical Review X 13:021006, in the names of the code, with the
loss E of the free run and E' of the perturbed one, on the same input and from the same state:

    pw_ij ~ N(0, sigma^2)                            once per trial; w + pw is sent
    dw_ij = -learning_rate/sigma^2 (E' - E) pw_ij    at the end of the trial

The difference E - E' is the modulator of the perturbed copy, `PairDifference`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import LearningRule
from .perturbing import ZUEGE, check_sigma

__all__ = ["WeightPerturbation"]


@dataclass(frozen=True)
class WeightPerturbation(LearningRule):
    """Weight perturbation, WP (Züge, Klos & Memmesheimer 2023).

    Each trial runs twice side by side, so the groups hold two consecutive copies of each network:
    a free one, and one whose weights are perturbed. It needs a modulator, `PairDifference`, which a
    `LearningNetwork` has by itself, and no error, slope or feedback. Weights of frozen projections
    (``plastic = False``) are not perturbed.

    Parameters
    ----------
    learning_rate : float
        The paper's eta. As the update is read once per trial, it is not divided by the steps of
        the trial.
    sigma : float
        Standard deviation of the perturbation of a weight. Above 1e-6, since the difference of two
        losses has a relative error of about 1e-16.

    Raises
    ------
    ValueError
        If `sigma` is not positive.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> neurons = RateNeurons(2*10, tau=10*ms)
    >>> net = LearningNetwork(task, neurons, WeightPerturbation(1e-3, sigma=1e-3))
    >>> result = net.train(5)
    >>> result.losses.shape
    (1, 5)
    """

    sigma: float

    citation = ZUEGE
    pairs = True
    traces = "pw : 1"
    transmits = "w + pw"
    reset = "pw = int(plastic)*perturbed_network*sigma*randn()"
    update = {"trial_end": "modulator_network*pw/sigma**2"}

    def __post_init__(self):
        super().__post_init__()
        check_sigma(self)
