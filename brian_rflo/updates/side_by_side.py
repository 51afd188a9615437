"""Trials side by side: each copy of a network gets the summed changes of all copies."""

from dataclasses import dataclass

from .. import schedule
from ..steps import Mechanism, Step


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
            Step("shared_change_first += change", schedule.COMBINE, **when),
            Step("change = shared_change_first", schedule.HAND_BACK, **when),
        )
