"""How far the changes of a local rule agree with the gradient, trial by trial, in any training.

For each projection, with the change dW that the rule has added up over a trial and the gradient G
of the loss of that trial, at the same weights,

    cosine = -<dW, G>/(|dW| |G|)        ratio = |dW|/(window |G|)

over all synapses that learn, and for each postsynaptic neuron. A rule that is the gradient has 1
and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import schedule
from ..brian.conditional import is_standalone
from ..brian.declared import declares
from ..brian.quantities import check_count
from .checkpoints import MEMORY
from .matrices import existing
from .measuring import Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..network import TrialNetwork

__all__ = ["GradientAlignment"]

#: Before copies of a network share their changes, and before these are clipped and applied.
ADDED_UP = schedule.TRIAL_LEARN.behind(950)


class GradientAlignment:
    """Cosine and ratio of lengths between what a local rule does in a trial and the gradient, in
    each training from now on.

    It changes nothing in a training, to the bit. What it finds depends on what trains the network:
    the same rule is nearer to the gradient where it has trained the network itself.

    Parameters
    ----------
    net : TrialNetwork
        Its projections learn by `PerTrial`, so that weights rest within a trial.
    every : int
        Look at each `every`-th trial (with trials side by side, round of trials), from the first.
    by : str or sequence of str, optional
        Names of projections; by default all that can learn.
    resets, cut, memory : optional
        As for `TrialNetwork.gradient`.

    Attributes
    ----------
    trials : ndarray, shape (n,)
        Numbers of the trials, counted from 0.
    cosine, ratio : dict of ndarray, shape (networks, n)
        By projection; NaN where nothing has changed.
    by_neuron : dict of ndarray, shape (networks, n, neurons)
        The cosines of the weights onto each neuron.
    rules : dict of str
        What trained each projection.

    Raises
    ------
    TypeError, ValueError
        If weights change within trials, or as for `TrialNetwork.gradient`.
    RuntimeError
        In C++ standalone, which runs no Python within a training.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.gradient import GradientAlignment
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> neurons = RateNeurons(10, tau=10*ms)
    >>> net = LearningNetwork(task, neurons, RFLO(0.03, tau=10*ms), learn=PerTrial())
    >>> watch = GradientAlignment(net, every=2)
    >>> result = net.train(5)
    >>> watch.trials, watch.cosine["output"].round(12)
    (array([0, 2, 4]), array([[1., 1., 1.]]))
    """

    def __init__(
        self,
        net: TrialNetwork,
        every: int = 1,
        by: str | Sequence[str] | None = None,
        resets: dict | None = None,
        cut: Sequence[str | tuple[str, str]] = (),
        memory: float = MEMORY,
    ):
        check_count("GradientAlignment: every", every)
        if is_standalone():
            raise RuntimeError(
                "GradientAlignment computes in Python within a training, which C++ standalone does"
                " not; write prefs.codegen.target = 'cython', or compare net.gradient with changes"
                " of weights between phases"
            )
        self.net, self.every, self._rounds = net, every, []
        self._measured = Measured(net, by, resets, cut, memory=memory)
        self._parts = {one.name: one for one in self._measured.asked}
        for one in self._parts.values():
            check_weights(one)
        self._found = {name: [] for name in self._parts}
        self._before = {name: self._change(name) for name in self._parts}
        self._context = self._measured.present(self._look, ADDED_UP)
        self._context.__enter__()

    @property
    def trials(self):
        """Numbers of the trials."""
        return np.array(self._rounds, dtype=int) * self.net.seen

    @property
    def cosine(self):
        """Cosines by projection."""
        return {name: self._series(name, 0) for name in self._parts}

    @property
    def ratio(self):
        """Ratios of lengths by projection."""
        return {name: self._series(name, 1) for name in self._parts}

    @property
    def by_neuron(self):
        """Cosines by projection, of the weights onto each neuron."""
        return {name: self._series(name, 2) for name in self._parts}

    @property
    def rules(self):
        """What trains each projection."""
        return {name: one.of.rule.title for name, one in self._parts.items()}

    def remove(self) -> None:
        """Stop watching."""
        self._context.__exit__(None, None, None)

    def plot(self, axes=None):
        """Plot it; see `plotting.plot_gradient_alignment`."""
        from ..plotting import plot_gradient_alignment

        return plot_gradient_alignment(self, axes)

    def _series(self, name, number):
        found = [values[number] for values in self._found[name]]
        shape = (self.net.networks, 0) + ((len(self._parts[name].of.target),) * (number == 2))
        return np.stack(found, axis=1) if found else np.zeros(shape)

    def _change(self, name):
        """Return the changes that have been added up, of each synapse."""
        return np.array(self._parts[name].of.variables["change"].get_value())

    def _look(self):
        """Compare the changes of a trial with its gradient."""
        steps = self.net.task.n_steps
        number = int(self.net.trials.clock.variables["timestep"].get_value()[0]) // steps
        is_due = number % self.every == 0
        gradient = self._gradient() if is_due else {}
        for name, one in self._parts.items():
            change = self._change(name)
            if is_due:
                self._compare(one, change - self._before[name], gradient[name])
            batch = one.of.learn.batch
            self._before[name] = change if (number + 1) % batch else np.zeros_like(change)
        if is_due:
            self._rounds.append(number)

    def _gradient(self):
        """Return the gradient of the loss of the trials that have run, summed over copies."""
        self._measured.forget()
        self._measured.harvest()
        return self._measured.result(mean=False)

    def _compare(self, one, change, gradient):
        """Compare what a rule has added up with the gradient."""
        net, part = self.net, one.of
        dense = np.stack([g.toarray() if hasattr(g, "toarray") else g for g in gradient])
        learns = by_matrix(part, learning(part), dense.shape) > 0
        local, mine = by_matrix(part, change, dense.shape) * learns, -dense * learns
        window = part.learn.window or net.task.n_steps
        flat = (len(mine), -1)
        norms = [np.linalg.norm(values.reshape(flat), axis=1) for values in (local, mine)]
        rows = [np.linalg.norm(values, axis=2) for values in (local, mine)]
        with np.errstate(invalid="ignore", divide="ignore"):
            product = (local * mine).sum(axis=2)
            self._found[one.name].append(
                (
                    product.sum(axis=1) / (norms[0] * norms[1]),
                    norms[0] / (window * norms[1]),
                    product / (rows[0] * rows[1]),
                )
            )


def by_matrix(part, values, shape):
    """Return values of synapses as ``[network, post, pre]``, summed over copies."""
    networks, rows, columns = shape
    pre, post = np.asarray(part.i[:]), np.asarray(part.j[:])
    copies = max(len(part.target) // (rows * networks), 1)
    found = np.zeros(shape)
    np.add.at(found, (post // (rows * copies), post % rows, pre % columns), values)
    return found


def learning(part):
    """Return 1 for each synapse that learns, else 0."""
    learns = existing(part)
    if "plasticity" in part.variables:
        learns = learns * (part.variables["plasticity"].get_value() > 0)
    return learns


def check_weights(one):
    """Raise unless what is watched is weights that rest within trials."""
    if not one.is_weights or not declares(one.of, "learn"):
        raise ValueError(
            f"GradientAlignment watches projections that learn; got '{one.name}', which is none"
        )
    if not one.of.learn.accumulates:
        raise ValueError(
            f"GradientAlignment: the weights of '{one.name}' change within trials, where a trial"
            " has no one gradient; write learn=PerTrial(...) for the network"
        )
