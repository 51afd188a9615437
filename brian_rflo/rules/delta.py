"""The delta rule, for readout weights.

Murray 2019, eLife 8:e43299, equation 4: dWout_ab = learning_rate/T eps_a(t) h_b(t), the exact gradient of the loss.
"""

from dataclasses import dataclass

from .base import LearningRule


@dataclass(frozen=True)
class Delta(LearningRule):
    """Error times activity, for readout weights (Murray 2019, equation 4).

    Parameters
    ----------
    learning_rate : float
        The paper's eta_1. The update of one step is ``learning_rate/T*error*activity``, `T` being the steps of a trial.

    Examples
    --------
    >>> Delta(learning_rate=0.03).update
    'error_post*activity_pre'
    """

    update = "error_post*activity_pre"
    needs_post = ("error",)
