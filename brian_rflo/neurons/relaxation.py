"""Neurons that relax to a fixed point, some of which are taught (Baldi & Pineda 1991, Neural Comput
3:526).

    tau du/dt = -u + I_rec + I_in + strength teaching (target - activity)     forward Euler
    activity = 1/(1 + exp(-u))

The pull towards the target acts on outputs, as a teacher says; a teacher without a strength clamps
their activity to the target.

With symmetric weights these equations descend an energy, so that each pattern has a fixed point;
steps that are too long, or phases too short, do not reach it. What still moves at the end of a
phase is therefore measured: the change of the activity in its last step, times tau/dt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import NeuronGroup, Quantity, get_logger

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.declared import declared
from ..brian.quantities import check_count, check_tau
from ..brian.where import where
from ..steps import Mechanism, Step
from ..tasks import Task
from ..tasks.base import same_task
from ..tasks.values import TaskValues
from ..updates.arguments import check_instance

if TYPE_CHECKING:
    from ..trials import Trials

__all__ = ["RelaxationNeurons"]

logger = get_logger(__name__)

#: Change of an activity in a time constant above which a pattern counts as not relaxed: when it is
#: first shown, and in networks that have learned, which are slow where fixed points come and go.
STILL, SLOW = 0.05, 0.25

EQUATIONS = """du/dt = (-u + I_rec + I_in{pull})/tau : 1
activity : 1
I_rec : 1
I_in : 1
target : 1
teaching : 1
unsettled : 1
unsettled_in : integer
column : integer (constant)"""


class RelaxationNeurons(Component, NeuronGroup):
    """Sigmoid neurons that settle in each trial, the last of which are outputs with a teacher.

    Parameters
    ----------
    N : int
        Number of neurons, of all networks.
    tau : Quantity
        Time constant.
    task : Task
        The task, whose target is that of the outputs: the last ``task.n_outputs`` neurons of each
        network. Its first phases are those of the teacher, for example ``Patterns(...,
        phases=teacher.phases)``.
    teacher : TwoPhases or Oscillation
        When outputs are taught, and how strongly. Give `Trials` the same.
    networks : int
        Number of independent networks.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    u, activity : state variables
        State and activity; 0 and .5 at the beginning of each trial.
    target, teaching : state variables
        Target of an output, and how much it is taught in this step; 0 for the others.
    unsettled, unsettled_in : state variables
        Largest change of the activity in a time constant at the end of a phase, of all trials so
        far; and the first trial in which it was above .05, -1 if there is none.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, networks have fewer neurons than the task has outputs, or the
        task has other phases than the teacher; where they are passed to a `Trials`, if it has
        another task, number of networks or teacher, or trials side by side.
    RuntimeError
        At the end of a trial, if one of the patterns does not relax when it is first shown: an
        activity changes by more than .05 in a time constant. Later there is a warning, above .25.
        In C++ standalone from ``trials.check()``, after the program has run. A teacher with a
        `window` averages over what moves, and nothing is checked.
    """

    trial_start = "u = 0; activity = 0.5"

    def __init__(
        self,
        N: int,
        tau: Quantity,
        task: Task,
        teacher: Mechanism,
        networks: int = 1,
        name: str = "relaxationneurons*",
        **neurongroup_args: Any,
    ):
        check_instance("RelaxationNeurons: task", task, Task, "Patterns(...)")
        if not hasattr(teacher, "teaching"):
            raise TypeError(
                "RelaxationNeurons: teacher must be a teacher, for example TwoPhases(free=60*ms,"
                f" taught=30*ms); got {teacher!r}"
            )
        check_tau("RelaxationNeurons", tau, task.dt)
        check_count("RelaxationNeurons: networks", networks)
        check_sizes(N, networks, task.n_outputs)
        check_phases(task, teacher)
        self.tau, self.teacher, self.task, self.networks = tau, teacher, task, networks
        is_clamped = teacher.strength is None
        pull = "" if is_clamped else " + strength*teaching*(target - activity)"
        numbers = {"strength": 1.0 if is_clamped else float(teacher.strength), "tau": tau}
        values = {"target_of": TaskValues(task, "target"), "where": where}
        super().__init__(
            N,
            EQUATIONS.format(pull=pull),
            method="euler",
            namespace=namespace_with(neurongroup_args, **numbers, **values),
            name=name,
            **neurongroup_args,
        )
        schedule.take_part(self)
        within = np.arange(N) % (N // networks)
        self.column = within - (N // networks - task.n_outputs)
        self._teach(is_clamped)
        self.activity, self.unsettled_in = 0.5, -1

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps at the end of a phase that measure how fast the activity still moves."""
        if declared(self.teacher, "window") is not None:
            return ()
        pull = "" if self.teacher.strength is None else " + strength*teaching*(target - activity)"
        held = "where(teaching > 0, 0, {})" if self.teacher.strength is None else "{}"
        moves = held.format("abs(1/(1 + exp(-_u)) - activity)*tau/dt")
        code = (
            f"_u = u + (I_rec + I_in{pull} - u)*dt/tau\n_moves = {moves}\n"
            "unsettled = where(_moves > unsettled, _moves, unsettled)\n"
            f"_late = int(_moves > {STILL})*int(unsettled_in < 0)\n"
            f"unsettled_in += _late*(1 + t_in_timesteps//{self.task.n_steps})"
        )
        ends = ["free_end"] + ["taught_end"] * self.teacher.settles
        return tuple(Step(code, schedule.GAIN, when=when) for when in ends)

    def check_activity(self, trials: Trials) -> None:
        """Raise if a pattern did not relax when it was first shown; warn, once, of a later one."""
        late = np.asarray(self.variables["unsettled_in"].get_value())
        key = self.name, "unsettled"
        if (late < 0).all() or key in trials.reported:
            return
        trial, size = late[late >= 0].min(), self.variables["unsettled"].get_value().max()
        is_new = trial < self.task.n_kinds
        if not is_new and size < SLOW:
            return
        sentence = (
            f"'{self.name}' does not relax: in trial {trial} activities still moved at the end of a"
            f" phase, by up to {size:.2g} in a time constant. Write a shorter dt beside"
            f" tau={self.tau}, longer phases or smaller weights."
        )
        if is_new:
            raise RuntimeError(sentence)
        trials.reported.add(key)
        logger.warn(sentence, "unsettled")

    def _teach(self, is_clamped):
        """Add what happens before the sums of each step, and behind the integration."""
        held = "where(teaching > 0, target, {})" if is_clamped else "{}"
        free = round(float(self.teacher.phases["free"] / self.task.dt))
        period = round(float(self.teacher.phases["taught"] / self.task.dt)) / 2
        if "_period" in self.teacher.teaching and period % 1:
            raise ValueError(
                f"RelaxationNeurons: a period of {self.teacher!r} must be a whole number of steps"
                f" of {self.task.dt}; got {period!r}"
            )
        self.run_regularly(
            f"_k = t_in_timesteps % {self.task.n_steps} - {free}\n_period = {period!r}\n"
            "_taught = int(column >= 0)\n"
            "target = _taught*target_of(t_in_timesteps, column*_taught)\n"
            f"teaching = _taught*{self.teacher.teaching}\n"
            f"activity = {held.format('activity')}",
            **schedule.INPUT,
            name=f"{self.name}_teacher",
        )
        self.run_regularly(
            f"activity = {held.format('1/(1 + exp(-u))')}",
            **schedule.SLOPE,
            name=f"{self.name}_activity",
        )

    def check_trials(self, trials: Trials) -> None:
        """Raise unless `trials` has the task, the networks and the teacher of the neurons."""
        if not same_task(self.task, trials.task):
            raise ValueError(
                f"'{self.name}' and '{trials.name}' must have the same task; got {self.task!r} and"
                f" {trials.task!r}"
            )
        if trials.copies > 1 or len(trials) != self.networks:
            raise ValueError(
                f"'{self.name}' has networks={self.networks} that are taught one trial after the"
                f" other, but '{trials.name}' has {len(trials)}, copies included; write the same"
                " networks=..., and PerTrial(batch=...) in place of copies"
            )
        for given in trials.given:
            if hasattr(given, "teaching") and given != self.teacher:
                raise ValueError(
                    f"'{self.name}' and '{trials.name}' must have the same teacher; got"
                    f" {self.teacher!r} and {given!r}"
                )


def check_phases(task, teacher):
    """Raise unless the first phases of a task are those of a teacher."""
    wanted = list(teacher.phases.items())
    if list(getattr(task, "phases", {}).items())[: len(wanted)] != wanted:
        raise ValueError(
            f"RelaxationNeurons: the first phases of {type(task).__name__} must be those of the"
            f" teacher, {teacher.phases!r}; got {getattr(task, 'phases', None)!r}. Write"
            " phases=teacher.phases"
        )


def check_sizes(N, networks, n_outputs):
    """Raise unless neurons divide into networks that have the outputs."""
    if N % networks or N // networks < n_outputs:
        raise ValueError(
            f"RelaxationNeurons: N must be a multiple of networks = {networks}, with at least"
            f" {n_outputs} neurons each, the outputs of the task; got {N}"
        )
