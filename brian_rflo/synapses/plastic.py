"""Projections that learn: a loop over steps."""

from dataclasses import replace
from functools import partial

import numpy as np
from brian2 import Subgroup, get_logger

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.occasional import is_standalone
from ..brian.quantities import check_field, is_number
from ..brian.statements import written
from ..brian.step_loop import StepLoop
from ..dense import DenseParts
from ..dense.reading import read
from ..neurons.base import PSP, check_group, parent_group, receives_spikes
from ..rules import LearningRule
from ..steps import INTEGRATE, equations_of, steps_of
from ..steps.cells import FIRST, FUNCTIONS, NETWORK, Cells, named, place
from ..steps.step import constants_of
from ..updates.arguments import check_constraint, check_instance
from ..updates.learning import PerStep, paired
from .checks import check_copies, check_names, check_ports, check_rule_strings, check_times
from .ends import (
    arriving_in_time,
    check_one_group,
    on_pre_of,
    phase_of_sum,
    trace_method,
    trace_phase,
)
from .missing import belated_gain, never_written, premature_feedback
from .projection import Projection

logger = get_logger(__name__)


#: The constraint of projections without synapses of neurons onto themselves.
NO_SELF_CONNECTIONS = "w = where(i != j, w, 0)"

#: Numbers that synapses know before, or without, a Trials.
ALONE = {"trial_steps": 1, "finite_network": 1}
#: Points of time that Brian2's own pathways know.
AT_SPIKES = ("pre_spike", "post_spike")
#: Indices that lead from synapses to the cells at either end.
INDICES = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx"}


