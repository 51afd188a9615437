"""Training of any Brian2 network that has a Trials: train, save, load, and return results."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
from brian2 import BrianObject, Group, get_device, get_local_namespace, get_logger, second

from ..brian.conditional import is_standalone
from ..brian.construction import Constructed, constructed_of, excuse
from ..brian.declared import declared
from ..brian.garbage import frozen
from ..brian.in_program import is_waiting
from ..brian.quantities import check_absent, is_whole
from ..gradient import BPTT
from ..identity import described, digest
from ..identity.settings import constants_outside, serializable
from ..synapses.kinds import is_projection, projections_of
from ..trials.trials import is_trials, trials_of
from ..updates.arguments import check_instance
from . import saving
from .contents import credit_parts, monitors_of, name_of
from .experiment import Experiment
from .members import Members
from .phases import run_later
from .recording import Recording
from .shows import Shows
from .watched import run_watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from pathlib import Path

    from brian2 import Quantity
    from numpy.typing import NDArray

    from ..results import TrainingResult
    from ..synapses import PlasticSynapses, Projection
    from ..tasks import Task


logger = get_logger(__name__)


#: Ways to report progress that have a name.
REPORTS = ("text", "stdout", "stderr")


class TrialNetwork(Experiment, Constructed, Members):
    """A network of your own parts that trains: an ordinary `brian2.Network` with a `Trials` among
    its objects.

    Parameters
    ----------
    *objects : BrianObject
        The parts, as for `brian2.Network`; one of them is a `Trials`.
    name : str, optional
        Name of the network.

    Attributes
    ----------
    trials : Trials
        The trials of the network.
    task : Task
        The task, whose trials are shown.
    readout : Readout or None
        The first readout of the trials.
    losses : LossMonitor or None
        The loss of each trial.
    networks, copies : int
        Independent networks side by side, and trials side by side in each.

    Raises
    ------
    ValueError
        If there is not exactly one Trials among the objects.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> neurons, readout = RateNeurons(10, tau=10*ms), Readout(task)
    >>> output = PlasticSynapses(neurons, readout, Delta(0.03), onto="output", name="output")
    >>> output.connect()
    >>> net = TrialNetwork(neurons, readout, output, Trials(task, neurons, readout, output))
    >>> net.train(3).losses.shape
    (1, 3)
    """

    def __init__(self, *objects: BrianObject, name: str = "trialnetwork*"):
        super().__init__(*objects, name=name)
        found = trials_of(self.objects)
        if len(found) != 1:
            raise ValueError(
                f"a network that trains needs one Trials among its objects; got {len(found)}. Write"
                " TrialNetwork(neurons, ..., Trials(task, neurons, ...))"
            )
        self._begin(found[0])

    def _begin(self, trials):
        """Set the trials, and start recording for results."""
        self.trials, self.task, self.copies, self.networks, self._constants = (
            trials,
            trials.task,
            trials.copies,
            len(trials) // trials.copies,
            {},
        )
        self.blocks = len(trials)
        self.readout = trials.readouts[0] if trials.readouts else None
        self._has_run = False
        self.taught_by, self.watches = None, []
        self.shows = Shows(self)
        self._recording = Recording(self)
        self.losses = self._recording.losses
        self.add(*self._recording.monitors)
        excuse(*constructed_of(self.sorted_objects))  # they are in a network, if it is never run

    def __setattr__(self, name, value):
        if name != "t_" and (
            name in vars(self) or not isinstance(value, BrianObject)
        ):  # Brian2 sets the time in each step; another object may be kept here
            self.check_assignment(name, value)
        super().__setattr__(name, value)

    def in_place_of(self, name: str, value: object) -> str:
        """Return the advice that replaces an assignment."""
        if name == "task":
            return (
                f"Write net.train(n, task={shorten(repr(value), 60)}), or build another network"
                " with initial=result.weights_after of this one."
            )
        parts = [
            role
            for role, part in vars(self).items()
            if isinstance(part, BrianObject) and name in getattr(part, "variables", ())
        ]
        if parts:
            shown = shorten(repr(value), 60)
            return f"Write {', '.join(f'net.{role}.{name} = {shown}' for role in parts)}."
        return (
            super().in_place_of(name, value)
            if name in self._fixed | set(self.given)
            else (
                "What can be set are the variables of its parts, for example"
                " net.recurrent.learning_rate."
            )
        )

    def before_run(self, run_namespace: dict[str, object]) -> None:
        """Prepare a run like `brian2.Network.before_run`."""
        self._check_device()
        self.check_members()
        for obj in self.sorted_objects:
            check = declared(obj, "check_network")
            if check is not None:
                check()
        super().before_run(run_namespace)

    def run(
        self,
        duration: Quantity,
        report: str | Callable | None = None,
        report_period: Quantity = 10 * second,
        namespace: dict[str, object] | None = None,
        profile: bool | None = None,
        level: int = 0,
    ) -> None:
        """Run like `brian2.Network.run`, but collect garbage at most every ten seconds in a network
        that has run before.
        """
        self._check_device()
        check_report(report)
        with frozen() if self._has_run else nullcontext():
            super().run(duration, report, report_period, namespace, profile, level=level + 1)
        self._has_run = True

    def is_own(self, obj: BrianObject) -> bool:
        """Return whether an object records what results contain."""
        return self._is_constructed and any(obj is monitor for monitor in self._recording.monitors)

    def store(self, name: str = "default", filename: str | None = None) -> None:
        """Store the state like `brian2.Network.store`, and how far each task has come."""
        super().store(name, filename)
        self.shows.keep(name)

    def restore(
        self,
        name: str = "default",
        filename: str | None = None,
        restore_random_state: bool = False,
    ) -> None:
        """Restore a state like `brian2.Network.restore`, with each task where it stood; from a file
        of another process, tasks stand as if no other one had been shown (`save` keeps that).
        """
        super().restore(name, filename, restore_random_state)
        self.shows.recall(name)

    @property
    def learners(self) -> dict[str, PlasticSynapses]:
        """Projections that learn, by name."""
        return {part.name: part for part in self.trials.projections}

    @property
    def projections(self) -> dict[str, Projection]:
        """All projections of this package, by name."""
        return {obj.name: obj for obj in projections_of(by_name(self.objects))}

    @property
    def parts_by_name(self) -> dict[str, Projection]:
        """All projections of this package, by the names that `weights` gives them."""
        return self.projections

    #: Arguments that it was made with, where it was assembled.
    given = {}

    #: The two projections whose alignment is measured: to the readout, and back; None where it
    #: means nothing.
    aligned = None

    @property
    def settings(self) -> dict[str, str | int | float]:
        """Everything that decides its numbers, as text and numbers by name."""
        groups = {
            obj.name: obj
            for obj in self._groups
            if not (is_projection(obj) or is_trials(obj) or monitors_of([obj]))
        }
        roles = {part.name: role for role, part in credit_parts(self).items()}
        parts = {roles.get(name, name): described(one) for name, one in groups.items() if len(name)}
        learners = {
            roles.get(part.name, name): (
                f"{sender_of(part, roles)} to {name_of(part.target, roles)}, {part.onto}:"
                f" {described(part.rule)}, {described(part.learn)}, {part.constraint!r}"
            )
            for name, part in self.learners.items()
        }
        return serializable(
            {"networks": self.networks, **parts, **learners}
            | {f"constant_{name}": value for name, value in self._constants.items()}
            | self._settings_of_task
        )

    @property
    def _settings_of_task(self):
        """Return the task that it shows, and a digest of its numbers."""
        task = self.shows.now.task
        return {"task": task, "task_numbers": digest(described(task.trial(0)))}

    @property
    def _groups(self):
        """Return its groups, whose strings may name constants of the script, as those of a
        `brian2.NeuronGroup` may.
        """
        return [obj for obj in by_name(self.objects) if isinstance(obj, Group)]

    def weights(self, absent: float = 0.0) -> dict[str, NDArray]:
        """Return the present weights as ``[network, post, pre]`` by the name of the projection, and
        `absent` for pairs without a synapse; of one copy of each network.
        """
        check_absent(absent)
        self._check_known()
        if is_standalone() and not get_device().has_been_run:
            return {}
        return {name: self._matrix(part, absent) for name, part in self.projections.items()}

    def _matrix(self, part, absent):
        """Return the weights of a projection: those within each block if no synapse connects two
        blocks, else those onto each block.
        """
        pre, post = len(part.source), len(part.target)
        if post % self.blocks:
            return part.matrix(absent=absent)[None]
        if (
            pre % self.blocks
            or (
                np.asarray(part.i) * self.blocks // pre != np.asarray(part.j) * self.blocks // post
            ).any()
        ):
            return part.matrix(absent=absent).reshape(self.blocks, -1, pre)[:: self.copies]
        matrices = part.matrix(self.blocks, absent)
        return matrices.reshape(self.blocks, -1, pre // self.blocks)[:: self.copies]

    def train(
        self,
        trials: int,
        report: str | Callable | None = None,
        task: Task | None = None,
        learn: BPTT | None = None,
        **run_args,
    ) -> TrainingResult:
        """Run a number of whole trials.

        Parameters
        ----------
        trials : int
            At least 1; with trials side by side a multiple of `copies`.
        report, **run_args
            For `brian2.Network.run`, for example ``report="text"``.
        task : Task, optional
            Another task than the network's own, or other numbers of the same one, with as many
            inputs, outputs and steps. Each task goes on where it stood: another one begins with its
            trial 0, and the network's own continues afterwards. Inputs and targets that equations
            of yours read by ``task.timed`` stay those of the task they were made of.
        learn : BPTT, optional
            The exact gradient, in place of the network's own rules, for this training:
            ``BPTT(1e-3)`` of `brian_rflo.gradient`. Afterwards the rules go on.

        Returns
        -------
        TrainingResult

        Raises
        ------
        TypeError, ValueError
            If `trials` is not a positive whole number, the simulation stands within a trial, or
            another task does not fit the network.
        RuntimeError
            If it is called a second time in C++ standalone, which builds one program.
        """
        self._check_device()
        self._check_trials(trials)
        self._check_diverged()
        namespace = get_local_namespace(level=1)
        if learn is not None:
            return self._train_by(learn, trials, report, task, run_args, namespace)
        batch = max((part.learn.batch for part in self.learners.values()), default=1)
        if trials < batch * self.seen:
            logger.warn(
                f"{trials} trial(s) do not complete a batch of {batch * self.seen}: no"
                " weights change in this training unless it completes an earlier batch.",
                "unfinished_batch",
            )
        with self.shows.of(task):
            return self._run_trials(trials, report, run_args, namespace, self._recording)

    def _train_by(self, learn, trials, report, task, run_args, namespace):
        """Run trials in which the gradient teaches."""
        check_instance("train: learn", learn, BPTT, "BPTT(1e-3, optimizer=Adam())")
        learn.check(self, trials)
        self.settle(taught_by=type(learn).__name__)
        try:
            with learn.teaching(self, run_args.get("namespace", namespace)), self.shows.of(task):
                result = self._run_trials(trials, report, run_args, namespace, self._recording)
        finally:
            self.settle(taught_by=None)
        return replace(result, settings=result.settings | {"learn": str(learn)})

    def _run_trials(self, trials, report, run_args, namespace, recording):
        """Run trials and return their result, in a program that is to be built one that is read
        later.
        """
        rounds = trials // self.seen
        given = run_args.pop("namespace", None)
        namespace = namespace if given is None else given
        self._constants |= constants_outside(self._groups, namespace)

        def run():
            given = dict(report=report, namespace=namespace, **run_args)
            watches = [] if recording.is_undone else self.watches
            run_watched(self, rounds, watches, recording, given)

        if is_waiting():
            return run_later(recording, rounds, run)
        recording.begin(rounds)
        run()
        self.trials.check()
        return recording.result()

    @property
    def is_aside(self) -> bool:
        """True while a run is going on that leaves no trace, such as that of `evaluate`."""
        return self._recording.is_undone

    @property
    def seen(self) -> int:
        """Number of different trials that run at the same time."""
        return self.trials.seen

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the network to an ``.npz`` file, atomically, so that training can be resumed from
        here: see `load`.

        Returns
        -------
        Path

        Raises
        ------
        OSError
            If the file cannot be written; an existing one is unchanged.
        RuntimeError
            In C++ standalone before the run.
        ValueError
            For another file ending, if delayed spikes are in transit, or if weights are not finite.
        """
        self._constants = (
            constants_outside(self._groups, get_local_namespace(level=1)) | self._constants
        )
        self._check_device()
        return saving.save(self, path)

    def load(self, path: str | PathLike[str]) -> None:
        """Restore the state of a saved network of the same construction.

        The state includes weights, traces, moments, an unfinished batch, neurons, switches, time,
        trial number and random generators. On the numpy target the next trials are bit-identical to
        those that would have followed, on Cython equal up to rounding. In C++ standalone, load
        before `train`: the values are the initial ones of the program, whose noise starts again.
        Recordings of monitors are not restored; no code in a file is run.

        Raises
        ------
        FileNotFoundError, IsADirectoryError, RuntimeError
            If there is no such file, or it is damaged.
        ValueError
            If the saved network has another construction (the message lists the differences), or
            the file was altered. The network is then unchanged.
        """
        self._check_device()
        known, self._constants = (
            self._constants,
            constants_outside(self._groups, get_local_namespace(level=1)) | self._constants,
        )
        try:
            state = saving.load(self, path)
        except Exception:
            self._constants = known
            raise
        if is_standalone():
            self._loaded(state)
        return self

    def _loaded(self, state):
        """Remember the initial state of a standalone program."""

    in_place_of_a_copy = (
        "write its state with save('network.npz'), and load it into a network that is built in the"
        " same way"
    )

    def _check_device(self):
        """Raise if the active device is not the one for which this network was built."""
        if self.trials.variables["loss"].device is not get_device():
            raise RuntimeError(
                f"'{self.name}' was built for another device of Brian2 than the active"
                " one; write set_device(...) before the network is built"
            )

    def _check_trials(self, trials):
        if not is_whole(trials):
            raise TypeError(f"trials must be a whole number; got {trials!r}")
        if trials < 1:
            raise ValueError(f"trials must be at least 1; got {trials}")
        if trials % self.seen:
            raise ValueError(
                f"trials must be a multiple of the {self.seen} that run side by side; got {trials}"
            )
        if is_standalone():
            if get_device().has_been_run:
                raise RuntimeError(
                    "C++ standalone builds and runs one program: train once with all trials, or"
                    " write set_device('cpp_standalone', build_on_run=False), and device.build()"
                    " after the last of several phases"
                )
            return
        steps = round(float(self.t / self.task.dt))
        if steps % self.task.n_steps:
            raise ValueError(
                f"the simulation is at step {steps % self.task.n_steps} of a trial of"
                f" {self.task.n_steps}; run to the end of the trial first, then train"
            )

    def _check_known(self):
        """Raise between the runs of a program that is not yet built, whose numbers nobody knows."""
        if is_waiting() and self._has_run and not get_device().has_been_run:
            raise RuntimeError(
                f"the weights of '{self.name}' are known after device.build(); before the first run"
                " they are the initial ones, and results have those of each phase"
            )

    def _check_diverged(self):
        """Raise if no network would learn."""
        if not is_standalone() and (np.asarray(self.trials.diverged_in) >= 0).all():
            first = next(iter(self.learners), "recurrent")
            raise RuntimeError(
                "every network has diverged, and none would learn; lower the learning rates, for"
                f" example {first}.learning_rate = 0.01; {self.trials.remedy}"
            )

    def __str__(self):
        copies = f", {self.copies} copies of each" if self.copies > 1 else ""
        return f"{self.name}: {self._size}{copies}\n{self.steps()}"

    @property
    def _size(self):
        """Return the number of networks, as text."""
        return f"{self.networks} network{'s' if self.networks > 1 else ''}"

    def steps(self) -> object:
        """Return what happens in a step and at each trial boundary, in order, as a table to
        print.
        """
        return self.scheduling_summary()


def check_report(report):
    """Raise unless `report` is a way to report progress that Brian2 knows."""
    is_text = isinstance(report, str) and (report in REPORTS or is_standalone())  # else C++ code
    is_way = report is None or is_text
    if not is_way and not (callable(report) and not isinstance(report, type)):
        raise ValueError(
            f"report must be None, one of {', '.join(map(repr, REPORTS))}, or a function of"
            f" elapsed time, finished fraction, start and duration; got {report!r}"
        )


def by_name(objects):
    """Return objects in the order of their names; Brian2 keeps a set, whose order is another one in
    each process.
    """
    return sorted(objects, key=lambda obj: obj.name)


def sender_of(projection, roles):
    """Return the group that sends as text, and how late."""
    line, sender = projection.delay_line, name_of(projection.sender, roles)
    return sender + ("" if line is None else f" ({line.delay!r} later)")
