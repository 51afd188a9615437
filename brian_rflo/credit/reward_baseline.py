"""The modulator of rules that compare the reward of a step with what was expected.

    modulator = reward - expected_k              in each step, k the kind of the trial
    expected_k += rate (reward - expected_k)     in the last step of a trial, after the modulator

The expectation follows the reward of the last step of trials (Portes, Schmid & Murray 2022, code).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..schedule import APPLY, MODULATE
from ..steps import Step
from .running_baseline import RunningBaseline

__all__ = ["RewardBaseline"]


@dataclass(frozen=True)
class RewardBaseline(RunningBaseline):
    """Reward of a step less the expected reward, with an expectation that follows the rewards of
    the last steps of trials.

    The readout must pay a `reward`, for example ``Rewarding("-error**2")``.

    Parameters
    ----------
    rate : float
        Fraction of the difference by which the expectation follows, above 0 and at most 1.
    kinds : int
        As for `RunningBaseline`.

    Raises
    ------
    TypeError, ValueError
        As for `RunningBaseline`; where it is passed to a `Trials`, if no readout pays a reward.

    Examples
    --------
    >>> print(RewardBaseline(rate=0.2).steps[0].code)
    modulator = reward - expected
    """

    #: Numbers of the network that it sets anew in each step.
    each_step = ("modulator",)
    #: Numbers of the network that other parts must have, and what to write for them.
    needs_numbers = {"reward": "readout=Rewarding('-error**2')"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The modulator of each step, then the expectation of this kind of trial."""
        return (
            Step(f"modulator = reward - {self.present}", MODULATE, "network"),
            Step(self.following("reward"), APPLY, "network", "trial_end"),
        )
