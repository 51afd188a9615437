"""Base of tasks with one of two answers at the end of a trial."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from ..brian.quantities import check_number
from .base import Arrays, Task

ANSWERS = ("value", "class", "action")
ORDERS = ("drawn", "in turn")


@dataclass(frozen=True, kw_only=True)
class ChoiceTask(Task):
    """Base of tasks with one of two answers, 0 or 1, which is given in the time `go` at the end.

    `answer` says how it is asked for, and so what the outputs are.

    - "value": one output, whose target is `height` for answer 1 and ``-height`` for 0 throughout
      `go`; for readouts with squared errors, or the activity of a neuron.
    - "class": two outputs, one for each answer; the target is one-hot throughout `go`.
    - "action": two outputs; the error counts in the last step of `go` alone, in which one answer is
      chosen and the target is one-hot. One more step without inputs follows, for its reward.

    A subclass names its kinds of trial in `kinds`, and defines `n_inputs`, `shown_steps`, `shown`
    and `right`.

    Parameters
    ----------
    go : Quantity
        Duration of the answer.
    answer : {"value", "class", "action"}
        How the answer is asked for.
    order : {"drawn", "in turn"}
        Whether kinds of trial are drawn with equal probability, or follow one another in the order
        of `kinds`.
    height : float
        Size of the target of a value.
    dt, seed
        See `Task`.

    Attributes
    ----------
    kinds : tuple of str
        Names of the kinds of trial, by the numbers of `kind`.
    """

    go: Quantity = field(default_factory=lambda: 5 * ms)
    answer: str = "value"
    order: str = "drawn"
    height: float = 1.0

    random = True
    kinds = ()
    #: Durations that may not be 0.
    positive = ("go",)

    def __post_init__(self):
        super().__post_init__()
        kind = type(self).__name__
        for name, allowed in (("answer", ANSWERS), ("order", ORDERS)):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in allowed:
                raise ValueError(
                    f"{kind}: {name} must be {', '.join(map(repr, allowed[:-1]))} or"
                    f" {allowed[-1]!r}; got {value!r}"
                )
        check_number(kind, "height", self.height)
        if self.answer != "value" and self.height != 1:
            raise ValueError(
                f"{kind}: height is that of a value, but answer = {self.answer!r} has targets of 0"
                " and 1; leave height out"
            )
        for name in self.positive:
            if not self.steps(name):
                raise ValueError(
                    f"{kind}: {name} = {getattr(self, name)} must be at least one time step of"
                    f" {self.dt}"
                )
        self.trial()

    @property
    def n_kinds(self) -> int:
        """Number of kinds of trial."""
        return len(self.kinds)

    @property
    def n_outputs(self) -> int:
        return 1 if self.answer == "value" else 2

    @property
    def n_steps(self) -> int:
        return self.shown_steps + self.steps("go") + int(self.answer == "action")

    @property
    def shown_steps(self) -> int:
        """Number of time steps before `go`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define shown_steps, the number of time steps before go"
        )

    def shown(self, kind: int, rng: np.random.Generator) -> NDArray:
        """Return the inputs of a trial of this kind until the end of `go`,
        ``(shown_steps + steps of go, n_inputs)``.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define shown(kind, rng), the inputs of a trial"
        )

    def right(self, kind: int) -> int:
        """Return the right answer in trials of this kind, 0 or 1."""
        raise NotImplementedError(
            f"{type(self).__name__} must define right(kind), the answer 0 or 1"
        )

    def kind(self, number: int) -> int:
        """Return the kind of trial `number`, from 0 to ``n_kinds - 1``; its name is in `kinds`."""
        return self._kind(np.random.default_rng((self.seed, int(number))), number)

    def _kind(self, rng, number):
        if self.order == "in turn":
            return int(number) % self.n_kinds
        return int(rng.integers(self.n_kinds))

    def sample(self, rng: np.random.Generator, number: int) -> Arrays:
        kind = self._kind(rng, number)
        shown, right = self.shown(kind, rng), self.right(kind)
        more, step = self.n_steps - len(shown), np.arange(self.n_steps)
        first = self.shown_steps if self.answer != "action" else len(shown) - 1
        counts = (step >= first) & (step < len(shown))
        target = self.height * (2.0 * right - 1) if self.answer == "value" else np.eye(2)[right]
        return np.pad(shown, ((0, more), (0, 0))), counts[:, None] * target, counts
