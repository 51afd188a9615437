"""Activity of neurons as arrays of trials, time steps and neurons."""

from contextlib import contextmanager

import numpy as np
from brian2 import Group, SpikeMonitor, StateMonitor, Synapses

from .. import schedule
from ..brian.declared import declared
from ..brian.in_program import is_waiting
from ..neurons.base import parent_group, spikes

#: The variable that stands for the spikes of a group.
SPIKES = "spikes"


class Activity:
    """Monitors of groups for one run, and what they record as arrays.

    Parameters
    ----------
    net : TrialNetwork
    variables : str, sequence of str, or None
        As for `TrialNetwork.record`.
    of : group or sequence of groups
    """

    def __init__(self, net, variables, of):
        if is_waiting():
            raise RuntimeError(
                "record returns arrays, so its program must run: write set_device('cpp_standalone')"
                " without build_on_run=False, or add a StateMonitor of your own to the network"
            )
        self.net, self.is_one = net, not isinstance(of, (list, tuple))
        self.groups = [of] if self.is_one else list(of)
        self.variables = variables
        self.names = {id(group): self._names(group) for group in self.groups}
        self.monitors, self.of = [], {}
        for group in self.groups:
            self._monitor(group)

    def _names(self, group):
        """Return the names of the variables of a group, checked."""
        if not isinstance(group, Group) or isinstance(group, Synapses):
            raise TypeError(
                "record: of must be a group of neurons, or a list of them; got"
                f" {getattr(group, 'name', group)!r}"
            )
        if not any(obj.name == parent_group(group).name for obj in self.net.sorted_objects):
            raise ValueError(f"record: '{group.name}' is not a part of '{self.net.name}'")
        own = group.variables
        default = "activity" if "activity" in own or not spikes(group) else SPIKES
        given = default if self.variables is None else self.variables
        names = [given] if isinstance(given, str) else list(given)
        for name in names:
            if not (name == SPIKES and spikes(group)) and name not in own:
                known = sorted(of for of in own if not of.startswith("_"))
                raise ValueError(
                    f"record: '{group.name}' has no variable {name!r}; its variables are"
                    f" {', '.join(known + [SPIKES] * spikes(group))}"
                )
        if len(group) % blocks_of(self.net, group):
            raise ValueError(
                f"record: '{group.name}' has {len(group)} units, which do not divide into"
                f" {blocks_of(self.net, group)} networks"
            )
        return names

    def _monitor(self, group):
        """Make the monitors of a group."""
        names = self.names[id(group)]
        states = [name for name in names if not self._is_spikes(group, name)]
        if states:
            monitor = StateMonitor(group, states, record=True, **schedule.RECORD)
            self.of |= {(id(group), name): monitor for name in states}
            self.monitors.append(monitor)
        for name in set(names) - set(states):
            self.of[id(group), name] = SpikeMonitor(group)
            self.monitors.append(self.of[id(group), name])

    def _is_spikes(self, group, name):
        return name == SPIKES and name not in group.variables

    @contextmanager
    def monitored(self):
        """Context in which the monitors are in the network."""
        self.net.add(*self.monitors)
        try:
            yield
        finally:
            self.net.remove(*self.monitors)

    def begin(self):
        """Note the time at which the run begins."""
        self.first = round(float(self.net.t / self.net.task.dt))

    def arrays(self, rounds):
        """Return what was recorded in the run, which had `rounds` trials one after the other."""
        found = {group.name: self._of_group(group, rounds) for group in self.groups}
        return next(iter(found.values())) if self.is_one else found

    def _of_group(self, group, rounds):
        names = self.names[id(group)]
        found = {name: self._array(group, name, rounds) for name in names}
        is_one = self.variables is None or isinstance(self.variables, str)
        return found[names[0]] if is_one else found

    def _array(self, group, name, rounds):
        """Return a variable as ``[trial, step, neuron]``, of several networks with these first;
        NaN in steps that did not run.
        """
        net, monitor = self.net, self.of[id(group), name]
        n_steps = net.task.n_steps
        if self._is_spikes(group, name):
            values = self._raster(monitor, len(group), rounds * n_steps)
        else:
            values = whole(np.asarray(getattr(monitor, name)), rounds * n_steps)
        blocks = blocks_of(net, group)
        copies = net.copies if blocks % net.copies == 0 else 1
        parts = values.reshape(blocks // copies, copies, -1, rounds, n_steps)
        parts = parts[:, : net.seen].transpose(0, 3, 1, 4, 2)
        by_network = parts.reshape(len(parts), -1, n_steps, parts.shape[-1])
        return by_network[0] if net.networks == 1 or len(parts) == 1 else by_network

    def _raster(self, monitor, neurons, steps):
        """Return the spikes of neurons as 0 and 1."""
        raster = np.zeros((neurons, steps))
        step = np.round(np.asarray(monitor.t / self.net.task.dt)).astype(int) - self.first
        raster[np.asarray(monitor.i), step] = 1
        return raster


def whole(values, steps):
    """Return a copy of recorded values, with NaN for steps that did not run; the memory of a
    monitor is free as soon as the monitor is gone (Brian2 from 2.10 on).
    """
    if values.shape[1] == steps:
        return values.copy()
    padded = np.full((len(values), steps), np.nan)
    padded[:, : values.shape[1]] = values
    return padded


def blocks_of(net, group):
    """Return the number of copies of networks in a group; groups that see the task say how many
    they have, which may be one for all networks.
    """
    base = parent_group(group)
    said = declared(base, "networks"), declared(base, "copies")
    return net.blocks if None in said else said[0] * said[1]
