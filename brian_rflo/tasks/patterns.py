"""Patterns: a constant input and a constant target, one pair a trial."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity
from numpy.typing import ArrayLike, NDArray

from ..brian.quantities import numbers, whole_steps
from .base import Arrays, Task

__all__ = ["Patterns"]

ORDERS = ("in turn", "shuffled")


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns(Task):
    """Static patterns for networks that settle: trial k shows one, and its target, in all steps.

    The error counts in the last step of the phase "free".

    Parameters
    ----------
    inputs : array, shape (n_patterns, n_inputs)
        What is shown.
    target : array, shape (n_patterns, n_outputs)
        What is to be said.
    phases : dict of str to Quantity
        Phases of a trial with their durations, "free" among them: that of a teacher,
        ``TwoPhases(...).phases``.
    order : {"in turn", "shuffled"}
        Order of the patterns: one after the other, or in a new order in each epoch.
    dt, seed
        See `Task`.

    Raises
    ------
    ValueError
        If arrays do not fit together or are not finite, or a duration is not a whole number of
        steps.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian_rflo.credit import TwoPhases
    >>> task = Patterns(inputs=[[0, 0], [0, 1], [1, 0], [1, 1]], target=[[0], [1], [1], [0]],
    ...                 phases=TwoPhases(free=60*ms, taught=30*ms).phases)
    >>> task.n_steps, task.n_inputs, task.n_outputs, task.n_kinds
    (90, 2, 1, 4)
    """

    inputs: ArrayLike
    target: ArrayLike
    phases: dict[str, Quantity]
    order: str = "in turn"
    _arrays: tuple[NDArray, NDArray] = field(init=False, repr=False, default=None)

    random = True

    def __post_init__(self):
        super().__post_init__()
        if self.order not in ORDERS:
            raise ValueError(
                f"Patterns: order must be one of {', '.join(map(repr, ORDERS))}; got {self.order!r}"
            )
        arrays = tuple(checked(name, getattr(self, name)) for name in ("inputs", "target"))
        if len(arrays[0]) != len(arrays[1]):
            raise ValueError(
                "Patterns: inputs and target must have as many patterns; got"
                f" {len(arrays[0])} and {len(arrays[1])}"
            )
        if not isinstance(self.phases, dict) or "free" not in self.phases:
            raise ValueError(
                "Patterns: phases must be durations by name, 'free' among them; got"
                f" {self.phases!r}. Write phases=TwoPhases(free=60*ms, taught=30*ms).phases"
            )
        object.__setattr__(self, "_arrays", arrays)
        self.trial()

    def _steps_of(self, name):
        return whole_steps(f"Patterns: phase '{name}'", self.phases[name], self.dt)

    @property
    def n_steps(self) -> int:
        """Number of time steps of a trial: those of its phases."""
        return sum(map(self._steps_of, self.phases))

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return self._arrays[0].shape[1]

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return self._arrays[1].shape[1]

    @property
    def n_kinds(self) -> int:
        """Number of patterns."""
        return len(self._arrays[0])

    def kind(self, number: int) -> int:
        """Return the number of the pattern that a trial shows."""
        epoch, place = divmod(number, self.n_kinds)
        if self.order == "in turn":
            return place
        return int(np.random.default_rng((self.seed, epoch)).permutation(self.n_kinds)[place])

    def sample(self, rng: np.random.Generator, number: int) -> Arrays:
        """Return the pattern of a trial, in all steps."""
        shown = self.kind(number)
        names, mask = list(self.phases), np.zeros(self.n_steps)
        before = sum(map(self._steps_of, names[: names.index("free")]))
        mask[before + self._steps_of("free") - 1] = 1
        inputs, target = (np.tile(values[shown], (self.n_steps, 1)) for values in self._arrays)
        return inputs, target, mask


def checked(name, values):
    """Return patterns as an array ``[pattern, channel]``; raise unless they are finite numbers."""
    array = numbers(f"Patterns: {name}", values)
    if array.ndim != 2 or not array.size or not np.isfinite(array).all():
        raise ValueError(
            f"Patterns: {name} must be finite, of shape (n_patterns, n); got shape {array.shape}"
        )
    return array
