"""The table of a sweep: on screen, as CSV, as labelled arrays, as a figure."""

from __future__ import annotations

from csv import writer
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import plotting
from ..crews import Failure
from ..crews.part import name_file_in_errors
from ..identity import described
from ..results import labelled
from ..results.archives import read_arrays
from ..results.files import write_whole
from ..results.text import aligned
from .returned import dataset_of, returned_from
from .words import first_line, is_scalar, labels, plain, settings_text, short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from matplotlib.axes import Axes
    from xarray import Dataset


SHOWN_ROWS, MISSING = 60, object()


@dataclass(frozen=True)
class NetworkRow:
    """A network in the table: settings, numbers, seconds, a remark, its file, and its failure, if
    any.
    """

    settings: dict
    numbers: dict
    seconds: float
    remark: str
    path: Path | None
    failure: Failure | None = None

    def result(self):
        """Return the function's return value, read from the file; None if it has failed."""
        if self.path is None:
            return None
        with name_file_in_errors(self.path):
            return returned_from(read_arrays(self.path))


@dataclass(frozen=True)
class SweepTable:
    """Result of `sweep`: a row for each network, in the order of the parameters; print it.

    Attributes
    ----------
    rows : list of NetworkRow
        A row per network, with `settings`, `numbers` (``"final_loss"``, the median over networks
        side by side; or all single numbers in the dictionary that the function returned),
        `seconds`, `path`, and, where it has failed, `failure` with `reason` and `details`, the
        traceback.
    """

    rows: list

    @property
    def results(self) -> list:
        """Return values of the function, network by network, read from the files at each access;
        None for failed ones.
        """
        return [row.result() for row in self.rows]

    @property
    def failed(self) -> list[NetworkRow]:
        """Rows of the networks that have failed."""
        return [row for row in self.rows if row.failure is not None]

    def result(self, **settings) -> object:
        """Return the function's return value for these settings.

        Raises
        ------
        KeyError
            If no network, or more than one, has them.
        RuntimeError
            If it has failed, with the reason.
        """
        unknown = [name for name in settings if name not in self.rows[0].settings]
        if unknown:
            raise KeyError(
                f"the networks have no argument '{unknown[0]}'; they have"
                f" {', '.join(self.rows[0].settings)}"
            )
        found = [
            row
            for row in self.rows
            if all(
                described(row.settings[name]) == described(plain(value))
                for name, value in settings.items()
            )
        ]
        if len(found) != 1:
            there = "; ".join(
                f"{name} is one of"
                f" {', '.join(dict.fromkeys(short(row.settings[name]) for row in self.rows))}"
                for name in self.rows[0].settings
            )
            raise KeyError(f"{len(found)} networks have {settings_text(settings)}; {there}")
        if found[0].failure:
            raise RuntimeError(f"{settings_text(settings)} has failed: {found[0].failure}")
        return found[0].result()

    @property
    def parameters(self) -> list[str]:
        """Names of the arguments."""
        return list(self.rows[0].settings) if self.rows else []

    def columns(self) -> list[str]:
        """Return the names of the numbers."""
        return list(dict.fromkeys(name for row in self.rows for name in row.numbers))

    def column(self, name: str) -> tuple[list, str]:
        """Return the values of an argument or number, row by row with None where missing, and their
        unit: quantities are in base units.
        """
        values = [(row.settings | row.numbers).get(name, MISSING) for row in self.rows]
        there, unit = labels([value for value in values if value is not MISSING])
        there = iter(there)
        return [None if value is MISSING else next(there) for value in values], unit

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the table as CSV, atomically; quantities in base units, which the header names.
        Return the path.
        """
        columns = {name: self.column(name) for name in (*self.parameters, *self.columns())}
        header = [
            *(f"{name} ({unit})" if unit else name for name, (_, unit) in columns.items()),
            "seconds",
            "remark",
        ]
        seconds, remarks = (
            ["" if np.isnan(row.seconds) else row.seconds for row in self.rows],
            [row.remark for row in self.rows],
        )

        def write(waiting):
            with open(waiting, "w", newline="", encoding="utf-8") as file:
                writer(file).writerows(
                    [header, *zip(*(values for values, _ in columns.values()), seconds, remarks)]
                )

        return write_whole(path, write)

    def to_xarray(self) -> Dataset:
        """Return an `xarray.Dataset` along the parameters, with `seconds`, and NaN for failed
        networks; needs ``brian_rflo[results]``.

        Results that are not a `TrainingResult` have dimensions like ``"rates_0"``, ``"rates_1"``. A
        returned name that is one of a parameter becomes ``"returned_NAME"``; a parameter that has
        the name of a dimension of results ``"parameter_NAME"``. Parameters of several kinds,
        ``[None, 10*ms]``, have texts for values.

        Raises
        ------
        ValueError
            If no network has been finished, or their arrays differ in size or unit.
        """
        done = [row.failure is None for row in self.rows]
        if not any(done):
            raise ValueError(
                "no network has been finished, so there is nothing to put into arrays; see the"
                " reasons in table.failed"
            )
        datasets = [
            dataset_of(row.result(), self.parameters).assign(
                seconds=((), row.seconds, {"units": "s"})
            )
            for row in self.rows
            if row.failure is None
        ]
        check_sizes(datasets)
        check_units(datasets)
        taken = {name for dataset in datasets for name in (*dataset.variables, *dataset.dims)}
        places = {
            f"parameter_{name}" if name in taken else name: self.column(name)
            for name in self.parameters
        }
        stacked = labelled.stacked(
            datasets,
            {name: values for name, (values, _) in places.items()},
            **{name: list(compress(values, done)) for name, (values, _) in places.items()},
        )
        for name, (_, unit) in places.items():
            stacked[name].attrs.update({"units": unit} if unit else {})
        return stacked

    def plot(
        self,
        parameter: str,
        number: str | None = None,
        ax: Axes | None = None,
        hue: str | Sequence[str] | None = None,
    ) -> Axes:
        """Draw a number of the table, by default the first, against a parameter: a point for each
        network, lines through medians, one for each value of the other parameters, or of those in
        `hue` (`plotting.plot_sweep`); returns the axes.
        """
        return plotting.plot_sweep(self, parameter, number, ax, hue)

    def __str__(self):
        lines = [[*self.parameters, *self.columns(), "seconds", ""]]
        lines += [
            [
                *(short(value) for value in row.settings.values()),
                *(shown(row.numbers.get(name, "")) for name in self.columns()),
                shown(row.seconds, ".1f"),
                first_line(row.remark),
            ]
            for row in self.rows
        ]
        if len(lines) > SHOWN_ROWS + 1:
            lines[SHOWN_ROWS // 2 + 1 : -SHOWN_ROWS // 2] = [["..."] + [""] * (len(lines[0]) - 1)]
        return aligned(lines, right=range(len(lines[0]) - 1))


def check_sizes(datasets):
    """Raise unless arrays of one name have one size, or have coordinates that tell what is
    missing.
    """
    for name in dict.fromkeys(
        name for dataset in datasets for name in dataset.dims if name not in dataset.coords
    ):
        sizes = sorted({dataset.sizes[name] for dataset in datasets if name in dataset.dims})
        if len(sizes) > 1:
            raise ValueError(
                f"the arrays of these networks have from {sizes[0]} to {sizes[-1]}"
                f" entries along '{name}', so they do not form one array; take them one by"
                " one: table.results, or table.result(...).to_xarray()"
            )


def check_units(datasets):
    """Raise unless arrays of one name have one unit."""
    for name in dict.fromkeys(name for dataset in datasets for name in dataset.data_vars):
        units = {
            dataset[name].attrs.get("units", "1")
            for dataset in datasets
            if name in dataset.data_vars
        }
        if len(units) > 1:
            raise ValueError(
                f"'{name}' has the unit"
                f" {' in some of these networks and '.join(sorted(units))} in others, so"
                " they do not form one array; let the function return one unit, or take"
                " table.results"
            )


def shown(value, form=".3g"):
    """Return a number as text for the table on screen."""
    if isinstance(value, bool) or not isinstance(value, float) or is_scalar(value):
        return short(value)
    return "" if np.isnan(value) and form == ".1f" else f"{value:{form}}"
