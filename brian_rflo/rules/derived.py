"""Rules derived from a neuron's own equations (`brian_rflo.derivation`): e-prop for any neuron that
can be written in Brian2.

The neuron-internal part of real-time recurrent learning: with s the state of a neuron and eps =
ds/dw, each weight's traces follow the derivative of the neuron's own step, spike and reset, and the
change is feedback times dactivity/ds . eps. `DerivedNeurons` makes such rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from brian2 import Group, Quantity

from .. import schedule
from ..brian.declared import declared, parent_group
from ..brian.quantities import check_flag, check_time
from ..derivation import Derivation, NeuronText, derive
from ..derivation.printing import printed
from ..steps import Step
from .base import BELLEC, LearningRule

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["DerivedRule"]

FILTER = "filtered = exp(-dt/tau_out)*filtered + (1 - exp(-dt/tau_out))*eligibility"


@dataclass(frozen=True, eq=False, repr=False)
class DerivedRule(LearningRule):
    """A learning rule derived from the equations of neurons; `DerivedNeurons.rule` makes it, and
    ``print(rule)`` shows its equations.

    Parameters
    ----------
    learning_rate : float
        Learning rate; see `LearningRule`.
    text : NeuronText
        Code and equations of the neurons.
    onto : str
        The variable on which the weights act. A projection onto another one derives its own rule.
    tau_out : Quantity, optional
        Time constant of a leaky readout, with which eligibility is filtered (Bellec et al. 2020,
        equation 28).
    with_rates : bool
        Define `rate_gradient`, the derivative of the neuron's spikes by a weight.
    """

    text: NeuronText
    onto: str
    tau_out: Quantity | None = None
    with_rates: bool = False

    citation = BELLEC
    with_units = ("gain",)

    def __post_init__(self):
        super().__post_init__()
        if self.tau_out is not None:
            check_time(f"{type(self).__name__}: tau_out", self.tau_out)
        check_flag(f"{type(self).__name__}: with_rates", self.with_rates)

    @cached_property
    def derivation(self) -> Derivation:
        """The derived strings."""
        return derive(self.text, self.onto, self.with_rates, is_filtered=self.tau_out is not None)

    @property
    def traces(self) -> str:
        return self.derivation.traces + (
            ""
            if self.tau_out is None
            else "".join(
                f"\n{name} : 1"
                for name in ("eligibility", "filtered")
                if f"{name} : 1" not in self.derivation.traces.splitlines()
            )
        )

    @property
    def advance(self) -> str:
        advance, eligibility = self.derivation.advance, self.derivation.eligibility
        if self.tau_out is None:
            return advance
        own = "" if eligibility == "eligibility" else f"eligibility = {eligibility}"
        return "\n".join(filter(None, [advance, own, FILTER]))

    @property
    def update(self) -> str:
        eligibility = self.derivation.eligibility if self.tau_out is None else "filtered"
        return f"feedback_post*{eligibility if eligibility.isidentifier() else f'({eligibility})'}"

    @property
    def rate_gradient(self) -> str:
        return self.derivation.spike_change if self.text.spikes else self.derivation.eligibility

    @property
    def reset(self) -> str:
        return "; ".join(
            filter(
                None,
                [
                    self.derivation.reset,
                    "" if self.tau_out is None else "eligibility = 0; filtered = 0",
                ],
            )
        )

    @property
    def pre_traces(self) -> str:
        return self.derivation.pre_traces

    @property
    def pre_advance(self) -> str:
        return self.derivation.pre_advance

    @property
    def pre_reset(self) -> str:
        return self.derivation.pre_reset

    @property
    def phase(self) -> schedule.Phase:
        """The phase of the traces: before the neurons' step, at their reset, or, for a filter that
        reads the slope of what they send, after that.
        """
        if self.tau_out is not None and self.derivation.stored["end"]:
            return schedule.SENT_TRACE
        return schedule.JUMP_TRACE if self.derivation.is_late else schedule.TRACE

    @property
    def parameters(self) -> dict[str, float | Quantity]:
        """Learning rate and time constant of the readout."""
        return {"learning_rate": self.learning_rate} | (
            {} if self.tau_out is None else {"tau_out": self.tau_out}
        )

    @property
    def constants(self) -> dict[str, float | Quantity]:
        """Constants of the neurons that its strings contain."""
        return self.derivation.constants

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of its strings; if spikes act on the variable, also their count by cell."""
        counts = "arrival : 1" in self.pre_traces and self.onto in self.text.events
        return super().steps + (
            (Step("arrival += 1", schedule.ARRIVAL, "pre", "spike"),) if counts else ()
        )

    def with_rate_gradient(self) -> DerivedRule:
        """Return this rule with its `rate_gradient`, which may need further traces."""
        return replace(self, with_rates=True)

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> DerivedRule:
        """Return the rule for weights onto the variable `onto` of the same neurons."""
        neurons = parent_group(target)
        if declared(neurons, "text") is not self.text:
            raise ValueError(
                f"this rule was derived from '{self.text.name}', but the projection ends in"
                f" '{target.name}'; write {target.name}.rule(...) if those are DerivedNeurons, else"
                " use another rule"
            )
        if onto not in neurons.derivations:
            raise ValueError(
                f"no rule was derived for weights onto '{onto}' of '{target.name}', only onto"
                f" {', '.join(neurons.derivations)}. Make the neurons with"
                f" input={(*self.text.sums, onto)!r} if '{onto}' is a sum, or with"
                f" on_pre='{onto} += w' if spikes add to it"
            )
        neurons.differentiate()
        return replace(self, onto=onto)

    def __str__(self):
        return printed(self)

    __repr__ = __str__
