"""Spikes that are held where they were (z0), to compare a gradient with finite differences.

They happen when they did, plus ``psi (u - u0)``: with the pseudo-derivative psi and the distance u
from the threshold, as far as that has moved. Resets and synapses take that for the spikes: a reset
``s = R(s)`` becomes ``s + z (R(s) - s)``, with z as above (surrogate, attach), z0 (detach), or z0
times the jump that was (ignore); and a synapse adds its weight times z, of each of its neurons and
in each step, or times z0, if what it carries is cut.
"""

import numpy as np
from brian2 import DEFAULT_UNITS, BrianObject, StateMonitor, TimedArray

from .. import schedule
from ..brian.borrowed import SynapticPathway, get_identifiers
from ..brian.declared import declared
from ..derivation.calculus import assignments
from ..gradient.asked import resets_of
from ..neurons.base import parent_group, spikes
from ..synapses.ends import at_any_time
from ..synapses.missing import code_of
from .gradient import AFTER_SLOPE, RESETS, after_reset, reset_of, runner, spiking, text_of


class Watched:
    """Spiking neurons of which a run records distance from the threshold, spikes, gain and the
    sizes of resets.

    Parameters
    ----------
    net : TrialNetwork
    group : NeuronGroup
    """

    def __init__(self, net, group):
        kept = ["_u", "_z", "_gain", *(f"_jump_{name}" for name in reset_of(group))]
        for name in kept:
            group.variables.add_array(name, size=len(group))
        gain = "_gain = gain" if "gain" in group.variables else ""
        code = f"_u = {distance_of(group)}\n_z = int({spiking(group)})\n{gain}"
        run(net, group, code, AFTER_SLOPE)
        jumps = after_reset(group, lambda name: "_jump_{0} = {1} - {0}")
        run(net, group, jumps, schedule.JUMP)
        self.monitor = StateMonitor(group, kept, record=True, when="end")
        net.add(self.monitor)

    @property
    def course(self):
        """Return what was recorded, ``{name: [unit, step]}``."""
        return {
            name: np.array(getattr(self.monitor, name)) for name in self.monitor.record_variables
        }


class Held:
    """Neurons whose spikes are those that were.

    Parameters
    ----------
    net : TrialNetwork
    group : NeuronGroup
    was : dict
        The course of an equal group.
    modes : dict
        The modes of resets that were chosen, by ``(group, variable)``.
    """

    def __init__(self, net, group, was, modes):
        self.net, self.group, self.modes = net, group, modes
        for name in ("_u", "_z"):
            group.variables.add_array(name, size=len(group))
        dt, self.now = group.clock.dt, f"(t_in_timesteps % {net.task.n_steps})*dt, i"
        group.namespace.update({f"_was{n}": TimedArray(v.T, dt) for n, v in was.items()})
        self._spike()
        self._reset()

    def _spike(self):
        """Move spikes with the distance from the threshold."""
        group, now, moved = self.group, self.now, "0"
        if "gain" in group.variables:
            unit = float(declared(group, "slope_unit", 1.0))
            moved = f"0.5*(gain + _was_gain({now}))/{unit!r}*(_u - _was_u({now}))"
        flag = "\nspiked = _z" if "spiked" in group.variables else ""
        code = f"_u = {distance_of(group)}\n_z = _was_z({now}) + {moved}{flag}"
        run(self.net, group, code, AFTER_SLOPE)
        group.events["spike"] = f"_was_z({now}) > 0.5"

    def _reset(self):
        """Move resets with the spikes, by their modes."""
        group = self.group
        group.resetter["spike"].active = False
        code = after_reset(group, lambda name: "_new_{0} = " + self._after(name))
        code += "".join(f"\n{name} = _new_{name}" for name in reset_of(group))
        run(self.net, group, code, RESETS)

    def _after(self, name):
        """Return the value after a reset, as a pattern of the variable and its value."""
        return {
            "ignore": f"{{0}} + _was_z({self.now})*_was_jump_{{0}}({self.now})",
            "detach": f"_was_z({self.now})*({{1}}) + (1 - _was_z({self.now}))*{{0}}",
            "surrogate": "{0} + _z*({1} - {0})",
            "attach": "{0} + _z*({1} - {0})",
        }[self._mode(name)]

    def _mode(self, name):
        """Return the mode of a reset."""
        group = self.group
        text = declared(group, "text", None)
        own = [] if text is None else [(text.detach, "detach"), (text.ignore, "ignore")]
        own += [(declared(group, "attached", ()), "attach")]
        known = {one: mode for names, mode in own for one in names}
        known |= {one: mode for (owner, one), mode in self.modes.items() if owner == group.name}
        values = dict(assignments(group.event_codes["spike"]))
        adds = name in get_identifiers(values[name])
        return known.get(name, "surrogate" if adds and name != "spike_count" else "detach")


