"""RFLO: random feedback local online learning.

Murray 2019, eLife 8:e43299, equations 3 and 5. With the postsynaptic neuron a, the presynaptic
neuron (or input) b, tanh'(u_a) = gain, the projected error [B eps]_a = feedback:

    tau dp_ab/dt = -p_ab + tanh'(u_a) h_b            the eligibility trace
    dW_ab = learning_rate/T [B eps(t)]_a p_ab(t)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import Group, Quantity, get_logger

from ..brian.quantities import check_time
from .base import MURRAY, LearningRule

if TYPE_CHECKING:
    from ..updates import PerStep

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
        ``learning_rate/T`` times the product of feedback and trace in trials of `T` steps.
    tau : Quantity
        Time constant of the trace, equal to that of the neurons.

    Notes
    -----
    The trace contains the activity before the step and the gain of the step. The trace of an input
    contains the input of the same step, which makes it the exact derivative (the paper prints the
    previous step).

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

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return the rule itself; warn if tau differs from the neurons' activity time constant."""
        neurons = getattr(target, "source", target)  # a subgroup has one
        theirs = getattr(neurons, "activity_tau", self.tau)
        if abs(theirs - self.tau) > 1e-9 * self.tau:
            logger.warn(
                f"{type(self).__name__} has tau = {self.tau}, but the activity of '{neurons.name}'"
                f" decays with {theirs}. The eligibility trace is then not the derivative of the"
                f" activity, so updates do not follow the gradient; write tau={theirs!r}.",
                "tau",
                once=True,
            )
        return self
