"""Actor and critic: a readout that chooses among actions and predicts reward.

Bellec et al. 2020, Nature Communications 11:3625 (reward-based e-prop); Sutton & Barto 2018,
Reinforcement Learning, section 13.5. For K actions a network has K units whose outputs are logits,
and one whose output is the value V. In a step that counts (mask m(t) > 0) an action is chosen,

    probability_k = exp(output_k)/sum_j exp(output_j)
    score_k = output_k - log(-log(draw_k)),   draw_k ~ U(0, 1)       the largest wins (Gumbel-max)
    error_k = m(t) (winner_k - probability_k)                        of actions
    error = critic_weight                                            of the value, in each step

and its reward is paid in the next step, r(t+1) = m(t) reward. Entropy H of the probabilities is
encouraged by a bonus, a weight change that does not wait for the reward (`Rewarded.at_once`):

    bonus_k = entropy dH/doutput_k = -entropy m(t) probability_k (log(probability_k) + H)

Nothing comes after a trial, so V counts as 0 in its last step, which pays the reward of the step
before it. The loss of a trial is minus the sum of its rewards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import DEFAULT_FUNCTIONS, Group, Quantity
from numpy.typing import NDArray

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.component import OwnSynapses
from ..brian.quantities import check_flag, check_number, check_time
from ..brian.statements import loaded
from ..brian.where import where
from ..results.training import MINUS_REWARDS
from ..rules import Delta, LeakyDelta, LearningRule
from ..steps import Step
from ..tasks import Task
from ..updates.arguments import check_instance
from .base import TASK_EXAMPLE
from .leaky import LeakyReadout
from .linear import Linear, Readout

if TYPE_CHECKING:
    from ..trials import Trials

__all__ = ["ActorCritic", "ActorCriticReadout", "LeakyActorCriticReadout"]

EQUATIONS = """action : integer (constant)
value : 1
probability : 1
denominator : 1
counts : 1
draw : 1
score : 1
beaten : 1
winner : 1
owed : 1
reward : 1
critic_weight : 1 (shared)"""
#: Variables of the bonus for entropy.
BONUS = """
uncertainty : 1
bonus : 1
entropy : 1 (shared)"""
#: Sums over the actions of a network: of the softmax, and over those with a higher score. In the
#: latter form a NaN score beats all scores, including itself, so that no action is chosen.
LATERAL = """denominator_post = exp(clip(output_pre - output_post, -80, 80)) : 1 (summed)
beaten_post = int(not (score_post > score_pre or (score_post == score_pre and j <= i))) : 1 (summed)
"""
UNCERTAINTY = "uncertainty_post = probability_pre*log(denominator_pre) : 1 (summed)"
#: Statements of each step, by phase; behind a decision the reward that is owed to the winner.
SCORE = "score = output - log(-log(draw))"
SELECT = """winner = int(counts > 0)*int(beaten == 0)
_deserved = where(winner > 0, {reward}, 0)
owed = where(probability >= 0, counts*_deserved, probability)
error = where(int(action < n_actions) > 0, counts*(winner - probability), critic_weight*_goes_on)"""
ENCOURAGE = "bonus = counts*entropy*probability*(log(denominator) - uncertainty)"
#: Variables that follow from the choice, that are of the value unit, or of rewards paid before.
LATE = {"error", "bonus", "owed", "value", "reward", "loss", "critic_weight"}
#: 0 in the last step of a trial.
GOES_ON = "_goes_on = int(t_in_timesteps % n_steps < n_valued)"


class Choosing:
    """Actor and critic units, besides what a readout has: a mixin for readouts of both kinds.

    The reward of an action is that of a step later.
    """

    #: The group with a time constant in its place, and what describes it, for error messages.
    leaky = ("LeakyActorCriticReadout", "ActorCritic(tau={!r})")
    #: What results say of the loss.
    loss_is = MINUS_REWARDS
    #: Why its loss cannot be differentiated.
    no_gradient = (
        "the loss of an ActorCritic is minus the reward of actions that are drawn, which has no"
        " derivative by the weights; build the network with another readout"
    )
    #: Statements that draw one number between 0 and 1 for each unit.
    draw_code = "draw = rand()"
    target_code = """_acts = int(action < n_actions)
               _column = (i % n_columns)//n_outputs*n_actions + action*_acts
               target = _acts*target_of(t_in_timesteps, _column)"""
    error_code = f"""{GOES_ON}
               counts = _acts*mask_of(t_in_timesteps, _trial)
               probability = 1/denominator
               value = (1 - _acts)*_goes_on*output
               reward = owed
               loss -= reward"""
    trial_start = "loss = 0; output = 0; error = 0; winner = 0; owed = 0; reward = 0"

    def _begin(self, task, critic, entropy, critic_weight, reward):
        """Store and check the arguments, before the group is made."""
        check_instance(f"{type(self).__name__}: task", task, Task, TASK_EXAMPLE)
        for name, number in (("entropy", entropy), ("critic_weight", critic_weight)):
            check_number(type(self).__name__, name, number, zero_allowed=True)
        check_flag(f"{type(self).__name__}: critic", critic)
        check_reward(reward)
        self.n_more, self.paid, self.has_bonus = int(critic), reward, entropy > 0
        bonus = BONUS if self.has_bonus else ""
        self.more_equations = f"{self.more_equations}\n{EQUATIONS}{bonus}".strip()

    def _complete(self, entropy, critic_weight):
        """Add the statements of decisions, and the sums over the actions of each network."""
        task = self.task
        n_valued = task.n_steps if task.continuous else task.n_steps - 1
        self.namespace |= {"n_actions": task.n_outputs, "n_valued": n_valued, "where": where}
        check_names(self)
        self.action = np.arange(len(self)) % self.n_units
        self.critic_weight = critic_weight
        select = f"{GOES_ON}\n{SELECT.format(reward=f'({self.paid})')}"
        if self.has_bonus:
            self.entropy, select = entropy, f"{select}\n{ENCOURAGE}"
        for code, phase in ((self.draw_code, "DRAW"), (SCORE, "SCORE"), (select, "SELECT")):
            name = f"{self.name}_{phase.lower()}"
            self.run_regularly(code, **getattr(schedule, phase), name=name)
        self._connect()

    def _connect(self):
        """Add synapses among the actions of each network, and of its value unit onto itself."""
        model = f"{LATERAL}{UNCERTAINTY}" if self.has_bonus else LATERAL
        lateral = OwnSynapses(self, self, model, name=f"{self.name}_lateral")
        units = np.arange(len(self))
        first = units // self.n_units * self.n_units
        acts = (units - first) < self.task.n_outputs
        width = np.where(acts, self.task.n_outputs, 1)
        begins = np.where(acts, first, units)
        within = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
        lateral.connect(i=np.repeat(units, width), j=np.repeat(begins, width) + within)
        phases = {"denominator": schedule.NORMALIZE, "beaten": schedule.COMPARE}
        phases |= {"uncertainty": schedule.SHARE} if self.has_bonus else {}
        for name, phase in phases.items():
            schedule.move(lateral.summed_updaters[f"{name}_post"], phase)
        self.contained_objects.append(lateral)

    @property
    def numbers(self) -> str:
        """Numbers of each network: the reward of a step, and with a critic the value."""
        return "reward : 1\nvalue : 1" if self.n_more else "reward : 1"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The loss at the end of a trial, and the numbers of each network in each step."""
        names = ("reward", "value") if self.n_more else ("reward",)
        clear, add = (
            "\n".join(form.format(name) for name in names)
            for form in ("{0} = 0", "{0}_network += {0}")
        )
        return (
            *Readout.steps,
            Step(clear, schedule.CLEAR, "network"),
            Step(add, schedule.TALLY),
        )

    @property
    def bonus_name(self) -> str:
        """The variable that stands beside the error and does not wait for the reward; empty if
        there is none.
        """
        return "bonus" if self.has_bonus else ""

    @property
    def checks(self) -> dict[str, Callable]:
        """Checks of values that are assigned later, by name."""
        kind = type(self).__name__
        return {
            name: partial(check_number, kind, name, zero_allowed=True)
            for name in ("entropy", "critic_weight")
        }

    @staticmethod
    def check_trial(
        task: Task, number: int, inputs: NDArray, target: NDArray, mask: NDArray
    ) -> None:
        """Raise unless all actions have the same mask, and a step is left after each decision."""
        if mask.ndim > 1:
            raise ValueError(
                "ActorCritic: the actions of a step count together, so the mask of"
                f" {type(task).__name__} must have shape {(len(mask),)}; got {mask.shape}"
            )
        if mask[-1] and not task.continuous:
            raise ValueError(
                "ActorCritic: the reward of an action is paid in the next step, so the last step of"
                f" a trial must not count; the mask of {type(task).__name__} is {mask[-1]:g} there,"
                f" in trial {number}. Give the task one step more, with the mask 0"
            )

    def check_projection(self, rule: LearningRule, onto: str) -> None:
        """Raise unless a projection has the right `onto`, and its rule is one of reward."""
        super().check_projection(rule, onto)
        if self.has_bonus and "bonus" not in rule.reads("post"):
            raise ValueError(
                f"'{self.name}' has an entropy bonus, but {rule.title} does not read it; write"
                " entropy=0"
            )
        if "error" in rule.reads("post") and "modulator" not in rule.reads("network"):
            raise ValueError(
                f"the error of actions on '{self.name}' says what was chosen, not what was right,"
                f" so {rule.title} must learn from reward; write Rewarded({rule.title}(...),"
                " discount=0.99), with credit=TDError(0.99)"
            )

    def check_trials(self, trials: Trials) -> None:
        """Raise unless something learns from the value, if there is one; or as for `Readout`."""
        super().check_trials(trials)
        if self.n_more and not any("value" in loaded(step.code) for step in trials.own_steps):
            raise ValueError(
                f"'{self.name}' has a value unit, but nothing reads the value; give '{trials.name}'"
                " TDError(discount=0.99), or write critic=False"
            )

    def check_eligibility(self, rule: LearningRule, neurons: Group) -> None:
        """Raise unless a rule that reads feedback is one of reward, and none compares pairs of
        trials; or as for `Readout`.
        """
        if rule.pairs:
            raise ValueError(
                f"{rule.title} compares pairs of trials, which choose actions on"
                f" '{self.name}' by different random numbers, so that the difference of their"
                " rewards is not that of the perturbation; write for example"
                " Rewarded(RFLO(0.01, tau=10*ms))"
            )
        if "feedback" in rule.reads("post") and "modulator" not in rule.reads("network"):
            raise ValueError(
                f"the feedback of actions on '{self.name}' says what was chosen, not what was"
                f" right, so {rule.title} must learn from reward; write Rewarded({rule.title}(...),"
                " discount=0.99), with credit=TDError(0.99)"
            )
        super().check_eligibility(rule, neurons)


