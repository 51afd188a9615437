"""Where a task meets a network: groups that carry its input in and compare the output with its target."""

import numpy as np
from brian2 import NeuronGroup

from . import schedule
from .quantities import check_tau
from .task_values import TaskValues


def check_clock(task, group):
    """Raise unless the group's time step is the task's."""
    if not np.isclose(float(task.dt), float(group.clock.dt), rtol=1e-9, atol=0):
        raise ValueError(f"{type(task).__name__} has dt = {task.dt}, but '{group.name}' runs at {group.clock.dt}; write defaultclock.dt = task.dt before the network is built")


class TaskGroup(NeuronGroup):
    """A group that reads its task in each step."""

    def __init__(self, N, model, task, namespace, code, phase, **neurongroup_args):
        self.task = task
        super().__init__(N, model, namespace=namespace, **neurongroup_args)
        check_clock(task, self)
        self.run_regularly(code, **phase, name=f"{self.name}_task")

    def before_run(self, run_namespace):
        """Check the time step once more: the clock may have changed."""
        check_clock(self.task, self)
        super().before_run(run_namespace)


class TaskInput(TaskGroup):
    """One unit per input channel of a task, with the channel's value as its ``activity``.

    Parameters
    ----------
    task : Task
    tau : Quantity, optional
        Membrane time constant of the neurons that the input reaches, where those have one (`LIFNeurons`): the input as their membranes see
        it becomes the variable `low_passed`, which traces read.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Raises
    ------
    ValueError
        If the task has no inputs, or another time step than the simulation.
    """

    def __init__(self, task, tau=None, name="taskinput*", **neurongroup_args):
        if not task.n_inputs:
            raise ValueError(f"{type(task).__name__} has no inputs; leave TaskInput out")
        namespace, filtered, self.is_filtered = {"input_of": TaskValues(task, "inputs")}, "", tau is not None
        if self.is_filtered:
            check_tau("TaskInput", tau, tau)
            filtered, namespace["tau"] = "\ndlow_passed/dt = (activity - low_passed)/tau : 1", tau
        super().__init__(task.n_inputs, f"activity : 1{filtered}", task, namespace, "activity = input_of(t_in_timesteps, i)", schedule.INPUT, method="exponential_euler", name=name, **neurongroup_args)

    @property
    def trial_start(self):
        """Statements at the beginning of a trial."""
        return "low_passed = 0" if self.is_filtered else ""


class Readout(TaskGroup):
    """Linear readout units with the target, error and loss of a task.

    Parameters
    ----------
    task : Task
    networks : int
        Independent networks side by side: ``networks*task.n_outputs`` units.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    output : state variable
        What a projection with ``onto="output"`` sums into it.
    target, error : state variables
        The task's target of this step, and ``mask*(target - output)``.
    loss : state variable
        ``1/(2*T)`` times the sum of squared errors so far in this trial of `T` steps (Murray 2019, equation 2).

    Raises
    ------
    ValueError
        If the task has another time step than the simulation.
    """

    trial_start, sum_phase = "loss = 0", schedule.READOUT

    def __init__(self, task, networks=1, name="readout*", **neurongroup_args):
        namespace = {"target_of": TaskValues(task, "target"), "mask_of": TaskValues(task, "mask"), "n_outputs": task.n_outputs, "n_steps": task.n_steps}
        code = """target = target_of(t_in_timesteps, i % n_outputs)
                  error = mask_of(t_in_timesteps, 0)*(target - output)
                  loss += error**2/(2*n_steps)"""
        super().__init__(networks * task.n_outputs, "output : 1\ntarget : 1\nerror : 1\nloss : 1", task, namespace, code, schedule.LOSS, name=name, **neurongroup_args)
