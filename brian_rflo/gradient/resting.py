"""Runs in which nothing learns, without what fast loops keep of each step to change weights."""

from __future__ import annotations

from brian2 import BrianObject

from .. import schedule
from ..synapses.kinds import plastic_of

#: When the objects of a run have been chosen, and before its steps are arranged.
CHOSEN = schedule.ARRANGED.behind(-1)


class Resting(BrianObject):
    """Switch off, for one run, what adds up changes of weights that are then not applied. Sums, and
    all that others could read, go on.

    Parameters
    ----------
    net : TrialNetwork
    """

    add_to_magic_network = False
    #: Fast loops ignore it.
    touches_synapses = False

    def __init__(self, net):
        super().__init__(clock=net.trials.clock, name="gradient_resting*", **CHOSEN)
        self.net, self.off = net, []

    def __del__(self):
        """Silence Brian2's unused-object warning: a run that is refused is an error."""

    def before_run(self, run_namespace):
        """Switch off."""
        super().before_run(run_namespace)
        parts = [part.dense for part in plastic_of(self.net.sorted_objects)]
        kept = [
            one for part in parts if not part.why_not_batched for one in part.runners["batched"]
        ]
        self.off = [one for one in kept if one.active]
        for one in self.off:
            one.active = False

    def after_run(self):
        """Switch on again."""
        super().after_run()
        self.give_back()

    def give_back(self) -> None:
        """Switch on again."""
        for one in self.off:
            one.active = True
        self.off = []