class ActorCriticReadout(Choosing, Readout):
    """Units of an actor, one for each action, and of a critic.

    In steps that count, an action is chosen with the probabilities that are the softmax of the
    outputs. Its reward is paid in the next step. The units of a network are its actions, and then
    the value.

    Parameters
    ----------
    task : Task
        The task. Its outputs are the actions; with the default `reward`, its target in a step that
        counts is the reward of each action. Its last step must not count, unless it is a stream.
    networks, copies : int
        As for `Readout`.
    critic : bool
        Whether there is a value unit.
    entropy : float
        Factor of the entropy in what is learned; 0 for none.
    critic_weight : float
        Error of the value unit: how fast it learns beside the actions.
    reward : str
        Reward of the chosen action, an expression of the variables of its unit: `target`,
        `probability`, `action` (its number), ...; for example ``"2*target - 1"``.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    output : state variable
        Sum of the projection with ``onto="output"``: logits, and the value.
    value : state variable
        The output of the value unit, 0 in the last step of a trial; 0 for actions.
    probability, winner : state variables
        Probability of an action, and 1 for that chosen in this step, else 0.
    counts : state variable
        Mask of this step, for actions.
    reward : state variable
        Reward that is paid in this step, to the unit that has won it.
    error : state variable
        ``counts*(winner - probability)``; `critic_weight` for the value.
    loss : state variable
        Minus the rewards of this trial so far.
    draw : state variable
        Random number between 0 and 1 of this step. For numbers of your own,
        ``readout.run_regularly("draw = ...", **schedule.DRAW.behind())``.
    entropy, critic_weight : shared variables
        The parameters; `entropy` if it was not 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, the task counts in its last step or has a mask for each output.
        Random trials of a run are checked when they are drawn.

    Notes
    -----
    As numbers of each network, other mechanisms read `reward` and `value`. Gumbel noise on outputs
    chooses exactly with the probabilities of the softmax (Maddison, Tarlow & Minka 2014). With two
    actions, the first is chosen where a number u of your own is below its probability, if `draw`
    is ``exp(-1)`` for the first one and ``exp(-(1 - u)/u)`` for the second.
    """

    def __init__(
        self,
        task: Task,
        networks: int = 1,
        copies: int = 1,
        critic: bool = True,
        entropy: float = 0.0,
        critic_weight: float = 0.5,
        reward: str = "target",
        name: str = "actorcritic*",
        **neurongroup_args: Any,
    ):
        self._begin(task, critic, entropy, critic_weight, reward)
        super().__init__(task, networks, copies, name=name, **neurongroup_args)
        self._complete(entropy, critic_weight)


