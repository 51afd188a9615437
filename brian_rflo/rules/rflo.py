"""RFLO: random feedback local online learning.

Murray 2019, eLife 8:e43299, equations 3 and 5. With the postsynaptic neuron a, the presynaptic
neuron (or input) b, tanh'(u_a) = gain, the projected error [B eps]_a = feedback:

    tau dp_ab/dt = -p_ab + tanh'(u_a) h_b            the eligibility trace
    dW_ab = learning_rate/T [B eps(t)]_a p_ab(t)

This is for neurons whose function is inside the leak, whatever function: gain is its slope. Noise
in the drive or behind the function is an input like any other and changes nothing here. Where the
function is outside the leak (`PotentialNeurons`), the slope is outside the trace, and RFLO is
``neurons.rule(learning_rate)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from brian2 import Group, Quantity, get_logger

from ..brian.borrowed import word_substitute
from ..brian.declared import declared, declares, parent_group
from ..brian.quantities import check_time
from .base import MURRAY, LearningRule, check_one_tau

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
    tau : Quantity or None
        Time constant of the trace, equal to that of the neurons; None takes it from the
        postsynaptic neurons, each one's own (``tau_post``) where they differ.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a positive time; and at the projection, if it is one number and the neurons
        have time constants of their own, or if it is None and they do not say theirs.

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

    tau: Quantity | None

    citation = MURRAY
    traces = "dtrace/dt = (gain_post*psp_pre - trace)/tau : 1 (clock-driven)"
    update = "feedback_post*trace"
    rate_gradient = "trace"
    reset = "trace = 0"

    def __post_init__(self):
        super().__post_init__()
        if self.tau is not None:
            check_time(f"{type(self).__name__}: tau", self.tau)
            return
        own = word_substitute(self.traces, {"tau": "tau_post"})
        object.__setattr__(self, "traces", own)  # the dataclass is frozen

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return the rule for these neurons, with their time constant if `tau` is None; warn if tau
        differs from it.
        """
        neurons = parent_group(target)  # a subgroup has one
        if "gain" not in neurons.variables:
            return self  # refused with all ports
        if self.tau is None:
            return self if "tau" in neurons.variables else replace(self, tau=tau_of(self, neurons))
        theirs = declared(neurons, "activity_tau", self.tau)
        check_one_tau(self, neurons, type(self).__name__)
        if abs(theirs - self.tau) > 1e-9 * self.tau:
            logger.warn(
                f"{type(self).__name__} has tau = {self.tau}, but the activity of '{neurons.name}'"
                f" decays with {theirs}. The eligibility trace is then not the derivative of the"
                f" activity, so updates do not follow the gradient; write tau={theirs!r}.",
                "tau",
                once=True,
            )
        return self


def tau_of(rule, neurons):
    """Return the time constant with which the activity of neurons decays; raise if unknown."""
    if not declares(neurons, "activity_tau"):
        raise ValueError(
            f"{type(rule).__name__} has tau=None, which takes it from the neurons, but"
            f" '{neurons.name}' has no variable 'tau'; write for example tau=10*ms, or add"
            " 'tau : second (constant)' to its equations"
        )
    return neurons.activity_tau