class PlasticSynapses(Projection):
    """A projection that sends activity or spikes to its target and learns by a rule.

    Where `onto` is a plain variable, it becomes the sum of what the rule transmits,
    ``w*activity_pre`` in general. Where it has a differential equation of its own, as a synaptic
    current has, each spike of the source adds ``w`` to it.

    Parameters
    ----------
    source, target : group
        Any groups with the variables that the rule names.
    rule : LearningRule
        What the eligibility and the weight change are.
    onto : str
        Variable of the target that receives the sum or the spikes. It must be dimensionless, and a
        sum belongs to one projection alone.
    learn : PerStep or PerTrial
        When updates change the weights, and by which optimizer. `PerTrial` needs a `Trials`.
    constraint : str
        Statements that hold the weights in bounds, run after each change: `DALE`, or for example
        ``"w = clip(w, -1, 1)"``.
    self_connections : bool
        Whether neurons may have weights onto themselves; without, these are set to 0 with each
        change, and do not count in gradient clipping.
    sends : str
        Variable of the source that is sent.
    sum_at, learns_at : Phase, optional
        Phases of the sum and of learning, where they are not the usual ones.
    name : str
        Name of the projection.
    **synapses_args
        Any other argument of `brian2.Synapses`.

    Attributes
    ----------
    w : synaptic variable
        The weights, 0 until they are set; ``[post, pre]`` through `set_matrix` and `matrix`.
    plastic : shared boolean
        The switch: ``recurrent.plastic = False`` leaves the weights as they are, to the bit.
    learning_rate, tau, ... : shared variables
        The parameters of the rule.
    trace, ... : synaptic variables
        The traces of the rule; a StateMonitor can record them.
    cells : dict of str to Cells
        Units beside the groups at either end, ``"pre"`` and ``"post"``, where the rule keeps
        something for each cell.
    placed : dict of Step to BrianObject
        What runs, and the object that runs it.

    Raises
    ------
    TypeError, ValueError
        If a group lacks a variable, the rule names something that nobody has, or a time constant is
        shorter than the time step.

    Notes
    -----
    Within trials of `T` steps (see `Trials`) every update carries the paper's ``1/T``. Without
    trials it does not.
    """

    #: What a subclass may choose: the phase of the traces, and whether its changes count in the
    #: norm of the gradient.
    traces_at, is_gradient = None, True
    #: The projection whose switch `plastic` is this one's too.
    switched_with = None
    _is_looked_at = False

    def __init__(
        self,
        source,
        target,
        rule,
        onto,
        learn=PerStep(),
        constraint="",
        self_connections=True,
        sends="activity",
        sum_at=None,
        learns_at=schedule.LEARN,
        name="plasticsynapses*",
        **synapses_args,
    ):
        check_group(f"{type(self).__name__}: source", source)
        check_group(f"{type(self).__name__}: target", target)
        check_instance("rule", rule, LearningRule, "RFLO(learning_rate=0.03, tau=10*ms)")
        check_instance("learn", learn, PerStep, "PerTrial(Adam())")
        check_constraint(constraint)
        learn = paired(learn, rule)
        if not self_connections:
            check_one_group(source, target)
            constraint = f"{NO_SELF_CONNECTIONS}\n{constraint}".strip()
        self.rule, self.onto, self.learn = rule.bind(target, onto, learn), onto, learn
        self.constraint, self.sends = constraint, sends
        self._connected, self.cells, self.placed, self.waiting = 0, {}, {}, []
        self.dense = self.trials = self.trial_length = None
        counts = "0" if not self.is_gradient else "1" if self_connections else "int(i != j)"
        self.mechanisms = (self.rule, *learn.of(self.rule, constraint, counts))
        self.sends_spikes = receives_spikes(target, onto)
        reader = f"{rule.title} on the projection from '{source.name}' to '{target.name}'"
        check_rule_strings(self.rule, reader)
        check_ports(self, source, target, reader)
        namespace = {
            **(synapses_args.pop("namespace", None) or {}),
            **constants_of(self.mechanisms),
            **FUNCTIONS,
        }
        method = "exponential_euler" if self.traces_at else trace_method(target)
        super().__init__(
            source,
            target,
            self._equations(sends),
            method=method,
            namespace=namespace,
            name=name,
            **self._pathways(target),
            **synapses_args,
        )
        self._share(source)
        self.cells = self._cells_at_both_ends(source, target)
        summed = self.summed_updaters.get(f"{onto}_post")
        if summed is not None:
            schedule.move(summed, sum_at or phase_of_sum(target, self.rule))
        check_names(self, reader)
        check_times(self)
        self._place_all(target, learns_at)
        self.variables.add_array("_stale", size=1, scalar=True, dtype=bool)
        self.dense = DenseParts(self, summed, read(self))

    def _cells_at_both_ends(self, source, target):
        """Return the cells beside the groups at either end where a mechanism has steps, by side."""
        ends = ("pre", source, target), ("post", target, source)
        return {
            side: self._cells(side, group, other)
            for side, group, other in ends
            if steps_of(self.mechanisms, side)
        }

    def _equations(self, sends):
        """The equations of the synapses: weights, switch, what the mechanisms keep, and the sum."""
        lines = ["w : 1", equations_of(self.mechanisms, "own")]
        lines += [] if self.switched_with is not None else ["plastic : boolean (shared)"]
        lines += ["first_idx : integer (constant)"] if self.learn.copies > 1 else []
        lines += (
            []
            if self.sends_spikes
            else [f"{self.onto}_post = {product(self.rule.transmits)}*{sends}_pre : 1 (summed)"]
        )
        return "\n".join(lines)

    def _pathways(self, target):
        """What happens to synapses at spikes, as Brian2's arguments."""
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

    def _share(self, source):
        """Make variables known here that live elsewhere."""
        if self.switched_with is not None:
            self.variables.add_reference("plastic", self.switched_with)
        if (
            PSP not in source.variables
            and "activity" in source.variables
            and f"{PSP}_pre" not in self.variables
        ):
            self.variables.add_reference(f"{PSP}_pre", source, "activity", index="_presynaptic_idx")

    def _cells(self, side, group, other):
        """Cells at one end: the synapses know their variables with the ending of that end."""
        cells = Cells(
            group,
            equations_of(self.mechanisms, side),
            lenders=[self],
            partner=parent_group(other),
            name=f"{self.name}_{side}_cells",
            namespace=constants_of(self.mechanisms),
        )
        for name in cells.equations.names:
            self.variables.add_reference(f"{name}_{side}", cells, name, index=INDICES[side])
        self.contained_objects.append(cells)
        return cells

    def _place_all(self, target, learns_at):
        """Place all steps; those at boundaries, and those of cells that name numbers of a network,
        once a Trials is known.
        """
        moves = {schedule.LEARN: learns_at, schedule.TRACE: self.traces_at or trace_phase(target)}
        steps = [
            replace(step, phase=moves.get(step.phase, step.phase))
            for step in steps_of(self.mechanisms, "own", "pre", "post")
        ]
        steps = [step for step in steps if step.when not in AT_SPIKES]
        self.waiting = [step for step in steps if waits(step)]
        self.placed = {step: self._place(step) for step in steps if not waits(step)}

    def _place(self, step, trials=None):
        """Let a step run: at an end in the cells there, else here."""
        if step.site != "own":
            return self.cells[step.site].run_step(step, trials, name_of(step))
        for name in named(step.code, FIRST):
            if name + FIRST not in self.variables:
                self.variables.add_reference(name + FIRST, self, name, index="first_idx")
        return place(self, step, trials and trials.phases, name_of(step))

    @property
    def may_learn(self):
        """Whether its weights change in a run from now; where C++ standalone does not say, they
        may.
        """
        if is_standalone():
            return True
        return (
            bool(np.all(self.variables["plastic"].get_value()))
            and self.variables["learning_rate"].get_value().item() > 0
        )

    @property
    def checks(self):
        """What the constructor of the rule checks, by the name of the parameter."""
        return {
            name: partial(check_field, self, self.rule.with_field(name), name)
            for name in self.rule.parameters
        } | {"learning_rate": self._check_rate}

    def _check_rate(self, value):
        if not (is_number(value) and value >= 0):
            raise ValueError(
                f"'{self.name}': learning_rate must be a finite number and not negative; got"
                f" {value!r} (0 switches learning off)"
            )

    def connect(self, *args, level=0, **connect_args):
        super().connect(*args, level=level + 1, **connect_args)
        if self.switched_with is None:
            self.plastic = True
        for name, value in self.rule.parameters.items():
            setattr(self, name, value)
        if self.learn.copies > 1 and self._connected > 0:
            pre, post, copies = (
                self.block_of(self.source, self._connected),
                self.block_of(self.target, self._connected),
                self.learn.copies,
            )
            self.first_idx = f"(i - (i//{pre}) % {copies}*{pre})*{post} + j % {post}"

    connect.__doc__ = Projection.connect.__doc__

    def check_trials(self, trials):
        """Raise unless the projection fits the networks of a Trials."""
        if len(trials) > 1 and isinstance(self.target, Subgroup):
            raise ValueError(
                f"'{self.name}' ends in a subgroup, and {len(trials)} networks need whole groups;"
                " make a group of the networks alone"
            )
        if self.learn.copies > 1 and (
            self.geometry is None or self.geometry.networks != len(trials)
        ):
            raise ValueError(
                f"'{self.name}' must be connected all to all in each of the {len(trials)} blocks,"
                f" write {self.name}.connect(networks={len(trials)}), so that trials side by side"
                " can share its weights"
            )

    def join(self, trials):
        """Take the clock and the numbers of networks from `trials`, which calls this."""
        if self.trials is not None:
            raise ValueError(
                f"'{self.name}' belongs to '{self.trials}' already; give it to one Trials"
            )
        for name in ALONE:
            self.variables._variables.pop(name, None)  # left by a run without trials
        self.settle(trials=trials.name, trial_length=trials.task.n_steps)
        self.contained_objects[:] = [
            obj for obj in self.contained_objects if not isinstance(obj, StepLoop)
        ]  # that of the trials does it
        self.variables.add_constant("trial_steps", trials.task.n_steps)
        for step in [*self.placed, *self.waiting]:
            for name in named(step.code, NETWORK) if step.site == "own" else ():
                self._reach(name, step, trials)
        self.settle(
            placed=self.placed | {step: self._place(step, trials) for step in self.waiting},
            waiting=[],
        )
        turn = next(number for number, part in enumerate(trials.projections) if part is self)
        for step, runner in self.placed.items():
            if adds_up(step):
                schedule.move(runner, step.phase.behind(schedule.TURNS[step.site] + turn))

    def _reach(self, name, step, trials):
        """Make a number of the network known to the synapses, through the cells at their target."""
        adds = name + NETWORK in written(step.code)
        cells, its_name = (
            trials.gather(name, self.target, step)
            if adds
            else (trials.hand_out(name, self.target), name)
        )
        if name + NETWORK not in self.variables:
            self.variables.add_reference(name + NETWORK, cells, its_name, index="_postsynaptic_idx")
        elif self.variables[name + NETWORK] is not cells.variables[its_name]:
            raise ValueError(
                f"{self.rule.title} on '{self.name}' adds to '{name}_network', and reads it or adds"
                " to it elsewhere too; add to one number of the network in one place, and read"
                " another"
            )

    def before_run(self, run_namespace):
        """Refuse to accumulate for the end of a trial that never comes."""
        if self.trials is None:
            self._check_alone()
        if self.sends_spikes and self.trials is not None and self.has_delays:
            self.pre.code = arriving_in_time(
                on_pre_of(self.target, self.onto, self.rule.transmits), self.trial_length
            )
        for name, value in ALONE.items():
            if name not in self.variables:
                self.variables.add_constant(name, value)
        check_times(self)
        check_copies(self)
        self._look_for_what_is_forgotten()
        super().before_run(run_namespace)

    def _look_for_what_is_forgotten(self):
        """Warn, before it first learns, of what it learns from and nobody computes, or at the wrong
        time.
        """
        if self._is_looked_at or not self.may_learn:
            return
        self._is_looked_at = True
        for sentence in never_written(self):
            logger.warn(sentence, "forgotten")
        for sentence in (*belated_gain(self), *premature_feedback(self)):
            logger.warn(sentence, "belated")

    def _check_alone(self):
        """Raise if something waits for the boundary of a trial, or for a number of a network."""
        if self.learn.accumulates:
            raise ValueError(
                f"'{self.name}' accumulates its weight change for the end of a trial, but no Trials"
                f" has it; write Trials(task, ..., {self.name}), or learn=PerStep()"
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
                f"{self.rule.title} on '{self.name}' {needs}, but no Trials has the projection;"
                f" write Trials(task, ..., {self.name})"
            )

    def after_run(self):
        """Weights that are no numbers never pass silently."""
        super().after_run()
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
    """Return whether a step can be placed only once a Trials is known."""
    return step.when not in ("step", "spike") or (
        step.site != "own" and bool(named(step.code, NETWORK))
    )


def adds_up(step):
    """Return whether a step adds to a number of the network."""
    return any(name + NETWORK in written(step.code) for name in named(step.code, NETWORK))


def name_of(step):
    """Return a name for the object that runs a step."""
    if step.code == INTEGRATE:
        return "integrate"
    phases = {
        phase: name.lower()
        for name, phase in vars(schedule).items()
        if isinstance(phase, schedule.Phase)
    }
    return f"{step.when}_{phases.get(step.phase, 'step')}".removeprefix("step_")


def product(transmits):
    """Return an expression as a factor."""
    return transmits if transmits.isidentifier() else f"({transmits})"
