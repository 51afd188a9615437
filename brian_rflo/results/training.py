"""The result of a training."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..analysis import (
    final_loss,
    losses_at_both_ends,
    means_at_both_ends,
    window_at_both_ends,
)
from . import labelled
from .archives import archive, dictionary, in_words, shortened
from .files import save_arrays, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray
    from xarray import Dataset


#: Size of losses in bytes above which their number must agree with the settings; smaller arrays may
#: have been cut or joined.
LARGE = 2**26
#: What settings say of losses that are rewards, with the opposite sign.
MINUS_REWARDS = "minus the rewards of a trial"
#: Prefixes of the names of weights.
WHEN = ("weights_before", "weights_after")
#: Dimensions that may be empty: tasks without inputs, networks without comparable feedback.
MAY_BE_EMPTY = ("input", "aligned_trials")


def alignment_interval(trials):
    """Return the number of trials between measurements of the alignment; a training has at most two
    hundred.
    """
    return max(1, -(-trials // 200))


@dataclass(frozen=True)
class TrainingResult:
    """Arrays of a training, with the network as first dimension.

    Attributes
    ----------
    losses : ndarray, shape (networks, trials)
        Loss of each trial; NaN after the trial in which a network diverged, or in which the
        training was stopped.
    dt : float
        Time step in seconds.
    target : ndarray, shape (n_steps, n_outputs)
        Target of the last trial, at the end of each step; NaN for a unit that has none, the value
        of an `ActorCritic`.
    mask : ndarray, shape (n_steps,) or (n_steps, n_outputs)
        Its mask; the second where each output has its own.
    first_output, output : ndarray, shape (networks, n_steps, n_outputs)
        Output in the first and in the last trial; the latter NaN where all networks diverged and
        the simulation ended early.
    weights_before, weights_after : dict of ndarray, each of shape (networks, post, pre)
        ``"recurrent"``, ``"output"``, ``"feedback"``, ``"input"`` at the beginning and at the end;
        of a network of your own parts, all its projections by name.
    aligned_trials : ndarray, shape (n,)
        Numbers of finished trials at which the alignment was measured; none where readout and
        feedback cannot be compared.
    alignment : ndarray, shape (networks, n)
        Cosine between readout and feedback weights.
    diverged_in : ndarray, shape (networks,)
        Trial in which a network diverged, -1 if it did not.
    settings : dict
        Everything that decided the numbers, as text and numbers by name: task, neurons, rule, ...,
        seed, target of the code, versions.
    """

    losses: np.ndarray
    dt: float
    target: np.ndarray
    mask: np.ndarray
    first_output: np.ndarray
    output: np.ndarray
    weights_before: dict
    weights_after: dict
    aligned_trials: np.ndarray
    alignment: np.ndarray
    diverged_in: np.ndarray
    settings: dict = field(default_factory=dict)

    @property
    def times(self) -> NDArray:
        """End of each step of a trial, in seconds; shape (n_steps,)."""
        return (np.arange(len(self.target)) + 1) * self.dt

    @property
    def shown(self) -> NDArray:
        """Numbers of its trials, as the task counts them; shape (trials,). Of an `ArrayTask`,
        ``task.index_of(result.shown)`` says which of the arrays each was.
        """
        first = self.settings.get("first_shown", self.settings.get("first_trial", 0))
        return first + np.arange(self.losses.shape[1])

    @property
    def has_rewards(self) -> bool:
        """True if the losses are rewards with the opposite sign."""
        return self.settings.get("loss") == MINUS_REWARDS

    @property
    def rewards(self) -> NDArray:
        """Sum of the rewards of each trial, minus the loss, with an `ActorCritic` readout; shape
        (networks, trials).

        Raises
        ------
        ValueError
            If the losses are not rewards.
        """
        if not self.has_rewards:
            raise ValueError(
                "these are losses of a task with targets, not rewards; rewards come with"
                " readout=ActorCritic()"
            )
        return 0 - self.losses

    @property
    def final_loss(self) -> NDArray:
        """Median loss of the last hundred finished trials; shape (networks,)."""
        return final_loss(self._losses_to_the_end)

    @property
    def _losses_to_the_end(self):
        """Return the losses of finished trials, or of all trials if no network has finished."""
        return (
            self.losses[:, : max(self._finished, 1)]
            if (self.diverged_in < 0).any()
            else self.losses
        )

    @property
    def _finished(self):
        return self.settings.get("finished_trials", self.losses.shape[1])

    def arrays(self) -> dict[str, NDArray]:
        """Return everything as a flat dictionary of arrays, weights by names like
        ``"weights_after_recurrent"``, settings as JSON.
        """
        flat = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if entry.name.startswith("weights"):
                flat |= {f"{entry.name}_{key}": array for key, array in value.items()}
            else:
                flat[entry.name] = np.asarray(
                    json.dumps(value) if entry.name == "settings" else value
                )
        return flat

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> TrainingResult:
        """Return the result whose `arrays` these are, from any mapping; other names are ignored.

        Raises
        ------
        ValueError
            If something is missing, or arrays do not match.
        """
        settings = settings_from(arrays.get("settings", {}))
        check_sizes(arrays, dimensions_of(arrays), settings)
        if not 0 < float(arrays["dt"]) < np.inf:
            raise ValueError(f"dt must be a positive number of seconds; got {float(arrays['dt'])}")
        names = names_of_weights(arrays)
        weights = {when: {name: arrays[f"{when}_{name}"] for name in names} for when in WHEN}
        return cls(
            dt=float(arrays["dt"]),
            settings=settings,
            **weights,
            **{name: arrays[name] for name in labelled.DIMENSIONS},
        )

    def to_xarray(self) -> Dataset:
        """Return an `xarray.Dataset` with named dimensions and units, and the settings as
        attributes; needs ``brian_rflo[results]``.
        """
        return labelled.dataset_of(self)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the result to a file, atomically: netCDF for ``"x.nc"`` (needs
        ``brian_rflo[results]``), NumPy's arrays for ``"x.npz"``.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            For another ending.
        OSError
            If it cannot be written.
        """
        if ending(path) == ".nc":
            return labelled.write(self.to_xarray(), path)
        return write_whole(path, lambda waiting: save_arrays(waiting, self.arrays()))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> TrainingResult:
        """Read a file written by `save`; no code in it is run.

        Raises
        ------
        FileNotFoundError, IsADirectoryError
            If there is no such file.
        RuntimeError
            If it is damaged.
        ValueError
            If it is not a result, or has another ending.
        """
        with labelled.opened(path) if ending(path) == ".nc" else archive(path) as file:
            try:
                dimensions = dimensions_of(file.headers)
                settings = file.dictionary("settings") if "settings" in file.headers else {}
                check_sizes(file.headers, dimensions, settings)
                return cls.from_arrays(file.read(dimensions) | {"settings": settings})
            except ValueError as error:
                raise ValueError(f"'{file.path}' holds no result of a training: {error}") from error

    def plot(self, axes: Sequence[Axes] | None = None, network: int = 0) -> Sequence[Axes]:
        """Draw loss, output beside target, and alignment; returns the three axes."""
        from ..plotting import plot_training

        return plot_training(self, axes=axes, network=network)

    def __str__(self):
        rows = [f"network {k}: {self._course(k)}{self._fate(k)}" for k in range(len(self.losses))]
        trials, window = self.losses.shape[1], window_at_both_ends(self._losses_to_the_end)
        finished = (
            f"{trials} trials"
            if self._finished == trials
            else f"{self._finished} of {trials} trials"
        )
        measure = f", {self._measured} of the first and of the last {window}" if window > 1 else ""
        padding = [self.settings["padding"]] if "padding" in self.settings else []
        return "\n".join([finished + measure, *padding, *rows])

    @property
    def _measured(self):
        return "rewards are means" if self.has_rewards else "losses are medians"

    def _course(self, network):
        """Describe the loss of a network at the beginning and the end, measured alike, and the
        alignment if it has a meaning.
        """
        losses = self._losses_to_the_end[network]
        first, last = losses_at_both_ends(losses)
        alignment = [f"{value:+.2f}" for value in self.alignment[network]]
        course = f"loss {first:.3g} -> {last:.3g}"
        if self.has_rewards:
            course = "reward {:.3g} -> {:.3g}".format(*means_at_both_ends(0 - losses))
        return course + (f", alignment {alignment[0]} -> {alignment[-1]}" if alignment else "")

    def _fate(self, network):
        trial = self.diverged_in[network]
        return "" if trial < 0 else f", diverged in trial {trial}"


