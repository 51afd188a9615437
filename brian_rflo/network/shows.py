"""Task that a network shows in a run, and how far each task has come."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np

from ..identity import described, digest
from ..readouts.base import TASK_EXAMPLE
from ..steps import TrialClock
from ..tasks import Task
from ..tasks.base import same_task
from ..tasks.values import task_values_of
from ..updates.arguments import check_instance

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Show:
    """A task that a network shows.

    Parameters
    ----------
    task : Task
        The task, whose trials are shown.
    begins : int
        Round of the simulation in which its trial 0 begins, or would have begun; a round is as many
        trials as run side by side.
    """

    task: Task
    begins: int = 0


class Shows:
    """The tasks of a network: its own, which it shows by default, and others in single runs.

    Each task goes on with its trials where it stood: rounds with another task do not count.

    Parameters
    ----------
    net : TrialNetwork

    Attributes
    ----------
    now : Show
        What the network shows.
    rounds : dict of str to int
        Rounds in which it has shown each other task, by the digest of the task.
    """

    def __init__(self, net):
        self.net, self.own = weakref.proxy(net), net.task
        self.now, self.rounds, self.kept = Show(net.task), {}, {}

    @property
    def elsewhere(self) -> int:
        """Number of rounds in which the network has shown other tasks than its own."""
        return sum(self.rounds.values())

    def name_of(self, task: Task | None) -> str | None:
        """Return the digest of another task; None for the network's own, or no task.

        Raises
        ------
        TypeError, ValueError
            If it is not a task, or does not fit the network.
        """
        if task is None or task is self.own:
            return None
        check_instance("task", task, Task, TASK_EXAMPLE)
        name = digest(described(task))
        if name == digest(described(self.own)):
            return None
        check_other(self.own, task)
        return name

    @contextmanager
    def of(self, task: Task | None, first: int | None = None, counts: bool = True) -> Iterator:
        """Return the context of a run that shows a task.

        Parameters
        ----------
        task : Task or None
            The network's own by default.
        first : int, optional
            Number of the first trial of another task; by default the one after its last.
        counts : bool
            False if the run is undone afterwards.
        """
        name = self.name_of(task)
        if name is None:
            yield
            return
        start, stood, seen = self._round(), self.rounds.get(name, 0), self.net.seen
        begins = start - (stood if first is None else first // seen)
        values = self._values()
        self._check_inputs(values, task)
        try:
            self._show(values, Show(task, begins))
            yield
            if counts:
                self.rounds[name] = stood + self._round() - start
        finally:
            self._show(values, Show(self.own, self.elsewhere))

    def next_trial(self, name: str | None) -> int:
        """Return the number of the trial that comes next, of the task shown now or of another one
        by its digest.
        """
        rounds = self._round() - self.now.begins if name is None else self.rounds.get(name, 0)
        return rounds * self.net.seen

    def keep(self, name: str) -> None:
        """Remember under a name how far each task has come."""
        self.kept[name] = dict(self.rounds)

    def recall(self, name: str) -> None:
        """Go on from where each task stood when the name was given."""
        self.resume(self.kept.get(name, {}))

    def resume(self, rounds: dict[str, int]) -> None:
        """Go on from other numbers of rounds with other tasks."""
        self.rounds = dict(rounds)
        self._show(self._values(), Show(self.own, self.elsewhere))

    def _round(self):
        """Return the number of rounds that have run."""
        return round(float(self.net.t / self.net.task.dt)) // self.net.task.n_steps

    def _values(self):
        """Return the arrays of the task shown now that objects of the network read."""
        return [
            value
            for value in task_values_of(self.net.sorted_objects)
            if same_task(value.task, self.now.task)
        ]

    def _check_inputs(self, values, task):
        """Raise if the inputs of the own task come from elsewhere, so that others do not arrive."""
        if not values:
            raise ValueError(
                f"no Readout or TaskInput of '{self.net.name}' reads its task, so another one would"
                " change nothing"
            )
        if task.n_inputs and not any(value.what == "inputs" for value in values):
            raise ValueError(
                f"no TaskInput of '{self.net.name}' has the inputs of its task, so those of"
                f" {type(task).__name__} cannot be shown; build it with TaskInput(task)"
            )

    def _show(self, values, show):
        """Let arrays be those of another task."""
        for value in values:
            value.show(show.task, show.begins * show.task.n_steps)
        self.now = show


def check_other(own, other):
    """Raise unless a network for one task can show another."""
    names = ("n_inputs", "n_outputs", "n_steps", "dt", "continuous")
    for name in names:
        ours, its = getattr(own, name), getattr(other, name)
        if not (np.isclose(float(ours), float(its), rtol=1e-9) if name == "dt" else ours == its):
            raise ValueError(
                f"another task must have the {name} of the network's own, {ours}; got {its} of"
                f" {shorten(repr(other), 100)}"
            )
    if TrialClock(own).ranges != TrialClock(other).ranges:
        raise ValueError(
            "another task must have the phases of the network's own,"
            f" {getattr(own, 'phases', {})}; got {getattr(other, 'phases', {})}"
        )
