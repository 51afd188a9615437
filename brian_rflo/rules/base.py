"""Base of learning rules: strings and parameters, which only this module turns into steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from brian2 import Equations, Group, Quantity, get_dimensions, second

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.declared import declared
from ..brian.quantities import dimensions_of, is_number, unit_text
from ..brian.statements import divisors
from ..steps import INTEGRATE, Mechanism, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..updates import PerStep

__all__ = ["LearningRule"]

#: Names with the ending of a side that Brian2 itself gives to synapses.
BRIAN2 = {"N_pre", "N_post"}

#: Papers that several rules cite.
MURRAY = (
    "Murray, J. M. (2019). Local online learning in recurrent networks with random feedback. eLife"
    " 8:e43299"
)
BELLEC = (
    "Bellec, G., Scherr, F., Subramoney, A., Hajek, E., Salaj, D., Legenstein, R. & Maass, W."
    " (2020). A solution to the learning dilemma for recurrent networks of spiking neurons. Nature"
    " Communications 11:3625"
)


@dataclass(frozen=True)
class LearningRule(Mechanism):
    """Base of all learning rules: a value object that contains no Brian2 object.

    A rule is written as strings in the language of `brian2.Synapses`. They may contain the rule's
    parameters (its dataclass fields), its traces, ``w``, variables of the two groups with the
    ending ``_pre`` or ``_post``, and numbers of the network with the ending ``_network``
    (``modulator_network``). ``activity_pre`` is what the presynaptic neuron sends; ``psp_pre`` is
    the effect of its activity on a membrane: filtered spikes, or the activity itself if the group
    has no ``psp``. ``arriving_pre`` is what enters the target's drive in a step for each unit of
    weight, in the phase DRIVEN: what is summed in that step, or the current that spikes have left.

    Attributes
    ----------
    citation : str
        The paper to cite.
    traces : str
        Equations of the eligibility, one line per synaptic variable. They are integrated in the
        phase TRACE: neuron variables have the values that drive this step, ``gain_post`` that of
        this step. Mark differential equations ``(clock-driven)``.
    advance : str
        Statements of a step in the phase TRACE, for traces without a differential equation;
        `traces` then declares them (``p : 1``).
    summed : str
        Expression that is summed over the steps of a trial in the synaptic variable `summed`;
        `update` is then read once, at the end of the trial.
    update : str or dict of str to str
        Expression of the weight change, before the learning rate, along the gradient: weights
        increase with it. A string is read in the phase LEARN of each step, after neurons, error and
        feedback of the step are known (with `summed`, at the end of the trial). A dictionary has
        several, by the `when` at which each is read (see `Step`).
    rate_gradient : str
        Expression, linear in the traces, whose sum over a trial is the derivative of what the
        postsynaptic neuron sends (spikes, or activity) by the weight; `FiringRate` needs it. Empty
        if the rule has none.
    reset : str
        Statements at the beginning of a trial.
    averages_sum : bool
        Whether updates that are read in each step, or of what is `summed` with `PerTrial`, are
        divided by the steps of a trial.
    explores : str or dict of str to str
        Expression of the noise that is drawn in the phase EXPLORE of each step into the target's
        variable `noise`, which adds to the drive; or several by the name of the variable:
        `output_noise` adds to what the neuron's function returns. Lines before the expression are
        statements, for example ``_hit = rand()``. Rules that explore one variable must draw the
        same, and share one draw, which is 0 while all of them are frozen.
    brings : dict of str to str
        Expressions that are summed over the synapses onto each cell, directly behind the
        projection's sum, by the name of the variable in `post_traces` that receives them.
    transmits : str
        Expression that a unit of activity, or a spike, transmits: ``w``, or for example ``w +
        perturbation``.
    pairs : bool
        Run each trial twice side by side, free (``perturbed_network`` is 0) and perturbed (1).
    phase : Phase, optional
        The phase of the traces, if it is not that of the target. In DRIVEN, directly behind the
        projection's sum, ``activity_pre`` is what was added up in this step, also in readouts, and
        ``arriving_pre`` is that for spikes as well.
    symmetric : bool
        Whether weights within a group must be symmetric: others are refused.
    with_units : tuple of str
        Variables of the groups that its strings read with units; all other ports must be
        dimensionless.

    Parameters
    ----------
    learning_rate : float
        Factor of every update. Within trials of `T` steps, an update that is read in each step
        changes the weights by ``learning_rate/T*update``, as in Murray 2019.

    Raises
    ------
    TypeError
        If the learning rate is a Quantity or not a number.
    ValueError
        If it is negative or not finite.

    Notes
    -----
    ``pre_traces``, ``pre_advance``, ``pre_reset``, ``post_traces``, ``post_advance`` and
    ``post_reset`` are strings for traces of the cells at either end, with one value per cell
    instead of one per synapse: equations, statements in the phase CELL_TRACE, and statements at the
    beginning of a trial. The statements may contain these traces, the group's variables and the
    rule's parameters. In the strings of synapses these traces have the ending ``_pre`` or
    ``_post``.

    Examples
    --------
    A rule of your own, with a second trace that filters the first:

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

    citation: ClassVar[str] = ""
    traces: ClassVar[str] = ""
    advance: ClassVar[str] = ""
    summed: ClassVar[str] = ""
    update: ClassVar[str | dict[str, str]] = ""
    rate_gradient: ClassVar[str] = ""
    reset: ClassVar[str] = ""
    pre_traces: ClassVar[str] = ""
    pre_advance: ClassVar[str] = ""
    pre_reset: ClassVar[str] = ""
    post_traces: ClassVar[str] = ""
    post_advance: ClassVar[str] = ""
    post_reset: ClassVar[str] = ""
    averages_sum: ClassVar[bool] = True
    explores: ClassVar[str | dict[str, str]] = ""
    brings: ClassVar[dict[str, str]] = {}
    transmits: ClassVar[str] = "w"
    pairs: ClassVar[bool] = False
    symmetric: ClassVar[bool] = False
    phase: ClassVar[schedule.Phase | None] = None
    #: The time constant of a leaky readout that the rule filters with; None where it has none.
    readout_tau: ClassVar[Quantity | None] = None
    #: Whether it gives feedback weights the changes that another rule gives the readout weights, so
    #: that `readout_tau` must be that of the readout, None included.
    mirrors_readout: ClassVar[bool] = False
    #: Whether an update in a step contains something of its trial so far, which a stream lacks.
    needs_trials: ClassVar[bool] = False

    #: Numbers of the network that its strings read and that other parts must give, and what to
    #: write for each.
    needs_numbers: ClassVar[dict[str, str]] = {}

    #: Variables of the groups that its strings read with the units that they have there; ports have
    #: none otherwise.
    with_units: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self):
        name = type(self).__name__
        if isinstance(self.learning_rate, Quantity):
            raise TypeError(
                f"{name}: learning_rate must be a plain number, not a quantity, for example 0.03;"
                f" got {self.learning_rate!r}"
            )
        if isinstance(self.learning_rate, bool) or not isinstance(
            self.learning_rate, (int, float, np.number)
        ):
            raise TypeError(
                f"{name}: learning_rate must be a plain number; got {self.learning_rate!r}"
            )
        if not is_number(self.learning_rate) or self.learning_rate < 0:
            raise ValueError(
                f"{name}: learning_rate must be finite and not negative; got {self.learning_rate!r}"
                " (0 switches learning off)"
            )

    def with_field(self, name: str) -> LearningRule:
        """Return the rule that has the parameter `name`: this one, or one that it contains."""
        return self

    def with_rate_gradient(self) -> LearningRule:
        """Return this rule with its `rate_gradient` defined; by default, the rule itself."""
        return self

    @property
    def core(self) -> LearningRule:
        """The innermost of nested rules; by default, the rule itself."""
        return self

    @property
    def title(self) -> str:
        """Name of the rule in error messages."""
        return type(self).__name__

    @property
    def time_constants(self) -> dict[str, Quantity]:
        """Parameters that are times and by which its strings divide, by name."""
        integrated = [
            text
            for equations in self.variables.values()
            for _, text in Equations(equations).eq_expressions
        ]
        expressions = [
            f"({text})"
            for text in (*integrated, *self.updates.values(), self.rate_gradient)
            if str(text).strip()
        ]
        divided = divisors(
            "\n".join([*expressions, *(step.code for step in self.steps if step.code != INTEGRATE)])
        )
        return {
            name: value
            for name, value in self.parameters.items()
            if name in divided and dimensions_of(value) is second.dim
        }

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return this rule specialised for a projection onto the variable `onto` of `target`, with
        a learning schedule; by default, the rule itself.
        """
        return self

    def check_paths(self, paths: Sequence[Mechanism]) -> None:
        """Raise unless the credit paths of a network are those that it needs; by default, all are
        right.
        """

    def check_constraint(self, constraint: str) -> None:
        """Raise if a constraint of the weights does not suit the rule; by default, all do."""

    @property
    def updates(self) -> dict[str, str]:
        """Expressions of the weight change, by the `when` at which each is read."""
        if isinstance(self.update, dict):
            return self.update
        return {"trial_end" if self.summed else "step": self.update} if self.update.strip() else {}

    @property
    def is_averaged(self) -> bool:
        """True if the sum of its updates over a trial is divided by the steps of the trial."""
        return self.averages_sum and ("step" in self.updates or bool(self.summed))

    @property
    def noises(self) -> dict[str, str]:
        """Expressions of the noise that it draws, by the variable of the target."""
        if isinstance(self.explores, dict):
            return self.explores
        return {"noise": self.explores} if self.explores.strip() else {}

    @property
    def for_readout(self) -> LearningRule | None:
        """The rule of readout weights by default: this one if it compares pairs of trials and reads
        neither slope nor feedback; None for that of the readout.
        """
        return self if self.pairs and not {"gain", "feedback"} & {*self.reads("post")} else None

    def beside(self, readout_rule: LearningRule) -> LearningRule:
        """Return the default rule of readout weights as it learns beside this one; by default, the
        rule itself.
        """
        return readout_rule

    @property
    def variables(self) -> dict[str, str]:
        """Equations of traces and shared parameters, by site."""
        shared = "".join(
            f"\n{name} : {unit_string(value)} (shared)" for name, value in self.parameters.items()
        )
        return {
            "own": self.traces + shared + ("\nsummed : 1" if self.summed else ""),
            "pre": self.pre_traces,
            "post": self.post_traces,
        }

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps except the weight change, which belongs to the learning schedule."""
        trace = self.phase or schedule.TRACE
        steps = (
            *integration(self.traces, trace, "own"),
            *integration(self.pre_traces, schedule.CELL_TRACE, "pre"),
            *integration(self.post_traces, schedule.CELL_TRACE, "post"),
            Step(draws(self.noises), schedule.EXPLORE, "post"),
            Step(self.pre_advance, schedule.CELL_TRACE, "pre"),
            Step(self.post_advance, schedule.CELL_TRACE, "post"),
            Step(without_comments(self.advance), trace),
            *(summation_steps(self.summed) if self.summed else ()),
            *self.resets,
        )
        return tuple(step for step in steps if step.code.strip())

    @property
    def resets(self) -> tuple[Step, ...]:
        """The steps that reset traces at the beginning of a trial; in a stream, of its first
        window.
        """
        start = dict(phase=schedule.RESET, when="trial_start")
        steps = (
            Step(self.reset, **start),
            Step(self.pre_reset, site="pre", **start),
            Step(self.post_reset, site="post", **start),
        )
        return tuple(step for step in steps if step.code.strip())

    def reads(self, ending: str) -> tuple[str, ...]:
        """Return the variables that its strings read with an ending, ``"pre"``, ``"post"`` or
        ``"network"``, except for the rule's own cell traces.
        """
        own = {
            name
            for side in ("pre", "post")
            if side == ending
            for name in Equations(self.variables[side]).names
        }
        texts = [
            self.variables["own"],
            self.transmits,
            *self.brings.values(),
            *self.updates.values(),
            *(step.code for step in self.steps),
        ]
        names = {
            name for text in texts for name in get_identifiers(text) if name.endswith(f"_{ending}")
        } - BRIAN2
        return tuple(sorted({name.removesuffix(f"_{ending}") for name in names} - own))


