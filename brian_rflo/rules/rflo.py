"""RFLO: random feedback local online learning.

Murray 2019, eLife 8:e43299, equations 3 and 5. With the postsynaptic neuron a, the presynaptic
neuron (or input) b, tanh'(u_a) = gain, the projected error [B eps]_a = feedback:

    tau dp_ab/dt = -p_ab + tanh'(u_a) h_b            the eligibility trace
    dW_ab = learning_rate/T [B eps(t)]_a p_ab(t)
"""

from dataclasses import dataclass

from brian2 import Quantity, get_logger

from ..brian.quantities import check_time
from .base import MURRAY, LearningRule

__all__ = ["RFLO"]

logger = get_logger(__name__)


@dataclass(frozen=True)
class RFLO(LearningRule):
    """Random feedback local online learning, for recurrent and input weights (Murray 2019,
    equations 3 and 5).

    Parameters
    ----------
    learning_rate : float
        The paper's eta; 0.03 for the periodic task at 20 time constants. The update of one step is
        ``learning_rate/T`` times the product of feedback and trace, `T` being the steps of a trial.
    tau : Quantity
        Time constant of the trace; that of the neurons.

    Notes
    -----
    The trace holds the activity from before the step and the gain of the step; an input's trace
    holds the input that entered in the same step, which makes it the exact derivative (the paper
    prints the step before).

    Examples
    --------
    >>> from brian2 import ms
    >>> RFLO(learning_rate=0.03, tau=10*ms).update
    'feedback_post*trace'
    """

    tau: Quantity

    citation = MURRAY
    traces = "dtrace/dt = (gain_post*psp_pre - trace)/tau : 1 (clock-driven)"
    update = "feedback_post*trace"
    rate_gradient = "trace"
    reset = "trace = 0"

    def __post_init__(self):
        super().__post_init__()
        check_time("RFLO: tau", self.tau)

    def bind(self, target, onto, learn=None):
        """Return the rule itself; warn if tau differs from the time constant of the neurons'
        activity.
        """
        neurons = getattr(target, "source", target)  # a subgroup has one
        theirs = getattr(neurons, "activity_tau", self.tau)
        if abs(theirs - self.tau) > 1e-9 * self.tau:
            logger.warn(
                f"{type(self).__name__} has tau = {self.tau}, but the activity of '{neurons.name}'"
                f" decays with {theirs}: its traces are no derivatives then, and the updates point"
                f" elsewhere. Give it tau={theirs!r}.",
                "tau",
                once=True,
            )
        return self
