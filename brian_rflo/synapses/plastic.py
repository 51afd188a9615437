"""Projections that learn: the steps of all mechanisms, placed in the time step."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Equations, Group, Quantity, Subgroup, get_logger

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.component import namespace_with
from ..brian.conditional import is_standalone
from ..brian.integrators import integrator_of, solve
from ..brian.private import forget, run_begin
from ..brian.quantities import check_field, check_flag, is_number
from ..brian.queues import drop_spikes, drop_spikes_of_other_trials
from ..brian.statements import may_draw, varied, written
from ..brian.step_loop import without_loops
from ..dense import DenseParts, read
from ..neurons.base import ARRIVING, PSP, check_group, parent_group, receives_spikes
from ..rules import LearningRule
from ..steps import INTEGRATE, Mechanism, Step, equations_of, steps_of
from ..steps.cells import FIRST, FUNCTIONS, NETWORK, Cells, names_ending_in, place
from ..steps.step import constants_of
from ..updates.arguments import OF_SCHEDULES, check_constraint, check_instance
from ..updates.learning import PerStep, paired
from ..updates.side_by_side import from_first_copy
from .bringing import bring
from .checks import (
    check_copies,
    check_names,
    check_no_delays,
    check_ports,
    check_rule_strings,
    check_spikes_in_time,
    check_times,
)
from .delays import delayed_for_rule
from .ends import (
    arriving_at,
    arriving_in_time,
    behind_sum,
    check_one_group,
    on_pre_of,
    phase_of_sum,
    reads_arriving,
    trace_method,
    trace_phase,
)
from .exploring import Injection, open_ports, share
from .missing import belated_gain, is_zero, never_written, premature_feedback
from .own_weights import open_own_weight
from .plasticity import (
    check_factors,
    check_plasticity,
    factors_by_synapse,
    learning_mechanisms,
    what_learns,
)
from .projection import Projection, is_delaying
from .sums import variable_for_sum
from .symmetric import check_symmetric, check_way_back, must_be_symmetric, pairs_of, refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from ..trials import Trials

logger = get_logger(__name__)


#: The constraint of projections without synapses of neurons onto themselves.
NO_SELF_CONNECTIONS = "w = where(i != j, w, 0)"


class NotPerturbed(Mechanism):
    """Set what a rule transmits beside the weight to 0, after each reset, in synapses that never
    learn: unless all of `conditions` hold.
    """

    def __init__(self, rule, conditions):
        names = sorted(varied(rule.reset) & get_identifiers(rule.transmits) - {"w"})
        code = "\n".join(
            f"{name} = where({condition}, {name}, 0)" for name in names for condition in conditions
        )
        steps = (Step(code, schedule.RESET, when="trial_start"),) if code else ()
        object.__setattr__(self, "steps", steps)


#: Constants of synapses without a Trials.
WITHOUT_TRIALS = {"trial_steps": 1, "finite_network": 1}
#: Values of `when` that belong to Brian2's own pathways.
AT_SPIKES = ("pre_spike", "post_spike")
#: Indices from synapses to the cells at either end.
INDICES = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx"}


class PlasticSynapses(Projection):
    """A projection that sends activity or spikes to its target and learns by a rule.

    If `onto` is a plain variable, it becomes the sum of what the rule transmits, by default
    ``w*activity_pre``. If it has a differential equation, like a synaptic current, each spike of
    the source adds ``w`` to it.

    Parameters
    ----------
    source, target : group
        Groups with the variables that the rule reads.
    rule : LearningRule
        The learning rule: traces and weight change.
    onto : str
        Variable of the target that receives the sum or the spikes. It must be dimensionless.
        Several projections may sum into a variable of the groups of this package.
    learn : PerStep or PerTrial
        The learning schedule: when updates change the weights, and by which optimizer. `PerTrial`
        needs a `Trials`.
    constraint : str
        Statements that constrain the weights, run after each change: `DALE`, or for example ``"w =
        clip(w, -1, 1)"``.
    self_connections : bool
        Allow weights of neurons onto themselves. If False, these are set to 0 with each change and
        do not contribute to the norm in gradient clipping.
    plasticity : number or array, shape (n_post, n_pre) or (networks, n_post, n_pre), optional
        Factors of the learning rate: the synaptic variable `plasticity`, see `set_plasticity`. A
        mask of what learns has 0 and 1. By default all synapses have the same learning rate, and
        there is no such variable.
    sends : str
        Variable of the source that is sent.
    sum_at, learns_at : Phase, optional
        Phases of the sum and of learning, if not the default ones.
    delay : Quantity, optional
        Of spikes, as for `brian2.Synapses`. Of a sum, a whole number of time steps, after which the
        target receives what the source sends, and 0 before in each trial; the rule reads it with
        the same delay.
    name : str
        Name of the projection.
    **synapses_args
        Arguments of `brian2.Synapses` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``multisynaptic_index``, ``codeobj_class``.

    Attributes
    ----------
    w : synaptic variable
        The weights, 0 until they are set; ``[post, pre]`` through `set_matrix` and `matrix`.
    plastic : shared boolean
        False freezes the weights, which then stay bit-identical.
    plasticity : synaptic variable
        Factors of the learning rate, if they were asked for.
    learning_rate, tau, ... : shared variables
        The parameters of the rule.
    trace, ... : synaptic variables
        The traces of the rule; a StateMonitor can record them.
    factors : number or array, or None
        The argument `plasticity`.
    cells : dict of str to Cells
        Cells at either end, ``"pre"`` and ``"post"``, if the rule has variables there.
    placed : dict of Step to BrianObject
        Steps, and the objects that run them.

    Raises
    ------
    TypeError, ValueError
        If a group lacks a variable, a name in the rule is undefined, or a time constant is shorter
        than the time step.

    Notes
    -----
    Within trials of `T` steps (see `Trials`) each update has the paper's factor ``1/T``; without
    trials it has not, nor with `PerStep` in a stream.
    """

    #: Arguments that are looked for by other names.
    other_names = OF_SCHEDULES | {
        "regularization": "FiringRate(10*Hz, 300).around(rule) in place of the rule"
    }
    #: Phase of the traces, if not the default one; True if changes contribute to the norm of the
    #: gradient.
    traces_at, is_gradient = None, True
    #: The projection with which this one shares `plastic`.
    switched_with = None
    #: True if its trials are the windows of a stream.
    is_stream = False
    #: Its place among the projections of its `Trials`.
    turn = 0
    #: Neurons at both ends, and networks, of a pattern that `connect_matrix` made.
    pairs = None
    _is_checked = False

    def __init__(
        self,
        source: Group,
        target: Group,
        rule: LearningRule,
        onto: str,
        learn: PerStep = PerStep(),
        constraint: str = "",
        self_connections: bool = True,
        plasticity: ArrayLike | None = None,
        sends: str = "activity",
        sum_at: schedule.Phase | None = None,
        learns_at: schedule.Phase = schedule.LEARN,
        delay: Quantity | None = None,
        name: str = "plasticsynapses*",
        **synapses_args: Any,
    ):
        self._check_arguments(source, target, rule, learn, constraint)
        learn = paired(learn, rule)
        check_flag("self_connections", self_connections)
        if not self_connections:
            check_one_group(source, target)
            constraint = f"{NO_SELF_CONNECTIONS}\n{constraint}".strip()
        self.rule, self.onto, self.learn = rule.bind(target, onto, learn), onto, learn
        self.constraint, self.sends, self.factors = constraint, sends, plasticity
        reader = f"{rule.title} on the projection from '{source.name}' to '{target.name}'"
        summed_at = sum_at or phase_of_sum(target, self.rule)
        ports = open_ports(self.rule, target, onto, summed_at, reader)
        open_own_weight(self.rule, target, reader)
        self._plan(source, target, learns_at, summed_at, self_connections, reader)
        if self.sends_spikes:
            synapses_args |= {} if delay is None else {"delay": delay}
        else:
            source = delayed_for_rule(source, target, delay, summed_at, self, name)
            self.sums_into = variable_for_sum(target, onto, reader)
        namespace = namespace_with(synapses_args, **constants_of(self.mechanisms) | FUNCTIONS)
        super().__init__(
            source,
            target,
            self._equations(sends),
            method="exponential_euler" if self.traces_at else trace_method(target),
            namespace=namespace,
            name=name,
            **self._pathways(target),
            **synapses_args,
        )
        self._add_references(source)
        self.cells = self._cells_at_both_ends(source, target)
        if not self.sends_spikes:
            self._place_first(summed_at)
        check_names(self, reader)
        check_times(self)
        self._place_all()
        bring(self, summed_at)
        self.injections.extend(Injection(self, target, *port) for port in ports)
        self.variables.add_array("_stale", size=1, scalar=True, dtype=bool)
        self.dense = DenseParts(self, self.sum_updater, read(self))
        self._leave_source()

    def _check_arguments(self, source, target, rule, learn, constraint):
        """Raise unless arguments are what they are called."""
        check_group(f"{type(self).__name__}: source", source)
        check_group(f"{type(self).__name__}: target", target)
        check_instance("rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
        check_instance("learn", learn, PerStep, "PerTrial(Adam())")
        check_constraint(constraint)
        rule.check_constraint(constraint)

    def _plan(self, source, target, learns_at, summed_at, self_connections, reader):
        """Set the mechanisms and where their steps go, before the synapses are made; raise unless
        both groups fit the rule.
        """
        self._connected, self.cells, self.placed, self.waiting = 0, {}, {}, []
        self.injections = []
        self.dense = self.trials = self.trial_length = None
        self.sends_spikes, self.sums_into = receives_spikes(target, self.onto), self.onto
        traces_at = self.traces_at or trace_phase(target)
        self.moves = {
            schedule.LEARN: learns_at,
            schedule.TRACE: traces_at,
            schedule.DRIVEN: schedule.DRIVEN if self.sends_spikes else behind_sum(summed_at),
        }
        learning = what_learns(self, self_connections)
        self.mechanisms = (
            self.rule,
            *learning_mechanisms(self, self_connections),
            *([NotPerturbed(self.rule, learning)] if learning else []),
            *arriving_at(self, source, target),
        )
        check_rule_strings(self.rule, reader)
        check_ports(self, source, target, reader)

    def _cells_at_both_ends(self, source, target):
        """Return the cells at either end where a mechanism has steps, by side."""
        ends = ("pre", source, target), ("post", target, source)
        return {
            side: self._cells(side, group, other)
            for side, group, other in ends
            if steps_of(self.mechanisms, side) or (side == "post" and self.rule.brings)
        }

    def _equations(self, sends):
        """Return the equations: `w`, `plastic`, variables of the mechanisms, and the sum."""
        lines = ["w : 1", equations_of(self.mechanisms, "own")]
        lines += [] if self.switched_with is not None else ["plastic : boolean (shared)"]
        lines += ["first_idx : integer (constant)"] if self.learn.copies > 1 else []
        lines += (
            []
            if self.sends_spikes
            else [
                f"{self.sums_into}_post = {product(self.rule.transmits)}*{sends}_pre : 1 (summed)"
            ]
        )
        return "\n".join(lines)

    def _pathways(self, target):
        """Return the statements at spikes, as Brian2's arguments."""
        codes = {
            side: [
                step.code
                for step in steps_of(self.mechanisms, "own")
                if step.when == f"{side}_spike"
            ]
            for side in ("pre", "post")
        }
        if self.sends_spikes:
            codes["pre"].insert(0, on_pre_of(target, self.onto, self.rule.transmits))
        return {f"on_{side}": "\n".join(lines) for side, lines in codes.items() if lines}

    def _add_references(self, source):
        """Add references to variables of other objects. Of a source without activity, that is what
        it sends.
        """
        if self.switched_with is not None:
            self.variables.add_reference("plastic", self.switched_with)
        sent = "activity" if "activity" in source.variables else self.sends
        kept = equations_of(self.mechanisms, "pre")
        for name in (PSP, *({"activity"} & set(self.rule.reads("pre")))):
            if (
                name not in source.variables
                and name not in Equations(kept).names
                and sent in source.variables
                and f"{name}_pre" not in self.variables
            ):
                self.variables.add_reference(f"{name}_pre", source, sent, index=INDICES["pre"])
        if ARRIVING in self.rule.reads("pre") and not self.sends_spikes:
            forget(self.variables, f"{ARRIVING}_pre")  # of a source that keeps it for spikes
            self.variables.add_reference(
                f"{ARRIVING}_pre", source, self.sends, index=INDICES["pre"]
            )

    def _cells(self, side, group, other):
        """Return cells at one end; synapses read their variables with the ending of that end."""
        cells = Cells(
            group,
            equations_of(self.mechanisms, side),
            lenders=[self],
            partner=parent_group(other),
            name=f"{self.name}_{side}_cells",
            namespace=constants_of(self.mechanisms),
        )
        if side == "pre" and not self.sends_spikes and reads_arriving(self.rule):
            cells.variables.add_reference(ARRIVING, parent_group(group), self.sends)
        for name in cells.equations.names:
            if f"{name}_{side}" in self.variables:  # Brian2 would keep the group's own
                raise ValueError(
                    f"'{self.name}' keeps '{name}' of its rule for each cell of '{group.name}',"
                    " which has a variable of that name; rename the variable"
                )
            self.variables.add_reference(f"{name}_{side}", cells, name, index=INDICES[side])
        self.contained_objects.append(cells)
        return cells

    def _steps(self, resets_at="trial_start"):
        """Return all steps that are not statements at spikes."""
        steps = [
            replace(step, phase=self.moves.get(step.phase, step.phase))
            for step in steps_of(self.mechanisms, "own", "pre", "post", resets_at=resets_at)
        ]
        return [step for step in steps if step.when not in AT_SPIKES]

    def _place_all(self):
        """Place all steps. Those at boundaries, and those of cells that read numbers of the
        network, wait for `join`.
        """
        steps = self._steps()
        self.waiting = [step for step in steps if waits(step)]
        self.placed = {step: self._place(step) for step in steps if not waits(step)}

    def _place(self, step, trials=None):
        """Run a step in the cells at one end, or in the synapses."""
        if step.site != "own":
            return self.cells[step.site].run_step(step, trials, name_of(step))
        for name in names_ending_in(step.code, FIRST):
            if name + FIRST not in self.variables:
                self.variables.add_reference(name + FIRST, self, name, index="first_idx")
        return place(self, step, trials and trials.phases, name_of(step))

    @property
    def has_no_self_connections(self) -> bool:
        """True if weights of neurons onto themselves are held at 0."""
        return self.constraint.startswith(NO_SELF_CONNECTIONS)

    @property
    def may_learn(self) -> bool:
        """False if its weights are known to rest in the next run; C++ standalone may not know."""
        return not any(is_zero(self.variables[name]) for name in ("plastic", "learning_rate"))

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of the rule's parameters, by name."""
        return {
            name: partial(check_field, self, self.rule.with_field(name), name)
            for name in self.rule.parameters
        } | {"learning_rate": self._check_rate, "plasticity": partial(check_factors, self)}

    def __setattr__(self, name, value, level=0):
        if self._is_constructed:
            check_plasticity(self, name, value)
            refuse_unknown(self, name == "w" and isinstance(value, str))
        super().__setattr__(name, value, level=level + 1)

    def _check_rate(self, value):
        if not (is_number(value) and value >= 0):
            raise ValueError(
                f"'{self.name}': learning_rate must be a finite number and not negative; got"
                f" {value!r} (0 switches learning off)"
            )

    def connect(self, *args: Any, level: int = 0, **connect_args: Any) -> None:
        super().connect(*args, level=level + 1, **connect_args)
        if self.switched_with is None:
            self.plastic = True
        for name, value in self.rule.parameters.items():
            setattr(self, name, value)
        if self.factors is not None:
            self.set_plasticity(self.factors)
        if self.learn.copies > 1 and self._connected > 0:
            pre, post, copies = (
                self.block_of(self.source, self._connected),
                self.block_of(self.target, self._connected),
                self.learn.copies,
            )
            self.first_idx = f"(i - (i//{pre}) % {copies}*{pre})*{post} + j % {post}"

    connect.__doc__ = Projection.connect.__doc__

    def _check_weights(self, value):
        super()._check_weights(value)
        if must_be_symmetric(self):
            check_symmetric(self, "weights", value, pairs_of(self))

    def _check_entries(self, pre, post, weights):
        check_symmetric(self, "the matrix", weights, (pre, post))

    def _connect_pairs(self, pre, post, networks):
        if self.factors is not None or must_be_symmetric(self):
            self.settle(pairs=(pre, post, networks))
        super()._connect_pairs(pre, post, networks)
        if self.learn.copies > 1 and networks % self.learn.copies == 0:
            self.first_idx = self._first_copies(pre, post, networks)

    def _first_copies(self, pre, post, networks):
        """Return the number of the same synapse in the first copy of its network."""
        n_pre, n_post = self.block_of(self.source, networks), self.block_of(self.target, networks)
        starts = np.searchsorted(pre // n_pre, np.arange(networks))
        first = starts[pre // n_pre // self.learn.copies * self.learn.copies]
        first = first + np.arange(len(pre)) - starts[pre // n_pre]
        pair = pre % n_pre * n_post + post % n_post
        counts = np.bincount(pre // n_pre, minlength=networks).reshape(-1, self.learn.copies)
        if (counts != counts[:, :1]).any() or (pair[first] != pair).any():
            raise ValueError(
                f"'{self.name}' must have the same synapses in all {self.learn.copies} copies of a"
                f" network; write {self.name}.connect_matrix(np.repeat(matrices,"
                f" {self.learn.copies}, axis=0)) with matrices [network, post, pre]"
            )
        return first

    def set_plasticity(self, matrix: ArrayLike) -> None:
        """Set the factors of the learning rate, the synaptic variable `plasticity`, of a projection
        that was made with them.

        Synapses with the factor 0 do not learn: their weights and the memory of the optimizer stay
        bit-identical, and they do not contribute to the norm in gradient clipping. For all others
        the factor multiplies the optimizer's step.

        Parameters
        ----------
        matrix : number or array, shape (n_post, n_pre) or (networks, n_post, n_pre)
            Factors ``[post, pre]``, or True and False. A size of 1 stands for all neurons: with
            ``(n_post, 1)`` each postsynaptic neuron has a learning rate. Entries without a synapse
            have no meaning.

        Raises
        ------
        AttributeError
            If the projection was made without.
        ValueError
            If the shape does not fit, or a factor is negative or not finite.
        """
        check_plasticity(self, "plasticity", 1.0)
        factors = factors_by_synapse(self, matrix)
        check_symmetric(self, "plasticity", factors, pairs_of(self))
        self.plasticity = factors

    def check_trials(self, trials: Trials) -> None:
        """Raise unless the projection fits the networks of `trials`."""
        if len(trials) > 1 and isinstance(self.target, Subgroup):
            raise ValueError(
                f"'{self.name}' ends in a subgroup, but {len(trials)} networks need whole groups;"
                " make a separate group of the networks"
            )
        if self.learn.copies > 1 and self.networks != len(trials):
            raise ValueError(
                f"'{self.name}' must be connected all to all in each of {len(trials)} blocks, so"
                " that trials side by side can share its weights; write"
                f" {self.name}.connect(networks={len(trials)}), or connect_matrix with matrices"
                " [network, post, pre]"
            )

    def join(self, trials: Trials) -> None:
        """Take the clock and the numbers of networks from `trials`, which calls this."""
        if self.trials is not None:
            raise ValueError(
                f"'{self.name}' already belongs to '{self.trials}'; pass it to one Trials only"
            )
        for name in WITHOUT_TRIALS:
            forget(self.variables, name)  # left by a run without trials
        n_steps, is_stream = trials.task.n_steps, trials.task.continuous
        self.settle(trials=trials.name, trial_length=n_steps, is_stream=is_stream)
        if is_stream:
            check_stream(self)
            steps = self._steps(trials.phases.resets_at)
            self.settle(waiting=[step for step in steps if waits(step)])
        if trials.seen < self.learn.copies and not self.rule.pairs:  # it learns from the free copy
            self.settle(waiting=from_first_copy(self.waiting))
        self.contained_objects[:] = without_loops(
            self.contained_objects
        )  # that of the trials does it
        has_factor = self.learn.accumulates or not is_stream  # the paper's 1/T
        self.variables.add_constant("trial_steps", n_steps if has_factor else 1)
        for step in [*self.placed, *self.waiting]:
            for name in names_ending_in(step.code, NETWORK) if step.site == "own" else ():
                self._add_number(name, step, trials)
        self.settle(
            placed=self.placed | {step: self._place(step, trials) for step in self.waiting},
            waiting=[],
        )
        turn = next(number for number, part in enumerate(trials.projections) if part is self)
        self.settle(turn=turn)
        for step, runner in self.placed.items():
            if adds_up(step):
                schedule.move(runner, step.phase.behind(schedule.TURNS[step.site] + turn))
            elif step.phase in schedule.DRAWS and may_draw(step.code):
                schedule.move(runner, step.phase.behind(schedule.DRAWS[step.phase] + turn))
        self._leave_source()

    def _add_number(self, name, step, trials):
        """Add a reference to a number of the network, by way of the cells of the target."""
        adds = name + NETWORK in written(step.code)
        cells, its_name = (
            trials.cells_that_add(name, self.target, step)
            if adds
            else (trials.cells_with(name, self.target), name)
        )
        if name + NETWORK not in self.variables:
            self.variables.add_reference(name + NETWORK, cells, its_name, index="_postsynaptic_idx")
        elif self.variables[name + NETWORK] is not cells.variables[its_name]:
            raise ValueError(
                f"{self.rule.title} on '{self.name}' must not both add to '{name}_network' and read"
                " it, or add to it at two times; use two numbers of the network"
            )

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check that the projection can run, and warn of omissions."""
        if self.trials is None:
            self._check_without_trials()
        if self.trials is not None and not self.is_stream:
            check_spikes_in_time(self, is_delaying)
        if self.sends_spikes and reads_arriving(self.rule):
            check_no_delays(self)
        if self._has_late_spikes():
            begins = run_begin(self.clock)
            if begins % self.trial_length == 0:
                drop_spikes(self.pre)  # of a trial that was not finished
            self.pre.code = arriving_in_time(
                self.target, self.onto, self.rule.transmits, self.trial_length, begins
            )
        for name, value in WITHOUT_TRIALS.items():
            if name not in self.variables:
                self.variables.add_constant(name, value)
        check_times(self)
        check_copies(self)
        check_way_back(self)
        for step, runner in self.placed.items() if self.rule.noises else ():
            if step.phase == schedule.EXPLORE and step.site == "post":
                share(self, runner, step.code)
        self._warn_of_omissions()
        if self.equations.diff_eq_names and not self.traces_at:
            self._integrate_as_target(run_namespace)
        super().before_run(run_namespace)

    def _integrate_as_target(self, run_namespace):
        """Integrate the traces as the target is integrated."""
        target, updater = parent_group(self.target), self.state_updater
        method, options = trace_method(target, integrator_of(target, run_namespace)), None
        if not isinstance(method, str):
            options = target.state_updater.method_options
            try:
                solve(method, self, run_namespace, options)
            except Exception as error:  # whatever a function of the user's raises
                raise ValueError(
                    f"'{target.name}' has an integrator of its own, which cannot integrate the"
                    f" traces of {self.rule.title} on '{self.name}'; write for example"
                    " method='euler' for the group."
                ) from error
        updater.method_choice, updater.method_options = method, options

    def _warn_of_omissions(self):
        """Warn, before it first learns, of variables that are not set, or at the wrong time."""
        if self._is_checked or not self.may_learn:
            return
        self._is_checked = True
        for sentence in never_written(self):
            logger.warn(sentence, "forgotten")
        for sentence in (*belated_gain(self), *premature_feedback(self)):
            logger.warn(sentence, "belated")

    def _check_without_trials(self):
        """Raise if a step needs the boundary of a trial or a number of the network."""
        if self.learn.accumulates:
            raise ValueError(
                f"'{self.name}' applies its weight change at the end of a trial, but was not passed"
                f" to a Trials; write Trials(task, ..., {self.name}), or learn=PerStep()"
            )
        late = [
            f"reads its update at '{when}'"
            for when in self.rule.updates
            if when not in ("step", *AT_SPIKES)
        ]
        numbers = [
            f"reads '{name}_network', a number of the network"
            for name in self.rule.reads("network")
            if name != "finite"
        ]
        counts = (
            ["reads trial_steps, the length of a trial"]
            if any(
                "trial_steps" in get_identifiers(update) for update in self.rule.updates.values()
            )
            else []
        )
        for needs in [*late, *numbers, *counts][:1]:
            raise ValueError(
                f"{self.rule.title} on '{self.name}' {needs}, but was not passed to a Trials;"
                f" write Trials(task, ..., {self.name})"
            )

    def _has_late_spikes(self):
        """Return whether spikes may arrive in the trial after that in which they were fired."""
        has_trials = self.trials is not None and not self.is_stream
        return self.sends_spikes and has_trials and self.has_delays

    def after_run(self) -> None:
        """Warn if weights are not finite; drop spikes that would arrive in the next trial."""
        super().after_run()
        if self._has_late_spikes():
            drop_spikes_of_other_trials(self.pre, self.trial_length)
        if (
            not is_standalone()
            and self._connected
            and not np.isfinite(self.variables["w"].get_value()).all()
        ):
            advice = (
                ""
                if self.trials
                else (
                    f"; write Trials(task, ..., {self.name}) to keep the weights of the last finite"
                    " trial"
                )
            )
            logger.warn(
                f"Weights of '{self.name}' are not finite after this run; lower its learning rate"
                f" (now {np.asarray(self.learning_rate).item():g}){advice}.",
                "not_finite",
            )


def waits(step):
    """Return True if a step can be placed only after `join`."""
    return step.when not in ("step", "spike") or (
        step.site != "own" and bool(names_ending_in(step.code, NETWORK))
    )


def check_stream(synapses):
    """Raise if a rule cannot learn from a stream."""
    if synapses.rule.needs_trials:
        raise ValueError(
            f"{synapses.rule.title} on '{synapses.name}' changes weights in each step by a mean"
            " over the trial so far, and a stream has no trials; write learn=PerTrial(...), for"
            " the mean over each window"
        )


def adds_up(step):
    """Return True if a step adds to a number of the network."""
    return any(name + NETWORK in written(step.code) for name in names_ending_in(step.code, NETWORK))


def name_of(step):
    """Return a name for the object that runs a step."""
    if step.code == INTEGRATE:
        return "integrate"
    return f"{step.when}_{schedule.name_of(step.phase) or 'step'}".removeprefix("step_")


def product(transmits):
    """Return an expression in a form that can be multiplied."""
    return transmits if transmits.isidentifier() else f"({transmits})"