def check_one_tau(rule, neurons, better="RFLO"):
    """Raise if a rule with one time constant is for neurons that each have their own; `better` is
    the name of a rule that takes theirs.
    """
    theirs = declared(neurons, "activity_tau")
    if np.ndim(theirs):
        raise ValueError(
            f"{rule.title} has one tau, {rule.tau}, but each neuron of '{neurons.name}' has its"
            f" own; write {better}(learning_rate, tau=None), which reads that of its neuron"
        )


def integration(equations, phase, site):
    """Return a tuple with the step that integrates equations; empty without differential ones."""
    return (Step(INTEGRATE, phase, site),) if has_derivatives(equations) else ()


@lru_cache(1000)
def has_derivatives(equations):
    """Return whether there are differential equations; steps are asked for again and again."""
    return bool(Equations(equations).diff_eq_names)


def draws(noises):
    """Return the statements that draw noise."""
    return "\n".join(assignment(name, text) for name, text in noises.items())


def assignment(name, text):
    """Return statements that assign an expression; lines before the last are statements."""
    *before, expression = [line.strip() for line in text.strip().splitlines()]
    return "\n".join([*before, f"{name} = {expression}"])


def summation_steps(expression):
    """Return the steps that sum an expression over a trial, in synapses that learn."""
    return Step(addition("summed", expression), schedule.LEARN), Step(
        "summed = 0", schedule.RESET, when="trial_start"
    )


def addition(name, expression):
    """Return the statement that adds an expression to a variable in synapses that learn."""
    return f"{name} = where(int(plastic)*finite_network > 0, {name} + ({expression}), {name})"


def without_comments(code):
    """Return statements without their comments."""
    return "\n".join(line.split("#")[0].rstrip() for line in code.splitlines())


def unit_string(value):
    """Return the unit of `value` as text for Brian2 equations."""
    return unit_text(get_dimensions(value))
