"""The inputs of a task as a group of units."""

from __future__ import annotations

from typing import Any

from brian2 import Quantity

from .. import schedule
from ..brian.component import namespace_with
from ..brian.quantities import check_number, check_tau
from ..tasks import Task
from ..tasks.values import TaskValues
from .base import TaskGroup, check_place

__all__ = ["TaskInput"]


class TaskInput(TaskGroup):
    """One unit per input channel of a task, with the channel's value as its ``activity``.

    Parameters
    ----------
    task : Task
        The task, whose trials are shown.
    tau : Quantity, optional
        Membrane time constant of the target neurons, if they have one (`LIFNeurons`). The input
        filtered with it is the variable `psp`, which traces read.
    scale : float
        Factor of `psp`; with 1, `psp` of a constant input approaches that input.
    networks, copies : int
        Numbers of independent networks and of copies of each network; copies see different trials.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Raises
    ------
    ValueError
        If the task has no inputs, or the time steps of task and simulation differ.
    """

    def __init__(
        self,
        task: Task,
        tau: Quantity | None = None,
        scale: float = 1.0,
        networks: int = 1,
        copies: int = 1,
        name: str = "taskinput*",
        **neurongroup_args: Any,
    ):
        check_place("TaskInput", task, networks, copies)
        self.networks, self.copies = networks, copies
        if not task.n_inputs:
            raise ValueError(f"{type(task).__name__} has no inputs; omit TaskInput")
        namespace, filtered, self.is_filtered = (
            {"input_of": TaskValues(task, "inputs", copies), "n_columns": task.n_inputs * copies},
            "",
            tau is not None,
        )
        if self.is_filtered:
            check_tau("TaskInput", tau, task.dt)
            check_number("TaskInput", "scale", scale)
            filtered, namespace["tau"], namespace["scale"] = (
                "\ndpsp/dt = (scale*activity - psp)/tau : 1",
                tau,
                scale,
            )
        super().__init__(
            networks * copies * task.n_inputs,
            f"activity : 1{filtered}",
            task,
            namespace_with(neurongroup_args, **namespace),
            "activity = input_of(t_in_timesteps, i % n_columns)",
            schedule.INPUT,
            method="exponential_euler",
            name=name,
            **neurongroup_args,
        )

    @property
    def trial_start(self) -> str:
        """Statements at the beginning of a trial."""
        return "psp = 0" if self.is_filtered else ""


def is_task_input(group):
    """Return whether a group is the inputs of a task."""
    return isinstance(group, TaskInput)
