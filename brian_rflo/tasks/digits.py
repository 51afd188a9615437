"""Handwritten digits, row by row or pixel by pixel: the 8 x 8 images that come with scikit-learn.

The images are the test set of Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits,
UCI Machine Learning Repository, doi 10.24432/C50P49.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..brian.optional import optional
from .sequences import SequenceTask

__all__ = ["SequentialDigits"]

N_TEST, MOST = 360, 16


@lru_cache
def images():
    """Return the images, with values from 0 to 1, and their digits.

    Both are shuffled with a fixed seed, since the originals are ordered by writer.
    """
    digits = optional("tasks", "SequentialDigits", "sklearn.datasets").load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    return digits.images[order] / MOST, digits.target[order]


@dataclass(frozen=True, kw_only=True)
class SequentialDigits(SequenceTask):
    """Classify handwritten digits that are shown row by row or pixel by pixel.

    The data are the 1797 images of 8 x 8 pixels that come with scikit-learn, 360 of them the test
    set; pixels are from 0 to 1. Needs ``pip install 'brian_rflo[tasks]'``.

    Parameters
    ----------
    by : {"row", "pixel"}
        Show a row of eight pixels at a time, through eight inputs, or one pixel, through one.
    show, answer : Quantity
        Duration of each row, or pixel, and of the time after the last one in which the error
        counts.
    part : {"train", "test"}
        The set from which the trials are drawn.
    dt, seed
        See `Task`.

    Raises
    ------
    ModuleNotFoundError
        If scikit-learn is missing.
    ValueError
        If a time is not a whole number of steps, or another argument is invalid.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = SequentialDigits(show=5*ms, answer=20*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs, task.n_sequences
    (60, 8, 10, 1437)
    """

    by: str = "row"

    def __post_init__(self):
        super().__post_init__()
        if self.by not in ("row", "pixel"):
            raise ValueError(f"SequentialDigits: by must be 'row' or 'pixel'; got {self.by!r}")
        self.trial()

    def sets(self) -> dict[str, tuple[NDArray, NDArray]]:
        pixels, digits = images()
        sequences = pixels if self.by == "row" else pixels.reshape(len(pixels), -1, 1)
        return {
            "train": (sequences[N_TEST:], digits[N_TEST:]),
            "test": (sequences[:N_TEST], digits[:N_TEST]),
        }