class Carrier(BrianObject):
    """Add weights times moved spikes to a variable of the targets, with delays.

    Parameters
    ----------
    pathway : SynapticPathway
        The pathway in whose place it is.
    name, value : str
        The variable, ``v_post``, and the value that the pathway's statement gives it.
    n_steps : int
    sent : array, shape (n_steps, n_source), optional
        Spikes that do not move.
    """

    add_to_magic_network = False
    touches_synapses = False

    def __init__(self, pathway, name, value, n_steps, sent=None):
        super().__init__(
            clock=pathway.synapses.clock, when=pathway.when, order=pathway.order, name="carrier*"
        )
        self.synapses, self.n_steps, self.sent = pathway.synapses, n_steps, sent
        self.added = value.replace(name, "0", 1)
        self.target = self.synapses.variables[name]
        self.source = parent_group(self.synapses.source)
        delay = np.asarray(pathway.variables["delay"].get_value(), dtype=float)
        self.late = np.round(delay / float(self.synapses.clock.dt)).astype(int)
        self.past = np.zeros((n_steps, len(self.source)))

    def run(self):
        """Add."""
        step = int(self.clock.variables["timestep"].get_value()[0]) % self.n_steps
        moved = self.source.variables["_z"].get_value()
        self.past[step] = moved if self.sent is None else self.sent[step]
        part, own = self.synapses, self.synapses.variables
        late = np.broadcast_to(self.late, len(part))
        pre = np.asarray(own["_synaptic_pre"].get_value())
        post = np.asarray(own["_synaptic_post"].get_value())
        sent = np.where(step >= late, self.past[step - late, pre], 0.0)
        space = constants_of(part) | {"w": own["w"].get_value()}
        size = len(parent_group(part.target))
        arrived = np.bincount(post, eval(self.added, space) * sent, minlength=size)
        if self.target.conditional_write is not None:
            arrived = arrived * self.target.conditional_write.get_value()
        self.target.get_value()[:] += arrived


def watch_spikes(net):
    """Let all spiking neurons of a network be recorded."""
    return [Watched(net, group) for group in spiking_groups(net)]


def hold(net, courses, resets, cut):
    """Let all spikes of a network be those that were, and synapses carry them as they are moved;
    those of the projections `cut` as they were.
    """
    groups, modes = spiking_groups(net), resets_of(net, resets)
    was = {group.name: course for group, course in zip(groups, courses)}
    for group in groups:
        Held(net, group, was[group.name], modes)
    still = {net.parts_by_name[name].name for name in cut if name in net.parts_by_name}
    for obj in list(net.sorted_objects):
        if isinstance(obj, SynapticPathway) and is_held(obj, was):
            sent = was[parent_group(obj.synapses.source).name]["_z"].T
            carry(net, obj, sent if obj.synapses.name in still else None)


def carry(net, pathway, sent):
    """Let synapses carry spikes as they are moved, or those that were sent."""
    pathway.active = False
    for name, value in assignments(at_any_time(code_of(pathway))):
        if pathway.synapses.variables.indices.get(name) == "_postsynaptic_idx":
            net.add(Carrier(pathway, name, value, net.task.n_steps, sent))


def run(net, group, code, place):
    """Let a group of a network run statements."""
    before = list(group.contained_objects)
    runner(group, code, place)
    net.add(*(obj for obj in group.contained_objects if obj not in before))


def constants_of(synapses):
    """Return the numbers that expressions of synapses may name."""
    space = {name: float(unit) for name, unit in DEFAULT_UNITS.items()}
    group = parent_group(synapses.target)
    known = {**(group.namespace or {}), **(synapses.namespace or {})}
    return space | {n: float(v) for n, v in known.items() if np.ndim(v) == 0 and not callable(v)}


def spiking_groups(net):
    """Return the neurons of a network that have a threshold and a reset."""
    return [obj for obj in net.sorted_objects if is_spiking(obj)]


def is_spiking(obj):
    """Return whether an object is neurons with a threshold and a reset."""
    return hasattr(obj, "resetter") and spikes(obj) and "spike" in obj.resetter


def is_held(pathway, names):
    """Return whether a pathway carries spikes of neurons that are held, of some names."""
    return pathway.prepost == "pre" and parent_group(pathway.synapses.source).name in names


def distance_of(group):
    """Return the distance from the threshold."""
    return text_of(group).distance
