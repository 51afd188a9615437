"""Trials: their boundaries, and the numbers of each network, which the steps of all parts can read
and add to.
"""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Equations, Group, NeuronGroup, Quantity, Synapses, get_device, get_logger

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.conditional import is_standalone
from ..brian.declared import declared, declares
from ..brian.in_program import set_value
from ..brian.names import spell
from ..brian.quantities import check_count, check_field
from ..brian.statements import is_random, written
from ..brian.step_loop import StepLoop
from ..neurons.base import check_group, parent_group
from ..readouts.base import TASK_EXAMPLE, check_clock
from ..readouts.linear import readouts_of
from ..steps import Mechanism, Step, TrialClock, equations_of, steps_of
from ..steps.cells import FIRST, FUNCTIONS, NETWORK, Cells, names_ending_in, place
from ..steps.step import constants_of, is_mechanism
from ..synapses.kinds import plastic_of
from ..tasks import Task
from ..tasks.values import TaskValues
from ..updates.arguments import check_instance, check_statements
from ..updates.divergence import DivergenceCheck, SharedDivergenceCheck, check_limit
from .activity import is_watched, warn_of_rates, warn_of_slopes
from .checks import (
    cause_of,
    check_clipping,
    check_kinds,
    check_members,
    check_modulators,
    check_numbers,
    check_paths,
    check_place,
    missing_number,
    warn_of_omissions,
)
from .ending import TrialEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..credit import Credit

logger = get_logger(__name__)


class Perturbed(Mechanism):
    """The number `perturbed` of each copy of a network: 0 for the first, free copy, else 1."""

    variables = {"network": "perturbed : 1"}

    def __init__(self, copies):
        code = f"perturbed = int(i % {copies} > 0)" if copies > 1 else "perturbed = 1"
        object.__setattr__(self, "steps", (Step(code, schedule.BEGIN, "network", "trial_start"),))


class Kind(Mechanism):
    """The number `kind` of each copy of a network: the kind of its trial, as the task says."""

    variables = {"network": "kind : 1"}

    def __init__(self, task, copies, seen):
        values = {"kind_of": TaskValues(task, "kind", seen)}
        code = f"kind = kind_of(t_in_timesteps, {f'i % {copies}' if seen > 1 else '0'})"
        object.__setattr__(self, "constants", values)
        object.__setattr__(self, "steps", (Step(code, schedule.BEGIN, "network", "trial_start"),))


