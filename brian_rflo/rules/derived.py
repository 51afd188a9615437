"""Rules that are derived from a neuron's own equations (`brian_rflo.derivation`): e-prop for
whatever can be written in Brian2.

The neuron-internal part of real-time recurrent learning: with s the state of a neuron and eps =
ds/dw, each weight's traces follow the derivative of the neuron's own step, spike and reset, and the
change is feedback times dactivity/ds . eps. See `DerivedNeurons`, which makes such rules.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .. import schedule
from ..brian.quantities import check_time
from ..derivation import NeuronText, derive
from ..derivation.printing import printed
from ..steps import Step
from .base import BELLEC, LearningRule

__all__ = ["DerivedRule"]

FILTER = "filtered = exp(-dt/tau_out)*filtered + (1 - exp(-dt/tau_out))*eligibility"


@dataclass(frozen=True, eq=False, repr=False)
class DerivedRule(LearningRule):
    """A learning rule derived from a neuron's text; `DerivedNeurons.rule` makes it, and
    ``print(rule)`` shows its equations.

    Parameters
    ----------
    learning_rate : float
    text : NeuronText
        What it is derived from.
    onto : str
        The variable that the weights act on. A projection onto another one derives its own.
    tau_out : Quantity, optional
        Time constant of a leaky readout, with which eligibility is filtered (Bellec et al. 2020,
        equation 28).
    with_rates : bool
        Whether `rate_gradient` is known: how a weight changes the spikes of the neuron.
    """

    text: NeuronText
    onto: str
    tau_out: Any = None
    with_rates: bool = False

    citation = BELLEC
    with_units = ("gain",)

    def __post_init__(self):
        super().__post_init__()
        if self.tau_out is not None:
            check_time(f"{type(self).__name__}: tau_out", self.tau_out)

    @cached_property
    def derivation(self):
        """The strings as they are derived."""
        return derive(self.text, self.onto, self.with_rates, is_filtered=self.tau_out is not None)

    @property
    def traces(self):
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
    def advance(self):
        advance, eligibility = self.derivation.advance, self.derivation.eligibility
        if self.tau_out is None:
            return advance
        own = "" if eligibility == "eligibility" else f"eligibility = {eligibility}"
        return "\n".join(filter(None, [advance, own, FILTER]))

    @property
    def update(self):
        eligibility = self.derivation.eligibility if self.tau_out is None else "filtered"
        return f"feedback_post*{eligibility if eligibility.isidentifier() else f'({eligibility})'}"

    @property
    def rate_gradient(self):
        return self.derivation.spike_change if self.text.spikes else self.derivation.eligibility

    @property
    def reset(self):
        return "; ".join(
            filter(
                None,
                [
                    self.derivation.reset,
                    "" if self.tau_out is None else "eligibility = 0; filtered = 0",
                ],
            )
        )

    pre_traces = property(lambda self: self.derivation.pre_traces)
    pre_advance = property(lambda self: self.derivation.pre_advance)
    pre_reset = property(lambda self: self.derivation.pre_reset)

    @property
    def phase(self):
        """When traces advance: before the neurons do, at their jump, or where a filter reads the
        slope of what they send, behind that.
        """
        if self.tau_out is not None and self.derivation.stored["end"]:
            return schedule.SENT_TRACE
        return schedule.JUMP_TRACE if self.derivation.is_late else schedule.TRACE

    @property
    def parameters(self):
        """Learning rate and time constant of the readout."""
        return {"learning_rate": self.learning_rate} | (
            {} if self.tau_out is None else {"tau_out": self.tau_out}
        )

    @property
    def constants(self):
        """The constants of the neurons that its strings name."""
        return self.derivation.constants

    @property
    def steps(self):
        """Those of its strings; where spikes act on the variable, the cells count them as they
        arrive.
        """
        counts = "arrival : 1" in self.pre_traces and self.onto in self.text.events
        return super().steps + (
            (Step("arrival += 1", schedule.ARRIVAL, "pre", "spike"),) if counts else ()
        )

    def with_rate_gradient(self):
        """Return this rule with its `rate_gradient` known, which may need traces of its own."""
        return replace(self, with_rates=True)

    def bind(self, target, onto, learn=None):
        """Return the rule of weights onto another variable of the same neurons."""
        neurons = getattr(target, "source", target)
        if getattr(neurons, "text", None) is not self.text:
            raise ValueError(
                f"this rule was derived from '{self.text.name}', and the projection ends in"
                f" '{target.name}'; write {target.name}.rule(...) if those are DerivedNeurons too,"
                " or another rule"
            )
        if onto not in neurons.derivations:
            raise ValueError(
                f"no rule was derived for weights onto '{onto}' of '{target.name}', only onto"
                f" {', '.join(neurons.derivations)}; name it there,"
                f" input={(*self.text.sums, onto)!r} if it is a sum, or on_pre='{onto} += w' if"
                " spikes add to it"
            )
        neurons.differentiate()
        return replace(self, onto=onto)

    def __str__(self):
        return printed(self)

    __repr__ = __str__


__all__ = ["DerivedRule"]
