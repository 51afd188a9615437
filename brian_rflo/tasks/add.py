"""Add: two earlier inputs, with weights, in a stream (Pitis 2016; Marschall, Cho & Savin 2020, J
Mach Learn Res 21:1-34).
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, second

from ..brian.quantities import check_count
from .base import Arrays, Task

__all__ = ["Add"]


@dataclass(frozen=True, kw_only=True)
class Add(Task):
    """Report a weighted sum of two earlier random bits, in a stream (Marschall et al. 2020).

    With bits x_k = 0 or 1, each held for `hold` steps,

        y_k = 1/2 + x_(k - first)/2 - x_(k - second)/4

    Inputs are x and 1 - x, targets y and 1 - y, probabilities of two classes. Trials are the
    windows of the stream. Bits before the first one are 0.

    A network that knows nothing reaches a cross entropy of .6616, with the first dependency .5192,
    with both .4545.

    Parameters
    ----------
    first, second : int
        How many bits ago the summands were.
    hold : int
        Steps for which a bit is held.
    length : Quantity
        Length of a window, a whole number of bits, at least `second`.
    dt, seed
        See `Task`. Window `k` draws its bits with ``(seed, k)``.

    Raises
    ------
    ValueError
        If a number is out of its range, or `length` not a whole number of bits.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = Add(first=5, second=9, length=1000*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs, task.continuous
    (1000, 2, 2, True)
    """

    first: int = 5
    second: int = 9
    hold: int = 1
    length: Quantity = field(default_factory=lambda: 10 * second)

    random = continuous = True
    n_inputs = n_outputs = 2

    def __post_init__(self):
        super().__post_init__()
        for name in ("first", "second", "hold"):
            check_count(f"Add: {name}", getattr(self, name))
        if self.n_steps % self.hold or self._n_bits < max(self.first, self.second):
            raise ValueError(
                f"Add: length must be a whole number of bits of {self.hold * self.dt}, at least"
                f" {max(self.first, self.second)}; got {self.length}"
            )

    @property
    def n_steps(self) -> int:
        """Number of time steps of a window."""
        return self.steps("length")

    @property
    def _n_bits(self):
        return self.n_steps // self.hold

    def _bits(self, number):
        """Return the bits of a window; 0 before the first."""
        if number < 0:
            return np.zeros(self._n_bits)
        return np.random.default_rng((self.seed, number)).integers(0, 2, self._n_bits) * 1.0

    def sample(self, rng: np.random.Generator, number: int) -> Arrays:
        """Return a window of the stream."""
        bits = np.concatenate([self._bits(number - 1), self._bits(number)])
        now, before, long_before = (
            bits[self._n_bits - ago : len(bits) - ago] for ago in (0, self.first, self.second)
        )
        answer = 0.5 + 0.5 * before - 0.25 * long_before
        inputs, target = (
            np.repeat(np.column_stack([values, 1 - values]), self.hold, axis=0)
            for values in (now, answer)
        )
        return inputs, target, np.ones(len(target))
