"""The delta rule for leaky readouts, and its transpose, for feedback weights.

The output of a leaky readout is its low-pass filtered drive (Bellec et al. 2020, Nature
Communications 11:3625, equation 11), so the activity is filtered too:

    dWout_ab = learning_rate/T eps_a(t) (F h_b)(t),   tau d(F h)/dt = h - F h
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity

from ..brian.quantities import check_time
from .base import BELLEC, LearningRule

__all__ = ["LeakyDelta", "LeakyFeedbackDelta"]


@dataclass(frozen=True)
class LeakyDelta(LearningRule):
    """Error times filtered activity, for the weights of a `LeakyReadout` (Bellec et al. 2020).

    Parameters
    ----------
    learning_rate : float
        As for `Delta`.
    tau : Quantity
        Time constant of the readout.

    Examples
    --------
    >>> from brian2 import ms
    >>> LeakyDelta(learning_rate=0.03, tau=30*ms).update
    'error_post*trace'
    """

    tau: Quantity

    citation = BELLEC
    traces = "dtrace/dt = (activity_pre - trace)/tau : 1 (clock-driven)"
    update = "error_post*trace"
    reset = "trace = 0"

    def __post_init__(self):
        super().__post_init__()
        check_time("LeakyDelta: tau", self.tau)

    @property
    def readout_tau(self) -> Quantity:
        """Return `tau`."""
        return self.tau

    def transposed(self) -> LeakyFeedbackDelta:
        """Return the rule that makes the same changes to the feedback weights."""
        return LeakyFeedbackDelta(self.learning_rate, self.tau)


@dataclass(frozen=True)
class LeakyFeedbackDelta(LeakyDelta):
    """The transposed `LeakyDelta`, for feedback weights from a `LeakyReadout`.

    Parameters
    ----------
    learning_rate, tau
        As in the readout's rule.

    Examples
    --------
    >>> from brian2 import ms
    >>> LeakyFeedbackDelta(learning_rate=0.03, tau=30*ms).update
    'error_pre*trace'
    """

    traces = "dtrace/dt = (activity_post - trace)/tau : 1 (clock-driven)"
    update = "error_pre*trace"
    mirrors_readout = True
