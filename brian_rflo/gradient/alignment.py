"""Agreement of what a local rule does in a trial with the gradient, or with what another rule would
do in it, trial by trial in any training.

For each projection, with the change D of the rule in a trial, minus the gradient G of the loss of
that trial, at the weights with which it began,

    cosine = <D, -G>/(|D| |G|)        ratio = |D|/|G|

over all synapses that learn, and for each postsynaptic neuron (`changes` says what D is). A rule
that is the gradient has 1 and 1. For two rules, the D of the second is in the place of -G.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..brian.declared import declared
from ..brian.quantities import check_count
from .changes import ADDED_UP, Changes, in_networks, learning
from .checkpoints import MEMORY
from .measuring import Measured, NotFinite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..network import TrialNetwork

__all__ = ["GradientAlignment", "RuleAlignment"]


class Alignment:
    """Base of the alignments in a training: what was compared, by projection.

    `beside` says what with.

    Parameters
    ----------
    net : TrialNetwork
    every : int
    by : str, sequence of str or None
    """

    def __init__(self, net: TrialNetwork, every: int, by):
        if not declared(net, "parts_by_name", None):
            raise TypeError(
                f"{type(self).__name__}: net must be a network that learns in trials, such as a"
                f" LearningNetwork; got {net!r}"
            )
        check_count(f"{type(self).__name__}: every", every)
        self.net, self.every = net, every
        self._rounds, self._trainers = [], []
        self._done = Changes(net, by)
        self._found = {name: [] for name in self._done.parts}
        self._expected = None

    def __len__(self):
        """Return how many trials were compared."""
        return len(self._rounds)

    def shorten(self, trials: int) -> None:
        """Forget all but the first trials that were compared: others have been undone."""
        for values in (self._rounds, self._trainers, *self._found.values()):
            del values[trials:]
        self._expected = None

    @property
    def trials(self):
        """Numbers of the trials."""
        return np.array(self._rounds, dtype=int) * self.net.seen

    @property
    def cosine(self):
        """Cosines by projection."""
        return {name: self._series(name, 0) for name in self._found}

    @property
    def ratio(self):
        """Ratios of lengths by projection."""
        return {name: self._series(name, 1) for name in self._found}

    @property
    def by_neuron(self):
        """Cosines by projection, of the weights onto each neuron."""
        return {name: self._series(name, 2) for name in self._found}

    @property
    def rules(self):
        """Names of what trained each projection in the trials that were compared."""
        return {
            name: " and ".join(dict.fromkeys(one[name] for one in self._trainers))
            or part.rule.title
            for name, part in self._done.parts.items()
        }

    def remove(self) -> None:
        """Stop watching."""
        self._context.__exit__(None, None, None)
        if self in self.net.watches:
            self.net.watches.remove(self)

    def plot(self, axes=None):
        """Plot it; see `plotting.plot_gradient_alignment`."""
        from ..plotting import plot_gradient_alignment

        return plot_gradient_alignment(self, axes)

    def _series(self, name, number):
        found = [values[number] for values in self._found[name]]
        neurons = len(self._done.parts[name].target) // self.net.blocks
        shape = (self.net.networks, 0) + (neurons,) * (number == 2)
        return np.stack(found, axis=1) if found else np.zeros(shape)

    def _begin(self, context):
        """Watch trainings from now on."""
        self._context = context
        context.__enter__()

    def is_due(self, number: int) -> bool:
        """Return whether the round of that number is to be compared."""
        return number % self.every == 0

    def _look(self):
        """Compare what has been done in the trial that ends, if it is to be compared."""
        if self.net.is_aside:
            return
        clock, steps = self.net.trials.clock, self.net.task.n_steps
        number = int(clock.variables["timestep"].get_value()[0]) // steps
        self._done.look(number)
        if not self.is_due(number) or not self._is_ready():
            return
        done, expected = self._pair()
        for name, part in self._done.parts.items():
            learns = in_networks(part, learning(part), self.net)
            values = (dense(one) for one in (done[name], expected[name], learns))
            self._found[name].append(agreement(*values))
        self._rounds.append(number)
        taught = self.net.taught_by
        parts = self._done.parts.items()
        self._trainers.append({name: taught or part.rule.title for name, part in parts})
        self._expected = None

    def _is_ready(self):
        """Return whether what the change is compared with is known."""
        return self._expected is not None

    def _pair(self):
        """Return both sides as ``[network, post, pre]`` by projection."""
        return self._done.by_network(), self._expected


class GradientAlignment(Alignment):
    """Cosine and ratio of lengths between what a local rule does in a trial and the gradient, in
    each training from now on.

    It changes nothing in a training, to the bit. What it finds depends on what trains the network:
    the same rule is nearer to the gradient where it has trained the network itself.

    Where weights change within trials (`PerStep`), the gradient is taken at the weights with which
    the trial begins: from a replay ahead of the trial, in which nothing learns and after which
    nothing has changed (`TrialNetwork.gradient`). What the rule has done is then the change of the
    weights from the beginning of the trial to its end. Trainings by `TrialNetwork.train` are
    watched; with replays they run in pieces.

    Parameters
    ----------
    net : TrialNetwork
        What is trained.
    every : int
        Look at each `every`-th trial (with trials side by side, round of trials), from the first.
    by : str or sequence of str, optional
        Names of projections; by default all that can learn.
    resets, cut, memory : optional
        As for `TrialNetwork.gradient`.
    of : TrialNetwork, optional
        Compare with the gradient what the rules of this network would do in the trial, in place of
        what has trained `net`, by another rule or by `BPTT`; see `RuleAlignment`.

    Attributes
    ----------
    trials : ndarray, shape (n,)
        Numbers of the trials, counted from 0.
    cosine, ratio : dict of ndarray, shape (networks, n)
        By projection; NaN where nothing has changed, and of networks that diverge.
    by_neuron : dict of ndarray, shape (networks, n, neurons)
        The cosines of the weights onto each neuron.
    rules : dict of str
        What trained each projection.
    watched : dict of str or None
        The rules of the network `of`, if there is one.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, or as for `TrialNetwork.gradient` and `RuleAlignment`.
    RuntimeError
        In C++ standalone, which runs no Python within a training; and in a training, if objects
        that change what the loss depends on have been added to the network since, or removed.

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

    beside = "the gradient"

    def __init__(
        self,
        net: TrialNetwork,
        every: int = 1,
        by: str | Sequence[str] | None = None,
        resets: dict | None = None,
        cut: Sequence[str | tuple[str, str]] = (),
        memory: float = MEMORY,
        of: TrialNetwork | None = None,
    ):
        super().__init__(net, every, by)
        self.resets, self.cut, self.memory = resets, cut, memory
        self.of = None if of is None else Follower(net, of, self._done.parts)
        self._measured = None
        if self._done.rest and of is None:
            self._measured = Measured(net, list(self._found), resets, cut, memory=memory)
            given = (self._look, ADDED_UP, self._done.begin, self._check, self)
            self._begin(self._measured.present(*given))
        else:
            net.watches.append(self)
            self._begin(self._done.present(self._look, self))

    @property
    def watched(self):
        """The rules that are compared, by projection, if they are not what trained the network."""
        return None if self.of is None else self.of.titles

    def before(self, namespace: dict) -> None:
        """Replay the trial that is to come."""
        given = dict(resets=self.resets, cut=self.cut, memory=self.memory, namespace=namespace)
        self._expected = negative(
            lambda: self.net.gradient(self.net.seen, by=list(self._found), **given)
        )
        if self.of is not None:
            self._of_others = self.of.changes(namespace)

    def _check(self):
        """Raise if the network that runs is not the one whose gradient is taken."""
        if not self.net.is_aside:
            self._measured.check()

    def _is_ready(self):
        return self._measured is not None or super()._is_ready()

    def _pair(self):
        if self._measured is None:
            did, expected = super()._pair()
            return (did if self.of is None else self._of_others), expected
        self._measured.forget()
        self._measured.harvest()
        return self._done.by_network(), negative(self._measured.result)


