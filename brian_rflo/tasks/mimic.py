"""Mimic: the output of another random network, in a stream (Marschall, Cho & Savin 2020, J Mach
Learn Res 21:1-34).
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, second

from ..brian.quantities import check_count, is_number
from .base import Arrays, Task

__all__ = ["Mimic"]


@dataclass(frozen=True, kw_only=True)
class Mimic(Task):
    """Do what another network does with the same random bits, in a stream (Marschall et al. 2020).

    The other network has as many tanh units as there are targets, which are their activities:

        a(t) = a(t-1) + leak (tanh(W a(t-1) + Win x(t) + b) - a(t-1))

    W is orthogonal, Win ~ N(0, 1/n_inputs), b ~ N(0, 0.1) (variance), all drawn with `seed`; x are
    bits, 0 or 1; a is 0 before the first step. Trials are the windows of the stream.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Numbers of bits, and of units of the other network.
    leak : float
        How far its activity goes in a step, above 0 and at most 1.
    length : Quantity
        Length of a window.
    dt, seed
        See `Task`. Window `k` draws its bits with ``(seed, k)``.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = Mimic(length=500*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs, task.continuous
    (500, 32, 32, True)
    """

    n_inputs: int = 32
    n_outputs: int = 32
    leak: float = 1.0
    length: Quantity = field(default_factory=lambda: 10 * second)

    random = continuous = True

    def __post_init__(self):
        super().__post_init__()
        check_count("Mimic: n_inputs", self.n_inputs)
        check_count("Mimic: n_outputs", self.n_outputs)
        if not is_number(self.leak) or not 0 < self.leak <= 1:
            raise ValueError(
                f"Mimic: leak must be a number above 0 and at most 1; got {self.leak!r}"
            )
        object.__setattr__(self, "_ends", {-1: np.zeros(self.n_outputs)})

    @property
    def n_steps(self) -> int:
        """Number of time steps of a window."""
        return self.steps("length")

    def _other(self):
        """Draw the weights and biases of the other network."""
        rng, n = np.random.default_rng(self.seed), self.n_outputs
        return (
            np.linalg.qr(rng.standard_normal((n, n)))[0],
            rng.standard_normal((n, self.n_inputs)) / np.sqrt(self.n_inputs),
            np.sqrt(0.1) * rng.standard_normal(n),
        )

    def _window(self, number):
        """Return bits and activities of a window whose predecessor is known."""
        rng = np.random.default_rng((self.seed, number))
        bits = rng.integers(0, 2, (self.n_steps, self.n_inputs)) * 1.0
        recurrent, inward, bias = self._other()
        driven, activity = bits @ inward.T + bias, self._ends[number - 1]
        course = np.empty((self.n_steps, self.n_outputs))
        for step in range(self.n_steps):
            rate = np.tanh(recurrent @ activity + driven[step])
            activity = course[step] = activity + self.leak * (rate - activity)
        self._ends[number] = activity
        return bits, course

    def sample(self, rng: np.random.Generator, number: int) -> Arrays:
        """Return a window of the stream; those before it are computed once, if they were not."""
        for earlier in range(max(self._ends) + 1, number):
            self._window(earlier)
        bits, course = self._window(number)
        return bits, course, np.ones(self.n_steps)
