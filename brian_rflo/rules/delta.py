"""The delta rule, for readout weights, and its transpose, for feedback weights.

Murray 2019, eLife 8:e43299, equation 4: dWout_ab = learning_rate/T eps_a(t) h_b(t), the exact
gradient of the loss.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import BELLEC, MURRAY, LearningRule

__all__ = ["Delta", "FeedbackDelta"]


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
