"""Trials: their boundaries, and a few numbers of each network that go out to whoever names them,
and come in from whoever adds to them.
"""

from dataclasses import replace
from itertools import count

import numpy as np
from brian2 import NeuronGroup, Synapses, get_logger

from .. import schedule
from ..brian.component import Component
from ..brian.names import OwnNames
from ..brian.occasional import is_standalone
from ..brian.quantities import check_count
from ..brian.statements import written
from ..brian.step_loop import StepLoop
from ..neurons.base import check_group, parent_group, spikes
from ..readouts.base import TASK_EXAMPLE, check_clock
from ..readouts.linear import Readout
from ..steps import Mechanism, Step, TrialClock, equations_of, steps_of
from ..steps.cells import FIRST, FUNCTIONS, NETWORK, Cells, named, place
from ..steps.step import constants_of
from ..synapses import PlasticSynapses
from ..tasks import Task
from ..updates.arguments import check_instance, check_statements
from ..updates.divergence import Guard, GuardOfCopies
from .checks import check_clipping, check_members, look_at
from .ending import TrialEnd

logger = get_logger(__name__)


#: Mean firing rates, in Hz, outside of which a network is called silent or saturated; and what to
#: do about it.
USUAL_RATES = 0.5, 150.0


ADVICE = {
    "silent": (
        "Without spikes nothing is sent and nothing learned; raise the bias, the gain of the"
        " initial weights or the input, or lower the threshold"
    ),
    "saturated": (
        "Neurons that fire as fast as they can carry little; lower the bias, the gain of the"
        " initial weights or the learning rates, lengthen the refractory time, or hold rates with"
        " regularization=FiringRate(20*Hz, 100)"
    ),
}


class Copies(Mechanism):
    """What is known of the copies of a network: the first is free, the others are perturbed where
    rules perturb.
    """

    variables = {"network": "perturbed : 1"}

    def __init__(self, copies):
        code = f"perturbed = int(i % {copies} > 0)" if copies > 1 else "perturbed = 1"
        object.__setattr__(self, "steps", (Step(code, schedule.BEGIN, "network", "trial_start"),))


