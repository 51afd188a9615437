"""A published experiment: its declaration in a model's module, and the files that a run leaves."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import numpy as np

from ..identity.settings import versions
from ..results.files import save_arrays, write_together
from ..results.text import aligned


@dataclass(frozen=True)
class Row:
    """One line of the table: a measured quantity beside the published one and the expected range.

    `low` and `high` bound the expectation; without either there is no judgement. `spread` is a text
    about the differences between networks, `infinite` the text for an infinite `measured`.
    """

    quantity: str
    measured: float
    published: str = ""
    low: float | None = None
    high: float | None = None
    spread: str = ""
    infinite: str = "diverged"

    @property
    def measured_text(self):
        """The measured value as text."""
        return format_number(self.measured, infinite=self.infinite)

    @property
    def expected(self):
        """The bounds as text."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} .. {self.high:g}"
        return (
            f"> {self.low:g}"
            if self.low is not None
            else f"< {self.high:g}"
            if self.high is not None
            else ""
        )

    @property
    def holds(self):
        """True if the measured value lies within the bounds; None if there are no bounds."""
        if self.low is None and self.high is None:
            return None
        return bool(
            (self.low is None or self.measured > self.low)
            and (self.high is None or self.measured < self.high)
        )

    def as_json(self):
        """Return the row for `summary.json`; a number that is not finite becomes null."""
        measured = float(self.measured) if np.isfinite(self.measured) else None
        return dict(
            quantity=self.quantity,
            measured=measured,
            spread=self.spread or None,
            published=self.published or None,
            expected=self.expected or None,
            holds=self.holds,
        )


@dataclass(frozen=True)
class Settings:
    """The user's choices for a run; `full` says that it has at least the networks and trials of the
    paper.
    """

    networks: int
    trials: int
    seed: int
    device: str
    quick: bool
    full: bool = False


@dataclass(frozen=True)
class Outcome:
    """Result of an experiment: rows of the table, arrays to keep, and a function that draws the
    figure.
    """

    rows: list
    data: dict
    draw: Callable


@dataclass(frozen=True, eq=False)
class Experiment:
    """A figure of a paper that `brian-rflo run` reproduces.

    `parts` takes `Settings` and returns what is to be computed (`brian_rflo.crews.part.Part`);
    `outcome` takes the settings and the arrays of all parts by name, and returns an `Outcome`.
    """

    name: str
    title: str
    source: str
    parts: Callable
    outcome: Callable
    networks: int
    trials: int
    quick: dict
    takes: str = ""
    parameters: dict = field(default_factory=dict)

    def settings(self, networks=None, trials=None, seed=0, device="numpy", quick=False):
        """Return the settings of a run; arguments that are None take the paper's value, or the
        quick variant's.
        """
        chosen = {"networks": self.networks, "trials": self.trials} | (self.quick if quick else {})
        chosen |= {
            name: value
            for name, value in (("networks", networks), ("trials", trials))
            if value is not None
        }
        full = not quick and chosen["networks"] >= self.networks and chosen["trials"] >= self.trials
        return Settings(seed=seed, device=device, quick=quick, full=full, **chosen)


def all_arrays(parts):
    """Return the arrays of all parts in one dictionary, by names like ``"rflo-T200/losses"``."""
    return {
        f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()
    }


def format_number(value, form=".3g", infinite="diverged"):
    """Return a number as text; `infinite` replaces an infinite one."""
    return infinite if np.isinf(value) else f"{value:{form}}"


def listed(values, form):
    """Return the value of each network for the spread of a row, with a dash for values that are not
    finite.
    """
    return " ".join(f"{value:{form}}" if np.isfinite(value) else "-" for value in values)


def save(outcome, experiment, settings, seconds, folder):
    """Write ``figure.png``, ``data.npz`` and ``summary.json``, either all or none of them."""
    summary = dict(
        experiment=experiment.name,
        source=experiment.source,
        rows=[row.as_json() for row in outcome.rows],
        settings=asdict(settings) | experiment.parameters,
        versions=versions(),
        wall_time_s=round(seconds, 2),
        parts_s={
            name.removesuffix("/seconds"): round(float(value), 2)
            for name, value in outcome.data.items()
            if name.endswith("/seconds")
        },
    )
    return write_together(
        folder,
        {
            "figure.png": lambda path: outcome.draw().savefig(path, dpi=160, format="png"),
            "data.npz": lambda path: save_arrays(path, outcome.data),
            "summary.json": lambda path: path.write_text(json.dumps(summary, indent=2) + "\n"),
        },
    )


def table(rows):
    """Return the rows as text."""
    mark = {True: "yes", False: "NO", None: ""}
    lines = [("quantity", "measured", "spread", "published", "expected", "holds")]
    lines += [
        (row.quantity, row.measured_text, row.spread, row.published, row.expected, mark[row.holds])
        for row in rows
    ]
    shown = [column for column in range(6) if any(line[column] for line in lines[1:])]
    return aligned([[line[column] for column in shown] for line in lines])
