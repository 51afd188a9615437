"""Trials side by side: the changes of all copies of a network become the change of each."""

from dataclasses import dataclass

from .. import schedule
from ..steps import Mechanism, Step


@dataclass(frozen=True)
class Shared(Mechanism):
    """The steps that add up changes over the copies of a network.

    Parameters
    ----------
    batch : int
        Rounds of trials that the changes are added up over.
    """

    batch: int

    variables = {"own": "shared_change : 1"}

    @property
    def parameters(self):
        """None of its numbers changes between runs."""
        return {}

    @property
    def steps(self):
        """Add up in the first copy, and hand back."""
        when = dict(when="trial_end", every=self.batch)
        return (
            Step("shared_change = 0", schedule.RESET, when="trial_start"),
            Step("shared_change_first += change", schedule.COMBINE, **when),
            Step("change = shared_change_first", schedule.HAND_BACK, **when),
        )
