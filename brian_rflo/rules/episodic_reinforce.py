"""Episodic REINFORCE: the score of a trial's noise, paid once by the outcome of the trial.

Williams 1992, Machine Learning 8:229, in the names of the code, with the drive u and the loss E of
a trial:

    output_noise_i(t) ~ N(0, sigma^2)                inside the leak, outside the function
    dw_ij = learning_rate/sigma^2 (expected - E) sum_t output_noise_i(t) f'(u_i(t)) h_j(t-1)

or, with noise in the drive, without the slope. The sum, divided by sigma^2, is the derivative of
the logarithm of the probability of the trial, so the mean of dw is minus the gradient of the
expected loss. `Reinforce` is paid in each step.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..schedule import Phase
from .base import LearningRule
from .perturbing import check_sigma
from .reinforce import PORTS, WILLIAMS, check_port_of_noise

__all__ = ["EpisodicReinforce"]


@dataclass(frozen=True)
class EpisodicReinforce(LearningRule):
    """REINFORCE with one payment per trial, for neurons with graded activity (Williams 1992).

    It needs a modulator that is known at the end of a trial, such as `RunningBaseline`, and no
    error or feedback. All projections onto a group share its noise; there is none where all of them
    are frozen (``plastic = False``).

    Parameters
    ----------
    learning_rate : float
        Step along minus the gradient of the expected loss; it is not divided by the steps of the
        trial, since the loss is.
    sigma : float
        Standard deviation of the noise of a step.
    port : {"output_noise", "noise"}
        As for `Reinforce`.

    Raises
    ------
    ValueError
        If `sigma` is not positive, or `port` is neither of the two.

    Examples
    --------
    >>> EpisodicReinforce(0.01, sigma=0.3).update
    'modulator_network*summed/sigma**2'
    """

    sigma: float
    port: str = "output_noise"

    citation = WILLIAMS
    traces = "score : 1"
    reset = "score = 0"
    summed = "score"
    averages_sum = False
    update = "modulator_network*summed/sigma**2"

    def __post_init__(self):
        super().__post_init__()
        check_sigma(self)
        check_port_of_noise(self)

    @property
    def explores(self) -> dict[str, str]:
        """The noise, by its port."""
        return {self.port: "sigma*randn()"}

    @property
    def advance(self) -> str:
        """The score of a step."""
        return f"score = {PORTS[self.port][0]}*arriving_pre"

    @property
    def phase(self) -> Phase | None:
        """Noise of the drive meets what was summed in this step, also in readouts."""
        return PORTS[self.port][1]