class Trials(Component, NeuronGroup):
    """The trial structure of a network: one unit per independent network, or per copy of one.

    Trials follow one another from ``t = 0``, each ``task.n_steps`` steps long. At the beginning of
    a trial neurons, traces and loss are reset; at its end accumulated weight changes are applied.
    If the task is `continuous`, trials are the windows of one stream: neurons, traces and outputs
    are reset in its first step only, each window has a loss, `PerStep` does not divide updates by
    the steps of a window, and `PerTrial` changes weights at the end of each window. A
    network diverges if its loss or weights are not finite at the end of a trial, or if its loss
    exceeds `limit` times the largest one of the first ten trials: it stops learning and gets back
    its weights from before that trial. On the runtime targets the simulation stops if all networks
    have diverged.

    Parameters
    ----------
    task : Task
        The task, whose trials are shown.
    *parts : RateNeurons, Readout, PlasticSynapses, mechanisms, ...
        All parts with trials: groups with statements in ``trial_start``, plastic projections,
        credit paths, and mechanisms such as a modulator. For a group of your own write
        ``trials.at_start(mine, "v = El")``.
    networks : int
        Number of independent networks in the groups. With ``PerTrial(copies=...)`` the groups
        contain that many consecutive copies of each.
    limit : float
        Above 1: the factor by which a loss may exceed the largest one of the first ten trials.
        There is no limit where these losses are 0. Write ``inf`` for none, and
        ``net.trials.limit = ...`` in a network that has been built.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    loss : state variable
        Loss of the last finished trial, summed over outputs; a `LossMonitor` records all.
    largest_loss : state variable
        Largest loss of the first ten trials; of each copy of a network its own.
    diverged_in : state variable
        Trial in which a network diverged; -1 if it has not.
    phases : TrialClock
        The named phases of a trial.
    copies, seen : int
        Number of copies of each network, and number of different trials that they run side by side;
        the latter is 1 if a rule runs each trial free and perturbed.

    Raises
    ------
    TypeError, ValueError
        If a part does not define a reset, or its task or time step differs.
    """

    _is_checked = False
    #: The credit paths among its parts.
    back = ()

    def __init__(
        self,
        task: Task,
        *parts: Group | Mechanism | Credit,
        networks: int = 1,
        limit: float = 1e6,
        name: str = "trials*",
        **neurongroup_args: Any,
    ):
        check_instance("Trials: task", task, Task, TASK_EXAMPLE)
        check_count("Trials: networks", networks)
        check_limit(limit)
        parts = [part for given in parts for part in (given, *declared(given, "parts", ()))]
        mechanisms = [part for part in parts if is_mechanism(part)]
        check_numbers(mechanisms)
        check_kinds(task, mechanisms)
        members = [part for part in parts if not is_mechanism(part) and not declares(part, "parts")]
        check_members(task, members)
        self.task, self.phases, self.numbers = task, TrialClock(task), count(1)
        self.reported, self.watched, self.cells, self.sums = set(), [], {}, {}
        self.ever_summed = {}  # totals by group and name
        self._sort(members)
        self.checked = [part for part in members if declares(part, "check_activity")]
        self._check_stream()
        paths = [part for part in parts if declares(part, "parts")]
        theirs = [*members, *paths]
        self.back = paths
        self.given, self.mechanisms = mechanisms, self._mechanisms_with(mechanisms, theirs)
        check_modulators(self, mechanisms)
        check_paths(self.projections, paths)
        self.own_steps = []
        super().__init__(
            networks * self.copies,
            self._equations(mechanisms),
            namespace=namespace_with(neurongroup_args, **FUNCTIONS | constants_of(self.mechanisms)),
            name=name,
            **neurongroup_args,
        )
        self.integrate_what_is_there()
        check_clock(task, self)
        self._add_constants(limit)
        self._set_parameters(mechanisms)
        self.own_steps = steps_of(self.mechanisms, "network", resets_at=self.phases.resets_at)
        for step in self.own_steps:
            self._place(step)
        for part in theirs:
            self._add(part)
        self.contained_objects.extend([TrialEnd(self), StepLoop(self)])

    def _sort(self, members):
        """Store names, readouts and projections, and the numbers of copies and of trials."""
        self.members = {
            parent_group(part).name for part in members if not isinstance(part, Synapses)
        }
        self.readouts = readouts_of(members)
        self.projections = plastic_of(members)
        self.copies = copies_of(self.projections)
        check_clipping(self.projections)
        self.seen = 1 if any(part.rule.pairs for part in self.projections) else self.copies
        for readout in self.readouts:
            for part in self.projections:
                readout.check_eligibility(part.rule, part.target)

    def _check_stream(self):
        """Raise if windows of a stream would run side by side."""
        if self.task.continuous and self.copies > 1:
            raise ValueError(
                f"the windows of a stream follow one another, so {self.copies} of them cannot run"
                " side by side (copies, or a rule that compares a free and a perturbed trial);"
                " write PerTrial(batch=...), or a task of separate trials"
            )

    def _mechanisms_with(self, mechanisms, members):
        """Return all mechanisms with numbers of the networks: the trials' own, those that were
        given, and those of the members and credit paths.
        """
        theirs = [mechanism for part in members for mechanism in mechanisms_of(part)]
        given = (*mechanisms, *theirs)
        numbers = {name for one in given for name in numbers_in(one)}
        numbers -= Equations(equations_of(given, "network")).names  # they define it themselves
        copies = [Perturbed(self.copies)] if "perturbed" in numbers else []
        kinds = [Kind(self.task, self.copies, self.seen)] if "kind" in numbers else []
        guards = [DivergenceCheck(), *([SharedDivergenceCheck()] if self.copies > 1 else [])]
        return [*copies, *kinds, *guards, *mechanisms, *theirs]

    def _equations(self, mechanisms):
        """Return the equations of the numbers of the networks, without repeated lines."""
        parameters = [name for mechanism in mechanisms for name in mechanism.parameters]
        equations = [
            equations_of(self.mechanisms, "network"),
            "loss : 1",
            *(f"{name} : 1 (shared)" for name in parameters),
        ]
        return "\n".join(dict.fromkeys("\n".join(equations).splitlines()))

    def _add_constants(self, limit):
        """Add variables about trials and copies that statements can read, and set the limit."""
        self.variables.add_array(
            "_first_idx",
            size=len(self),
            dtype=np.int32,
            constant=True,
            read_only=True,
            values=np.arange(len(self)) // self.copies * self.copies,
        )
        self.variables.add_constant("trial_steps", self.task.n_steps)
        self.diverged_in = -1
        set_value(self.variables["limit"], np.array(float(limit)))

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of the limit and of the parameters of mechanisms, by name."""
        return {
            name: partial(check_field, self, mechanism, name)
            for mechanism in self.given
            if is_dataclass(mechanism)
            for name in mechanism.parameters
        } | {"limit": check_limit}

    @property
    def duration(self) -> Quantity:
        """Duration of a trial."""
        return self.task.duration

    @property
    def reset_every(self) -> int | None:
        """Number of time steps after which the parts are reset; None if the task is a stream."""
        return None if self.task.continuous else self.task.n_steps

    def _set_parameters(self, mechanisms):
        for mechanism in mechanisms:
            for name, value in mechanism.parameters.items():
                setattr(self, name, value)

    def _place(self, step):
        """Run a step on the numbers of the networks."""
        for number in names_ending_in(step.code, FIRST):
            if number + FIRST not in self.variables:
                self.variables.add_reference(
                    number + FIRST, self, self.number(number), index="_first_idx"
                )
        place(self, step, self.phases, "network")

    def number(self, name: str) -> str:
        """Return `name`; raise if it is not a number of the networks."""
        if name not in self.variables:
            raise missing_number(self, name)
        return name

    def _add(self, part):
        """Place the steps of a part at boundaries and with numbers of the network."""
        self._check(part)
        if declares(part, "join"):
            return part.join(self)
        schedule.take_part(parent_group(part))
        if declared(part, "trial_start", ""):
            self._watch(part)
            self._at(part, part.trial_start, self.phases.resets_at)
        if self.task.continuous and declared(part, "window_start", ""):
            self._at(part, part.window_start)
        number = next(
            (number for number, readout in enumerate(self.readouts) if readout is part), 0
        )
        for step in steps_of(mechanisms_of(part), "own"):
            if names_ending_in(step.code, NETWORK):  # readouts in the order given, not by name
                self.cells_of(part).run_step(replace(step, phase=step.phase.behind(number)), self)
            else:
                place(part, step, self.phases, step.when)

    def _check(self, part):
        if not declares(part, "join") and not mechanisms_of(part):
            raise TypeError(
                f"'{part.name}' does not define trial_start; remove it from Trials and write"
                f" {self.name}.at_start({part.name}, 'v = ...') with the statements that reset it"
            )
        if declares(part, "check_trials"):
            part.check_trials(self)

    def _watch(self, group):
        """Check the firing rates, or the slopes, of a group at the end of trials."""
        if is_watched(group) and not any(group is other for other in self.watched):
            self.watched.append(group)
            if (
                self.task.continuous and "spike_count" in group.variables
            ):  # the rate is that of a window
                self._at(group, "spike_count = 0")

    def at_start(self, group: Group, statements: str) -> None:
        """Run statements of `group` at the beginning of each trial, or window of a stream, in the
        phase RESET.
        """
        check_group(f"'{self.name}': the group of statements", group)
        self._watch(group)
        self.at(group, statements)

    def at_end(self, group: Group, statements: str) -> None:
        """Run statements of `group` at the end of each trial, before the check for divergence."""
        self.at(group, statements, "trial_end", schedule.APPLY)

    def at(
        self,
        group: Group,
        statements: str,
        when: str = "trial_start",
        phase: schedule.Phase = schedule.RESET,
    ) -> None:
        """Run statements of `group` at a given time of the trial, after those of earlier calls.

        Parameters
        ----------
        group : group
            The group on which the statements act.
        statements : str
            Statements of Brian2, in the variables of the group.
        when : str
            See `Step`.
        phase : Phase
            Place in the time step.
        """
        check_group(f"'{self.name}': the group of statements", group)
        check_statements(group, statements)
        check_place(self, when, phase)
        spell(group, statements)
        self._at(group, statements, when, phase)

    def _at(self, group, statements, when="trial_start", phase=schedule.RESET):
        check_clock(self.task, group)
        schedule.take_part(parent_group(group))
        if self.seen < self.copies and is_random(statements):
            logger.warn(
                f"'{group.name}': '{statements}' draws other numbers in the free and in the"
                " perturbed copy of a trial, and the difference of their losses contains that."
                " Write numbers that depend on t and i, for example of a TimedArray.",
                "different_copies",
            )
        place(
            group,
            Step(statements, phase.behind(next(self.numbers)), "own", when),
            self.phases,
            when,
        )

    def cells_of(self, group: Group) -> Cells:
        """Return the cells of a group that have the numbers of its networks, shared by all
        projections.
        """
        base = parent_group(group)
        if base.name not in self.cells:
            self.cells[base.name] = cells = Cells(base, name=f"{self.name}_of_{base.name}")
            cells.settle(beside=base)
            self.contained_objects.append(cells)
        return self.cells[base.name]

    def cells_with(self, name: str, group: Group) -> Cells:
        """Return cells with a number of the network as a variable, copied after each step that
        writes it.
        """
        cells = self.cells_of(group)
        if self.number(name) not in cells.variables:
            cells.variables.add_array(
                name, size=len(cells), values=np.full(len(cells), 1.0 if name == "finite" else 0.0)
            )
            for step in self.own_steps:
                if name in written(step.code):
                    cells.run_step(
                        Step(
                            f"{name} = {name}{NETWORK}",
                            step.phase.behind(),
                            "own",
                            step.when,
                            step.every,
                        ),
                        self,
                        f"get_{name}",
                    )
        return cells

    def cells_that_add(self, name: str, group: Group, step: Step) -> tuple[Cells, str]:
        """Return cells, and their variable to which synapses add in `step`.

        The variable is then added to the number of the network, group by group.
        """
        cells = self.cells_of(group)
        places = self.sums.setdefault((cells.name, name), [])
        sum_ = f"{name}_sum{places.index(step.place) if step.place in places else len(places)}"
        if step.place not in places:
            places.append(step.place)
            cells.variables.add_array(sum_, size=len(cells))
            phase = step.phase.behind(
                schedule.SUMS + list(self.cells).index(parent_group(group).name)
            )
            cells.run_step(
                Step(f"{name}{NETWORK} += {sum_}\n{sum_} = 0", phase, "own", step.when, step.every),
                self,
                f"add_{name}",
            )
        return cells, sum_

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the time step again, since the clock may have changed, and warn of omissions."""
        check_clock(self.task, self)
        warn_of_omissions(self)
        super().before_run(run_namespace)

    def after_run(self) -> None:
        """Warn of diverged networks; in C++ standalone call `check` after the build."""
        super().after_run()
        if not is_standalone():
            self.check()

    def check(self) -> None:
        """Warn, once each, of networks that have diverged; in C++ standalone also of silent and
        saturated groups.

        Raises
        ------
        RuntimeError
            In C++ standalone before the program has run.
        """
        if is_standalone() and not get_device().has_been_run:
            raise RuntimeError(
                f"'{self.name}': check() reads what the program has computed; write it after"
                " device.build()"
            )
        if is_standalone() and round(float(self.clock.t / self.clock.dt)) % self.task.n_steps == 0:
            self.check_activity()
        trial = np.asarray(self.diverged_in)
        failed = [k for k in np.flatnonzero(trial >= 0) if (k, trial[k]) not in self.reported]
        if not failed:
            return
        self.reported.update((k, trial[k]) for k in failed)
        rates = ", ".join(
            f"'{part.name}' (now {np.asarray(part.learning_rate).item():g})"
            for part in self.projections
        )
        trials = ", ".join(
            f"network {k} in trial {trial[k * self.copies] * self.seen} ({cause_of(self, k)})"
            for k in dict.fromkeys(unit // self.copies for unit in failed)
        )
        may_rise = f"; raise {self.name}.limit where larger losses are meant"
        logger.warn(
            f"Training diverged: {trials}. Learning stopped, and the weights are those from before"
            f" that trial. Lower the learning rate of {rates}; {self.remedy}"
            f"{may_rise if 'limit=' in trials else ''}.",
            "diverged",
        )

    def check_activity(self) -> None:
        """Warn, once each, of groups that were silent or saturated in the last trial; of rate
        neurons only at the end of the first one, and in C++ standalone of the run. Groups whose
        class has a `check_activity` of its own check it there.
        """
        warn_of_rates(self)
        if is_standalone() or self._first_ends():
            warn_of_slopes(self)
        for part in self.checked:
            part.check_activity(self)

    def _first_ends(self):
        """Return whether this is the last step of the first trial."""
        return self.clock.variables["timestep"].get_value()[0] + 1 == self.task.n_steps

    @property
    def remedy(self) -> str:
        """Remedy that resumes learning of networks that have diverged, as text."""
        if self.task.continuous:
            return "build the network again, since nothing resets neurons in a stream"
        return f"{self.name}.resume() resumes learning"

    def resume(self) -> None:
        """Resume learning of diverged networks, from their restored weights.

        Raises
        ------
        RuntimeError
            In a stream, which does not reset the neurons of a diverged network.
        """
        if self.task.continuous:
            raise RuntimeError(
                f"'{self.name}' is a stream, in which nothing resets diverged neurons; load the"
                " network from a file, or build it again"
            )
        self.diverged_in = -1
        self.reported.intersection_update(
            [what for what in self.reported if isinstance(what[0], str)]
        )


def copies_of(projections):
    """Return the number of copies of each network; raise if projections disagree."""
    found = {part.learn.copies: part.name for part in projections}
    if len(found) > 1:
        (one, name), (other, its) = list(found.items())[:2]
        raise ValueError(
            f"all projections of a Trials must have the same copies; got copies={one} of"
            f" '{name}' and copies={other} of '{its}'; write learn=PerTrial(copies={max(found)})"
        )
    return next(iter(found), 1)


def numbers_in(mechanism):
    """Return the names of the numbers of the network that the steps of a mechanism contain."""
    for step in mechanism.steps:
        is_there = step.site == "network"
        yield from names_ending_in(step.code, "" if is_there else NETWORK)


def mechanisms_of(part):
    """Return the mechanisms of a part; a group with `trial_start` or `steps` counts as one."""
    if declares(part, "mechanisms"):
        return part.mechanisms
    if declared(part, "trial_start") is None and not declares(part, "steps"):
        return []
    return [GroupSteps(part)]


class GroupSteps:
    """A group as a mechanism: its own steps and its numbers of the network."""

    constants, resets = {}, ()

    def __init__(self, group):
        self.variables = {"network": declared(group, "numbers", "")}
        self.steps = declared(group, "steps", ())


def is_trials(obj):
    """Return whether an object is a `Trials`."""
    return isinstance(obj, Trials)


def trials_of(objects):
    """Return the `Trials` among some objects."""
    return [obj for obj in objects if is_trials(obj)]
