"""Phases of an experiment beside training: trials in which nothing learns and after which nothing
has changed; and several phases in one C++ standalone program.
"""

from contextlib import contextmanager, nullcontext
from itertools import count

import numpy as np
from brian2 import get_logger

from ..brian.conditional import is_standalone
from ..brian.in_program import (
    Record,
    is_built,
    is_waiting,
    nothing_changes_in_program,
    program,
    run_from,
)
from ..brian.quantities import is_whole
from ..brian.snapshot import nothing_changes
from ..results.later import LaterResult
from ..synapses.kinds import plastic_of
from .contents import monitors_of
from .recording import Recording

logger = get_logger(__name__)

#: Numbers of phases, for names in programs.
NUMBERS = count()


class ButDivergence(set):
    """Set of what has been reported, as if all divergence had been: trials speak of a training."""

    def __contains__(self, what):
        return not isinstance(what[0], str) or super().__contains__(what)


@contextmanager
def aside(net, first=None, others=(), learns=False):
    """Context of a run that leaves no trace: nothing learns in it, monitors of the user do not
    record, and afterwards everything is as it was. Its value is the recording of the run.

    Parameters
    ----------
    net : TrialNetwork
    first : int, optional
        Number of the first trial; by default the one that would come next.
    others : sequence of Monitor
        Further monitors that record.
    learns : bool
        True if rules go on in it.
    """
    recording, reported = recording_aside(net), net.trials.reported
    net.trials.settle(reported=ButDivergence(reported))
    recording.is_undone = True
    ours, monitors = recording.monitors, monitors_of(net.sorted_objects)
    recorded = {id(monitor) for monitor in (*ours, *others)}
    silent = [one for one in monitors if one.active and id(one) not in recorded]
    for monitor in silent:
        monitor.active = False
    try:
        with undone(net, monitors):
            if not learns:
                freeze(net)
            if first is not None:
                begin_with(net, first)
            yield recording
    finally:
        recording.is_undone = False
        for monitor in silent:
            monitor.active = True
        if is_waiting():
            net.remove(*ours)
        net.trials.settle(reported=reported)


def recording_aside(net):
    """Return the recording of a run that leaves no trace; in a program that is to be built, where
    monitors cannot forget, another one than that of trainings.
    """
    if not is_waiting():
        return net._recording
    recording = Recording(net)
    net.add(*recording.monitors)
    net._recording.others.append(recording)  # the program needs them until it is built
    return recording


def undone(net, monitors):
    """Return the context of a run that is undone, but for the only run of a program."""
    if is_standalone() and not is_waiting():
        return nullcontext()
    if is_standalone():
        return nothing_changes_in_program(net, f"phase_{next(NUMBERS)}", monitors)
    return nothing_changes(net, monitors)


def freeze(net):
    """Let no projection learn, and networks that have diverged run with their restored weights;
    without learning no loss is too large.
    """
    for projection in plastic_of(net.sorted_objects):
        projection.plastic = False
    net.trials.diverged_in = -1
    net.trials.limit = np.inf


def begin_with(net, first):
    """Let the next run begin with a given trial."""
    time = (net.shows.now.begins + first // net.seen) * float(net.task.duration)
    if is_standalone():
        run_from(net, time)
    else:
        net.t_ = time


def run_later(recording, rounds, run):
    """Add a run to a program that is not yet built, and return its result, which is read when it
    is first used.
    """
    net, made, name = recording.net, program(), f"phase_{next(NUMBERS)}"
    watched = watched_by(recording)
    recording.measure(rounds)
    before = Record(f"{name}_before", watched)
    run()
    after, ended = Record(f"{name}_after", watched), recording.ended()

    def read():
        if not is_built(made):
            raise RuntimeError(
                "the program that computes this result has not been built and run; write"
                " device.build() after the last phase, and read results before"
                " device.reinit()"
            )
        with before.holds():
            recording.begin(rounds)
        with after.holds():
            recording.last = recording.lengths()
            if recording is net._recording:
                net.trials.check()
            return recording.result(ended)

    return LaterResult(read)


def watched_by(recording):
    """Return the variables that the result of a run is made of, beside what monitors record."""
    net = recording.net
    names = ("w", "learning_rate", "plastic")
    parts = [*net.projections.values(), *net.learners.values()]
    watched = [part.variables[name] for part in parts for name in names if name in part.variables]
    watched += [monitor.variables["N"] for monitor in recording.monitors]
    judged = ("diverged_in", "diverged_loss", "largest_loss", "limit")
    return list(dict.fromkeys([*watched, *(net.trials.variables[name] for name in judged)]))


def warn_of_divergence(result):
    """Warn of networks whose losses in an evaluation are not finite."""
    for network in np.flatnonzero(result.diverged_in >= 0):
        logger.warn(
            f"The loss of network {network} is not finite in trial {result.diverged_in[network]} of"
            " this evaluation, and NaN after it.",
            "not_finite",
        )


def check_first(first, seen):
    """Raise unless `first` can be the number of the first trial of a run."""
    if first is None:
        return
    if not is_whole(first) or first < 0 or first % seen:
        many = f", and a multiple of the {seen} that run side by side" if seen > 1 else ""
        raise ValueError(
            f"first must be the number of a trial, a whole number of at least 0{many}; got"
            f" {first!r}"
        )
