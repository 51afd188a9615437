"""What tasks have in common whose inputs are spikes, in groups of channels."""

from dataclasses import dataclass

import numpy as np

from ..brian.quantities import step_probability
from .base import Task


@dataclass(frozen=True, kw_only=True)
class SpikeTask(Task):
    """Base of tasks with spikes as inputs: 1 in a step in which a channel spikes, else 0.

    The channels are `groups` of equal size, one after the other. A subclass names them, and draws
    their spikes with `draw`.

    Parameters
    ----------
    dt, seed
        See `Task`.
    """

    groups = ("input",)

    def spike_probability(self, name):
        """The attribute `name`, a rate, as the probability of a spike in one step; an error if it
        is none.
        """
        return step_probability(f"{type(self).__name__}: {name}", getattr(self, name), self.dt)

    def draw(self, rng, probabilities):
        """Spikes with the `probabilities` of each step and group, ``(n_steps, groups)``; an array
        ``(n_steps, n_inputs)`` of zeros and ones.
        """
        each = np.repeat(probabilities, self.n_inputs // len(self.groups), axis=1)
        return (rng.random(each.shape) < each).astype(float)

    def plot(self, ax=None, trial=0):
        """Draw spikes and target of one trial; returns the axes."""
        from ..plotting import plot_spike_task

        return plot_spike_task(self, ax=ax, trial=trial)
