"""A network evaluated with other weights, while spikes are held, and what a gradient cuts."""

import numpy as np
from brian2 import BrianObject, seed

from .. import schedule
from ..brian.borrowed import catch_logs
from ..brian.conditional import Conditional, first_step
from ..tasks import ArrayTask
from .gradient import SEED
from .held import hold, watch_spikes
from .kept import cut_parts


class Setter(Conditional, BrianObject):
    """Set weights at the beginning of each trial, and the seed.

    Parameters
    ----------
    net : TrialNetwork
    weights : list of tuple
        For each trial a projection and its weights; they are those of before afterwards.
    """

    add_to_magic_network = False
    touches_synapses = False

    def __init__(self, net, weights):
        self.run_when(first_step(net.task.n_steps))
        super().__init__(clock=net.trials.clock, name="setter*", **schedule.BEGIN.behind(-1))
        self.weights, self.number = weights, 0
        self.starts = [(part, np.array(part.w)) for part, _ in weights]

    def work(self):
        """Set the weights of the trial that begins."""
        seed(SEED)
        for part, start in self.starts:
            write(part, start)
        write(*self.weights[self.number])
        self.number += 1


def write(part, weights):
    """Set weights within a run."""
    part.variables["w"].get_value()[:] = weights
    if "_stale" in part.variables:
        part.variables["_stale"].set_value(True)


class Moved:
    """A network whose spikes are held, and what is cut, to be evaluated with other weights.

    Parameters
    ----------
    net, base : TrialNetwork
        The network, and an equal one that tells what happens in its first trial.
    resets, cut
        As for `TrialNetwork.gradient`.
    namespace : dict
        The namespace of runs.
    """

    def __init__(self, net, base, resets, cut, namespace):
        self.net, self.namespace = net, namespace
        kept = list(zip(cut_parts(net, cut), cut_parts(base, cut))) if cut else []
        spikes = watch_spikes(base)
        for _, watched in kept:
            watched.watch()
        if spikes or kept:
            seed(SEED)
            base.run(base.task.duration, namespace=namespace)
        self.has_spikes = bool(spikes)
        hold(net, [one.course for one in spikes], resets, cut)
        for one, watched in kept:
            one.keep(watched.values)

    def losses(self, weights):
        """Return the loss of the first trials, summed over networks, with each of some weights, in
        one run.
        """
        net, setter = self.net, Setter(self.net, weights)
        task = first_trials(net.task, net.seen)
        net.add(setter)
        try:
            with catch_logs():
                given = dict(first=0, task=task, namespace=self.namespace)
                result = net.evaluate(len(weights) * net.seen, **given)
        finally:
            net.remove(setter)
        return result.losses.reshape(len(result.losses), len(weights), -1).mean(axis=2).sum(axis=0)

    def errors(self, gradient, moves, directions):
        """Return the largest differences along random directions by projection and step, relative
        to the largest derivative.

        Raises
        ------
        ValueError
            If the loss with the same weights is not the same in each trial.
        """
        rng, runs, cases = np.random.default_rng(SEED), [], []
        for name, found in gradient.items():
            part = self.net.parts_by_name[name]
            values = np.stack([m.toarray() if hasattr(m, "toarray") else m for m in found])
            start, places = np.array(part.w), places_of(part, values.shape)
            for move in moves:
                size = move * max(1.0, np.abs(start).max())
                for _ in range(directions):
                    way = np.zeros(values.shape)
                    way[places] = rng.standard_normal(values.shape)[places]
                    way /= np.linalg.norm(way)
                    runs += [(part, start + f * size * way[places]) for f in (1, -1, 2, -2)]
                    usual = np.linalg.norm(values) / np.sqrt(values.size)
                    cases.append((name, move, size, float((values * way).sum()), usual))
        first, *losses, last = self.losses([(part, start), *runs, (part, start)])
        if not np.isclose(first, last, rtol=1e-9, atol=0):
            raise ValueError(
                "check_gradient: with the same weights the loss is not the same in each trial"
                f" ({first:.6g}, then {last:.6g}): a state, or the time, goes on from trial to"
                " trial. Write net.trials.at_start(group, 'state = ...') in make()."
            )
        return worst(cases, np.reshape(losses, (-1, 4)))


def first_trials(task, seen):
    """Return a task that shows its first trials again and again."""
    if not task.random:
        return task
    inputs, target, mask = (np.stack(a) for a in zip(*(task.trial(k) for k in range(seen))))
    inputs = inputs if task.n_inputs else None
    return ArrayTask(inputs=inputs, target=target, mask=mask, dt=task.dt)


def worst(cases, losses):
    """Return errors by projection and step."""
    differences, sizes = {}, {}
    for (name, move, size, mine, usual), (one, other, far, back) in zip(cases, losses):
        slope = (4 * (one - other) / 2 - (far - back) / 4) / 3 / size
        differences.setdefault((name, move), []).append(abs(slope - mine))
        sizes.setdefault((name, move), [usual]).append(abs(slope))
    return {key: max(found) / max(sizes[key]) for key, found in differences.items()}


def places_of(part, shape):
    """Return network, post and pre of each synapse in matrices of a shape."""
    pre, post = np.asarray(part.i[:]), np.asarray(part.j[:])
    networks, rows, columns = shape
    copies = len(part.target) // (rows * networks)
    return post // (rows * copies), post % rows, pre % columns
