"""Node perturbation: each unit gets noise in each step of one of two runs of a trial, and learns
from the difference of their losses.

Zuege, Klos & Memmesheimer 2023, Physical Review X 13:021006, in the names of the code, with the
loss E of the free run and E' of the perturbed one, on the same input and from the same state:

    noise_i(t) ~ N(0, sigma^2)                       added to the drive of neurons, or to an output
    dw_ij = -learning_rate/sigma^2 (E' - E) sum_t noise_i(t) activity_j(t)

activity_j(t) is what drives unit i in that step: the activity of the step before for recurrent
weights, this step's input for input weights, the new activity for readout weights. The difference
E - E' is the modulator of the perturbed copy, `PairDifference`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..schedule import DRIVEN
from .base import LearningRule
from .perturbing import ZUEGE, check_sigma

__all__ = ["NodePerturbation"]


@dataclass(frozen=True)
class NodePerturbation(LearningRule):
    """Node perturbation, NP (Züge, Klos & Memmesheimer 2023).

    Each trial runs twice side by side, so the groups hold two consecutive copies of each network:
    a free one, and one with noise. It needs a modulator, `PairDifference`, which a
    `LearningNetwork` has by itself, and no error, slope or feedback. All projections onto a group
    share its noise; there is none where all of them are frozen (``plastic = False``).

    Parameters
    ----------
    learning_rate : float
        The paper's eta; it is not divided by the steps of the trial.
    sigma : float
        Standard deviation of the noise of a step. Above 1e-6, since the difference of two losses
        has a relative error of about 1e-16.

    Raises
    ------
    ValueError
        If `sigma` is not positive, or the target has no variable `noise` and is no group of this
        package.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> neurons = RateNeurons(2*10, tau=10*ms)
    >>> net = LearningNetwork(task, neurons, NodePerturbation(1e-3, sigma=1e-3))
    >>> result = net.train(5)
    >>> result.losses.shape
    (1, 5)
    """

    sigma: float

    citation = ZUEGE
    pairs = True
    explores = "perturbed_network*sigma*randn()"
    traces = "product : 1"
    advance = "product = noise_post*activity_pre"
    reset = "product = 0"
    phase = DRIVEN
    summed = "product"
    averages_sum = False
    update = "modulator_network*summed/sigma**2"

    def __post_init__(self):
        super().__post_init__()
        check_sigma(self)
