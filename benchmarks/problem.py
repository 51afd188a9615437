"""The timed network: what every contestant computes, from the same numbers.

Murray's rate network (eLife 8:e43299) with one output, N neurons, all to all; in every step, with a = dt/tau:

    u = W h    gain = 1 - tanh(u)^2    p += a (gain h^T - p)    h += a (tanh(u) - h)
    y = w_out h    error = target(step) - y
    online  W += rate (B error) p      w_out += rate error h     in every step
    trial   the same changes, added up over a period and applied at its end; h = initial and p = 0 where it begins

The target has a period of 200 steps and is read over and over. In the mode "online" nothing is reset.
"""

from dataclasses import dataclass

import numpy as np

STEPS, DT_MS, TAU_MS, RATE, INITIAL = 200, 1, 10, 1e-4, 0.1
RISE = DT_MS / TAU_MS
MODES, DTYPES = ("online", "trial"), ("float64", "float32")


@dataclass(frozen=True)
class Problem:
    """One case: number of neurons, precision, and when weights change."""

    size: int
    dtype: str = "float64"
    mode: str = "online"

    @property
    def is_trial(self):
        """Whether weights change at the end of each period only."""
        return self.mode == "trial"

    def target(self):
        """The target of each step of a period."""
        phase = 2 * np.pi * (np.arange(STEPS) + 1) / STEPS
        return np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.25 * np.sin(4 * phase)

    def weights(self, network=0):
        """Initial weights of one network: recurrent ``[post, pre]``, output ``[pre]``, feedback ``[post]``."""
        rng = np.random.default_rng((0, network))
        scale = 1 / np.sqrt(self.size)
        return 1.5 * scale * rng.standard_normal((self.size, self.size)), scale * rng.uniform(-1, 1, self.size), rng.standard_normal(self.size)

    def cast(self, *arrays):
        """The arrays in this problem's precision."""
        return tuple(np.asarray(array, dtype=self.dtype) for array in arrays)

    def change(self, recurrent):
        """Sum of ``|W - W0|``, by which contestants are compared; W is ``[post, pre]``."""
        (before,) = self.cast(self.weights()[0])
        return float(np.abs(np.asarray(recurrent, dtype=float) - before).sum())
