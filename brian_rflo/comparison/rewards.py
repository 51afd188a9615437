"""Rules of a comparison that learn from reward, by actor and critic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..credit import AdaptiveFeedback, TDError
from ..readouts import ActorCritic
from ..rules import Delta, Rewarded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..rules import LearningRule
    from ..tasks import Task


#: Names of rules, and the weights that they train: all of them, or the readout alone.
REWARDED = {"reward": ("recurrent", "input", "output"), "reward_readout": ("output",)}
#: Discount of rewards, bonus for entropy, and weight of the critic.
DISCOUNT, ENTROPY, CRITIC = 0.99, 0.05, 0.5


@dataclass(frozen=True)
class FromReward:
    """Settings with which a neuron model learns from reward: learning rates of the neurons' weights
    and of the readout, gain of the recurrent weights, and factors of Murray 2019's input, feedback
    and readout weights.
    """

    rate: float
    readout_rate: float
    gain: float
    input: float
    feedback: float
    readout: float

    def start(self, weights: dict[str, NDArray]) -> dict[str, NDArray]:
        """Return initial weights, given Murray's, in which the last row of the readout is the
        critic's: 0.
        """
        output = self.readout * weights["output"]
        output[:, -1] = 0
        return weights | {
            "input": self.input * weights["input"],
            "feedback": self.feedback * weights["feedback"],
            "output": output,
        }

    def arguments(self, rule: LearningRule) -> dict[str, Any]:
        """Return how a network learns from reward, given the rule of its neurons."""
        return dict(
            rule=Rewarded(rule, discount=DISCOUNT),
            readout=ActorCritic(entropy=ENTROPY, critic_weight=CRITIC),
            readout_rule=Rewarded(Delta(self.readout_rate), discount=DISCOUNT),
            credit=(AdaptiveFeedback(), TDError(DISCOUNT)),
        )


def check_choices(task: Task, rules: list[str]) -> None:
    """Raise unless rules of a task all learn from reward, or none, and the task has actions for
    those that do.
    """
    by_reward = [rule for rule in rules if rule in REWARDED]
    others = [rule for rule in rules if rule not in REWARDED]
    if by_reward and others:
        raise ValueError(
            f"compare: '{by_reward[0]}' is judged by wrong answers, and '{others[0]}' by its error;"
            " compare them in two calls"
        )
    if by_reward and not has_actions(task):
        raise ValueError(
            f"compare: '{by_reward[0]}' needs a task of actions, whose target is 1 for the right"
            f" one and 0 for others; got {type(task).__name__}. Write task='non_match', or"
            ' DelayedNonMatch(answer="action")'
        )


def has_actions(task: Task) -> bool:
    """Return whether the target is one-hot where it counts, and the last step does not count."""
    _, target, mask = task.trial(0)
    if target.shape[1] < 2 or mask.ndim > 1 or mask[-1]:
        return False
    shown = target[mask > 0]
    return bool(np.isin(shown, (0, 1)).all() and (shown.sum(axis=1) == 1).all())
