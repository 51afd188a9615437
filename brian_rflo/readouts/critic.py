"""Critic: a readout that predicts rewards which do not depend on what the network does.

Sutton & Barto 2018, Reinforcement Learning, section 6.1. With the reward r of a step, the target of
the task, the output is the value V of what is to come:

    error(t) = 1                                         what V rises with
    loss = 1/(2T) sum_t mask(t) (r(t) + discount V(t) - V(t-1))^2

V counts as 0 in the last step of a trial, after which nothing comes; a stream has no last step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..brian.quantities import check_discount
from ..schedule import CLEAR, TALLY
from ..steps import Step
from ..tasks import Task
from ..updates.arguments import check_instance
from .base import TASK_EXAMPLE
from .linear import Linear, Readout

if TYPE_CHECKING:
    from ..trials import Trials

__all__ = ["Critic", "CriticReadout"]


class CriticReadout(Readout):
    """A unit whose output is the value: the discounted sum of rewards to come.

    Its error is 1, so that `Rewarded` rules with the modulator `TDError` learn the value.

    Parameters
    ----------
    task : Task
        The task, with one output, whose target is the reward of each step.
    networks, copies : int
        As for `Readout`.
    discount : float
        Factor of a reward per step in the loss: that of `TDError`.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    output, value : state variables
        The value; `value` is 0 in the last step of a trial.
    reward : state variable
        Reward of this step.
    error : state variable
        1; 0 in the last step of a trial.
    loss : state variable
        ``1/(2*T)`` times the sum of the squared errors of temporal differences of this trial, or
        window of a stream, so far.

    Raises
    ------
    ValueError
        If the task has several outputs, `discount` is out of its range, or that of `TDError` is
        another.

    Notes
    -----
    As numbers of each network, other mechanisms read `reward` and `value`.
    """

    numbers = "reward : 1\nvalue : 1"
    more_equations = "value : 1\nreward : 1\nbefore : 1\nhas_begun : 1"
    trial_start = "loss = 0; before = 0; has_begun = 0"
    error_code = """error = int(t_in_timesteps % n_steps < n_valued)
               value = error*output
               reward = target
               _surprise = has_begun*(reward + critic_discount*value - before)
               loss += mask_of(t_in_timesteps, _trial)*_surprise**2/(2*n_steps)
               before = value
               has_begun = 1"""
    steps = (
        *Readout.steps,
        Step("reward = 0\nvalue = 0", CLEAR, "network"),
        Step("reward_network += reward\nvalue_network += value", TALLY),
    )

    def __init__(
        self,
        task: Task,
        networks: int = 1,
        copies: int = 1,
        discount: float = 0.99,
        name: str = "critic*",
        **neurongroup_args: Any,
    ):
        check_instance("CriticReadout: task", task, Task, TASK_EXAMPLE)
        check_discount("CriticReadout", discount)
        if task.n_outputs != 1:
            raise ValueError(
                "CriticReadout: the task must have one output, whose target is the reward of each"
                f" step; {type(task).__name__} has {task.n_outputs}. For a task of actions write"
                " ActorCritic"
            )
        super().__init__(task, networks, copies, name=name, **neurongroup_args)
        n_valued = task.n_steps if task.continuous else task.n_steps - 1
        self.namespace |= {"n_valued": n_valued, "critic_discount": float(discount)}

    def check_trials(self, trials: Trials) -> None:
        """Raise unless the modulator has the discount of the loss; or as for `Readout`."""
        super().check_trials(trials)
        mine = self.namespace["critic_discount"]
        for one in trials.given:
            theirs = one.parameters.get("discount", mine)
            if "value" in getattr(one, "needs_numbers", ()) and theirs != mine:
                raise ValueError(
                    f"'{self.name}' has the loss of discount={mine:g}, and {one} learns another"
                    f" value; write Critic(discount={theirs:g})"
                )


@dataclass(frozen=True)
class Critic(Linear):
    """A readout that learns the value of the states of a task (`CriticReadout`).

    Parameters
    ----------
    discount : float
        Factor of a reward per step in the loss: that of `TDError`.
    decay : float
        As for `Linear`.

    Raises
    ------
    ValueError
        If `discount` is out of its range.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.credit import TDError
    >>> from brian_rflo.readouts import Critic
    >>> from brian_rflo.rules import Rewarded
    >>> from brian_rflo.tasks import Conditioning
    >>> task = Conditioning()
    >>> defaultclock.dt = task.dt
    >>> rule = Rewarded(RFLO(0.1, tau=1*ms), discount=0.0)
    >>> neurons = RateNeurons(7, tau=1*ms)
    >>> net = LearningNetwork(task, neurons, rule, Critic(0.8), credit=TDError(0.8))
    >>> net.train(3).losses.shape
    (1, 3)
    """

    discount: float = 0.99

    group = CriticReadout

    def __post_init__(self):
        super().__post_init__()
        check_discount("Critic", self.discount)

    @property
    def arguments(self) -> dict[str, float]:
        """Arguments of the group besides task, networks, copies and name."""
        return {"discount": self.discount}
