"""Periodic output: produce one period of a waveform, without any input.

Murray 2019, eLife 8:e43299, figure 2: y*(t) = sin(2 pi t/T) + 0.5 sin(4 pi t/T) + 0.25 sin(8 pi
t/T).
"""

from dataclasses import dataclass

import numpy as np
from brian2 import Quantity

from ..brian.quantities import check_count, numbers
from .base import Arrays, Task

__all__ = ["PeriodicOutput"]


@dataclass(frozen=True, kw_only=True)
class PeriodicOutput(Task):
    """Produce a sum of sines, one period per trial (Murray 2019, figure 2).

    The paper numbers the samples of a period ``0 .. T-1``; sample 0 is the initial state and has no
    error, and loss and updates are divided by ``T``. Here sample ``k + 1`` is compared at the end
    of step `k`. The last step, which ends at sample 0 of the next period, is masked. Errors and
    norm are therefore those of the paper, and a trial is exactly one period.

    Parameters
    ----------
    period : Quantity
        Duration of a period, which is a trial. Must be a whole number of time steps.
    dt : Quantity
        Time step.
    amplitudes, harmonics : tuple of float, tuple of int
        The components ``amplitude*sin(2*pi*harmonic*t/period)``.

    Raises
    ------
    ValueError
        If the period is not a whole number of time steps.

    Examples
    --------
    >>> from brian2 import ms
    >>> PeriodicOutput(period=200*ms).n_steps
    200
    """

    period: Quantity
    amplitudes: tuple[float, ...] = (1.0, 0.5, 0.25)
    harmonics: tuple[int, ...] = (1, 2, 4)

    def __post_init__(self):
        super().__post_init__()
        if self.n_steps < 2:
            raise ValueError(
                f"PeriodicOutput: period = {self.period} must be at least two time steps of"
                f" {self.dt}"
            )
        for name in ("amplitudes", "harmonics"):
            if (
                not isinstance(getattr(self, name), (list, tuple, np.ndarray))
                or numbers(f"PeriodicOutput: {name}", getattr(self, name)).ndim != 1
            ):
                raise ValueError(
                    f"PeriodicOutput: {name} must be a tuple of numbers, for example"
                    f" {'(1, 0.5, 0.25)' if name == 'amplitudes' else '(1, 2, 4)'}; got"
                    f" {getattr(self, name)!r}"
                )
        if not np.isfinite(self.amplitudes).all():
            raise ValueError(f"PeriodicOutput: amplitudes must be finite; got {self.amplitudes!r}")
        for harmonic in self.harmonics:
            check_count("PeriodicOutput: each of the harmonics", harmonic)
        if len(self.amplitudes) != len(self.harmonics):
            raise ValueError(
                f"PeriodicOutput: amplitudes and harmonics must be equally many; got"
                f" {len(self.amplitudes)} and {len(self.harmonics)}"
            )
        self.trial()

    @property
    def n_steps(self) -> int:
        return self.steps("period")

    def sample(self, rng: np.random.Generator) -> Arrays:
        phase = 2 * np.pi * ((np.arange(self.n_steps) + 1) % self.n_steps) / self.n_steps
        target = sum(a * np.sin(h * phase) for a, h in zip(self.amplitudes, self.harmonics))
        mask = np.ones(self.n_steps)
        mask[-1] = 0
        return np.zeros((self.n_steps, 0)), target[:, None], mask
