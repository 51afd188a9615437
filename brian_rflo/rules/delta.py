"""The delta rule, for readout weights.

Murray 2019, eLife 8:e43299, equation 4: dWout_ab = learning_rate/T eps_a(t) h_b(t), the exact
gradient of the loss. For a leaky readout, whose output is its low-pass filtered drive (Bellec et
al. 2020, Nature Communications 11:3625, equation 11), the activity is filtered too.
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity

from ..brian.quantities import check_time
from .base import BELLEC, MURRAY, LearningRule

__all__ = ["Delta", "FeedbackDelta", "LeakyDelta", "LeakyFeedbackDelta"]


@dataclass(frozen=True)
class Delta(LearningRule):
    """Error times activity, for readout weights (Murray 2019, equation 4).

    Parameters
    ----------
    learning_rate : float
        The paper's eta_1. The update of one step is ``learning_rate/T*error*activity`` in trials
        of `T` steps.

    Examples
    --------
    >>> Delta(learning_rate=0.03).update
    'error_post*activity_pre'
    """

    citation = MURRAY
    update = "error_post*activity_pre"

    def transposed(self) -> FeedbackDelta:
        """Return the rule that makes the same changes to the feedback weights."""
        return FeedbackDelta(self.learning_rate)


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
class FeedbackDelta(LearningRule):
    """The transposed delta rule: the changes that `Delta` makes to readout weights, for feedback
    weights.

    Parameters
    ----------
    learning_rate : float
        As in the readout's rule.

    Examples
    --------
    >>> FeedbackDelta(learning_rate=0.03).update
    'error_pre*activity_post'
    """

    citation = BELLEC
    update = "error_pre*activity_post"
    mirrors_readout = True


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
