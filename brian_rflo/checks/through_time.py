"""Comparison of a network's gradient with finite differences of its simulation, for any network:
the oracle of `check_gradient`.

A network is evaluated with weights a little apart, in random directions. Spikes have no derivative.
In those runs they happen when they did (z0), plus ``psi (u - u0)``: with the pseudo-derivative psi
and the distance u from the threshold, as far as that has moved. Resets and synapses take that for
the spikes: a reset ``s = R(s)`` becomes ``s + z (R(s) - s)``, with z as above (surrogate, attach),
z0 (detach), or z0 times the jump that was (ignore); and a synapse adds its weight times z, of each
of its neurons and in each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from brian2 import DEFAULT_UNITS, BrianObject, StateMonitor, TimedArray, seed

from .. import schedule
from ..brian.borrowed import SynapticPathway, catch_logs, get_identifiers
from ..brian.conditional import Conditional, first_step
from ..brian.declared import declared
from ..derivation.calculus import assignments
from ..network import TrialNetwork
from ..neurons.base import parent_group, spikes
from ..synapses.ends import at_any_time
from ..synapses.missing import code_of
from ..tasks import ArrayTask
from ..updates.arguments import check_instance
from .conformance import require
from .gradient import AFTER_SLOPE, RESETS, SEED, after_reset, reset_of, runner, text_of, undisturbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..network import TrialNetwork as Network

#: Steps of the differences, in units of the largest weight, and bounds of the error.
MOVES = (1e-5, 1e-6)
SMOOTH, SPIKING = 1e-7, 1e-6


@undisturbed()
def check_gradient(
    make: Callable[[], Network],
    by: str | Sequence[str] | None = None,
    resets: dict[str, str] | None = None,
    tolerance: float | None = None,
    moves: Sequence[float] = MOVES,
    directions: int = 4,
) -> None:
    """Check the gradient of a network against finite differences of its simulation, in its first
    trial.

    Spikes are held where they were, and moved by their pseudo-derivative. Use it for a neuron, a
    readout or statements of your own: what `TrialNetwork.gradient` does not know it refuses, and
    this check finds a pseudo-derivative, or a derivative of a function, that is not what it says.

    Parameters
    ----------
    make : callable
        ``make()`` returns a new network, the same each time: a `LearningNetwork` or `TrialNetwork`.
        Before each call the seed is set. A short trial and a few neurons suffice.
    by : str or sequence of str, optional
        Names of projections; by default all that can learn.
    resets : dict, optional
        As for `TrialNetwork.gradient`, without links that are cut.
    tolerance : float, optional
        Largest difference, in units of the largest derivative along a direction; 1e-7 by default,
        and 1e-6 with spiking neurons.
    moves : sequence of float
        Steps of the differences, in units of the largest weight; each must meet the tolerance.
    directions : int
        Number of random directions for each projection.

    Raises
    ------
    TypeError, ValueError
        If `make` returns no network, or as for `TrialNetwork.gradient`.
    AssertionError
        If the gradient differs; the message names the projection.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.tasks import PeriodicOutput
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> def make():
    ...     return LearningNetwork(task, RateNeurons(5, tau=10*ms), RFLO(0.03, tau=10*ms))
    >>> check_gradient(make, directions=1)
    """
    errors, is_spiking = gradient_errors(make, by, resets, moves, directions)
    tolerance = (SPIKING if is_spiking else SMOOTH) if tolerance is None else tolerance
    for (name, move), error in errors.items():
        require(
            error < tolerance,
            f"check_gradient: the gradient by '{name}' differs from finite differences of the"
            f" simulation by {error:.2g} of the largest derivative (tolerance {tolerance:g}, step"
            f" {move:g}); is a derivative or a pseudo-derivative other than it says, or are resets"
            " treated otherwise than resets= says?",
        )


def gradient_errors(make, by=None, resets=None, moves=MOVES, directions=4):
    """Return errors by projection and step, and whether neurons spike."""
    net = made(make)
    seed(SEED)
    gradient = net.gradient(net.seen, by=by, resets=resets, first=0)
    moved = Moved(made(make), net, resets or {})
    return moved.errors(gradient, moves, directions), bool(moved.spiking)


def made(make):
    """Return a new network, made with the same random numbers each time."""
    seed(SEED)
    net = make()
    check_instance("check_gradient: make() must return a network, which", net, TrialNetwork, "net")
    return net


class Setter(Conditional, BrianObject):
    """Sets weights at the beginning of each trial, and the seed.

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
    """A network whose spikes are held, to be evaluated with other weights.

    Parameters
    ----------
    net, base : TrialNetwork
        The network, and an equal one that tells when neurons spike.
    resets : dict
    """

    def __init__(self, net, base, resets):
        self.net, self.resets = net, resets
        self.spiking = spiking_groups(net)
        for group, was in zip(self.spiking, recorded(base) if self.spiking else ()):
            self._hold(group, was)
        for obj in list(net.sorted_objects):
            if isinstance(obj, SynapticPathway) and is_held(obj, self.spiking):
                self._carry(obj)

    def losses(self, weights):
        """Return the loss of the first trials, summed over networks, with each of some weights, in
        one run.
        """
        net, setter = self.net, Setter(self.net, weights)
        task = first_trials(net.task, net.seen)
        net.add(setter)
        try:
            with catch_logs():
                result = net.evaluate(len(weights) * net.seen, first=0, task=task)
        finally:
            net.remove(setter)
        return result.losses.reshape(len(result.losses), len(weights), -1).mean(axis=2).sum(axis=0)

    def errors(self, gradient, moves, directions):
        """Return the largest differences along random directions by projection and step, relative
        to the largest derivative.
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
        losses = self.losses(runs).reshape(-1, 4)
        return worst(cases, losses)

    def _hold(self, group, was):
        """Let spikes be those that were, and move resets with the distance from the threshold."""
        for name in ("_u", "_z"):
            group.variables.add_array(name, size=len(group))
        dt, now = group.clock.dt, f"(t_in_timesteps % {self.net.task.n_steps})*dt, i"
        group.namespace.update({f"_was{n}": TimedArray(v.T, dt) for n, v in was.items()})
        moved = "0"
        if "gain" in group.variables:
            unit = float(declared(group, "slope_unit", 1.0))
            moved = f"0.5*(gain + _was_gain({now}))/{unit!r}*(_u - _was_u({now}))"
        flag = "\nspiked = _z" if "spiked" in group.variables else ""
        code = f"_u = {distance_of(group)}\n_z = _was_z({now}) + {moved}{flag}"
        self._run(group, code, AFTER_SLOPE)
        group.events["spike"] = f"_was_z({now}) > 0.5"
        group.resetter["spike"].active = False
        names = reset_of(group)
        code = after_reset(group, lambda name: "_new_{0} = " + self._after(group, name, now))
        self._run(group, code + "".join(f"\n{n} = _new_{n}" for n in names), RESETS)

    def _after(self, group, name, now):
        """Return the value after a reset, as a pattern of the variable and its value."""
        return {
            "ignore": f"{{0}} + _was_z({now})*_was_jump_{{0}}({now})",
            "detach": f"_was_z({now})*({{1}}) + (1 - _was_z({now}))*{{0}}",
            "surrogate": "{0} + _z*({1} - {0})",
            "attach": "{0} + _z*({1} - {0})",
        }[self._mode(group, name)]

    def _mode(self, group, name):
        """Return the mode of a reset."""
        text = declared(group, "text", None)
        own = [] if text is None else [(text.detach, "detach"), (text.ignore, "ignore")]
        own += [(declared(group, "attached", ()), "attach")]
        known = {one: mode for names, mode in own for one in names} | self.resets
        values = dict(assignments(group.event_codes["spike"]))
        adds = name in get_identifiers(values[name])
        return known.get(name, "surrogate" if adds and name != "spike_count" else "detach")

    def _run(self, group, code, place):
        before = list(group.contained_objects)
        runner(group, code, place)
        self.net.add(*(obj for obj in group.contained_objects if obj not in before))

    def _carry(self, pathway):
        """Let synapses carry spikes as they are moved."""
        synapses = pathway.synapses
        pathway.active = False
        for name, value in assignments(at_any_time(code_of(pathway))):
            if synapses.variables.indices.get(name) == "_postsynaptic_idx":
                carrier = Carrier(synapses, name, value, pathway, self.net.task.n_steps)
                self.net.add(carrier)


class Carrier(BrianObject):
    """Adds weights times moved spikes to a variable of the targets, with delays."""

    add_to_magic_network = False
    touches_synapses = False

    def __init__(self, synapses, name, value, pathway, n_steps):
        super().__init__(
            clock=synapses.clock, when=pathway.when, order=pathway.order, name="carrier*"
        )
        self.synapses, self.n_steps = synapses, n_steps
        self.added = value.replace(name, "0", 1)
        self.target = synapses.variables[name]
        self.source = parent_group(synapses.source)
        delay = np.asarray(pathway.variables["delay"].get_value(), dtype=float)
        self.late = np.round(delay / float(synapses.clock.dt)).astype(int)
        self.past = np.zeros((n_steps, len(self.source)))

    def run(self):
        """Add."""
        step = int(self.clock.variables["timestep"].get_value()[0]) % self.n_steps
        self.past[step] = self.source.variables["_z"].get_value()
        part, own = self.synapses, self.synapses.variables
        late = np.broadcast_to(self.late, len(part))
        pre = np.asarray(own["_synaptic_pre"].get_value())
        post = np.asarray(own["_synaptic_post"].get_value())
        sent = np.where(step >= late, self.past[step - late, pre], 0.0)
        space = {n: float(unit) for n, unit in DEFAULT_UNITS.items()}
        space |= {n: float(v) for n, v in self._constants.items()}
        space["w"] = own["w"].get_value()
        arrived = np.bincount(post, eval(self.added, space) * sent, minlength=self._size)
        if self.target.conditional_write is not None:
            arrived = arrived * self.target.conditional_write.get_value()
        self.target.get_value()[:] += arrived

    @property
    def _constants(self):
        group = parent_group(self.synapses.target)
        known = {**(group.namespace or {}), **(self.synapses.namespace or {})}
        return {n: v for n, v in known.items() if np.ndim(v) == 0 and not callable(v)}

    @property
    def _size(self):
        return len(parent_group(self.synapses.target))


def recorded(base):
    """Return the course of spiking groups in the first trials: distance from the threshold, spikes,
    gain and the sizes of resets, ``{name: [unit, step]}`` for each group.
    """
    monitors = []
    for group in spiking_groups(base):
        kept = ["_u", "_z", "_gain", *(f"_jump_{name}" for name in reset_of(group))]
        for name in kept:
            group.variables.add_array(name, size=len(group))
        before = list(group.contained_objects)
        gain = "_gain = gain" if "gain" in group.variables else ""
        free = " and not_refractory" if "not_refractory" in group.variables else ""
        fires = f"({group.events['spike']}){free}"
        runner(group, f"_u = {distance_of(group)}\n_z = int({fires})\n{gain}", AFTER_SLOPE)
        runner(group, after_reset(group, lambda name: "_jump_{0} = {1} - {0}"), schedule.JUMP)
        monitors.append(StateMonitor(group, kept, record=True, when="end"))
        base.add(*(obj for obj in group.contained_objects if obj not in before))
    seed(SEED)
    base.add(*monitors)
    base.run(base.task.duration)
    return [
        {name: np.array(getattr(one, name)) for name in one.record_variables} for one in monitors
    ]


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


def spiking_groups(net):
    """Return the neurons of a network that have a threshold and a reset."""
    return [obj for obj in net.sorted_objects if is_spiking(obj)]


def is_spiking(obj):
    """Return whether an object is neurons with a threshold and a reset."""
    return hasattr(obj, "resetter") and spikes(obj) and "spike" in obj.resetter


def is_held(pathway, groups):
    """Return whether a pathway carries spikes of neurons that are held."""
    source = parent_group(pathway.synapses.source)
    return pathway.prepost == "pre" and any(group.name == source.name for group in groups)


def distance_of(group):
    """Return the distance from the threshold."""
    return text_of(group).distance


def places_of(part, shape):
    """Return network, post and pre of each synapse in matrices of a shape."""
    pre, post = np.asarray(part.i[:]), np.asarray(part.j[:])
    networks, rows, columns = shape
    copies = len(part.target) // (rows * networks)
    return post // (rows * copies), post % rows, pre % columns
