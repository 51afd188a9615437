"""Graphs of NIR as groups and projections of Brian2. What a spike is in them stands in `writing.py`.

    LIF                       LIFNeurons, in units in which its r is threshold minus rest; weights and bias take what is left of it
    CubaLIF                   the LI of its synapse, tau_syn dx/dt = -x + w_in I, before its LIF
    LI before LIFs alone      a synaptic current of those LIFNeurons, where only spikes enter it
    other LI                  LeakyIntegrators
    spikes onto anything else Pulses: the weights of a spike, for one step; in other time steps than the graph's, of the same area
    Linear, Affine, Scale     FixedSynapses, with the product of those between two groups; biases of the group behind them
    Input, Output             the groups that were given, and Outputs
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian2 import Hz, Network, NeuronGroup, second

from .. import schedule
from ..neurons import LIFNeurons
from ..neurons.base import check_port, spikes
from ..quantities import check_time
from ..synapses import FixedSynapses
from .writing import nir_package

LINEAR, MOVING, CURRENT_BASED = ("Linear", "Affine", "Scale"), ("LI", "LIF"), ("CubaLI", "CubaLIF")
KNOWN = ("Input", "Output", *LINEAR, *MOVING, *CURRENT_BASED)


class LeakyIntegrators(NeuronGroup):
    """``tau dactivity/dt = rest - activity + r (I + bias)``, moved by ``r dt/tau`` by spikes; where there are none, in the step in which its inputs have come."""

    events_onto = ("activity",)

    def __init__(self, node, sums, spiking, name):
        self.sum_phase = schedule.DRIVE if spiking else schedule.READOUT
        total = " + ".join([*sums, "bias"])
        model = f"dactivity/dt = (rest + r*({total}) - activity)/tau : 1\ntau : second (constant)\nr : 1 (constant)\nrest : 1 (constant)\nbias : 1\n" + "".join(f"{sum} : 1\n" for sum in sums)
        super().__init__(len(node.tau), model, method="exponential_euler", name=name)
        if not spiking:
            schedule.move(self.state_updater, schedule.READOUT_TRACE)
        self.tau, self.r, self.rest = node.tau * second, node.r, node.v_leak
        self.activity = node.metadata.get("initial", node.v_leak)


class Pulses(NeuronGroup):
    """Weighted spikes of the last step, ``activity``, for one step."""

    events_onto = ("activity",)

    def __init__(self, n, name):
        super().__init__(n, "activity : 1", name=name)
        self.run_regularly("activity = 0", **schedule.GAIN, name=f"{name}_end")


class Outputs(NeuronGroup):
    """What reaches an Output node: ``output``."""

    sum_phase = schedule.LOSS  # integrators have been integrated

    def __init__(self, n, sums, name):
        super().__init__(n, f"output = {' + '.join([*sums, 'bias'])} : 1\nbias : 1\n" + "".join(f"{sum} : 1\n" for sum in sums), name=name)


def from_nir(graph, dt=None, inputs=None):
    """A graph of NIR as a network of Brian2: groups and projections with fixed weights.

    Parameters
    ----------
    graph : nir.NIRGraph or path
        The graph, or a file that `nir.write` or `to_nir` wrote.
    dt : Quantity, optional
        How long a spike is the value 1 in this graph: the time step of the simulator that it comes from. Graphs of `to_nir` say it. The network may be
        simulated with any time step.
    inputs : group or dict of groups, optional
        What comes in at the Input node, or at each by its name: groups with ``activity``, for example ``TaskInput(task)``. A spike of one step is
        1 for that step. Without, a plain group with ``activity``, which is 0 until you set it.

    Returns
    -------
    Network
        ``net["lif"]`` is the group of the node "lif", with characters that Brian2 does not allow in names replaced by underscores. LIF nodes are `LIFNeurons`; the
        ``output`` of Output nodes that no spikes reach alone is recorded with ``when="end"``.

    Raises
    ------
    ModuleNotFoundError
        Without the package nir: ``pip install 'brian_rflo[nir]'``.
    ValueError
        If nodes are of other kinds than Input, Output, Linear, Affine, Scale, LI, LIF, CubaLI and CubaLIF, the neurons of a node have different membrane time
        constants, or the time step is not known.

    Examples
    --------
    >>> import nir, numpy as np
    >>> from brian2 import ms, SpikeMonitor, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> one = np.ones(1)
    >>> graph = nir.NIRGraph.from_list(nir.Affine(np.eye(1), 2*one), nir.LIF(0.02*one, one, 0*one, one))
    >>> net = from_nir(graph, dt=1*ms)
    >>> spikes = SpikeMonitor(net["lif"])
    >>> net.add(spikes)
    >>> net.run(50*ms)
    >>> spikes.t/ms
    array([13., 27., 41.])
    """
    nir = nir_package("from_nir")
    if isinstance(graph, (str, Path)):
        graph = nir.read(graph)
    return Importer(nir, graph, spike_length(graph, dt), inputs).build()


def spike_length(graph, dt):
    """How long a spike lasts, in seconds."""
    if dt is not None:
        check_time("from_nir: dt", dt)
        return float(dt)
    if "dt" not in graph.metadata:
        raise ValueError("from_nir: the graph does not say how long a spike is the value 1 in it; write dt=..., the time step of the simulator that it comes from, for example dt=0.1*ms")
    return float(graph.metadata["dt"])


@dataclass
class Terms:
    """A sum of weighted sources and a constant: matrices by the name of the source (None for that of ones on the diagonal)."""

    weights: dict
    bias: np.ndarray

    def through(self, node):
        """The same behind a linear node."""
        kind = type(node).__name__
        matrix = np.diag(np.ravel(node.scale)) if kind == "Scale" else np.asarray(node.weight, dtype=float)
        bias = matrix @ self.bias + (np.asarray(node.bias, dtype=float) if kind == "Affine" else 0.0)
        return Terms({name: matrix if weights is None else matrix @ weights for name, weights in self.weights.items()}, bias)

    def plus(self, other):
        """The sum of both."""
        weights = dict(self.weights)
        for name, matrix in other.weights.items():
            weights[name] = matrix if name not in weights else full(weights[name], self.bias) + full(matrix, self.bias)
        return Terms(weights, self.bias + other.bias)


def full(matrix, like):
    return np.eye(len(like)) if matrix is None else matrix


def flattened(graph):
    """Nodes and edges of a graph, those of graphs within it among them, as ``outer.inner``."""
    nodes, edges = dict(graph.nodes), [tuple(edge) for edge in graph.edges]
    for name, inner in graph.nodes.items():
        if type(inner).__name__ == "NIRGraph":
            parts, links = flattened(inner)
            inward, outward = ([part for part, node in parts.items() if type(node).__name__ == kind] for kind in ("Input", "Output"))
            heads = [end for start, end in links if start in inward]
            tails = [start for start, end in links if end in outward]
            within = [(f"{name}.{start}", f"{name}.{end}") for start, end in links if start not in inward and end not in outward]
            into = [(start, f"{name}.{head}") for start, end in edges if end == name for head in heads]
            out_of = [(f"{name}.{tail}", end) for start, end in edges if start == name for tail in tails]
            edges = [edge for edge in edges if name not in edge] + within + into + out_of
            del nodes[name]
            nodes |= {f"{name}.{part}": node for part, node in parts.items() if part not in (*inward, *outward)}
    return nodes, edges


def unfolded(nir, nodes, edges):
    """The same with an LI node for the synapse of each current-based neuron."""
    for name, node in list(nodes.items()):
        if kind_of(node) in CURRENT_BASED:
            synapse = f"{name}_I"
            nodes[synapse] = nir.LI(tau=node.tau_syn, r=node.w_in, v_leak=np.zeros_like(node.v_leak))
            levels = dict(tau=node.tau_mem, r=node.r, v_leak=node.v_leak, metadata=node.metadata)
            nodes[name] = nir.LIF(v_threshold=node.v_threshold, v_reset=node.v_reset, **levels) if kind_of(node) == "CubaLIF" else nir.LI(**levels)
            edges = [(start, synapse if end == name else end) for start, end in edges] + [(synapse, name)]
    return nodes, edges


def kind_of(node):
    return type(node).__name__


def named(name):
    """A name that Brian2 allows."""
    name = re.sub(r"\W", "_", name)
    return name if name[:1].isalpha() else f"node_{name}"


def check_nodes(nodes):
    """Raise unless all of them can be had."""
    for name, node in nodes.items():
        if kind_of(node) not in KNOWN:
            raise ValueError(f"from_nir: node '{name}' is a {kind_of(node)}, which it does not build; it knows {', '.join(KNOWN)}, and graphs of them")
        shape = np.ravel(node.output_type["output"])
        if len(shape) != 1:
            raise ValueError(f"from_nir: node '{name}' has the shape {tuple(int(n) for n in shape)}, and groups of Brian2 are rows of neurons; flatten it where the graph is made")
        if kind_of(node) in ("LIF", "CubaLIF"):
            tau = node.tau if kind_of(node) == "LIF" else node.tau_mem
            if not uniform(tau):
                raise ValueError(f"from_nir: the neurons of node '{name}' have membrane time constants from {tau.min():g} to {tau.max():g} s, and LIFNeurons have one; put them into nodes of one time constant each")
            if not (node.v_threshold > node.v_reset).all():
                raise ValueError(f"from_nir: node '{name}' has neurons whose v_threshold is not above v_reset; they would fire in every step")


def uniform(values):
    return bool(np.all(values == np.ravel(values)[0]))


@dataclass
class Units:
    """What makes of membranes of NIR those of `LIFNeurons`: ``v = offset + scale*membrane``, of threshold `threshold`, and so on.

    Levels that all neurons share stay as they are. Else, and where neurons rest above their threshold, the unit is threshold minus reset.
    """

    threshold: float
    rest: float
    reset: float
    offset: np.ndarray
    scale: np.ndarray
    drive: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, node):
        shared = all(uniform(level) for level in (node.v_leak, node.v_threshold, node.v_reset)) and node.v_threshold[0] > node.v_leak[0]
        if shared:
            threshold, rest, reset = (float(level[0]) for level in (node.v_threshold, node.v_leak, node.v_reset))
            return cls(threshold, rest, reset, np.zeros(len(node.tau)), np.ones(len(node.tau)), node.r / (threshold - rest), np.zeros(len(node.tau)))
        scale = node.v_threshold - node.v_reset
        return cls(1.0, 0.0, 0.0, node.v_reset, scale, node.r / scale, (node.v_leak - node.v_reset) / scale)

    def begin(self, node):
        """The membranes at the beginning: what the graph says, or at rest."""
        v = node.metadata.get("initial", np.where(node.v_leak < node.v_threshold, node.v_leak, node.v_reset))
        return (v - self.offset) / self.scale


class Importer:
    """Makes groups of nodes, then projections of what lies between them."""

    def __init__(self, nir, graph, dt, inputs):
        nodes, edges = flattened(graph)
        check_nodes(nodes)
        self.nodes, self.edges = unfolded(nir, nodes, edges)
        self.dt, self.given, self.groups, self.parts = dt, self.checked_inputs(inputs), {}, []
        self.drives = {name: self.drive(name) for name in self.names("LI")}
        self.currents = {name: self.currents_of(name) for name in self.names("LIF")}
        self.fused = self.choose_fused()

    def names(self, kind):
        """Nodes of a kind."""
        return [name for name, node in self.nodes.items() if kind_of(node) == kind]

    def before(self, name):
        """Nodes with an edge to a node."""
        return [start for start, end in self.edges if end == name]

    def after(self, name):
        """Nodes that a node has an edge to."""
        return [end for start, end in self.edges if start == name]

    def size(self, name):
        """What enters a node, as a number of channels."""
        return int(np.ravel(next(iter(self.nodes[name].input_type.values())))[0])

    def checked_inputs(self, inputs):
        """The groups for Input nodes, by name."""
        names = self.names("Input")
        if inputs is None:
            return {}
        if not isinstance(inputs, dict):
            if len(names) != 1:
                raise ValueError(f"from_nir: the graph has {len(names)} Input nodes ({', '.join(names)}); write inputs={{name: group, ...}}")
            inputs = {names[0]: inputs}
        for name, group in inputs.items():
            if name not in names:
                raise ValueError(f"from_nir: inputs has '{name}', and the Input nodes of the graph are {', '.join(names)}")
            if len(group) != self.size(name):
                raise ValueError(f"from_nir: Input node '{name}' has {self.size(name)} channels, but '{group.name}' has {len(group)} units; give it as many")
            if not spikes(group):
                check_port(group, "activity", "from_nir")
        return inputs

    def spiking(self, name):
        """Whether spikes leave a node, and not values."""
        given = self.given.get(name)
        return kind_of(self.nodes[name]) == "LIF" or (given is not None and "activity" not in given.variables)

    def drive(self, name, without=(), passed=()):
        """What enters a node, as weighted sources and a constant."""
        terms = Terms({}, np.zeros(self.size(name)))
        for start in self.before(name):
            if start not in without:
                terms = terms.plus(self.leaving(start, passed))
        return terms

    def leaving(self, name, passed):
        """What leaves a node, likewise."""
        if kind_of(self.nodes[name]) not in LINEAR:
            return Terms({name: None}, np.zeros(self.size(name)))
        if name in passed:
            raise ValueError(f"from_nir: node '{name}' is in a loop without neurons, which has no solution in time")
        return self.drive(name, passed=(*passed, name)).through(self.nodes[name])

    def currents_of(self, name):
        """LI nodes that may be synaptic currents of neurons: only spikes enter them, they rest at 0 and have one time constant, and nothing else reads them."""
        found = []
        for start in self.before(name):
            node = self.nodes[start]
            if kind_of(node) == "LI" and uniform(node.tau) and (node.r > 0).all() and not node.v_leak.any() and "initial" not in node.metadata:
                drive = self.drives[start]
                if all(self.spiking(source) for source in drive.weights) and not drive.bias.any() and all(kind_of(self.nodes[end]) == "LIF" for end in self.after(start)):
                    found.append(start)
        return found

    def choose_fused(self):
        """Those of them that have the time constant of the first current of all their neurons, since `LIFNeurons` have one."""
        first = {name: self.nodes[currents[0]].tau[0] for name, currents in self.currents.items() if currents}
        candidates = dict.fromkeys(current for currents in self.currents.values() for current in currents)
        return {current for current in candidates if all(first[end] == self.nodes[current].tau[0] for end in self.after(current))}

    def build(self):
        """Groups first, then what connects them."""
        for name in self.names("Input"):
            self.groups[name] = self.given.get(name) or NeuronGroup(self.size(name), "activity : 1", name=named(name))
        connections = [self.neurons(name) for name in self.names("LIF")] + [self.integrators(name) for name in self.names("LI") if name not in self.fused] + [self.outputs(name) for name in self.names("Output")]
        for connect in connections:
            connect()
        return Network(*dict.fromkeys([*self.groups.values(), *self.parts]))

    def neurons(self, name):
        """The group of a LIF node; what connects it is left for later."""
        node, units = self.nodes[name], Units.of(self.nodes[name])
        currents = [current for current in self.currents[name] if current in self.fused]
        drive = self.drive(name, without=currents)
        sums = {source: f"I_in{number}" for number, source in enumerate(self.summed(drive))}
        tau, synapse = float(node.tau[0]) * second, self.nodes[currents[0]] if currents else None
        synaptic = dict(tau_syn=float(synapse.tau[0]) * second, rate_unit=1 / (float(synapse.r[0]) * self.dt) * Hz) if currents else dict(tau_syn=tau)
        levels = dict(threshold=units.threshold, rest=units.rest, reset=units.reset, bias=units.drive * drive.bias + units.bias, baseline=0.0, initial_activity=0.0)
        group = LIFNeurons(len(node.tau), tau, **synaptic, **levels, events=tuple(map(named, currents)), inputs=tuple(sums.values()), name=named(name))
        group.v = group.v_initial = units.begin(node)
        self.groups[name] = group

        def connect():
            for current in currents:
                scale = units.drive * self.nodes[current].r / synapse.r[0]
                for source, matrix in self.drives[current].weights.items():
                    self.project(source, group, scaled(full(matrix, node.tau), scale), named(current), f"{named(source)}_to_{named(current)}")
            self.sum_up(drive, group, sums, units.drive, self.dt / float(group.clock.dt))

        return connect

    def integrators(self, name):
        """The group of an LI node."""
        node, drive = self.nodes[name], self.drives[name]
        values = Terms({source: matrix for source, matrix in drive.weights.items() if not self.spiking(source)}, drive.bias)
        sums = {source: f"I_in{number}" for number, source in enumerate(values.weights)}
        self.groups[name] = group = LeakyIntegrators(node, sums.values(), len(values.weights) < len(drive.weights), named(name))
        group.bias = drive.bias

        def connect():
            for source, matrix in drive.weights.items():
                if self.spiking(source):
                    self.project(source, group, scaled(full(matrix, drive.bias), node.r * self.dt / node.tau), "activity")
            self.sum_up(values, group, sums)

        return connect

    def outputs(self, name):
        """The group of an Output node, unless that is bare spikes of neurons."""
        drive = self.drive(name)
        if all(self.spiking(source) and matrix is None for source, matrix in drive.weights.items()):
            return lambda: None
        sums = {source: f"I_in{number}" for number, source in enumerate(self.summed(drive))}
        self.groups[name] = group = Outputs(self.size(name), sums.values(), named(name))
        group.bias = drive.bias
        return lambda: self.sum_up(drive, group, sums)

    def summed(self, drive):
        """Sources of a drive that are summed each on its own; None stands for all spikes together."""
        values = [source for source in drive.weights if not self.spiking(source)]
        return values + ([None] if len(values) < len(drive.weights) else [])

    def sum_up(self, drive, group, sums, factors=1.0, height=1.0):
        """Bring a drive to the sums of a group, spikes by way of pulses of some height."""
        pulses = None
        for source, matrix in drive.weights.items():
            weights = scaled(full(matrix, drive.bias), factors)
            if self.spiking(source):
                pulses = pulses or self.pulses(group, sums[None])
                self.project(source, pulses, height * weights, "activity")
            else:
                self.project(source, group, weights, sums[source])

    def pulses(self, group, onto):
        """What holds the weights of spikes for a step."""
        pulses = Pulses(len(group), f"{group.name}_pulses")
        synapses = FixedSynapses(pulses, group, onto=onto, name=f"{pulses.name}_to_{group.name}")
        synapses.connect_matrix(np.eye(len(group)))
        self.parts += [pulses, synapses]
        return pulses

    def project(self, source, group, weights, onto, name=None):
        """Fixed weights from the group of a node."""
        synapses = FixedSynapses(self.groups[source], group, onto=onto, name=name or f"{named(source)}_to_{group.name}")
        synapses.connect_matrix(weights)
        self.parts.append(synapses)


def scaled(weights, factors):
    """Rows of a matrix times a factor each."""
    return weights * np.broadcast_to(factors, len(weights))[:, None]
