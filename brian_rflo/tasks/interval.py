"""Interval matching: after two input pulses, produce a third at the same interval.

Murray 2019, eLife 8:e43299, figure 3.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from .base import Arrays, Task

__all__ = ["IntervalMatching"]


def default_delays():
    return 50 * ms, 150 * ms


@dataclass(frozen=True, kw_only=True)
class IntervalMatching(Task):
    """Repeat the interval between two input pulses (Murray 2019, figure 3).

    The pulses are Gaussian. The first comes at `first_pulse`, the second after a delay that is
    drawn in each trial, uniformly over the whole numbers of steps in `delays`. The target is a
    pulse at the same delay after the second.

    Parameters
    ----------
    delays : (Quantity, Quantity)
        Shortest and longest delay, inclusive. If they are equal, all trials are the same.
    first_pulse, tail : Quantity
        Time of the first pulse; time after the latest possible target pulse.
    pulse_width : Quantity
        Standard deviation of a pulse.
    input_height, target_height : float
        Peaks of the input pulses and of the target pulse.
    n_inputs : int
        1: both pulses in one channel (as in the paper). 2: one channel for each pulse.
    dt, seed
        See `Task`.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = IntervalMatching(delays=(50*ms, 150*ms))
    >>> task.n_steps
    450
    >>> inputs, target, mask = task.trial(7)
    """

    delays: tuple[Quantity, Quantity] = field(default_factory=default_delays)
    first_pulse: Quantity = field(default_factory=lambda: 50 * ms)
    tail: Quantity = field(default_factory=lambda: 100 * ms)
    pulse_width: Quantity = field(default_factory=lambda: 15 * ms)
    input_height: float = 1.0
    target_height: float = 1.0
    n_inputs: int = 1

    def __post_init__(self):
        super().__post_init__()
        if self.n_inputs not in (1, 2):
            raise ValueError(
                "IntervalMatching: n_inputs must be 1 (both pulses in one channel) or 2 (one"
                f" channel each); got {self.n_inputs!r}"
            )
        if np.shape(self.delays) != (2,):
            raise ValueError(
                "IntervalMatching: delays must be a pair of times (shortest, longest); got"
                f" {self.delays!r}"
            )
        self.check_finite("input_height", "target_height")
        if not self.steps("pulse_width"):
            raise ValueError(
                f"IntervalMatching: pulse_width = {self.pulse_width} must be at least one time step"
                f" of {self.dt}"
            )
        if not 0 < self.steps("shortest") <= self.steps("longest"):
            raise ValueError(
                "IntervalMatching: delays must be (shortest, longest) with 0 < shortest <="
                f" longest; got {self.delays}"
            )
        self.trial()

    @property
    def random(self) -> bool:
        """True if trials differ."""
        return self.steps("shortest") < self.steps("longest")

    @property
    def shortest(self) -> Quantity:
        """Shortest delay."""
        return self.delays[0]

    @property
    def longest(self) -> Quantity:
        """Longest delay."""
        return self.delays[1]

    @property
    def n_steps(self) -> int:
        return self.steps("first_pulse") + 2 * self.steps("longest") + self.steps("tail")

    def sample(self, rng: np.random.Generator) -> Arrays:
        return self.trial_of(rng.integers(self.steps("shortest"), self.steps("longest") + 1))

    def trial_of(self, delay: int) -> Arrays:
        """Return inputs, target and mask of a trial with a delay of `delay` time steps."""
        first = self.steps("first_pulse")
        inputs = np.zeros((self.n_steps, self.n_inputs))
        inputs[:, 0] = self.input_height * self._pulse(first)
        inputs[:, -1] += self.input_height * self._pulse(first + delay)
        target = self.target_height * self._pulse(first + 2 * delay)
        return inputs, target[:, None], np.ones(self.n_steps)

    def _pulse(self, centre):
        step = np.arange(self.n_steps) + 1
        return np.exp(-((step - centre) ** 2) / (2 * self.steps("pulse_width") ** 2))