class RuleAlignment(Alignment):
    """Cosine and ratio of lengths between what the rules of a network do in a trial, and what those
    of another network would do in it with the same weights, in each training from now on.

    The other network is built like the first one: the same task, neurons and numbers of them, with
    another rule, another credit path or another learning schedule. Ahead of a trial it gets the
    weights of the first one, and replays the trial; afterwards nothing else in it has changed. In
    the training itself nothing changes, to the bit; it runs in pieces.

    Parameters
    ----------
    net : TrialNetwork
        What is trained, by `TrialNetwork.train`.
    other : TrialNetwork
        The network with the other rules.
    every : int
        Look at each `every`-th trial (with trials side by side, round of trials), from the first.
    by : str or sequence of str, optional
        Names of projections; by default all that can learn.

    Attributes
    ----------
    trials : ndarray, shape (n,)
        Numbers of the trials, counted from 0.
    cosine, ratio : dict of ndarray, shape (networks, n)
        By projection, the ratio that of the first to the second; NaN where nothing has changed,
        and of networks that diverge.
    by_neuron : dict of ndarray, shape (networks, n, neurons)
        The cosines of the weights onto each neuron.
    rules : dict of str
        What trained each projection.
    watched : dict of str
        The rules of the other network.

    Raises
    ------
    TypeError, ValueError
        If the other network has other projections, or shows another loss with the same weights.
    RuntimeError
        In C++ standalone, which runs no Python within a training.

    Examples
    --------
    Random beside symmetric feedback:

    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.credit import SymmetricFeedback
    >>> from brian_rflo.gradient import RuleAlignment
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> def network(**given):
    ...     neurons = RateNeurons(10, tau=10*ms)
    ...     return LearningNetwork(task, neurons, RFLO(0.03, tau=10*ms), learn=PerTrial(), **given)
    >>> net, other = network(), network(credit=SymmetricFeedback())
    >>> watch = RuleAlignment(net, other, every=2)
    >>> result = net.train(5)
    >>> watch.trials, watch.cosine["output"].round(12)
    (array([0, 2, 4]), array([[1., 1., 1.]]))
    """

    beside = "what trained it"

    def __init__(
        self,
        net: TrialNetwork,
        other: TrialNetwork,
        every: int = 1,
        by: str | Sequence[str] | None = None,
    ):
        super().__init__(net, every, by)
        self.other = Follower(net, other, self._done.parts)
        net.watches.append(self)
        self._begin(self._done.present(self._look, self))

    @property
    def watched(self):
        """The rules of the other network, by projection."""
        return self.other.titles

    def before(self, namespace: dict) -> None:
        """Let the other network replay the trial that is to come."""
        self._expected = self.other.changes(namespace)


