"""Neurons of any kind that Brian2 can express, with a learning rule derived from their equations.

`brian_rflo/derivation/strings.py` has the mathematics. The neurons compute, per neuron and not per
synapse, the derivatives of the coming step by state and input (phase JACOBIAN), spike and
pseudo-derivative (SLOPE), and the derivatives of the reset by the state (JUMP).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from brian2 import (
    DEFAULT_CONSTANTS,
    DEFAULT_FUNCTIONS,
    DEFAULT_UNITS,
    CodeRunner,
    Equations,
    NeuronGroup,
    Quantity,
    get_local_namespace,
    get_logger,
)
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.borrowed import (
    DIMENSIONLESS,
    get_identifiers,
    parse_expression_dimensions,
    word_substitute,
)
from ..brian.component import Component
from ..brian.conditional import is_standalone
from ..brian.quantities import unit_text
from ..derivation import NeuronText, derive
from ..derivation.calculus import names, to_code
from ..derivation.divisors import fault, powers_of
from ..derivation.placement import diverging
from ..derivation.strings import PHASES, neuron_code
from ..rules import LearningRule
from ..rules.derived import DerivedRule
from . import noise as noises
from .arguments import (
    as_tuple,
    check_initial,
    check_noise,
    check_refractory,
    check_texts,
    check_values,
    event_of,
    named_constants,
)

__all__ = ["DerivedNeurons"]

logger = get_logger(__name__)

#: Phases in which the coefficients of the rule are computed.
PLACES = {
    "before": schedule.JACOBIAN,
    "slope": schedule.SLOPE,
    "reset": schedule.JUMP,
    "end": schedule.SENT,
}
#: Variables that the neurons add to the model.
OWN = ("feedback", "gain", "spiked", "spike_count")


class DerivedNeurons(Component, NeuronGroup):
    """Neurons with equations in Brian2's language, from which their learning rule is derived
    (`rule`).

    Parameters
    ----------
    N : int
        Number of neurons.
    model : str or Equations
        As for `brian2.NeuronGroup`.
    input : str or tuple of str
        Variables that receive sums of weights times activity; declared (``: 1``) if the model does
        not declare them.
    on_pre : str or tuple of str
        Effects of presynaptic spikes, for example ``"ge += w"`` or ``"ge += w*nS"``: linear in the
        weight ``w``, with a constant factor.
    activity : str
        The quantity that is sent: a dimensionless state variable, an expression of state variables,
        or ``"spike"``, 1 in the step of a spike.
    threshold, reset, refractory : str, str, str or Quantity
        As for `brian2.NeuronGroup`.
    surrogate : str
        Pseudo-derivative of the spike as a function of ``u``, the distance from the threshold
        (``v - theta`` for ``v > theta``), with the unit of 1/u. If it is empty, spikes are not
        differentiated.
    detach, ignore : tuple of str
        State variables whose traces follow resets at fixed spike times (`detach`), or ignore them.
        By default, variables that a reset sets to a value are detached, and variables to which it
        adds follow the pseudo-derivative.
    derivatives : dict
        Derivatives of your own functions by name, as strings in their argument ``x``.
    initial : dict
        State variables at the beginning of each trial: numbers, arrays, or strings that are
        evaluated at once; 0 by default.
    noise : dict
        Variables of the equations, or of `activity`, that are drawn anew in each step for each
        neuron, before anything reads them: their standard deviations by name, one for all neurons
        or an array of shape (N,), from a normal distribution around 0. They are declared if the
        model does not declare them, and are 0 where a trial begins. The rule reads them like any
        input: they have no derivative. With 0 nothing draws them, so that a rule or your own
        statements may.
    method : str
        Integrator; the traces are exact for it.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    activity, feedback : state variables
        Activity that a neuron sends, and error projected onto it.
    gain, spiked, spike_count : state variables
        Spiking neurons only: pseudo-derivative, 1 in the step of a spike, and spikes of this trial
        so far.
    J_v_w, ... : state variables
        Derivative of the coming step of ``v`` by ``w``, if it differs between neurons (see
        ``print(rule)``).

    Raises
    ------
    TypeError, ValueError
        If the equations cannot be differentiated, or names or units are inconsistent.

    Notes
    -----
    Constants of the equations are taken from `namespace`, or from the scope of the caller.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> tau = 10*ms
    >>> neurons = DerivedNeurons(
    ...     30, "dh/dt = (-h + tanh(I_rec))/tau : 1", input="I_rec", activity="h", method="euler",
    ...     initial={"h": 0.1})
    >>> rule = neurons.rule(learning_rate=0.03)
    >>> print(rule.advance)
    trace_h = J_h_I_rec_post*activity_pre + trace_h*(-dt/tau + 1)
    """

    def __init__(
        self,
        N: int,
        model: str | Equations,
        input: str | Sequence[str] = "I_rec",
        on_pre: str | Sequence[str] = (),
        activity: str = "spike",
        threshold: str | None = None,
        reset: str = "",
        surrogate: str = "",
        detach: str | Sequence[str] = (),
        ignore: str | Sequence[str] = (),
        derivatives: Mapping[str, str] | None = None,
        initial: Mapping[str, ArrayLike | str] | None = None,
        noise: Mapping[str, ArrayLike] | None = None,
        refractory: bool | str | Quantity = False,
        method: str | Sequence[str] = ("exact", "euler", "heun"),
        namespace: Mapping[str, Any] | None = None,
        name: str = "derivedneurons*",
        **neurongroup_args: Any,
    ):
        texts = dict(model=model, activity=activity, reset=reset or "", surrogate=surrogate)
        check_texts(threshold=threshold or "", **texts)
        check_refractory(refractory)
        check_values(initial, derivatives, noise)
        self.inputs = as_tuple("input", input)
        self.added = dict(event_of(line) for line in as_tuple("on_pre", on_pre))
        self.given, self.threshold_text = dict(initial or {}), threshold or ""
        self.noise_given = noises.checked(type(self).__name__, N, noise or {})
        self.surrogate, self.is_refractory = surrogate, refractory is not False
        # set here, since groups do not accept new attributes later
        self.text = self.derivations = self.runners = self._sent = None
        spelled = "\n".join(
            map(str, (model, threshold or "", reset, surrogate, refractory, *self.added.values()))
        )
        script = get_local_namespace(level=2)  # above `constructed`
        model = Equations(model) if isinstance(model, str) else model
        namespace = named_constants(spelled, script, model.names) | (namespace or {})
        if self.is_written_by_user:
            self.spell(" ".join(model.identifiers), threshold, reset, refractory)
        equations = self._declared(model, activity, spelled)
        counted = f"{reset}\nspike_count += 1" if threshold else None
        super().__init__(
            N,
            equations,
            threshold=threshold,
            reset=counted,
            refractory=refractory,
            method=method,
            namespace=namespace,
            name=name,
            **neurongroup_args,
        )
        schedule.take_part(self)
        self._check(activity)
        detach, ignore = as_tuple("detach", detach), as_tuple("ignore", ignore)
        self._derive(equations, activity, reset, detach, ignore, derivatives or {})
        noises.draw(self, self.noise_given)
        self._begin()

    def _begin(self):
        """Set the state with which trials begin."""
        for variable, value in self.given.items():
            setattr(self, f"{variable}_initial", value)
            setattr(self, variable, f"{variable}_initial")

    #: Whether the equations are the user's own, whose names may mean variables of the script.
    is_written_by_user = True

    def _derive(self, equations, activity, reset, detach, ignore, derivatives):
        """Derive the rules of weights onto each input, and add the coefficients of their traces."""
        self.text = self._text(equations, activity, reset, detach, ignore, derivatives)
        self._check_step(self.text.constants)
        self.derivations = {
            onto: derive(self.text, onto, with_spikes=True) for onto in (*self.added, *self.inputs)
        }
        self._send(activity)
        self._store()
        self._warn()

    @property
    def on_pre(self) -> dict[str, str]:
        """Statements at presynaptic spikes, by the variable that receives them."""
        return {
            name: f"{name}_post += w*({factor})" if factor != "1" else f"{name}_post += w"
            for name, factor in self.added.items()
        }

    @property
    def receives(self) -> dict[str, str]:
        """Target variables of recurrent and input connections in a standard network."""
        onto = [*self.added, *self.inputs]
        return {"recurrent": onto[0], "input": "I_in" if "I_in" in onto else onto[-1]}

    @property
    def per_neuron(self) -> tuple[str, ...]:
        """Variables that may differ between neurons but not between copies of a network."""
        return (
            *(f"{name}_initial" for name in self.given),
            *noises.names_of_stds(self.noise_given),
        )

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        found = {
            f"{name}_initial": partial(check_initial, f"'{self.name}': {name}_initial")
            for name in self.given
        }
        return found | noises.checks_of_stds(self, self.noise_given)

    def check_projection(self, rule: LearningRule, onto: str) -> None:
        """Raise if a rule reads a slope that these neurons do not have, or draws noise that they
        draw themselves.
        """
        if "gain" in rule.reads("post") and "gain" not in self.variables:
            raise ValueError(
                f"{rule.title} reads 'gain', which '{self.name}' does not have: {self.why_no_gain}."
                f" Write {self.name}.rule(learning_rate={rule.learning_rate:g})"
            )
        noises.refuse_exploration(self, rule)

    #: Why a rule that reads `gain` does not fit.
    why_no_gain = "their slope enters through the rule that is derived from their equations"

    @property
    def trial_start(self) -> str:
        """Statements at the beginning of a trial."""
        free = "not_refractory = True\nlastspike = -1e4*second\n" if self.is_refractory else ""
        initial = (
            (name, f"{name}_initial" if name in self.given else self._zero(name))
            for name in self.text.units
        )
        state = "".join(f"{name} = {value}\n" for name, value in initial)
        spikes = "spike_count = 0\nspiked = 0\n" if self.text.spikes else ""
        sent = f"activity = {self._sent}\n" if self._sent else ""
        quiet = "".join(f"{name} = {self._zero(name)}\n" for name in self.noise_given)
        return f"{free}{state}{spikes}{quiet}{sent}feedback = 0"

    def _zero(self, name):
        """Return 0 with the unit of a variable, as text."""
        return f"0*{unit_text(self.variables[name].dim)}"

    def rule(self, learning_rate: float, tau_out: Quantity | None = None) -> DerivedRule:
        """Return the learning rule of weights onto these neurons.

        Parameters
        ----------
        learning_rate : float
            Factor of every update.
        tau_out : Quantity, optional
            Time constant of a leaky readout, with which eligibility is filtered.

        Returns
        -------
        DerivedRule
            A `LearningRule` for recurrent and input weights; ``print`` shows its equations.
        """
        return DerivedRule(learning_rate, self.text, next(iter(self.derivations)), tau_out)

    def differentiate(self) -> None:
        """Compute the coefficients of the rule from now on; its projections call this."""
        for runner in self.runners:
            runner.active = True

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Raise if a step of the integrator is undefined for the values of the neurons."""
        if not is_standalone():
            constant = [
                name
                for name in self.equations.parameter_names
                if "constant" in self.equations[name].flags
            ]
            self._check_step(
                self.text.constants | {name: self.variables[name].get_value() for name in constant}
            )
        super().before_run(run_namespace)

    def _declared(self, model, activity, spelled):
        missing = [name for name in self.inputs if name not in model.names]
        for name in missing:
            if name not in get_identifiers(spelled):
                raise ValueError(
                    f"DerivedNeurons: input='{name}' must be a variable that the model declares or"
                    f" reads; its variables are {', '.join(sorted(model.names))}"
                )
        for name, std in self.noise_given.items():
            check_noise(name, std, model, f"{spelled}\n{activity}", self.inputs)
        linked = [name for name in model.names if "linked" in model[name].flags]
        if linked:
            raise ValueError(
                f"DerivedNeurons: '{linked[0]}' is (linked), and the rule is derived before it is;"
                f" write '{linked[0]} : 1', and set it with run_regularly or a FixedSynapses"
            )
        taken = [name for name in OWN if name in model.names]
        if taken:
            raise ValueError(
                f"DerivedNeurons: the model must not have a variable '{taken[0]}', which the"
                f" neurons define ({', '.join(OWN)}); rename it"
            )
        clashes = (
            activity != "activity"
            if "activity" in model.diff_eq_names
            else activity in model.diff_eq_names
        )
        if "activity" in model.subexpr_names or ("activity" in model.names and clashes):
            raise ValueError(
                "DerivedNeurons: 'activity' must be a state variable, since it is sent; rename it,"
                " for example to rate, and write activity='rate'"
            )
        for name in (*self.added, *self.given):
            if name not in model.diff_eq_names:
                raise ValueError(
                    f"DerivedNeurons: '{name}' in {'on_pre' if name in self.added else 'initial'}"
                    " must have a differential equation in the model; these have one:"
                    f" {', '.join(sorted(model.diff_eq_names))}"
                )
        lines = [
            f"{name} : 1"
            for name in (
                *missing,
                "feedback",
                *(["spiked", "spike_count"] if self.threshold_text else []),
                *(
                    []
                    if activity in model.diff_eq_names or "activity" in model.names
                    else ["activity"]
                ),
            )
        ]
        starts = [f"{name}_initial : {unit_text(model.dimensions[name])}" for name in self.given]
        drawn = noises.equations(self.noise_given, model.names).splitlines()
        return model + Equations("\n".join(lines + starts + drawn))

    def _check(self, activity):
        if activity == "spike" and not self.threshold_text:
            raise ValueError(
                f"DerivedNeurons '{self.name}': activity='spike' needs a threshold; write one, or"
                " the state variable that is sent"
            )
        if self.threshold_text and not self.surrogate and activity == "spike":
            raise ValueError(
                f"DerivedNeurons '{self.name}': activity='spike' needs a pseudo-derivative; write"
                " for example surrogate='clip(1 -"
                " abs(u/width), 0, 1)/width'"
            )
        unknown = (
            get_identifiers(activity)
            - {
                *self.variables,
                *self.namespace,
                *DEFAULT_FUNCTIONS,
                *DEFAULT_CONSTANTS,
                *DEFAULT_UNITS,
            }
            - {"spike"}
        )
        if unknown:
            raise ValueError(
                f"DerivedNeurons '{self.name}': activity='{activity}' names"
                f" {', '.join(map(repr, sorted(unknown)))}, which the model does not have; its"
                f" variables are {', '.join(sorted(self.equations.diff_eq_names))}"
            )
        if activity != "spike" and self._dimensions(activity) is not DIMENSIONLESS:
            raise ValueError(
                f"DerivedNeurons '{self.name}': activity='{activity}' must be dimensionless; write"
                f" for example activity='{activity}/mV'"
            )

    def _check_step(self, values):
        """Raise if a step divides by zero or takes the root of a negative number for all states."""
        found = fault(self.text.powers, {**DEFAULT_UNITS, **values})
        if found is None:
            return
        base, neuron, is_zero = found
        named = sorted(names(base) & set(values))
        values_text = ", ".join(f"{name} = {self._value(name, neuron)}" for name in named)
        written_out = (
            f"'{to_code(base)}'"
            if len(to_code(base)) < 60
            else f"an expression of {', '.join(named)}"
        )
        problem = (
            f"{'divides by' if is_zero else 'takes the root of'} {written_out}, which is"
            f" {'0' if is_zero else 'negative'} for {values_text}"
        )
        raise ValueError(
            f"DerivedNeurons '{self.name}': a step of the integrator {problem}."
            f" {self._remedy(base, is_zero)}"
        )

    def _value(self, name, neuron):
        """Return a constant, or the value of a parameter in a neuron."""
        if name in self.namespace:
            return self.namespace[name]
        values = np.ravel(self.variables[name].get_value())
        return Quantity.with_dimensions(
            values[min(neuron, len(values) - 1)], self.variables[name].dim
        )

    def _remedy(self, base, is_zero):
        """Return advice for a step that is undefined."""
        own = powers_of(
            "\n".join(f"{name} = {text}" for name, text in self.equations.eq_expressions)
        )
        if any(power.base == base for power in own):
            return "Use other values."
        one_name = (
            "Write one name for equal constants, or " if is_zero and base.is_Add else "Write "
        )
        return f"{one_name}method='rk4', which does not."

    def _dimensions(self, text):
        try:
            known = {**self.resolve_all(get_identifiers(text), {}, user_identifiers=set())}
        except KeyError as error:  # a name that Brian2 does not find
            raise ValueError(
                f"DerivedNeurons '{self.name}': '{text}' must contain known names; got"
                f" {error.args[0]} Define it above the group or in namespace={{...}}."
            ) from None
        return parse_expression_dimensions(text, known)

    def _text(self, model, activity, reset, detach, ignore, derivatives):
        try:
            self.state_updater.update_abstract_code({})
        except KeyError as error:  # a name that Brian2 does not find
            raise ValueError(
                f"DerivedNeurons '{self.name}': {error.args[0]} Define it above the group or in"
                " namespace={...}; a function must be known to Brian2, or be a brian2.Function"
            ) from error
        kinds = {
            equation.varname: equation for equation in model.values()
        }  # as written: the group turns "constant over dt" into parameters
        subexpressions = {
            name: str(equation.expr)
            for name, equation in kinds.items()
            if equation.type == "subexpression"
        }
        text = NeuronText(
            name=self.name,
            code=self.state_updater.abstract_code,
            units={name: self.variables[name].dim for name in kinds if name in model.diff_eq_names},
            activity=activity,
            threshold=self.threshold_text,
            reset=reset,
            subexpressions={
                name: value
                for name, value in subexpressions.items()
                if "constant over dt" not in kinds[name].flags
            },
            kept={
                name: value
                for name, value in subexpressions.items()
                if "constant over dt" in kinds[name].flags
            },
            constants={
                name: value
                for name, value in self.namespace.items()
                if isinstance(value, (int, float, np.number, Quantity))
                and np.ndim(value) == 0
                and name not in self.variables
            },
            shared=frozenset(
                name
                for name, equation in kinds.items()
                if {"shared", "constant"} <= set(equation.flags)
            ),
            sums=self.inputs,
            events=self.added,
            held=frozenset(
                name for name, equation in kinds.items() if "unless refractory" in equation.flags
            ),
            detach=detach,
            ignore=ignore,
            derivatives=derivatives,
            surrogate=self.surrogate,
            is_refractory=self.is_refractory,
        )
        if self.threshold_text:
            object.__setattr__(text, "distance_unit", self._dimensions(text.distance))
        return text

    def _send(self, activity):
        """Define `activity`: a reference to a state variable, or an expression that is evaluated in
        each step.
        """
        is_variable = activity in self.text.units
        self._sent = "" if is_variable else "spiked" if activity == "spike" else activity
        if is_variable and activity != "activity":
            self.variables.add_reference("activity", self, activity)

    def _store(self):
        """Add the coefficients and their runners, which are inactive until a projection learns by
        the rule.
        """
        self.runners = []
        for name, dimensions in dict(
            chain.from_iterable(found.dimensions.items() for found in self.derivations.values())
        ).items():
            if name in self.variables:
                raise ValueError(
                    f"DerivedNeurons '{self.name}': the model must not have a variable '{name}', a"
                    " coefficient of its rule; rename it"
                )
            self.variables.add_array(name, size=len(self), dimensions=dimensions)
        for phase in PHASES:
            wanted = dict(
                chain.from_iterable(
                    found.stored[phase].items() for found in self.derivations.values()
                )
            )
            placement = next(iter(self.derivations.values())).placement
            if wanted:
                self.runners.append(
                    self._runner(
                        f"{phase}_derivatives",
                        neuron_code(placement, phase, wanted),
                        PLACES[phase],
                        active=False,
                    )
                )
        if self.threshold_text:
            self._runner("slope", self._slope(), schedule.SLOPE)
        if self._sent:
            self._runner("sent", f"activity = {self._sent}", schedule.SENT)

    def _runner(self, kind, code, place, active=True):
        runner = CodeRunner(
            self,
            "stateupdate",
            code=code,
            clock=self.clock,
            name=f"{self.name}_{kind}",
            check_units=False,
            **place,
        )
        runner.active = active
        self.contained_objects.append(runner)
        return runner

    def _slope(self):
        """Return statements for `spiked` and `gain`, both 0 while a neuron cannot spike."""
        gates = "".join(f"*int({condition})" for condition in self.text.conditions[1])
        needed = [self.threshold_text, *(["not_refractory"] if self.is_refractory else [])]
        spiked = f"spiked = int({' and '.join(f'({part})' for part in needed)})"
        if not self.surrogate:
            return spiked
        slope, distance = (
            word_substitute(self.surrogate, {"u": f"({self.text.distance})"}),
            self.text.distance_unit,
        )
        found = self._dimensions(slope)
        if found is not DIMENSIONLESS / distance and found != DIMENSIONLESS / distance:
            raise ValueError(
                f"DerivedNeurons '{self.name}': the surrogate '{self.surrogate}' must have the unit"
                f" of 1/u, {unit_text(DIMENSIONLESS / distance)}; got {unit_text(found)}."
                " Write for example surrogate='clip(1 - abs(u/width), 0, 1)/width', with a width"
                f" in {unit_text(distance)}"
            )
        self.variables.add_array("gain", size=len(self), dimensions=DIMENSIONLESS / distance)
        return f"gain = ({slope}){gates}\n{spiked}"

    def _warn(self):
        for name in dict.fromkeys(
            name
            for found in self.derivations.values()
            for name in diverging(self.text, found.placement)
        ):
            logger.warn(
                f"'{self.name}': the trace of '{name}' ignores resets, but its dynamics depend on"
                f" the state: it may diverge with '{name}' before a spike. Remove '{name}' from"
                f" ignore, or write detach=('{name}',) for resets at fixed spike times.",
                "ignored_reset",
            )
