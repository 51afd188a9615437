"""What tasks have in common that show a sequence, one row after the other, and ask at the end which
class it is of.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from .base import Task

PARTS = ("train", "test")


def package(name, task, installs="tasks"):
    """An optional package, imported.

    Raises
    ------
    ModuleNotFoundError
        That says how to install it.
    """
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{task} needs a package that is missing, {error.name}; write pip install"
            f" 'brian_rflo[{installs}]'"
        ) from error


@dataclass(frozen=True, kw_only=True)
class SequenceTask(Task):
    """Base of tasks that show a sequence and ask for its class.

    A trial shows one sequence, drawn at random from the training or the test set, each of its rows
    for the time `show`, and then nothing for the time `answer`, the only part in which the error
    counts. The target is one-hot there.

    A subclass gives `sets`: for each part, sequences ``(n, length, channels)`` and their classes
    ``(n,)``, from 0 on.

    Parameters
    ----------
    show, answer : Quantity
        How long each row is shown, and how long the answer counts.
    part : {"train", "test"}
        Which set the trials are drawn from. The sets are the same whatever the `seed`.
    dt, seed
        See `Task`.
    """

    show: Quantity = field(default_factory=lambda: 5 * ms)
    answer: Quantity = field(default_factory=lambda: 20 * ms)
    part: str = "train"

    random = True
    n_outputs = 10

    def __post_init__(self):
        super().__post_init__()
        if self.part not in PARTS:
            raise ValueError(
                f"{type(self).__name__}: part must be 'train' or 'test'; got {self.part!r}"
            )
        for name in ("show", "answer"):
            if not self.steps(name):
                raise ValueError(f"{type(self).__name__}: {name} must be at least one time step")

    def sets(self):
        """Sequences and classes of each part, ``{"train": (sequences, classes), "test": ...}``."""
        raise NotImplementedError(f"{type(self).__name__} must define sets()")

    @property
    def n_sequences(self):
        """Sequences in this part."""
        return len(self.sets()[self.part][1])

    @property
    def n_inputs(self):
        return self.sets()[self.part][0].shape[2]

    @property
    def n_steps(self):
        return self.sets()[self.part][0].shape[1] * self.steps("show") + self.steps("answer")

    def sample(self, rng):
        sequences, classes = self.sets()[self.part]
        number, answer = rng.integers(len(classes)), self.steps("answer")
        shown = np.repeat(sequences[number], self.steps("show"), axis=0)
        mask = np.arange(len(shown) + answer) >= len(shown)
        return (
            np.pad(shown, ((0, answer), (0, 0))),
            mask[:, None] * np.eye(self.n_outputs)[classes[number]],
            mask,
        )

    def class_of(self, number):
        """The class of the sequence that trial `number` shows."""
        return int(self.trial(number)[1][-1].argmax())
