"""What a learning rule is: a bag of Brian2 strings and its parameters."""

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from brian2 import Equations, Quantity, get_dimensions, get_unit, second
from brian2.units.fundamentalunits import DIMENSIONLESS

from ..quantities import dimensions_of
from ..updates import divisors


@dataclass(frozen=True)
class LearningRule:
    """Base of all rules: a value object, without any Brian2 object in it.

    A rule is written as strings in the language of `brian2.Synapses`. They may name the rule's own parameters (its dataclass
    fields), its traces, ``w``, and any variable of the two groups with ``_pre`` or ``_post`` behind it.

    Attributes
    ----------
    traces : str
        Equations of the eligibility, one line a synaptic variable. They are integrated in the phase TRACE: neuron variables
        have the values that drive this step, ``gain_post`` is this step's. Mark differential equations ``(clock-driven)``.
    advance : str
        Statements of a step in the phase TRACE, for traces that are no differential equation; `traces` then declares them (``p : 1``).
    update : str
        Expression of the weight change of one step, before the learning rate; read in the phase LEARN, after neurons, error
        and feedback of the step are known. Along the gradient: weights grow with it.
    rate_gradient : str
        Expression, linear in the traces, that summed over a trial is the derivative of what the postsynaptic neuron sends (spikes, or
        activity) by the weight: what `FiringRate` needs. Empty if the rule has none.
    reset : str
        Statements at the beginning of a trial.
    pre_traces, pre_advance, pre_reset : str
        The same for traces that live on presynaptic cells, one value for each in place of one for each synapse: equations of variables, statements in
        the phase CELL_TRACE, which may name them and the source's ``activity``, and statements at the beginning of a trial. The strings of
        synapses name them with ``_pre``. Shared variables of the target that they read are named in `pre_shared`. A variable `arrival` that `pre_traces` declares counts the spikes that arrive, where spikes are sent.
    phase : dict, optional
        The phase of `advance`, where it is not that of the target's traces.
    needs_pre, needs_post : tuple of str
        Variables that the two groups must have.

    Parameters
    ----------
    learning_rate : float
        Factor of every update. Within trials of `T` steps the update is ``learning_rate/T*update``, as in Murray 2019.

    Raises
    ------
    TypeError
        If the learning rate is a Quantity or no number.
    ValueError
        If it is negative or not finite.

    Examples
    --------
    A rule of one's own, with a trace behind the trace:

    >>> from dataclasses import dataclass
    >>> from brian2 import Quantity, ms
    >>> @dataclass(frozen=True)
    ... class TwoStage(LearningRule):
    ...     tau: Quantity
    ...     tau_slow: Quantity
    ...     traces = '''dp/dt = (gain_post*activity_pre - p)/tau : 1 (clock-driven)
    ...                 ds/dt = (p - s)/tau_slow : 1 (clock-driven)'''
    ...     update = "feedback_post*s"
    ...     reset = "p = 0; s = 0"
    >>> rule = TwoStage(learning_rate=0.03, tau=10*ms, tau_slow=20*ms)
    """

    learning_rate: float

    traces: ClassVar[str] = ""
    advance: ClassVar[str] = ""
    update: ClassVar[str] = ""
    rate_gradient: ClassVar[str] = ""
    reset: ClassVar[str] = ""
    pre_traces: ClassVar[str] = ""
    pre_advance: ClassVar[str] = ""
    pre_reset: ClassVar[str] = ""
    pre_shared: ClassVar[tuple] = ()
    phase: ClassVar[dict | None] = None
    needs_pre: ClassVar[tuple] = ("activity",)
    needs_post: ClassVar[tuple] = ("gain", "feedback")

    def __post_init__(self):
        name = type(self).__name__
        if isinstance(self.learning_rate, Quantity):
            raise TypeError(f"{name}: learning_rate must be a plain number, not a quantity, for example 0.03; got {self.learning_rate!r}")
        if isinstance(self.learning_rate, bool) or not isinstance(self.learning_rate, (int, float, np.number)):
            raise TypeError(f"{name}: learning_rate must be a plain number; got {self.learning_rate!r}")
        if not np.isfinite(self.learning_rate) or self.learning_rate < 0:
            raise ValueError(f"{name}: learning_rate must be finite and not negative; got {self.learning_rate!r} (0 switches learning off)")

    @property
    def parameters(self):
        """The rule's parameters by name; they become shared variables of the synapses."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def time_constants(self):
        """Those of its parameters that are times and that its strings divide by, whatever they are called."""
        integrated = [text for traces in (self.traces, self.pre_traces) for _, text in Equations(traces).eq_expressions]
        expressions = [f"({text})" for text in (*integrated, self.update, self.rate_gradient) if str(text).strip()]
        divided = divisors("\n".join([*expressions, self.advance, self.reset, self.pre_advance, self.pre_reset]))
        return {name: value for name, value in self.parameters.items() if name in divided and dimensions_of(value) is second.dim}

    @property
    def constants(self):
        """What its strings name beside its parameters, with values that nobody changes."""
        return {}

    def placed(self, target, onto, with_rates=False):
        """The rule as it is for weights onto a variable of a target; `with_rates` says whether its `rate_gradient` is read. Itself, but for derived rules."""
        return self

    @property
    def equations(self):
        """Equations of the synapses: the traces, and one shared variable per parameter."""
        return "\n".join([self.traces, *(f"{name} : {unit_string(value)} (shared)" for name, value in self.parameters.items())])


def unit_string(value):
    """The unit of `value` as Brian2 equations write it."""
    dimensions = get_dimensions(value)
    return "1" if dimensions is DIMENSIONLESS else repr(get_unit(dimensions))