class Follower:
    """Another network, with the weights of a first one.

    Parameters
    ----------
    net, other : TrialNetwork
    parts : dict of str to PlasticSynapses
        The projections of the first one that are compared.
    """

    def __init__(self, net, other, parts):
        self.net, self.other, self.parts = net, other, parts
        if other is net or not declared(other, "parts_by_name", None):
            raise TypeError(
                "the network of other rules must be a network of its own; write"
                " other = LearningNetwork(task, neurons, rule), with other neurons like the first"
            )
        for name, part in parts.items():
            self._check(name, part, other.parts_by_name.get(name))
        self.follow()
        ours, its = (one.evaluate(net.seen, first=0).losses for one in (net, other))
        alike = np.isclose(ours, its, rtol=1e-6, atol=1e-12, equal_nan=True)
        if not alike.all():
            raise ValueError(
                f"with the weights of '{net.name}', '{other.name}' shows a loss of"
                f" {its[~alike][0]:.6g} in trial 0, and not {ours[~alike][0]:.6g}; build it with"
                " the same task and neurons, their parameters and initial state included"
            )

    def _check(self, name, ours, its):
        """Raise unless both networks have the same synapses in a projection."""
        if its is None or not all(
            np.array_equal(getattr(ours, end)[:], getattr(its, end)[:]) for end in ("i", "j")
        ):
            raise ValueError(
                f"'{self.other.name}' must have the synapses of '{self.net.name}' in '{name}'; give"
                " it the same networks, copies, numbers of neurons and connectivity"
            )

    @property
    def titles(self):
        """Its rules by projection, with the credit path that was given."""
        credit = self.other.settings.get("credit", "None")
        by = "" if credit == "None" else f", {credit.removesuffix('()')}"
        parts = self.other.parts_by_name
        return {name: f"{parts[name].rule.title}{by}" for name in self.parts}

    def follow(self):
        """Take the weights of the first network, but for those that bring errors back."""
        for name in self.parts:
            weights = self.net.parts_by_name[name].variables["w"].get_value()
            self.other.parts_by_name[name].variables["w"].set_value(np.array(weights))

    def changes(self, namespace):
        """Return what its rules do in the trial that comes next in the first network."""
        self.follow()
        shows = self.net.shows
        given = dict(by=list(self.parts), first=shows.next_trial(None), task=shows.now.task)
        return self.other.changes(self.net.seen, **given, namespace=namespace)


def negative(gradient):
    """Return minus the gradient that a function returns. A network that diverges has NaN, and the
    training that is watched goes on.
    """
    try:
        found = gradient()
    except NotFinite as error:
        found = error.found
    return {name: minus(values) for name, values in found.items()}


def minus(values):
    """Return minus an array, or sparse matrices."""
    return [-one for one in values] if isinstance(values, list) else -values


def dense(values):
    """Return matrices as one array ``[network, post, pre]``."""
    return np.stack([one.toarray() if hasattr(one, "toarray") else one for one in values])


def agreement(one, other, learns):
    """Return cosine and ratio of lengths of matrices ``[network, post, pre]``, and the cosines of
    their rows, over the synapses that learn.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        one, other = one * (learns > 0), other * (learns > 0)
        rows = [np.linalg.norm(values, axis=2) for values in (one, other)]
        norms = [np.linalg.norm(values, axis=1) for values in rows]
        product = (one * other).sum(axis=2)
        return (
            product.sum(axis=1) / (norms[0] * norms[1]),
            norms[0] / norms[1],
            product / (rows[0] * rows[1]),
        )
