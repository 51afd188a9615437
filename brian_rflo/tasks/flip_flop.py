"""Flip-flop: remember the sign of the last pulse of each line, in a stream (Sussillo & Barak 2013,
Neural Comput 25:626).
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, second

from ..brian.quantities import check_count, is_number
from .base import Arrays, Task

__all__ = ["FlipFlop"]


@dataclass(frozen=True, kw_only=True)
class FlipFlop(Task):
    """Remember the sign of the last pulse of each input line, in a stream (Sussillo & Barak 2013).

    In each step and line comes a pulse of +1 or -1 with some probability, else 0. The target of a
    line is the sign of its last pulse, +1 before the first. Trials are the windows of the stream.

    Parameters
    ----------
    n_lines : int
        Number of lines, each with an input and a target.
    probability : float
        Probability of a pulse in a step of a line, above 0 and below 1.
    uncounted : int
        Steps at the beginning of the stream whose error does not count.
    length : Quantity
        Length of a window.
    dt, seed
        See `Task`. Window `k` draws its pulses with ``(seed, k)``.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> task = FlipFlop()
    >>> task.n_steps, task.n_inputs, task.n_outputs, task.continuous
    (20000, 3, 3, True)
    """

    n_lines: int = 3
    probability: float = 0.05
    uncounted: int = 20
    length: Quantity = field(default_factory=lambda: 20 * second)

    random = continuous = True

    def __post_init__(self):
        super().__post_init__()
        check_count("FlipFlop: n_lines", self.n_lines)
        check_count("FlipFlop: uncounted", self.uncounted, least=0)
        if not is_number(self.probability) or not 0 < self.probability < 1:
            raise ValueError(
                "FlipFlop: probability must be a number above 0 and below 1; got"
                f" {self.probability!r}"
            )
        if self.n_steps <= self.uncounted:
            raise ValueError(
                f"FlipFlop: length must be more than {self.uncounted} steps of {self.dt}; got"
                f" {self.length}"
            )

    @property
    def n_steps(self) -> int:
        """Number of time steps of a window."""
        return self.steps("length")

    @property
    def n_inputs(self) -> int:
        """Number of lines."""
        return self.n_lines

    @property
    def n_outputs(self) -> int:
        """Number of lines."""
        return self.n_lines

    def _pulses(self, number):
        """Return the pulses of a window, ``[step, line]``."""
        rng, size = np.random.default_rng((self.seed, number)), (self.n_steps, self.n_lines)
        return (rng.random(size) < self.probability) * (2.0 * rng.integers(0, 2, size) - 1)

    def _remembered(self, number):
        """Return the signs at the end of a window; +1 before the first."""
        signs = np.zeros(self.n_lines)
        while not signs.all() and number >= 0:
            signs = np.where(signs == 0, last_signs(self._pulses(number))[-1], signs)
            number -= 1
        return np.where(signs == 0, 1.0, signs)

    def sample(self, rng: np.random.Generator, number: int) -> Arrays:
        """Return a window of the stream."""
        pulses = self._pulses(number)
        signs = last_signs(pulses)
        target = np.where(signs == 0, self._remembered(number - 1), signs)
        mask = np.ones(self.n_steps)
        if number == 0:
            mask[: self.uncounted] = 0
        return pulses, target, mask


def last_signs(pulses):
    """Return the last pulse of each line up to each step; 0 before the first."""
    steps = np.arange(len(pulses))[:, None]
    last = np.maximum.accumulate(np.where(pulses != 0, steps, -1), axis=0)
    return np.where(last < 0, 0.0, np.take_along_axis(pulses, np.maximum(last, 0), axis=0))
