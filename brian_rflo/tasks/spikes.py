"""Base of tasks whose inputs are spikes, in groups of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..brian.quantities import step_probability
from .base import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class SpikeTask(Task):
    """Base of tasks with spikes as inputs: 1 in a step in which a channel spikes, else 0.

    The channels are consecutive `groups` of equal size. A subclass names them and draws their
    spikes with `draw`.

    Parameters
    ----------
    dt, seed
        See `Task`.
    """

    groups = ("input",)

    def spike_probability(self, name: str) -> float:
        """Return the probability of a spike in one step at the rate given by the attribute `name`.

        Raises
        ------
        TypeError, ValueError
            If the attribute is not a rate, or too high for the time step.
        """
        return step_probability(f"{type(self).__name__}: {name}", getattr(self, name), self.dt)

    def draw(self, rng: np.random.Generator, probabilities: NDArray) -> NDArray:
        """Draw spikes with the `probabilities` of each step and group, ``(n_steps, groups)``.

        Returns
        -------
        ndarray, shape (n_steps, n_inputs)
            Zeros and ones.
        """
        each = np.repeat(probabilities, self.n_inputs // len(self.groups), axis=1)
        return (rng.random(each.shape) < each).astype(float)

    def plot(self, ax: Axes | None = None, trial: int = 0) -> Axes:
        """Draw spikes and target of a trial and return the axes."""
        from ..plotting import plot_spike_task

        return plot_spike_task(self, ax=ax, trial=trial)