class Trials(Component, NeuronGroup):
    """The trial structure of a network: one unit per independent network, or per copy of one.

    Trials follow one another from ``t = 0``, each ``task.n_steps`` steps long. At the beginning of
    a trial neurons, traces and loss are reset; at its end accumulated weight changes are applied. A
    network whose loss or weights are not finite at the end of a trial stops learning and gets back
    the weights from before that trial; a simulation all of whose networks have failed ends there
    (on the runtime targets).

    Parameters
    ----------
    task : Task
    *parts : RateNeurons, Readout, PlasticSynapses, mechanisms, ...
        Whatever takes part in trials: groups with statements in ``trial_start``, projections that
        learn, credit paths, and mechanisms such as a modulator. For a group of your own write
        ``trials.at_start(mine, "v = El")``.
    networks : int
        Independent networks side by side in the groups. Where projections learn with
        ``PerTrial(copies=...)``, each of them stands in the groups in so many copies, one after the
        other.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    loss : state variable
        Loss of the last finished trial, summed over outputs; a `LossMonitor` keeps them all.
    diverged_in : state variable
        Trial in which a network diverged, -1 if it did not.
    phases : TrialClock
        The named phases of a trial.
    copies, seen : int
        Copies of each network, and different trials that they run side by side: one, where a rule
        runs each trial free and perturbed.

    Raises
    ------
    TypeError, ValueError
        If a part says nothing about trials, belongs to another task, or has another time step.
    """

    _is_looked_at = False

    def __init__(self, task, *parts, networks=1, name="trials*", **neurongroup_args):
        check_instance("Trials: task", task, Task, TASK_EXAMPLE)
        check_count("Trials: networks", networks)
        parts = [part for given in parts for part in (given, *getattr(given, "parts", ()))]
        mechanisms = [part for part in parts if isinstance(part, Mechanism)]
        members = [
            part for part in parts if not isinstance(part, Mechanism) and not hasattr(part, "parts")
        ]
        check_members(task, members)
        self.task, self.phases, self.numbers = task, TrialClock(task), count(1)
        self.reported, self.watched, self.shadows, self.sums = set(), [], {}, {}
        self._know(members)
        self.mechanisms = self._mechanisms_with(mechanisms, members)
        self.own_steps = []
        super().__init__(
            networks * self.copies,
            self._equations(mechanisms),
            namespace={
                **(neurongroup_args.pop("namespace", None) or {}),
                **FUNCTIONS,
                **constants_of(self.mechanisms),
            },
            name=name,
            **neurongroup_args,
        )
        self.integrate_what_is_there()
        check_clock(task, self)
        self._number()
        self._set_parameters(mechanisms)
        self.own_steps = steps_of(self.mechanisms, "network")
        for step in self.own_steps:
            self._place(step)
        for part in (*members, *(given for given in parts if hasattr(given, "parts"))):
            self._take(part)
        self.contained_objects.extend([TrialEnd(self), StepLoop(self)])

    def _know(self, members):
        """Look at what takes part: readouts, projections, and how many trials run side by side."""
        self.members = {
            parent_group(part).name for part in members if not isinstance(part, Synapses)
        }
        self.readouts = [part for part in members if isinstance(part, Readout)]
        self.projections = [part for part in members if isinstance(part, PlasticSynapses)]
        self.copies = copies_of(self.projections)
        check_clipping(self.projections)
        self.seen = 1 if any(part.rule.pairs for part in self.projections) else self.copies
        for readout in self.readouts:
            for part in self.projections:
                readout.check_eligibility(part.rule, part.target)

    def _mechanisms_with(self, mechanisms, members):
        """Return all mechanisms that have numbers of the networks: its own, those that were given,
        and those of its members.
        """
        theirs = [mechanism for part in members for mechanism in mechanisms_of(part)]
        numbers = {
            name
            for mechanism in theirs
            for step in mechanism.steps
            for name in named(step.code, NETWORK)
        }
        copies = [Copies(self.copies)] if "perturbed" in numbers else []
        guards = [Guard(), *([GuardOfCopies()] if self.copies > 1 else [])]
        return [*copies, *guards, *mechanisms, *theirs]

    def _equations(self, mechanisms):
        """Return the equations of the numbers of the networks; a line that several have stands
        once.
        """
        parameters = [name for mechanism in mechanisms for name in mechanism.parameters]
        equations = [
            equations_of(self.mechanisms, "network"),
            "loss : 1",
            *(f"{name} : 1 (shared)" for name in parameters),
        ]
        return "\n".join(dict.fromkeys("\n".join(equations).splitlines()))

    def _number(self):
        """Add what statements know of trials and copies."""
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

    @property
    def duration(self):
        """Length of a trial."""
        return self.task.duration

    def _set_parameters(self, mechanisms):
        for mechanism in mechanisms:
            for name, value in mechanism.parameters.items():
                setattr(self, name, value)

    def _place(self, step):
        """Let a step run over the numbers of the networks."""
        for number in named(step.code, FIRST):
            if number + FIRST not in self.variables:
                self.variables.add_reference(
                    number + FIRST, self, self.number(number), index="_first_idx"
                )
        place(self, step, self.phases, "network")

    def number(self, name):
        """Return the name of a number of each network; an error if nobody keeps it."""
        if name not in self.variables:
            raise ValueError(
                f"a step names '{name}{NETWORK}', but nothing in '{self.name}' keeps '{name}' of a"
                " network; give Trials a mechanism that does, for example a modulator"
            )
        return name

    def _take(self, part):
        """Place the steps of a part at boundaries, and those that name numbers of the network."""
        self._check(part)
        if hasattr(part, "join"):
            return part.join(self)
        schedule.take_part(parent_group(part))
        if getattr(part, "trial_start", ""):
            self._watch(part)
            self._at(part, part.trial_start)
        number = next(
            (number for number, readout in enumerate(self.readouts) if readout is part), 0
        )
        for step in steps_of(mechanisms_of(part), "own"):
            if named(
                step.code, NETWORK
            ):  # those of several readouts one after the other, whatever their names are
                self.shadow(part).run_step(replace(step, phase=step.phase.behind(number)), self)
            else:
                place(part, step, self.phases, step.when)

    def _check(self, part):
        if not hasattr(part, "join") and not mechanisms_of(part):
            raise TypeError(
                f"Trials does not know what to do with '{part.name}' at a trial's boundary; leave"
                f" it out and write {self.name}.at_start({part.name}, 'v = ...') with the"
                " statements that reset it"
            )
        if hasattr(part, "check_trials"):
            part.check_trials(self)

    def _watch(self, group):
        """Look at the firing rates of a group at the end of each trial."""
        if (
            not isinstance(group, Synapses)
            and spikes(group)
            and "spike_count" in group.variables
            and not any(group is other for other in self.watched)
        ):
            self.watched.append(group)

    def at_start(self, group, statements):
        """Run statements of `group` at the beginning of each trial, before anything else of the
        step.
        """
        self._watch(group)
        self.at(group, statements)

    def at_end(self, group, statements):
        """Run statements of `group` at the end of each trial, before the verdict on its weights."""
        self.at(group, statements, "trial_end", schedule.APPLY)

    def at(self, group, statements, when="trial_start", phase=schedule.RESET):
        """Run statements of `group` at a point of the trial, behind those that were asked for
        before.

        Parameters
        ----------
        group : group
        statements : str
        when : str
            See `Step`.
        phase : Phase
        """
        check_group(f"'{self.name}': what runs at a trial's boundary", group)
        check_statements(group, statements)
        if isinstance(group, OwnNames):
            group.spell(statements)
        self._at(group, statements, when, phase)

    def _at(self, group, statements, when="trial_start", phase=schedule.RESET):
        check_clock(self.task, group)
        schedule.take_part(parent_group(group))
        place(
            group,
            Step(statements, phase.behind(next(self.numbers)), "own", when),
            self.phases,
            when,
        )

    def shadow(self, group):
        """Return the cells beside a group that know the numbers of its networks: one for each
        group, however many projections read them.
        """
        base = parent_group(group)
        if base.name not in self.shadows:
            self.shadows[base.name] = cells = Cells(base, name=f"{self.name}_of_{base.name}")
            cells.settle(beside=base)
            self.contained_objects.append(cells)
        return self.shadows[base.name]

    def hand_out(self, name, group):
        """Return cells that have a number of the network as a variable, copied whenever a step of
        ours has written it.
        """
        cells = self.shadow(group)
        if name not in cells.variables:
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

    def gather(self, name, group, step):
        """Return cells, and their variable that synapses add to; it is then added to the number of
        the network, that of one group after that of another.
        """
        cells = self.shadow(group)
        places = self.sums.setdefault((cells.name, name), [])
        sum_ = f"{name}_sum{places.index(step.place) if step.place in places else len(places)}"
        if step.place not in places:
            places.append(step.place)
            cells.variables.add_array(sum_, size=len(cells))
            phase = step.phase.behind(
                schedule.SUMS + list(self.shadows).index(parent_group(group).name)
            )
            cells.run_step(
                Step(f"{name}{NETWORK} += {sum_}\n{sum_} = 0", phase, "own", step.when, step.every),
                self,
                f"add_{name}",
            )
        return cells, sum_

    def before_run(self, run_namespace):
        """Check the time step once more: the clock may have changed; and that nothing that learns
        has been forgotten.
        """
        check_clock(self.task, self)
        look_at(self)
        super().before_run(run_namespace)

    def after_run(self):
        """Say what diverged; in standalone, results are there only later (see `check`)."""
        super().after_run()
        if not is_standalone():
            self.check()

    def check(self):
        """Warn of each network that has diverged, once: which trial, and what to lower; and of
        silent and saturated ones.
        """
        if is_standalone() and round(float(self.clock.t / self.clock.dt)) % self.task.n_steps == 0:
            self.check_rates()
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
            dict.fromkeys(
                f"network {k // self.copies} in trial {trial[k] * self.copies}" for k in failed
            )
        )
        logger.warn(
            f"Training diverged: {trials} (loss or weights not finite). Learning stopped there, and"
            f" the weights are those from before that trial. Lower the learning rate of {rates};"
            f" {self.name}.resume() lets it learn again.",
            "diverged",
        )

    def check_rates(self):
        """Warn of spiking groups that were silent or saturated in the last trial, once each."""
        for group in self.watched:
            counts = np.asarray(group.variables["spike_count"].get_value())
            networks = len(self) if len(counts) % len(self) == 0 else 1
            rates = counts.reshape(networks, -1).mean(axis=1) / float(self.duration)
            for state, found in (
                ("silent", rates < USUAL_RATES[0]),
                ("saturated", rates > USUAL_RATES[1]),
            ):
                if found.any() and (group.name, state) not in self.reported:
                    self.reported.add((group.name, state))
                    numbers = np.unique(np.flatnonzero(found) // self.copies)
                    which = (
                        ""
                        if networks == self.copies
                        else f" in network {', '.join(map(str, numbers))}"
                    )
                    logger.warn(
                        f"'{group.name}' is {state}{which}: its neurons fire at"
                        f" {rates[found].mean():.3g} Hz on average in a trial. {ADVICE[state]}.",
                        "rates",
                    )

    def resume(self):
        """Let networks that have diverged learn again, from the weights they were given back."""
        self.diverged_in = -1
        self.reported.intersection_update(
            [what for what in self.reported if isinstance(what[0], str)]
        )


def copies_of(projections):
    """Return how many copies of each network there are; an error if projections disagree."""
    found = {part.learn.copies: part.name for part in projections}
    if len(found) > 1:
        (one, name), (other, its) = list(found.items())[:2]
        raise ValueError(
            f"'{name}' learns with copies={one} and '{its}' with copies={other}; give all"
            " projections of a Trials the same"
        )
    return next(iter(found), 1)


def mechanisms_of(part):
    """Return the mechanisms of a part; a group with statements in `trial_start`, or with `steps`,
    is one itself.
    """
    if hasattr(part, "mechanisms"):
        return part.mechanisms
    if getattr(part, "trial_start", None) is None and not hasattr(part, "steps"):
        return []
    return [GroupSteps(part)]


class GroupSteps:
    """A group seen as a mechanism: its own steps, and the numbers of the network that it keeps."""

    constants = {}

    def __init__(self, group):
        self.variables = {"network": getattr(group, "numbers", "")}
        self.steps = getattr(group, "steps", ())