class LeakyActorCriticReadout(Choosing, LeakyReadout):
    """Leaky units of an actor and a critic, for neurons that send spikes: their outputs are the
    low-pass filtered sums of the projection with ``onto="drive"``.

    Parameters
    ----------
    task, networks, copies, critic, entropy, critic_weight, reward
        As for `ActorCriticReadout`.
    tau : Quantity
        Time constant.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    drive, output : state variables
        As for `LeakyReadout`.
    value, probability, winner, counts, reward, error, loss, draw : state variables
        As for `ActorCriticReadout`.
    entropy, critic_weight : shared variables
        As for `ActorCriticReadout`.

    Raises
    ------
    TypeError, ValueError
        As for `ActorCriticReadout` and `LeakyReadout`.
    """

    def __init__(
        self,
        task: Task,
        tau: Quantity,
        networks: int = 1,
        copies: int = 1,
        critic: bool = True,
        entropy: float = 0.0,
        critic_weight: float = 0.5,
        reward: str = "target",
        name: str = "actorcritic*",
        **neurongroup_args: Any,
    ):
        self._begin(task, critic, entropy, critic_weight, reward)
        super().__init__(task, tau, networks, copies, name=name, **neurongroup_args)
        self._complete(entropy, critic_weight)


@dataclass(frozen=True)
class ActorCritic(Linear):
    """A readout that chooses among the task's outputs, its actions, and learns from reward.

    With ``credit=TDError(discount)`` and rules that are `Rewarded`. Initial readout and feedback
    weights are those that `initial` of the network draws times 0.1 and times 0.05; a policy that
    is sure of itself, or large feedback, before anything is learned, often ends in a local optimum.

    Parameters
    ----------
    critic : bool
        Whether there is a value unit.
    entropy : float
        Factor of the entropy in what is learned; 0 for none.
    critic_weight : float
        Error of the value unit: how fast it learns beside the actions.
    reward : str
        Reward of the chosen action, an expression of the variables of its unit (see
        `ActorCriticReadout`); by default the task's target.
    tau : Quantity, optional
        Time constant of leaky units, for neurons that send spikes; without it, outputs are sums.
    decay : float
        As for `Linear`.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.credit import TDError
    >>> from brian_rflo.readouts import ActorCritic
    >>> from brian_rflo.rules import Rewarded
    >>> from brian_rflo.tasks import ArrayTask
    >>> target = np.zeros((4, 6, 2))  # four trials of six steps, two actions
    >>> target[:2, 4, 0] = target[2:, 4, 1] = 1  # the right one is rewarded
    >>> inputs = np.repeat([[[1.0]], [[1.0]], [[-1.0]], [[-1.0]]], 6, axis=1)
    >>> mask = [0, 0, 0, 0, 1, 0]  # it is chosen in step 4 and rewarded in step 5
    >>> task = ArrayTask(target=target, inputs=inputs, mask=mask, dt=1*ms)
    >>> defaultclock.dt = task.dt
    >>> rule = Rewarded(RFLO(1e-2, tau=5*ms), discount=0.99)
    >>> net = LearningNetwork(
    ...     task, RateNeurons(10, tau=5*ms), rule, ActorCritic(entropy=0.05), credit=TDError(0.99)
    ... )
    >>> net.train(20).rewards.shape
    (1, 20)
    """

    critic: bool = True
    entropy: float = 0.0
    critic_weight: float = 0.5
    reward: str = "target"
    tau: Quantity | None = field(default=None, kw_only=True)

    #: Factors of initial weights, by name.
    SCALES = {"output": 0.1, "feedback": 0.05}

    def __post_init__(self):
        super().__post_init__()
        for name in ("entropy", "critic_weight"):
            check_number(type(self).__name__, name, getattr(self, name), zero_allowed=True)
        check_flag("ActorCritic: critic", self.critic)
        check_reward(self.reward)
        if self.tau is not None:
            check_time(f"{type(self).__name__}: tau", self.tau)

    @property
    def group(self) -> type:
        """The class of the group."""
        return ActorCriticReadout if self.tau is None else LeakyActorCriticReadout

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of the group besides task, networks, copies and name."""
        names = ("critic", "entropy", "critic_weight", "reward")
        given = {name: getattr(self, name) for name in names}
        return given if self.tau is None else given | {"tau": self.tau}

    def default_rule(self, learning_rate: float) -> LearningRule:
        """Return the rule of its weights, whose updates are to be rewarded."""
        return Delta(learning_rate) if self.tau is None else LeakyDelta(learning_rate, self.tau)

    def initial(self, drawn: dict[str, NDArray]) -> dict[str, NDArray]:
        """Return the initial weights of a network by name, those to and from it smaller."""
        return drawn | {name: scale * drawn[name] for name, scale in self.SCALES.items()}


def check_reward(reward):
    """Raise unless a reward is an expression."""
    try:
        compile(reward.strip(), "reward", "eval")
    except (AttributeError, SyntaxError) as error:
        raise ValueError(
            "ActorCritic: reward must be an expression of the variables of the chosen action, for"
            f" example 'target' or '2*target - 1'; got {reward!r}"
        ) from error


def check_names(readout):
    """Raise unless all names in a reward are known, where it is computed."""
    known = {*readout.variables, *readout.namespace, *DEFAULT_FUNCTIONS}
    names = get_identifiers(readout.paid)
    if names & LATE:
        raise ValueError(
            f"ActorCritic: reward = {readout.paid!r} contains {min(names & LATE)!r}, which an"
            " action does not have when it is chosen; write the reward by its target, probability,"
            " output and number (action)"
        )
    unknown = sorted(names - known)
    if unknown:
        raise ValueError(
            f"ActorCritic: reward = {readout.paid!r} contains {unknown[0]!r}, which is undefined."
            " It may contain target, probability, action (the number of the chosen one) and other"
            " variables of the readout"
        )
