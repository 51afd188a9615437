"""Pattern generation: turn frozen input noise into a sum of sines.

Bellec et al. 2020, Nature Communications 11:3625, and the tutorial of NEST on e-prop:

    y*(s) = (f(s) - f(0))/max |f - f(0)|,   s = 0 .. T-1
    f(s) = sum over h of A_h sin(2 pi h s/(T - 1) + phi_h)
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Hz, Quantity, ms

from ..brian.quantities import check_count, check_time
from .base import Arrays
from .spikes import SpikeTask

__all__ = ["PatternGeneration"]


@dataclass(frozen=True, kw_only=True)
class PatternGeneration(SpikeTask):
    """Produce a sum of four sines from spikes that are the same in each trial (Bellec et al. 2020).

    Amplitudes ``U(0.5, 2)``, phases ``U(0, 2*pi)`` and the input spikes, independent in each step,
    are drawn once, from `seed`. As published, the sines have whole periods in ``T - 1`` steps, so
    that the first and the last value of the target are 0. For your own spikes and target, use
    `ArrayTask`.

    Parameters
    ----------
    length : Quantity
        Length of a trial, T steps.
    n_inputs : int
        Number of input channels.
    input_rate : Quantity
        Firing rate of each channel.
    input_height : float
        Value of a spike.
    harmonics : tuple of int
        Number of periods of each sine in a trial.
    learning_window : Quantity, optional
        Duration of the last part of a trial, in which the error counts; the whole trial by default.
    dt : Quantity
        Time step.
    seed : int
        Seed of target and input spikes: another seed is another task.

    Raises
    ------
    ValueError
        If a time is not a whole number of steps, or a number is out of its range.

    Examples
    --------
    >>> from brian2 import ms
    >>> task = PatternGeneration(length=500*ms, seed=3)
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (500, 100, 1)
    """

    length: Quantity = field(default_factory=lambda: 1000 * ms)
    n_inputs: int = 100
    input_rate: Quantity = field(default_factory=lambda: 50 * Hz)
    input_height: float = 1.0
    harmonics: tuple[int, ...] = (1, 2, 3, 5)
    learning_window: Quantity | None = None

    def __post_init__(self):
        super().__post_init__()
        check_count("PatternGeneration: n_inputs", self.n_inputs)
        self.check_finite("input_height")
        if not np.iterable(self.harmonics) or not len(self.harmonics):
            raise ValueError(
                "PatternGeneration: harmonics must be a tuple of whole numbers, for example (1, 2,"
                f" 3, 5); got {self.harmonics!r}"
            )
        for harmonic in self.harmonics:
            check_count("PatternGeneration: harmonics", harmonic)
        if self.n_steps <= 2 * max(self.harmonics):
            raise ValueError(
                f"PatternGeneration: length = {self.length} is too short for {max(self.harmonics)}"
                f" periods of a sine at time steps of {self.dt}"
            )
        if self.learning_window is not None:
            check_time("PatternGeneration: learning_window", self.learning_window)
        if self.window > self.n_steps:
            raise ValueError(
                f"PatternGeneration: learning_window = {self.learning_window} is longer than a"
                f" trial, length = {self.length}"
            )
        self.trial()

    @property
    def n_steps(self) -> int:
        return self.steps("length")

    @property
    def window(self) -> int:
        """Number of steps at the end of a trial in which the error counts."""
        return self.n_steps if self.learning_window is None else self.steps("learning_window")

    def sample(self, rng: np.random.Generator) -> Arrays:
        frozen = np.random.default_rng(self.seed)
        target = self._sines(frozen)
        inputs = self.draw(frozen, np.full((self.n_steps, 1), self.spike_probability("input_rate")))
        return (
            self.input_height * inputs,
            target[:, None],
            np.arange(self.n_steps) >= self.n_steps - self.window,
        )

    def _sines(self, rng):
        amplitudes, phases = (
            rng.uniform(0.5, 2, len(self.harmonics)),
            rng.uniform(0, 2 * np.pi, len(self.harmonics)),
        )
        angle = 2 * np.pi * np.arange(self.n_steps) / (self.n_steps - 1)
        total = sum(
            a * np.sin(h * angle + p) for a, h, p in zip(amplitudes, self.harmonics, phases)
        )
        return (total - total[0]) / np.abs(total - total[0]).max()
