"""A readout that pays a reward in each step.

    reward(t) = sum over the units of an expression of the readout's variables

A modulator reads it in the phase MODULATE of the same step. The loss of a trial is minus the sum of
its rewards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from brian2 import DEFAULT_FUNCTIONS

from ..brian.borrowed import get_identifiers
from ..results.training import MINUS_REWARDS
from ..rules import LearningRule
from ..schedule import CLEAR, LOSS, TALLY
from ..steps import Step
from ..tasks import Task
from ..updates.arguments import check_instance
from .linear import Linear, Readout

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rewarding"]


@dataclass(frozen=True)
class Rewarding(Linear):
    """A readout that pays a reward in each step: the number `reward` of each network, which
    modulators such as `RewardBaseline` read. The loss of a trial is minus the sum of its rewards.

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
        If `reward` is not an expression, or `decay` is given, which belongs to the inner readout;
        and where the group is built, if it names what the readout does not have.

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
        check_reward(self.reward, group)
        for variable in ("reward", "earned"):
            group.variables.add_array(variable, size=len(group))
        group.run_regularly(
            f"reward = {self.reward}\nearned += reward\nloss = -earned",
            **LOSS.behind(),
            name=f"{group.name}_reward",
        )
        paid = (
            Step("reward = 0", CLEAR, "network"),
            Step("reward_network += reward", TALLY),
        )
        group.settle(
            numbers="reward : 1",
            steps=(*group.steps, *paid),
            trial_start=f"{group.trial_start}; earned = 0",
            window_start=f"{group.window_start}; earned = 0",
            loss_is=MINUS_REWARDS,
        )
        return group

    def initial(self, drawn: dict[str, NDArray]) -> dict[str, NDArray]:
        """Return the initial weights of a network, those of the inner readout."""
        return self.readout.initial(drawn)

    def default_rule(self, learning_rate: float) -> LearningRule:
        """Return the default learning rule of the inner readout's weights."""
        return self.readout.default_rule(learning_rate)

    @property
    def constraint(self) -> str:
        """Statements that run after each change of its weights."""
        return self.readout.constraint


def check_reward(reward, group):
    """Raise unless a readout has all names in the expression of its reward, and none yet."""
    if "reward" in group.variables:
        raise ValueError(
            f"Rewarding: a {type(group).__name__} pays a reward already; give ActorCritic its"
            " reward= instead"
        )
    if "loss" in get_identifiers(reward):
        raise ValueError(
            f"Rewarding: reward = {reward!r} contains 'loss', which is minus the sum of rewards"
            " itself; write the loss of a step, for example '-error**2/2'"
        )
    known = {*group.variables, *group.namespace, *DEFAULT_FUNCTIONS}
    unknown = sorted(get_identifiers(reward) - known)
    if unknown:
        raise ValueError(
            f"Rewarding: reward = {reward!r} contains {unknown[0]!r}, which is undefined; it may"
            " contain error, output, target and other variables of the readout"
        )
