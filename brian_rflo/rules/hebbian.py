"""Reward-modulated Hebbian learning, for the weights of a winner-take-all choice.

Murray 2019, eLife 8:e43299, figure 4: with the unit i, the neuron j, and the reward R of a
transition,

    dW^s_ij = learning_rate R z_i h_j          at each decision

z_i is 1 for the chosen unit and 0 for the others. (The paper prints z = W^s h itself, but that rule
does not learn the order.)
"""

from dataclasses import dataclass

from .base import MURRAY, LearningRule

__all__ = ["RewardHebbian"]


@dataclass(frozen=True)
class RewardHebbian(LearningRule):
    """Reward times winner times activity, at decisions (Murray 2019, figure 4).

    Parameters
    ----------
    learning_rate : float
        The paper's eta_s. As in every rule, it is divided by `T` within trials of `T` steps (see
        `Trials`).

    Examples
    --------
    >>> RewardHebbian(learning_rate=0.01).update
    'deciding_post*reward_post*winner_post*activity_pre'
    """

    citation = MURRAY
    update = "deciding_post*reward_post*winner_post*activity_pre"
