"""Trials side by side: each copy of a network gets the summed changes of all copies."""

from dataclasses import dataclass, replace

from .. import schedule
from ..steps import Mechanism, Step

#: The sum over the copies, and its return to each of them.
SUM, SHARE = "shared_change_first += change", "change = shared_change_first"


@dataclass(frozen=True)
class SharedUpdate(Mechanism):
    """Steps that sum changes over the copies of a network.

    Parameters
    ----------
    batch : int
        Number of rounds of trials over which changes are summed.
    """

    batch: int

    variables = {"own": "shared_change : 1"}

    @property
    def parameters(self):
        """Empty: no number changes between runs."""
        return {}

    @property
    def steps(self):
        """Sum in the first copy, then copy the sum to each."""
        when = dict(when="trial_end", every=self.batch)
        return (
            Step("shared_change = 0", schedule.RESET, when="trial_start"),
            Step(SUM, schedule.COMBINE, **when),
            Step(SHARE, schedule.HAND_BACK, **when),
        )


def from_first_copy(steps: list[Step]) -> list[Step]:
    """Return steps by which each copy of a network gets the change of its first copy, in place of
    the sum.
    """
    return [
        replace(step, code="change = change_first") if step.code == SHARE else step
        for step in steps
        if step.code != SUM
    ]
