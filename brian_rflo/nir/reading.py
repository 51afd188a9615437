"""Conversion of NIR graphs to groups and projections of Brian2. `writing.py` defines what a spike
is in them.

    LIF                       LIFNeurons, in units in which its r is threshold minus rest; weights
                              and bias take what is left of it
    CubaLIF                   the LI of its synapse, tau_syn dx/dt = -x + w_in I, before its LIF
    LI before LIFs alone      a synaptic current of those LIFNeurons, where only spikes enter it
    other LI                  LeakyIntegrators
    spikes onto anything else Pulses: the weights of a spike, for one step; in other time steps than
                              the graph's, of the same area
    Linear, Affine, Scale     FixedSynapses, with the product of those between two groups; biases of
                              the group behind them
    Input, Output             the groups that were given, and Outputs
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Hz, Network, NeuronGroup, second

from ..brian.construction import one_error
from ..brian.optional import optional
from ..brian.quantities import check_time
from ..neurons import LIFNeurons
from ..results.files import existing_file
from ..synapses import FixedSynapses
from .graph import FlatGraph, Terms, full
from .groups import LeakyIntegrators, Outputs, Pulses, Units, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from brian2 import NeuronGroup, Quantity
    from nir import NIRGraph


def from_nir(
    graph: NIRGraph | str | PathLike[str],
    dt: Quantity | None = None,
    inputs: NeuronGroup | Mapping[str, NeuronGroup] | None = None,
) -> Network:
    """Return a Brian2 network for a NIR graph: groups, and projections with fixed weights.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        The graph, or a file that `nir.write` or `to_nir` wrote.
    dt : Quantity, optional
        How long a spike is the value 1 in this graph: the time step of the simulator that it comes
        from. Graphs of `to_nir` say it. The network may be simulated with any time step.
    inputs : group or dict of groups, optional
        Input of the Input node, or of each by its name: groups with ``activity``, for example
        ``TaskInput(task)``. A spike of one step is 1 for that step. Without, a plain group with
        ``activity``, which is 0 until you set it.

    Returns
    -------
    Network
        ``net["lif"]`` is the group of the node "lif", with characters that Brian2 does not allow in
        names replaced by underscores. LIF nodes are `LIFNeurons`; the ``output`` of Output nodes
        that no spikes reach alone is recorded with ``when="end"``.

    Raises
    ------
    ModuleNotFoundError
        Without the package nir: ``pip install 'brian_rflo[nir]'``.
    FileNotFoundError, RuntimeError
        If there is no such file, or it is damaged.
    ValueError
        If nodes are of other kinds than Input, Output, Linear, Affine, Scale, LI, LIF, CubaLI and
        CubaLIF, the neurons of a node have different membrane time constants, or the time step is
        not known.

    Examples
    --------
    >>> import nir, numpy as np
    >>> from brian2 import ms, SpikeMonitor, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> one = np.ones(1)
    >>> lif = nir.LIF(0.02*one, one, 0*one, one)
    >>> graph = nir.NIRGraph.from_list(nir.Affine(np.eye(1), 2*one), lif)
    >>> net = from_nir(graph, dt=1*ms)
    >>> spikes = SpikeMonitor(net["lif"])
    >>> net.add(spikes)
    >>> net.run(50*ms)
    >>> spikes.t/ms
    array([13., 27., 41.])
    """
    nir = optional("nir", "from_nir", "nir", "h5py")
    if isinstance(graph, (str, Path)):
        graph = read_graph(nir, graph)
    with one_error():
        return Importer(FlatGraph(nir, graph, inputs), spike_length(graph, dt)).build()


def read_graph(nir, path):
    """Read a graph from a file."""
    path = existing_file(path)
    try:
        return nir.read(path)
    except Exception as error:
        raise RuntimeError(
            f"'{path}' is damaged, or not a file of a NIR graph ({type(error).__name__}: {error})"
        ) from error


def spike_length(graph, dt):
    """Return the duration of a spike, in seconds."""
    if dt is not None:
        check_time("from_nir: dt", dt)
        return float(dt)
    if "dt" not in graph.metadata:
        raise ValueError(
            "from_nir: the graph does not say how long a spike is the value 1 in it; write dt=...,"
            " the time step of the simulator that it comes from, for example dt=0.1*ms"
        )
    return float(graph.metadata["dt"])


class Importer:
    """Makes groups from nodes, then the projections between them."""

    def __init__(self, graph, dt):
        self.graph, self.dt, self.groups, self.parts = graph, dt, {}, []

    def build(self):
        """Make all groups, then all projections; return the network."""
        for name in self.graph.names("Input"):
            self.groups[name] = self.graph.given.get(name) or NeuronGroup(
                self.graph.size(name), "activity : 1", name=named(name)
            )
        connections = (
            [self.neurons(name) for name in self.graph.names("LIF")]
            + [
                self.integrators(name)
                for name in self.graph.names("LI")
                if name not in self.graph.fused
            ]
            + [self.outputs(name) for name in self.graph.names("Output")]
        )
        for connect in connections:
            connect()
        return Network(*dict.fromkeys([*self.groups.values(), *self.parts]))

    def neurons(self, name):
        """Make the group of a LIF node; its projections follow later."""
        node, units = self.graph.nodes[name], Units.of(self.graph.nodes[name])
        currents = [current for current in self.graph.currents[name] if current in self.graph.fused]
        drive = self.graph.drive(name, without=currents)
        sums = {source: f"I_in{number}" for number, source in enumerate(self.graph.summed(drive))}
        tau, synapse = (
            float(node.tau[0]) * second,
            (self.graph.nodes[currents[0]] if currents else None),
        )
        synaptic = (
            dict(
                tau_syn=float(synapse.tau[0]) * second,
                rate_unit=1 / (float(synapse.r[0]) * self.dt) * Hz,
            )
            if currents
            else dict(tau_syn=tau)
        )
        levels = dict(
            threshold=units.threshold,
            rest=units.rest,
            reset=units.reset,
            bias=units.drive * drive.bias + units.bias,
            baseline=0.0,
            initial_activity=0.0,
        )
        group = LIFNeurons(
            len(node.tau),
            tau,
            **synaptic,
            **levels,
            events=tuple(map(named, currents)),
            inputs=tuple(sums.values()),
            name=named(name),
        )
        group.v = group.v_initial = units.begin(node)
        self.groups[name] = group

        def connect():
            for current in currents:
                scale = units.drive * self.graph.nodes[current].r / synapse.r[0]
                for source, matrix in self.graph.drives[current].weights.items():
                    self.project(
                        source,
                        group,
                        scaled(full(matrix, node.tau), scale),
                        named(current),
                        f"{named(source)}_to_{named(current)}",
                    )
            self.sum_up(drive, group, sums, units.drive, self.dt / float(group.clock.dt))

        return connect

    def integrators(self, name):
        """Make the group of an LI node."""
        node, drive = self.graph.nodes[name], self.graph.drives[name]
        values = Terms(
            {
                source: matrix
                for source, matrix in drive.weights.items()
                if not self.graph.spiking(source)
            },
            drive.bias,
        )
        sums = {source: f"I_in{number}" for number, source in enumerate(values.weights)}
        self.groups[name] = group = LeakyIntegrators(
            node, sums.values(), len(values.weights) < len(drive.weights), named(name)
        )
        group.bias = drive.bias

        def connect():
            for source, matrix in drive.weights.items():
                if self.graph.spiking(source):
                    self.project(
                        source,
                        group,
                        scaled(full(matrix, drive.bias), node.r * self.dt / node.tau),
                        "activity",
                    )
            self.sum_up(values, group, sums)

        return connect

    def outputs(self, name):
        """Make the group of an Output node, unless its input is just spikes of neurons."""
        drive = self.graph.drive(name)
        if all(
            self.graph.spiking(source) and matrix is None
            for source, matrix in drive.weights.items()
        ):
            return lambda: None
        sums = {source: f"I_in{number}" for number, source in enumerate(self.graph.summed(drive))}
        self.groups[name] = group = Outputs(self.graph.size(name), sums.values(), named(name))
        group.bias = drive.bias
        return lambda: self.sum_up(drive, group, sums)

    def sum_up(self, drive, group, sums, factors=1.0, height=1.0):
        """Project a drive onto the sums of a group; spikes go through pulses of a given height."""
        pulses = None
        for source, matrix in drive.weights.items():
            weights = scaled(full(matrix, drive.bias), factors)
            if self.graph.spiking(source):
                pulses = pulses or self.pulses(group, sums[None])
                self.project(source, pulses, height * weights, "activity")
            else:
                self.project(source, group, weights, sums[source])

    def pulses(self, group, onto):
        """Return the group that holds weighted spikes for one step."""
        pulses = Pulses(len(group), f"{group.name}_pulses")
        synapses = FixedSynapses(pulses, group, onto=onto, name=f"{pulses.name}_to_{group.name}")
        synapses.connect_matrix(np.eye(len(group)))
        self.parts += [pulses, synapses]
        return pulses

    def project(self, source, group, weights, onto, name=None):
        """Make a projection with fixed weights from the group of a node."""
        synapses = FixedSynapses(
            self.groups[source], group, onto=onto, name=name or f"{named(source)}_to_{group.name}"
        )
        synapses.connect_matrix(weights)
        self.parts.append(synapses)


def scaled(weights, factors):
    """Return a matrix with each row multiplied by a factor."""
    return weights * np.broadcast_to(factors, len(weights))[:, None]