def ending(path):
    """Return the ending of a file name, ``".nc"`` or ``".npz"``."""
    suffix = Path(str(path)).suffix
    if suffix not in (".nc", ".npz"):
        raise ValueError(
            f"results are saved as netCDF ('.nc') or NumPy arrays ('.npz'); got '{path}': write for"
            " example 'result.npz'"
        )
    return suffix


def settings_from(value):
    """Return settings from JSON, or as they are."""
    return value if isinstance(value, dict) else dictionary("settings", value)


def names_of_weights(arrays):
    """Return the names of the weights among arrays of a result, those of the standard network
    first.
    """
    names = [
        name.removeprefix(f"{when}_")
        for when in WHEN
        for name in arrays
        if name.startswith(f"{when}_")
    ]
    return list(dict.fromkeys([*(name for name in labelled.WEIGHTS if name in names), *names]))


def dimensions_of(arrays):
    """Return the names of the dimensions of each array of a result.

    Raises
    ------
    ValueError
        If one is missing.
    """
    along = labelled.dimensions_of_weights(names_of_weights(arrays))
    weights = {f"{when}_{name}": dimensions for name, dimensions in along.items() for when in WHEN}
    mask = arrays.get("mask", ())
    wanted = {"dt": (), **labelled.dimensions_with(mask), **weights}
    missing = sorted(set(wanted) - set(arrays))
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return wanted


def check_sizes(arrays, dimensions, settings):
    """Raise unless arrays, or their headers, are numeric, and each dimension has one size."""
    for name in ("trials", "first_trial", "first_shown", "finished_trials"):
        if name in settings and (type(settings[name]) is not int or settings[name] < 0):
            raise ValueError(
                f"'{name}' in its settings must be a whole number, 0 or more; "
                f"got {shortened(settings[name])}"
            )
    losses = arrays["losses"]
    is_large = math.prod(losses.shape) * losses.dtype.itemsize > LARGE
    sizes = {"trial": ("settings", settings["trials"])} if is_large and "trials" in settings else {}
    for name, along in dimensions.items():
        if arrays[name].dtype.kind not in "biuf" or len(arrays[name].shape) != len(along):
            raise ValueError(
                f"{name} must be {' by '.join(along) if along else 'one number'}; "
                f"got {in_words(arrays[name])}"
            )
        for dimension, size in zip(along, arrays[name].shape):
            first, known = sizes.setdefault(dimension, (name, size))
            if size != known or (size == 0 and dimension not in MAY_BE_EMPTY):
                raise ValueError(
                    f"{name} has {size} along '{dimension}', where {first} has {known}"
                    if size != known
                    else f"{name} is empty along '{dimension}'"
                )


def is_result(value):
    """Return whether a value is the result of a training."""
    return isinstance(value, TrainingResult)
