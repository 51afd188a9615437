"""A readout that pays a reward in each step, beside whatever it is compared with.

reward(t) = sum over the units of an expression of the readout's variables
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..rules import LearningRule
from ..schedule import CLEAR, TALLY
from ..steps import Step
from ..tasks import Task
from ..updates.arguments import check_instance
from .linear import Linear, Readout

__all__ = ["Rewarding"]


@dataclass(frozen=True)
class Rewarding(Linear):
    """A readout that pays a reward in each step: the number `reward` of each network, which
    modulators such as `RewardBaseline` read.

    Parameters
    ----------
    reward : str
        Reward of a step, an expression of the variables of the readout, summed over its units:
        ``"-error**2"``, or ``"int(abs(error) < 0.1)"``.
    readout : Linear, Leaky, ...
        The readout.

    Raises
    ------
    TypeError, ValueError
        If `reward` is no expression, or `decay` is given, which belongs to the inner readout; and
        where the group is built, if it names what the readout does not have.

    Examples
    --------
    >>> from brian2 import ms
    >>> Rewarding("-error**2").build(PeriodicOutput(period=20*ms), name="paying").numbers
    'reward : 1'
    """

    reward: str
    readout: Linear = field(default_factory=Linear)

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.reward, str) or not self.reward.strip():
            raise TypeError(
                "Rewarding: reward must be an expression of the readout's variables, for example"
                f" '-error**2'; got {self.reward!r}"
            )
        check_instance("Rewarding: readout", self.readout, Linear, "Leaky(tau=20*ms)")
        if self.decay:
            raise ValueError(
                "Rewarding: decay belongs to the inner readout; write"
                f" Rewarding({self.reward!r}, Linear(decay={self.decay!r}))"
            )

    def build(
        self, task: Task, networks: int = 1, copies: int = 1, name: str = "readout*"
    ) -> Readout:
        """Return the group of readout units, with the reward among its steps."""
        group = self.readout.build(task, networks, copies, name)
        paid = (
            Step("reward = 0", CLEAR, "network"),
            Step(f"reward_network += {self.reward}", TALLY),
        )
        group.settle(numbers="reward : 1", steps=(*group.steps, *paid))
        return group

    def default_rule(self, learning_rate: float) -> LearningRule:
        """Return the default learning rule of the inner readout's weights."""
        return self.readout.default_rule(learning_rate)

    @property
    def constraint(self) -> str:
        """Statements that run after each change of its weights."""
        return self.readout.constraint
