"""Readouts whose units are classes: the group of units, and the value that asks for it."""

from dataclasses import dataclass

import numpy as np

from .. import schedule
from ..brian.component import OwnSynapses
from ..tasks import Task
from ..tasks.values import TaskValues
from ..updates.arguments import check_instance
from .base import TASK_EXAMPLE
from .leaky import Leaky, LeakyReadout

__all__ = ["Softmax", "SoftmaxReadout"]


class SoftmaxReadout(LeakyReadout):
    """Leaky readout units that are the classes of a task: softmax of the output, and cross entropy
    (Bellec et al. 2020).

    The target of a step that counts is 1 for the right class and 0 for the others.

    Parameters
    ----------
    task, tau, networks, copies
        As for `LeakyReadout`.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    output, drive : state variables
        As for `LeakyReadout`.
    probability : state variable
        Softmax of the outputs; not below exp(-80), so that single precision can hold all of it.
    error : state variable
        ``mask*(target - probability)``.
    loss : state variable
        Cross entropy, ``-log(probability)`` of the right class, on average over the steps that
        count.
    choice : state variable
        Probability in the steps of this trial that count, added up: the greatest is the network's
        answer.

    Raises
    ------
    ValueError
        If the task has one output only, or a target that is no class; or as for `LeakyReadout`.
        Where trials are random, those of a run are looked at as they are drawn.
    """

    trial_start = "loss = 0; output = 0; error = 0; choice = 0"
    more_equations = "drive : 1\nprobability : 1\ndenominator : 1\nchoice : 1"
    judge = """probability = 1/denominator
               _counts = mask_of(t_in_timesteps, _trial)
               error = _counts*(target - probability)
               loss += _counts*target*log(denominator)/window_of(t_in_timesteps, _trial)
               choice += _counts*probability"""

    def __init__(self, task, tau, networks=1, copies=1, name="softmaxreadout*", **neurongroup_args):
        check_instance("SoftmaxReadout: task", task, Task, TASK_EXAMPLE)
        if task.n_outputs < 2:
            raise ValueError(
                f"SoftmaxReadout: {type(task).__name__} has one output, and classes are two or"
                " more; use LeakyReadout, or a target with an output for each class"
            )
        super().__init__(task, tau, networks, copies, name=name, **neurongroup_args)
        self.namespace["window_of"] = TaskValues(task, "window", copies)
        compared = OwnSynapses(
            self,
            self,
            "denominator_post = exp(clip(output_pre - output_post, -80, 80)) : 1 (summed)",
            name=f"{self.name}_compared*",
        )
        compared.connect(
            j=(
                f"k for k in range((i//{task.n_outputs})*{task.n_outputs}, (i//{task.n_outputs} +"
                f" 1)*{task.n_outputs})"
            )
        )
        schedule.move(compared.summed_updaters["denominator_post"], schedule.NORMALIZE)
        self.contained_objects.append(compared)

    @staticmethod
    def check_trial(task, number, inputs, target, mask):
        """Raise unless there is one class in each step of a trial that counts."""
        counted = target[mask != 0]
        is_class = ((counted == 0) | (counted == 1)).all(axis=1) & (counted.sum(axis=1) == 1)
        if not is_class.all():
            step = np.flatnonzero(mask)[~is_class][0]
            raise ValueError(
                f"SoftmaxReadout: the target of {type(task).__name__} must be 1 for one class and 0"
                f" for the others in each step that counts; got {target[step]} in step {step} of"
                f" trial {number}"
            )


@dataclass(frozen=True)
class Softmax(Leaky):
    """A readout whose outputs are the classes of a task (Bellec et al. 2020).

    Parameters
    ----------
    tau, decay
        As for `Leaky`.
    """

    group = SoftmaxReadout
