"""Trainings in pieces, where something looks at a trial before it begins."""

from __future__ import annotations

import sys
from itertools import pairwise
from time import monotonic

from ..gradient.measuring import Stopped

#: Seconds between two reports of a training in pieces.
PERIOD = 10


def run_watched(net, rounds, watches, recording, given) -> None:
    """Run rounds of trials: at once, or in pieces that begin where a round is looked at.

    Parameters
    ----------
    net : TrialNetwork
    rounds : int
    watches : list
        Objects with `is_due`, which takes the number of a round, and `before`, which takes the
        namespace of the run.
    recording : Recording
        That of the training.
    given : dict
        Arguments of `TrialNetwork.run`.
    """
    if not watches:
        net.run(rounds * net.task.duration, **given)
        return
    begun = round(float(net.t / net.task.dt)) // net.task.n_steps
    starts = [k for k in range(rounds) if any(one.is_due(begun + k) for one in watches)]
    report = Report(given["report"], rounds * net.task.duration)
    for start, end in pairwise(sorted({0, *starts, rounds})):
        with recording.interrupted():
            try:
                for watch in (one for one in watches if one.is_due(begun + start)):
                    watch.before(given["namespace"])
            except Stopped:
                return
        report.between(start / rounds, end / rounds)
        net.run((end - start) * net.task.duration, **given | {"report": report.of_piece})
        if round(float(net.t / net.task.dt)) != (begun + end) * net.task.n_steps:
            return  # it was stopped


class Report:
    """The report of a training in pieces, as if it were one run.

    Parameters
    ----------
    report : str, callable or None
        As for `TrialNetwork.run`.
    duration : Quantity
    """

    def __init__(self, report, duration):
        self.report, self.duration, self.began, self.last = report, duration, monotonic(), -PERIOD
        self.between(0.0, 1.0)

    def between(self, first: float, last: float) -> None:
        """Report a piece that goes from one fraction of the training to another."""
        self.ends = first, last

    @property
    def of_piece(self):
        """The argument of a run; None for no report."""
        return None if self.report is None else self._report

    def _report(self, elapsed, completed, start, duration):
        """Report, at most once in a period, and at the end."""
        first, last = self.ends
        done, now = first + (last - first) * completed, monotonic()
        if now - self.last < PERIOD and done < 1:
            return
        self.last = now
        if callable(self.report):
            self.report(now - self.began, done, start, self.duration)
        else:
            stream = sys.stderr if self.report == "stderr" else sys.stdout
            print(f"{done:.0%} of {self.duration} in {now - self.began:.0f} s", file=stream)
