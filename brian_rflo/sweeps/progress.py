"""State of a sweep, and messages about it."""

import json
from contextlib import suppress

import numpy as np

from ..crews import NO_ROOM, NOT_COMPUTED
from ..crews.part import name_file_in_errors, read
from ..crews.pieces import has_failed
from ..crews.progress import Pace
from ..results.archives import read_arrays
from ..results.files import write_whole
from .returned import numbers_of, returned_from
from .table import NetworkRow, SweepTable
from .words import settings_text

SHOWN_FAILURES = 5


def line_printer(report):
    """Return the function that prints messages for the user."""
    if report is None:
        return lambda line: None
    if report == "text":
        return print_line
    if not callable(report):
        raise TypeError(
            f"sweep: report must be 'text', None or a function of one line; got {report!r}"
        )
    return report


def print_line(line):
    """Print a line, unless standard output goes to a full disk."""
    try:
        print(line, flush=True)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise


class Finished:
    """The finished networks of a sweep, and messages about them; the `report` of `crews.work`."""

    def __init__(self, networks, paths, folder, say):
        self.networks, self.paths, self.folder, self.say, self.rows = (
            networks,
            paths,
            folder,
            say,
            {},
        )
        for network in networks:
            if paths[network.name].exists():
                self.rows[network.name] = self.row(network, read(paths[network.name]))
        self.pace = Pace()
        self.before, self.computed, self.shown = len(self.rows), 0.0, 0
        self.where = ""

    def row(self, network, arrays):
        """Return the row of a finished network."""
        with name_file_in_errors(self.paths[network.name]):
            numbers, remark = numbers_of(returned_from(arrays), network.arguments)
        return NetworkRow(
            network.arguments, numbers, float(arrays["seconds"]), remark, self.paths[network.name]
        )

    def traceback(self, network):
        """Return the path of the file with a failure's traceback."""
        return self.paths[network.name].with_suffix(".failed.txt")

    def ended(self, network, outcome):
        """Record that a network has ended."""
        if outcome is NOT_COMPUTED:
            row = NetworkRow(network.arguments, {}, np.nan, outcome.reason, None, outcome)
            self.rows[network.name] = row
        elif has_failed(outcome):
            self.failed(network, outcome)
        else:
            self.rows[network.name] = self.row(network, read(self.paths[network.name]))
            self.computed += self.rows[network.name].seconds
            with suppress(OSError):
                self.traceback(network).unlink(missing_ok=True)
        if self.pace.silence > 2 or len(self.rows) - self.before == 1:
            self.pace.hurry()

    def failed(self, network, failure):
        """Record a failure, and report it unless many have been reported."""
        text = f"{settings_text(network.arguments)}\n\n{failure.details or failure.reason}\n"
        file = self.traceback(network)
        with suppress(OSError):
            write_whole(file, lambda waiting: waiting.write_text(text, encoding="utf-8"))
        where = f" ({file})" if file.exists() else ""
        self.rows[network.name] = NetworkRow(
            network.arguments, {}, np.nan, f"failed: {failure.reason}", None, failure
        )
        self.shown += 1
        if self.shown <= SHOWN_FAILURES:
            self.say(f"  failed: {settings_text(network.arguments)}: {failure.reason}{where}")
        if self.shown == SHOWN_FAILURES:
            self.say("  (further failures are in the table)")

    def report_progress(self, executor, elsewhere):
        """Report progress, if that was not done recently."""
        if len(self.rows) == len(self.networks) or not self.pace.is_due():
            return
        others = f", {len(elsewhere)} at work in another sweep" if elsewhere else ""
        self.say(
            f"  {self.count_text()} after"
            f" {format_duration(self.pace.elapsed)}{self.time_left(executor)}{others}"
        )

    def time_left(self, executor):
        """Return the estimated time left as text; empty before the first network is finished."""
        done, left = len(self.rows) - self.before, len(self.networks) - len(self.rows)
        if not done or not self.computed:
            return ""
        elapsed = self.pace.elapsed
        at_a_time = (
            min(executor.at_a_time, left)
            if np.isfinite(executor.at_a_time)
            else max(1.0, self.computed / elapsed)
        )
        half_done = 0.5 * min(at_a_time, left) if executor.is_concurrent else 0.0
        seconds = (left - half_done) * self.computed / done / at_a_time
        return f", about {format_duration(seconds)} left"

    def count_text(self):
        """Return the number of finished networks as text."""
        left = sum(row.failure is NOT_COMPUTED for row in self.rows.values())
        failed = sum(row.failure is not None for row in self.rows.values()) - left
        numbers = {"failed": failed, "not computed": left}
        others = ", ".join(f"{number} {what}" for what, number in numbers.items() if number)
        others_text = f" ({others})" if others else ""
        return f"{len(self.rows) - failed - left} of {len(self.networks)} networks{others_text}"

    def report_finished(self, missing):
        """Report which networks were in the folder, and why others are computed anew."""
        if len(missing) < len(self.networks):
            self.say(
                f"{len(self.networks) - len(missing)} of {len(self.networks)} networks are finished"
                f" already, in {self.folder}"
            )
        changed = [
            what
            for network in missing
            for what in [self.what_has_changed(network.name, network.began)]
            if what
        ]
        if changed:
            self.say(
                f"{len(changed)} networks are computed anew: what is in {self.folder} is older than"
                f" a change of {' and '.join(sorted(set().union(*changed)))} (it stays there until"
                " you delete it)"
            )

    def what_has_changed(self, name, now):
        """Return the differences from the network with the same settings in the folder; empty if
        there is none.
        """
        for path in self.folder.glob(f"{name}-*.npz"):
            with suppress(OSError, KeyError, RuntimeError, ValueError):
                then = json.loads(str(read_arrays(path)["about"]))
                if then["settings"] == now["settings"]:
                    return {what for what in now if what in then and now[what] != then[what]}
        return set()

    def report_outcome(self, computed):
        """Report the outcome of the sweep."""
        took = f" after {format_duration(self.pace.elapsed)}" if computed else ""
        self.say(f"{self.count_text()}{took}; {self.where}")
        if any(row.failure is NOT_COMPUTED for row in self.rows.values()):
            goes_on = "when that is mended, the same sweep goes on from there"
            self.say(f"stopped, since nothing more could be kept; {goes_on}")

    def save_table(self):
        """Save the table as it is now; report a failure to do so without hiding an interruption."""
        try:
            self.where = f"table: {self.table().save(self.folder / 'table.csv')}"
        except OSError as error:
            self.where = f"the table was not written: {error}"
            self.say(f"  {self.where}")

    def table(self):
        """Return the table as it is now."""
        return SweepTable(
            [self.rows[network.name] for network in self.networks if network.name in self.rows]
        )


def format_duration(seconds):
    """Return a duration as text."""
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
