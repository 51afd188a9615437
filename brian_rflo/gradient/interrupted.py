"""A training by the gradient that is stopped within a trial ends with the last complete update."""

from __future__ import annotations

from brian2 import BrianObject

from ..brian.conditional import Conditional
from ..brian.declared import declared
from .checkpoints import FIRST, state_of
from .graph import MONITORS


class LastUpdate(Conditional, BrianObject):
    """The state of a network where a batch begins, which it has again after a stop within a trial.

    Monitors and alignments forget what they have found since. A stop between two trials changes
    nothing: the gradients of an unfinished batch are lost. Of a training that runs in pieces, with
    replays of trials between them, a batch may begin in an earlier piece; replays change nothing.

    Parameters
    ----------
    net : TrialNetwork
    begins : str
        The condition of the first step of a batch, with ``{step}``.
    """

    add_to_magic_network = False
    #: Fast loops ignore it.
    touches_synapses = False

    def __init__(self, net, begins: str):
        self.run_when(begins)
        BrianObject.__init__(self, clock=net.trials.clock, name="bptt_last_update*", **FIRST)
        self.net, self.kept, self.lengths, self.compared = net, None, {}, []

    def __del__(self):
        """Silence Brian2's unused-object warning: a run that is refused is an error."""

    def before_run(self, run_namespace):
        """Find what changes in the run."""
        super().before_run(run_namespace)
        if self.net.is_aside:
            return
        self.monitors = [one for one in self.net.sorted_objects if isinstance(one, MONITORS)]
        watching = [declared(one, "found_by") for one in self.net.sorted_objects]
        self.alignments = [one for one in watching if one is not None]
        weights = [part.variables["w"] for part in self.net.learners.values()]
        counts = [one.variables["count"] for one in self.monitors if "count" in one.variables]
        self.state = state_of(self.net, [*weights, *counts])

    def work(self):
        """Keep the state, and how much monitors have recorded."""
        if self.net.is_aside:
            return
        self.kept = self.state.copy(self.kept)
        self.lengths = {monitor.name: length(monitor) for monitor in self.monitors}
        self.compared = [len(one) for one in self.alignments]

    def after_run(self):
        """Give the state back after a stop within a trial."""
        super().after_run()
        self.give_back()

    def give_back(self) -> None:
        """Give the state back, unless a trial has just ended."""
        step = int(self.clock.variables["timestep"].get_value()[0])
        if self.kept is None or self.net.is_aside or step % self.net.task.n_steps == 0:
            return
        self.state.give_back(self.kept)
        for monitor in self.monitors:
            shorten(monitor, self.lengths[monitor.name])
        for alignment, trials in zip(self.alignments, self.compared):
            alignment.shorten(trials)
        self.net.t_ = float(self.clock.variables["t"].get_value()[0])


def length(monitor):
    """Return the number of values that a monitor has recorded."""
    return int(monitor.variables["N"].get_value()[0])


def shorten(monitor, values: int) -> None:
    """Let a monitor forget what it has recorded after a number of values."""
    if length(monitor) > values:
        monitor.resize(values)
        # of spikes and rates, Brian2 leaves the number to the code that records
        monitor.variables["N"].set_value(values)
