"""The table of a sweep: on screen, as CSV, as labelled arrays, as a figure."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import labelled, plotting
from ..crews import Failure
from ..files import read_arrays, write_whole
from ..settings import described
from .returned import dataset_of, returned_from
from .words import label, short, told, unit_of

SHOWN_ROWS = 60


@dataclass(frozen=True)
class Row:
    """A network in the table: its settings, numbers and seconds, a remark, its file, and why it has failed, if it has."""

    settings: dict
    numbers: dict
    seconds: float
    remark: str
    path: Path | None
    failure: Failure | None = None

    def result(self):
        """What the function returned, read from the file; None if it has failed."""
        return None if self.path is None else returned_from(read_arrays(self.path))


@dataclass(frozen=True)
class SweepTable:
    """What `sweep` returns: a row for each network, in the order of the parameters; print it.

    Attributes
    ----------
    rows : list of Row
        Of each network `settings`, `numbers` (``"final_loss"``, the median over networks side by side; or all single numbers in the dictionary that the
        function returned), `seconds`, `path`, and, where it has failed, `failure` with `reason` and `details`, the traceback.
    """

    rows: list

    @property
    def results(self):
        """What the function returned, network by network, read from the files now; None where it failed."""
        return [row.result() for row in self.rows]

    @property
    def failed(self):
        """Rows of the networks that have failed."""
        return [row for row in self.rows if row.failure is not None]

    def result(self, **settings):
        """What the function returned for these settings.

        Raises
        ------
        KeyError
            If no network, or more than one, has them.
        RuntimeError
            If it has failed, with the reason.
        """
        found = [row for row in self.rows if all(name in row.settings and described(row.settings[name]) == described(value) for name, value in settings.items())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} networks have {told(settings)}; the settings are {', '.join(self.rows[0].settings)}, for example {told(self.rows[0].settings)}")
        if found[0].failure:
            raise RuntimeError(f"{told(settings)} has failed: {found[0].failure}")
        return found[0].result()

    def columns(self):
        """Names of the numbers."""
        return list(dict.fromkeys(name for row in self.rows for name in row.numbers))

    def save(self, path):
        """Write it as CSV, whole or not at all; quantities in base units, which the header names. Returns the path."""
        names = list(self.rows[0].settings) if self.rows else []
        header = [f"{name}{unit_of([row.settings[name] for row in self.rows])}" for name in names] + [*self.columns(), "seconds", "remark"]
        lines = [[label(value) for value in row.settings.values()] + [row.numbers.get(name, "") for name in self.columns()] + ["" if np.isnan(row.seconds) else row.seconds, row.remark] for row in self.rows]

        def write(waiting):
            with open(waiting, "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([header, *lines])

        return write_whole(path, write)

    def to_xarray(self):
        """An `xarray.Dataset` along the parameters, `seconds` among its variables, NaN where a network failed; needs ``brian_rflo[results]``.

        Results that are no `TrainingResult` have dimensions like ``"rates_0"``, ``"rates_1"``.
        """
        done = [row for row in self.rows if row.failure is None]
        if not done:
            raise ValueError("no network has been finished, so there is nothing to put into arrays; see the reasons in table.failed")
        datasets = [dataset_of(row.result()).assign(seconds=((), row.seconds, {"units": "s"})) for row in done]
        places = {name: [label(row.settings[name]) for row in done] for name in done[0].settings}
        everywhere = {name: list(dict.fromkeys(label(row.settings[name]) for row in self.rows)) for name in done[0].settings}
        stacked = labelled.stacked(datasets, everywhere, **places)
        for name in places:
            unit = unit_of([row.settings[name] for row in self.rows])
            if unit:
                stacked[name].attrs["units"] = unit.strip(" ()")
        return stacked

    def plot(self, parameter, number=None, ax=None):
        """Draw a number of the table, by default the first, against a parameter: a point for each network, a line through the medians; returns the axes."""
        return plotting.plot_sweep(self, parameter, number or self.columns()[0], ax)

    def __str__(self):
        names = list(self.rows[0].settings) if self.rows else []
        lines = [[*names, *self.columns(), "seconds", ""]]
        lines += [[*(short(value) for value in row.settings.values()), *(shown(row.numbers.get(name, "")) for name in self.columns()), shown(row.seconds, ".1f"), first_line(row.remark)] for row in self.rows]
        if len(lines) > SHOWN_ROWS + 1:
            lines[SHOWN_ROWS // 2 + 1 : -SHOWN_ROWS // 2] = [["..."] + [""] * (len(lines[0]) - 1)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        text = ["  ".join([*(cell.rjust(width) for cell, width in zip(line[:-1], widths)), line[-1]]).rstrip() for line in lines]
        return "\n".join([text[0], "-" * max(map(len, text[:1])), *text[1:]])


def shown(value, form=".3g"):
    """A number for the table on screen."""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return "" if np.isnan(value) and form == ".1f" else f"{value:{form}}"


def first_line(text):
    """As much of a text as a line takes."""
    line = text.partition("\n")[0]
    return line if len(line) <= 100 else f"{line[:97]}..."
