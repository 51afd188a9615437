"""Trials without input, target and error: time for what learns by itself."""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms

from .base import Arrays, Task

__all__ = ["EmptyTask"]


@dataclass(frozen=True, kw_only=True)
class EmptyTask(Task):
    """Trials of a given length, without input, target and error, for rules that need none.

    Parameters
    ----------
    length : Quantity
        Length of a trial.
    dt, seed
        See `Task`.

    Raises
    ------
    ValueError
        If `length` is not a whole number of time steps, or none.

    Examples
    --------
    >>> task = EmptyTask(length=250*ms, dt=0.25*ms)
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (1000, 0, 0)
    """

    length: Quantity = field(default_factory=lambda: 250 * ms)

    n_outputs = 0

    def __post_init__(self):
        super().__post_init__()
        if not self.n_steps:
            raise ValueError(f"EmptyTask: length must be at least one time step; got {self.length}")

    @property
    def n_steps(self) -> int:
        """Number of time steps of a trial."""
        return self.steps("length")

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return arrays without columns."""
        nothing = np.zeros((self.n_steps, 0))
        return nothing, nothing, np.ones(self.n_steps)
