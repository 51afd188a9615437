"""MNIST-1D: digits as sequences of forty numbers.

Greydanus and Kobak 2024, Scaling down deep learning with MNIST-1D, ICML (arXiv 2011.14439):
templates of ten digits, padded, scaled, shifted, sheared, with noise, made by the authors' package
`mnist1d`.
"""

import random
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..brian.quantities import check_count
from .sequences import SequenceTask, package

__all__ = ["MNIST1D"]


@contextmanager
def random_numbers_kept():
    """Put the two global generators of random numbers back, which the package seeds."""
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


@lru_cache
def sequences(samples):
    """The dataset of that many sequences, as the authors split it."""
    package("mnist1d", "MNIST1D")
    data = package("mnist1d.data", "MNIST1D")
    settings = data.get_dataset_args()
    settings.num_samples = samples
    with random_numbers_kept():
        made = data.make_dataset(settings)
    return {
        "train": (made["x"][..., None], made["y"]),
        "test": (made["x_test"][..., None], made["y_test"]),
    }


@dataclass(frozen=True, kw_only=True)
class MNIST1D(SequenceTask):
    """Say which digit a sequence of forty numbers is (Greydanus and Kobak 2024).

    The dataset of the authors, with their settings and their split: 4000 sequences to train with
    and 1000 to test, of mean 0 and standard deviation 1. Making it takes some seconds, once in a
    process. Needs ``pip install 'brian_rflo[tasks]'``.

    Parameters
    ----------
    samples : int
        Sequences that are made, a fifth of which are the test set; 5000 is the published dataset,
        fewer are another, smaller one.
    show, answer : Quantity
        How long each number is shown, and how long the answer counts after the last one.
    part : {"train", "test"}
        Which set the trials are drawn from.
    dt, seed
        See `Task`.

    Raises
    ------
    ModuleNotFoundError
        Without the package mnist1d.
    ValueError
        If a time is no whole number of steps, or another argument is out of its range.

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

    def sets(self):
        return sequences(int(self.samples))
