"""MNIST-1D: digits as sequences of forty numbers.

Greydanus and Kobak 2024, Scaling down deep learning with MNIST-1D, ICML (arXiv 2011.14439):
templates of ten digits that are padded, scaled, shifted, sheared and made noisy by the authors'
package `mnist1d`.
"""

import random
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..brian.optional import optional
from ..brian.quantities import check_count
from .sequences import SequenceTask

__all__ = ["MNIST1D"]


@contextmanager
def preserved_random_state():
    """Restore the states of Python's and NumPy's global generators, which the package seeds."""
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


@lru_cache
def sequences(samples):
    """Return the dataset with `samples` sequences, in the authors' split."""
    data = optional("tasks", "MNIST1D", "mnist1d.data")
    settings = data.get_dataset_args()
    settings.num_samples = samples
    with preserved_random_state():
        made = data.make_dataset(settings)
    return {
        "train": (made["x"][..., None], made["y"]),
        "test": (made["x_test"][..., None], made["y_test"]),
    }


@dataclass(frozen=True, kw_only=True)
class MNIST1D(SequenceTask):
    """Classify digits given as sequences of forty numbers (Greydanus and Kobak 2024).

    The dataset has the settings and the split of the authors: 4000 training and 1000 test
    sequences, of mean 0 and standard deviation 1. It is generated once per process, within seconds.
    Needs ``pip install 'brian_rflo[tasks]'``.

    Parameters
    ----------
    samples : int
        Number of sequences, a fifth of them the test set; 5000 gives the published dataset.
    show, answer : Quantity
        Duration of each number, and of the time after the last one in which the error counts.
    part : {"train", "test"}
        The set from which the trials are drawn.
    dt, seed
        See `Task`.

    Raises
    ------
    ModuleNotFoundError
        If the package mnist1d is missing.
    ValueError
        If a time is not a whole number of steps, or another argument is out of its range.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = MNIST1D(samples=50, show=2*ms, answer=20*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs, task.n_sequences
    (100, 1, 10, 40)
    """

    samples: int = 5000

    def __post_init__(self):
        super().__post_init__()
        check_count("MNIST1D: samples", self.samples, least=10)
        self.trial()

    def sets(self) -> dict[str, tuple[NDArray, NDArray]]:
        return sequences(int(self.samples))
