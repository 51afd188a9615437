"""Phases of an experiment beside training: trials in which nothing learns and after which nothing
has changed.
"""

from contextlib import contextmanager

import numpy as np

from ..brian.snapshot import nothing_changes
from ..synapses.kinds import plastic_of
from .contents import monitors_of


@contextmanager
def aside(net, first=None, recording=()):
    """Context of a run that leaves no trace: nothing learns in it, monitors but those of
    `recording` do not record, and afterwards everything is as it was.

    Parameters
    ----------
    net : TrialNetwork
    first : int, optional
        Number of the first trial; by default the one that would come next.
    recording : list of Monitor
        Monitors that record in the context, and forget it afterwards.
    """
    monitors = monitors_of(net.sorted_objects)
    silent = [
        monitor
        for monitor in monitors
        if monitor.active and not any(monitor is one for one in recording)
    ]
    reported = set(net.trials.reported)
    for monitor in silent:
        monitor.active = False
    try:
        with nothing_changes(net, monitors):
            freeze(net)
            if first is not None:
                net.t_ = first // net.seen * float(net.task.duration)
            yield
    finally:
        for monitor in silent:
            monitor.active = True
        net.trials.settle(reported=reported)


def freeze(net):
    """Let no projection learn, and networks that have diverged run with their restored weights."""
    for projection in plastic_of(net.sorted_objects):
        projection.plastic = False
    net.trials.diverged_in = -1


def check_first(first, seen):
    """Raise unless `first` can be the number of the first trial of a run."""
    if first is None:
        return
    if (
        isinstance(first, bool)
        or not isinstance(first, (int, np.integer))
        or first < 0
        or first % seen
    ):
        many = f", and a multiple of the {seen} that run side by side" if seen > 1 else ""
        raise ValueError(
            f"first must be the number of a trial, a whole number from 0 on{many}; got {first!r}"
        )
