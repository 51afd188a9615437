"""Base of groups that read a task in each time step."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import NeuronGroup

from ..brian.component import Component
from ..brian.quantities import check_count
from ..schedule import Phase
from ..tasks import Task
from ..updates.arguments import check_instance

#: Example of a task, for error messages.
TASK_EXAMPLE = "PeriodicOutput(period=200*ms)"


def check_clock(task, group):
    """Raise unless the group's time step is the task's."""
    if not np.isclose(float(task.dt), float(group.clock.dt), rtol=1e-9, atol=0):
        remedy = (
            "write defaultclock.dt = task.dt before the network is built"
            if group.clock.name == "defaultclock"
            else f"write dt=task.dt for '{group.name}', or omit its dt and clock"
        )
        raise ValueError(
            f"{type(task).__name__} has dt = {task.dt}, but '{group.name}' runs at"
            f" {group.clock.dt}; {remedy}"
        )


def check_place(kind, task, networks, copies):
    """Raise unless task and numbers of networks and copies are valid."""
    check_instance(f"{kind}: task", task, Task, TASK_EXAMPLE)
    check_count(f"{kind}: networks", networks)
    check_count(f"{kind}: copies", copies)


class TaskGroup(Component, NeuronGroup):
    """A group that reads its task in each step."""

    def __init__(
        self,
        N: int,
        model: str,
        task: Task,
        namespace: dict[str, Any],
        code: str,
        phase: Phase,
        **neurongroup_args: Any,
    ):
        self.task = task
        super().__init__(N, model, namespace=namespace, **neurongroup_args)
        self.integrate_what_is_there()
        check_clock(task, self)
        self.run_regularly(code, **phase, name=f"{self.name}_task")

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the time step again, since the clock may have changed."""
        check_clock(self.task, self)
        super().before_run(run_namespace)
