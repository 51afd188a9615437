"""Changes that the rules of a network make in a trial.

With `PerTrial`, the updates that a rule has added up, before they are clipped and an optimizer
reads them; with `PerStep`, what the weights have changed between the trial's beginning and its end,
optimizer and constraint included, in units of the learning rate. Both as

    D = sum of updates over the steps of a trial / window

which is minus the gradient of the loss of the trial, where a rule is that.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from .. import schedule
from ..brian.conditional import is_standalone
from ..brian.declared import declares
from .asked import asked_of, matrices
from .matrices import ByWeight, existing, layout_of
from .measuring import Harvest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..network import TrialNetwork

#: Before copies of a network share their changes, and before these are clipped and applied.
ADDED_UP = schedule.TRIAL_LEARN.behind(950)


class Changes:
    """Changes that the rules of a network make, trial by trial.

    Parameters
    ----------
    net : TrialNetwork
    by : str or sequence of str, optional
        Names of projections; by default all that can learn.

    Attributes
    ----------
    parts : dict of str to PlasticSynapses
        The projections.
    done : dict of str to NDArray
        Changes in the last trial, by synapse.
    """

    def __init__(self, net: TrialNetwork, by: str | Sequence[str] | None = None):
        if is_standalone():
            raise RuntimeError(
                "changes of rules are read in Python at the end of each trial, which C++ standalone"
                " does not run; write prefs.codegen.target = 'cython', or compare weights between"
                " phases"
            )
        self.net, self.parts, self.done = net, {}, {}
        for one in asked_of(net, by):
            if not one.is_weights or not declares(one.of, "learn"):
                raise ValueError(
                    f"changes are those of projections that learn; got '{one.name}', which is none"
                )
            self.parts[one.name] = one.of
        self.begin()

    @property
    def rest(self) -> bool:
        """True if all weights rest within trials."""
        return all(part.learn.accumulates for part in self.parts.values())

    def begin(self) -> None:
        """Start from what has been added up until now."""
        self._start = {name: self._value(part) for name, part in self.parts.items()}

    def look(self, number: int = -1) -> None:
        """Keep what has been done in the trial that ends, the round of that number, counted from 0.
        Projections that rest have done nothing.
        """
        for name, part in self.parts.items():
            value, learns = self._value(part), bool(np.all(part.plastic))
            self.done[name] = learns * (value - self._start[name]) / scale_of(part, self.net)
            is_applied = learns and part.learn.accumulates and (number + 1) % part.learn.batch == 0
            self._start[name] = np.zeros_like(value) if is_applied else value

    @contextmanager
    def present(self, then: Callable | None = None, found_by=None):
        """Context in which it looks at each trial of the network; see `Harvest`."""
        given = (then or self.look, ADDED_UP, self.begin)
        harvest = Harvest(self.net.trials, *given, found_by=found_by)
        self.net.add(harvest)
        try:
            yield self
        finally:
            self.net.remove(harvest)

    def by_network(self) -> dict[str, NDArray | list]:
        """Return the changes in the last trial as ``[network, post, pre]``, the mean over copies;
        of sparse projections a list of `scipy.sparse.csr_array`.
        """
        return {
            name: in_networks(part, self.done[name] / self.net.copies, self.net)
            for name, part in self.parts.items()
        }

    @staticmethod
    def _value(part):
        """Return what is added up, of each synapse; without that the weights."""
        name = "change" if part.learn.accumulates else "w"
        return np.array(part.variables[name].get_value())


def scale_of(part, net):
    """Return the divisor of what a rule has added up, or has changed the weights by."""
    if part.learn.accumulates:
        return float(part.learn.window or net.task.n_steps)
    rate = part.variables["learning_rate"].get_value().item()
    return rate if rate > 0 else 1.0  # nothing changes then


def in_networks(part, values, net):
    """Return the sums over copies of values of synapses as ``[network, post, pre]``."""
    of = layout_of(part, net)
    if of.networks:
        shaped = values.reshape(of.networks, of.copies, of.n_pre, of.n_post)
        return matrices(part, ByWeight(shaped.sum(axis=1), of), net)
    return matrices(part, ByWeight(values, None), net)


def learning(part):
    """Return 1 for each synapse that learns, else 0."""
    learns = existing(part)
    if "plasticity" in part.variables:
        learns = learns * (part.variables["plasticity"].get_value() > 0)
    return learns
