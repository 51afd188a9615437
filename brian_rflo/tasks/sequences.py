"""Base of tasks that show a sequence, row by row, and then ask for its class."""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from .base import Arrays, Task

PARTS = ("train", "test")


@dataclass(frozen=True, kw_only=True)
class SequenceTask(Task):
    """Base of tasks that show a sequence and ask for its class.

    A trial shows a sequence, drawn at random from the training or the test set: each of its rows
    for the time `show`, then zeros for the time `answer`. The error counts during `answer` only,
    where the target is one-hot.

    A subclass defines `sets`: for each part, sequences ``(n, length, channels)`` and their classes
    ``(n,)``, counted from 0.

    Parameters
    ----------
    show, answer : Quantity
        Duration of each row, and of the time after the last one in which the error counts.
    part : {"train", "test"}
        The set from which the trials are drawn. The sets do not depend on `seed`.
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

    def sets(self) -> dict[str, tuple[NDArray, NDArray]]:
        """Return sequences and classes of each part, ``{"train": (sequences, classes), ...}``."""
        raise NotImplementedError(f"{type(self).__name__} must define sets()")

    @property
    def n_sequences(self) -> int:
        """Number of sequences in this part."""
        return len(self.sets()[self.part][1])

    @property
    def n_inputs(self) -> int:
        return self.sets()[self.part][0].shape[2]

    @property
    def n_steps(self) -> int:
        return self.sets()[self.part][0].shape[1] * self.steps("show") + self.steps("answer")

    def sample(self, rng: np.random.Generator) -> Arrays:
        sequences, classes = self.sets()[self.part]
        number, answer = rng.integers(len(classes)), self.steps("answer")
        shown = np.repeat(sequences[number], self.steps("show"), axis=0)
        mask = np.arange(len(shown) + answer) >= len(shown)
        return (
            np.pad(shown, ((0, answer), (0, 0))),
            mask[:, None] * np.eye(self.n_outputs)[classes[number]],
            mask,
        )

    def class_of(self, number: int) -> int:
        """Return the class of the sequence that trial `number` shows."""
        return int(self.trial(number)[1][-1].argmax())
