"""The result of a comparison: errors, a table, labelled arrays, a figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Quantity, ms

from ..crews.experiment import Outcome, Row, all_arrays, listed, table
from ..results import labelled
from ..results.training import TrainingResult
from . import panels
from .kinds import kind_of
from .training import LATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from xarray import Dataset

    from ..crews.part import Part
    from ..tasks import Task
    from .kinds import Kind


@dataclass(frozen=True)
class Comparison:
    """Result of `compare`.

    Attributes
    ----------
    task : Task
        The task, whose trials are shown.
    results : dict
        A `TrainingResult` for each pair of names ``(neurons, rule)``.
    arrays : dict
        All arrays of each pair, spikes of a trial of the trained networks ``[step, network,
        neuron]`` and firing rates in Hz among them.
    tau : Quantity
        Time constant that all of them share.
    """

    task: object
    results: dict
    arrays: dict
    tau: Quantity
    cut: float = field(default=0.1)

    @property
    def by_reward(self) -> bool:
        """True if networks learned from reward, so that errors are wrong answers."""
        return any(result.has_rewards for result in self.results.values())

    def errors(self, kind: str | Kind, rule: str) -> NDArray:
        """Return the normalised mean squared error of each trial, or 1 minus its reward: 0 for a
        right and 1 for a wrong answer; shape (networks, trials).
        """
        if (kind, rule) not in self.results:
            raise KeyError(
                f"no {kind!r} trained by {rule!r} in this comparison; there are"
                f" {', '.join(map(repr, self.results))}"
            )
        if self.by_reward:
            return 1 - self.results[kind, rule].rewards
        return 2 * self.results[kind, rule].losses / power(self.task)

    def final_error(self, kind: str | Kind, rule: str) -> NDArray:
        """Return the median error of the last 20 trials, or the share of wrong answers in the last
        twentieth of all trials; shape (networks,).
        """
        return self._running(kind, rule)[0][:, -1]

    def trials_to(self, kind: str | Kind, rule: str) -> NDArray:
        """Return the first trial from which on the running median error of 20 trials, or the share
        of wrong answers in a twentieth of all trials, is below 0.1; shape (networks,), infinite if
        there is none.
        """
        running, width = self._running(kind, rule)
        below = running < self.cut
        return np.where(below.any(axis=1), below.argmax(axis=1) + width, np.inf)

    def _running(self, kind, rule):
        """Return running medians of errors, or shares of wrong answers, and over how many trials
        they are.
        """
        errors = finite_or_infinite(self.errors(kind, rule))
        trials = errors.shape[1]
        width = min(trials, max(LATE, trials // LATE if self.by_reward else 0))
        windows = np.lib.stride_tricks.sliding_window_view(errors, width, axis=1)
        return (np.mean if self.by_reward else np.median)(windows, axis=-1), width

    def rows(self) -> list[Row]:
        """Return the rows of the table."""
        rows = []
        final_name = "wrong answers at the end" if self.by_reward else "final error (NMSE)"
        reached = "a share of wrong answers" if self.by_reward else "an error"
        for kind, rule in self.results:
            name, final, trials = (
                f"{kind_of(kind).label}, {rule}",
                self.final_error(kind, rule),
                self.trials_to(kind, rule),
            )
            rows.append(
                Row(
                    f"{name}: {final_name}, median",
                    np.median(final),
                    spread=listed(final, ".3g"),
                )
            )
            if rule != "least_squares":
                rows.append(
                    Row(
                        f"{name}: trials to {reached} of {self.cut:g}, median",
                        np.median(trials),
                        spread=listed(trials, ".0f"),
                        infinite="not reached",
                    )
                )
            if "rates" in self.arrays[kind, rule]:
                rates = self.arrays[kind, rule]["rates"].mean(axis=1)
                rows.append(
                    Row(
                        f"{name}: firing rate after training, Hz",
                        np.median(rates),
                        spread=listed(rates, ".0f"),
                    )
                )
            rows.append(
                Row(
                    f"{name}: CPU seconds, compiling included",
                    float(self.arrays[kind, rule]["cpu_s"]),
                )
            )
        return rows + [
            Row(
                f"time constant of rates and of filtered spikes, ms: {float(self.tau / ms):g}"
                " for all",
                float(self.tau / ms),
            )
        ]

    def panels(self) -> dict[str, Callable[[Axes], object]]:
        """Return drawing functions by name, which `plotting.plot_comparison` arranges."""
        return {name: partial(draw, self) for name, draw in panels.PANELS.items()}

    def legend(self) -> tuple[list, list[str]]:
        """Return lines and labels of the legend of its figure: rules, neuron models, the target."""
        return panels.legend(self)

    def to_xarray(self) -> Dataset:
        """Return an `xarray.Dataset` along ``neurons`` and ``rule``, including spikes, rates and
        durations; needs ``brian_rflo[results]``.
        """
        datasets = [
            labelled_pair(result, self.arrays[pair]) for pair, result in self.results.items()
        ]
        return labelled.stacked(
            datasets,
            neurons=[kind for kind, _ in self.results],
            rule=[rule for _, rule in self.results],
        )

    def save(self, path: str | PathLike[str]) -> Path:
        """Write `to_xarray` as netCDF, atomically; `xarray.open_dataset` reads it. Return the
        path.
        """
        return labelled.write(self.to_xarray(), path)

    def __str__(self):
        return table(self.rows())

    def plot(self) -> Figure:
        """Draw error over trials, outputs early and late, raster, firing rates, weight changes and
        alignment; return the figure.
        """
        return panels.draw(self)


def finite_or_infinite(errors):
    """Return errors with those of diverged networks, which are not finite, as infinite."""
    return np.nan_to_num(errors, nan=np.inf, posinf=np.inf)


def power(task: Task) -> float:
    """Return the variance of the target over the steps that count, summed over outputs."""
    values = []
    for number in range(10 if task.random else 1):
        _, target, mask = task.trial(number)
        weights = mask.reshape(len(mask), -1)  # of each step, or of each output
        values.append((weights * (target - target.mean(axis=0)) ** 2).sum() / len(target))
    return float(np.mean(values))


def labelled_pair(result, arrays):
    """Return the dataset of one neuron model and rule."""
    extra = {
        "cpu_s": ((), arrays["cpu_s"], {"long_name": "CPU time, compiling included", "units": "s"})
    }
    if "spikes" in arrays:
        extra["spikes"] = (
            ("time", "network", "post"),
            arrays["spikes"].astype(np.int8),
            {"long_name": "spikes of a trial after training", "units": "1"},
        )
        extra["rates"] = (
            ("network", "post"),
            arrays["rates"],
            {"long_name": "firing rate after training", "units": "Hz"},
        )
    return result.to_xarray().assign(extra)


def comparison_of(wanted: Sequence[Part], arrays: dict[str, dict[str, NDArray]]) -> Comparison:
    """Return the comparison of the computed parts."""
    named = {(part.arguments["kind"], part.arguments["rule"]): arrays[part.name] for part in wanted}
    return Comparison(
        wanted[0].arguments["task"],
        {pair: TrainingResult.from_arrays(values) for pair, values in named.items()},
        named,
        wanted[0].arguments["tau"],
    )


def outcome(wanted: Sequence[Part], arrays: dict[str, dict[str, NDArray]]) -> Outcome:
    """Return table and figure for the command line."""
    comparison = comparison_of(wanted, arrays)
    return Outcome(comparison.rows(), all_arrays(arrays), comparison.plot)
