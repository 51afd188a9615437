"""The inputs of a task, as units."""

from .. import schedule
from ..brian.quantities import check_number, check_tau
from ..tasks.values import TaskValues
from .base import TaskGroup, check_place

__all__ = ["TaskInput"]


class TaskInput(TaskGroup):
    """One unit per input channel of a task, with the channel's value as its ``activity``.

    Parameters
    ----------
    task : Task
    tau : Quantity, optional
        Membrane time constant of the neurons that the input reaches, where those have one
        (`LIFNeurons`): the input as their membranes see it becomes the variable `psp`, which traces
        read.
    scale : float
        Factor of `psp`; 1 is that of a low-pass whose constant input it reproduces.
    networks, copies : int
        Where trials run side by side: a set of inputs for each of the `copies` of each of
        `networks` networks; the copies see different trials.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Raises
    ------
    ValueError
        If the task has no inputs, or another time step than the simulation.
    """

    def __init__(
        self, task, tau=None, scale=1.0, networks=1, copies=1, name="taskinput*", **neurongroup_args
    ):
        check_place("TaskInput", task, networks, copies)
        if not task.n_inputs:
            raise ValueError(f"{type(task).__name__} has no inputs; leave TaskInput out")
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
            namespace,
            "activity = input_of(t_in_timesteps, i % n_columns)",
            schedule.INPUT,
            method="exponential_euler",
            name=name,
            **neurongroup_args,
        )

    @property
    def trial_start(self):
        """Statements at the beginning of a trial."""
        return "psp = 0" if self.is_filtered else ""


def is_task_input(group):
    """Return whether a group is the inputs of a task."""
    return isinstance(group, TaskInput)
