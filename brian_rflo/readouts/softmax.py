"""Softmax readouts, for classification: the group of units, and the value that describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Quantity
from numpy.typing import NDArray

from .. import schedule
from ..brian.component import OwnSynapses
from ..rules import Delta, LearningRule
from ..tasks import Task
from ..tasks.values import TaskValues
from ..updates.arguments import check_instance
from .base import TASK_EXAMPLE
from .leaky import Leaky, LeakyReadout
from .linear import Linear

__all__ = ["Softmax", "SoftmaxReadout"]


class SoftmaxReadout(LeakyReadout):
    """Readout units for the classes of a task, with the softmax of the outputs and the cross
    entropy (Bellec et al. 2020).

    In steps that count, the target is 1 for the correct class and 0 for the others, or the
    probability of each class.

    Parameters
    ----------
    task, networks, copies
        As for `LeakyReadout`.
    tau : Quantity, optional
        Time constant; without it the outputs are the sum of the projection, with
        ``onto="output"``, as those of a `Readout`.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    output, drive : state variables
        As for `LeakyReadout`; `drive` has no meaning without `tau`.
    probability : state variable
        Softmax of the outputs, at least exp(-80), which single precision can represent.
    error : state variable
        ``mask*(target - probability)``.
    loss : state variable
        Cross entropy, the sum of ``-mask*log(probability)`` of the correct class, divided by the
        number of steps that count, those in which the mask is not 0.
    choice : state variable
        Sum of the probability over the steps of this trial that count; the largest is the network's
        answer.

    Raises
    ------
    ValueError
        If the task has only one output, a target that is not a probability of each class, or a mask
        of each output; or as for `LeakyReadout`.
        Random trials of a run are checked when they are drawn.
    """

    trial_start = "loss = 0; output = 0; error = 0; choice = 0"
    window_start = "loss = 0; choice = 0"
    may_lack_tau = True
    more_equations = "drive : 1\nprobability : 1\ndenominator : 1\nchoice : 1"
    error_code = """probability = 1/denominator
               _weight = mask_of(t_in_timesteps, _trial)
               error = _weight*(target - probability)
               loss += _weight*target*log(denominator)/window_of(t_in_timesteps, _trial)
               choice += _weight*probability"""

    def __init__(
        self,
        task: Task,
        tau: Quantity | None = None,
        networks: int = 1,
        copies: int = 1,
        name: str = "softmaxreadout*",
        **neurongroup_args: Any,
    ):
        check_instance("SoftmaxReadout: task", task, Task, TASK_EXAMPLE)
        if task.n_outputs < 2:
            raise ValueError(
                f"SoftmaxReadout: the task must have at least two outputs, one per class;"
                f" {type(task).__name__} has one. Use LeakyReadout, or a one-hot target"
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

    def steps_of_loss(self, number: int) -> int:
        """Return the number of time steps of trial `number` that count."""
        return int(np.count_nonzero(self.task.trial(number)[2]))

    @staticmethod
    def check_trial(
        task: Task, number: int, inputs: NDArray, target: NDArray, mask: NDArray
    ) -> None:
        """Raise unless the target has probabilities in all steps of a trial that count, and all
        classes have the same mask.
        """
        if mask.ndim > 1:
            raise ValueError(
                "SoftmaxReadout: the classes of a step count together, so the mask of"
                f" {type(task).__name__} must have shape {(len(mask),)}; got {mask.shape}"
            )
        counted = target[mask != 0]
        is_class = (counted >= 0).all(axis=1) & (np.abs(counted.sum(axis=1) - 1) < 1e-6)
        if not is_class.all():
            step = np.flatnonzero(mask)[~is_class][0]
            raise ValueError(
                f"SoftmaxReadout: the target of {type(task).__name__} must be 1 for one class and 0"
                " for the others, or probabilities that sum to 1, in each step that counts; got"
                f" {target[step]} in step {step} of trial {number}"
            )


@dataclass(frozen=True)
class Softmax(Leaky):
    """A readout whose outputs are the classes of a task (Bellec et al. 2020).

    Parameters
    ----------
    tau : Quantity, optional
        Time constant; without it the outputs are the sum of its projection.
    decay : float
        As for `Linear`.
    """

    tau: Quantity | None = None

    group = SoftmaxReadout

    def __post_init__(self):
        if self.tau is not None:
            super().__post_init__()
        else:
            Linear.__post_init__(self)

    def default_rule(self, learning_rate: float) -> LearningRule:
        """Return the default learning rule of its weights."""
        if self.tau is None:
            return Delta(learning_rate)
        return super().default_rule(learning_rate)
