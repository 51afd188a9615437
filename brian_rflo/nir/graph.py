"""A flattened NIR graph: its nodes, and the input of each as a weighted sum."""

from dataclasses import dataclass

import numpy as np

from ..neurons.base import check_port, spikes

LINEAR, MOVING, CURRENT_BASED = ("Linear", "Affine", "Scale"), ("LI", "LIF"), ("CubaLI", "CubaLIF")
KNOWN = ("Input", "Output", *LINEAR, *MOVING, *CURRENT_BASED)


@dataclass
class Terms:
    """A sum of weighted sources and a constant: matrices by the name of the source (None for an
    identity matrix).
    """

    weights: dict
    bias: np.ndarray

    def through(self, node):
        """Return the sum behind a linear node."""
        kind = type(node).__name__
        matrix = (
            np.diag(np.ravel(node.scale))
            if kind == "Scale"
            else np.asarray(node.weight, dtype=float)
        )
        bias = matrix @ self.bias + (
            np.asarray(node.bias, dtype=float) if kind == "Affine" else 0.0
        )
        return Terms(
            {
                name: matrix if weights is None else matrix @ weights
                for name, weights in self.weights.items()
            },
            bias,
        )

    def plus(self, other):
        """Return the sum of both."""
        weights = dict(self.weights)
        for name, matrix in other.weights.items():
            weights[name] = (
                matrix
                if name not in weights
                else full(weights[name], self.bias) + full(matrix, self.bias)
            )
        return Terms(weights, self.bias + other.bias)


def full(matrix, like):
    return np.eye(len(like)) if matrix is None else matrix


def flattened(graph):
    """Return nodes and edges of a graph and its subgraphs, the latter as ``outer.inner``."""
    nodes, edges = dict(graph.nodes), [tuple(edge) for edge in graph.edges]
    for name, inner in graph.nodes.items():
        if type(inner).__name__ == "NIRGraph":
            parts, links = flattened(inner)
            inward, outward = (
                [part for part, node in parts.items() if type(node).__name__ == kind]
                for kind in ("Input", "Output")
            )
            heads = [end for start, end in links if start in inward]
            tails = [start for start, end in links if end in outward]
            within = [
                (f"{name}.{start}", f"{name}.{end}")
                for start, end in links
                if start not in inward and end not in outward
            ]
            into = [
                (start, f"{name}.{head}") for start, end in edges if end == name for head in heads
            ]
            out_of = [
                (f"{name}.{tail}", end) for start, end in edges if start == name for tail in tails
            ]
            edges = [edge for edge in edges if name not in edge] + within + into + out_of
            del nodes[name]
            nodes |= {
                f"{name}.{part}": node
                for part, node in parts.items()
                if part not in (*inward, *outward)
            }
    return nodes, edges


def unfolded(nir, nodes, edges):
    """Return nodes and edges with an LI node for the synapse of each current-based neuron."""
    for name, node in list(nodes.items()):
        if kind_of(node) in CURRENT_BASED:
            synapse = f"{name}_I"
            nodes[synapse] = nir.LI(
                tau=node.tau_syn, r=node.w_in, v_leak=np.zeros_like(node.v_leak)
            )
            levels = dict(tau=node.tau_mem, r=node.r, v_leak=node.v_leak, metadata=node.metadata)
            nodes[name] = (
                nir.LIF(v_threshold=node.v_threshold, v_reset=node.v_reset, **levels)
                if kind_of(node) == "CubaLIF"
                else nir.LI(**levels)
            )
            edges = [(start, synapse if end == name else end) for start, end in edges] + [
                (synapse, name)
            ]
    return nodes, edges


def kind_of(node):
    return type(node).__name__


def check_nodes(nodes):
    """Raise unless all nodes are supported."""
    for name, node in nodes.items():
        if kind_of(node) not in KNOWN:
            raise ValueError(
                f"from_nir: node '{name}' is a {kind_of(node)}, which is not supported;"
                f" it supports {', '.join(KNOWN)}, and graphs of them"
            )
        shape = np.ravel(node.output_type["output"])
        if len(shape) != 1:
            raise ValueError(
                f"from_nir: node '{name}' has the shape {tuple(int(n) for n in shape)}, and groups"
                " of Brian2 are rows of neurons; flatten it where the graph is made"
            )
        if kind_of(node) in ("LIF", "CubaLIF"):
            tau = node.tau if kind_of(node) == "LIF" else node.tau_mem
            if not uniform(tau):
                raise ValueError(
                    f"from_nir: the neurons of node '{name}' have membrane time constants from"
                    f" {tau.min():g} to {tau.max():g} s, and LIFNeurons have one; put them into"
                    " nodes of one time constant each"
                )
            if not (node.v_threshold > node.v_reset).all():
                raise ValueError(
                    f"from_nir: node '{name}' has neurons whose v_threshold is not above v_reset;"
                    " they would fire in every step"
                )


def uniform(values):
    return bool(np.all(values == np.ravel(values)[0]))


class FlatGraph:
    """Nodes and edges of a flattened graph, and properties derived from them.

    Attributes
    ----------
    nodes : dict
        All nodes by name, including linear ones.
    edges : list
        Pairs of names.
    given : dict
        The groups that Input nodes stand for, by the name of the node.
    drives : dict
        The input of each LI node.
    currents : dict
        The LI nodes that may be synaptic currents, for each LIF node.
    fused : set
        Synaptic currents that are built together with their neurons.
    """

    def __init__(self, nir, graph, inputs):
        nodes, edges = flattened(graph)
        check_nodes(nodes)
        self.nodes, self.edges = unfolded(nir, nodes, edges)
        self.given = self.checked_inputs(inputs)
        self.drives = {name: self.drive(name) for name in self.names("LI")}
        self.currents = {name: self.currents_of(name) for name in self.names("LIF")}
        self.fused = self.choose_fused()

    def names(self, kind):
        """Return the names of the nodes of a kind."""
        return [name for name, node in self.nodes.items() if kind_of(node) == kind]

    def before(self, name):
        """Return the nodes with an edge to a node."""
        return [start for start, end in self.edges if end == name]

    def after(self, name):
        """Return the nodes that a node has an edge to."""
        return [end for start, end in self.edges if start == name]

    def size(self, name):
        """Return the number of input channels of a node."""
        return int(np.ravel(next(iter(self.nodes[name].input_type.values())))[0])

    def checked_inputs(self, inputs):
        """Return the groups for Input nodes, by name, checked."""
        names = self.names("Input")
        if inputs is None:
            return {}
        if not isinstance(inputs, dict):
            if len(names) != 1:
                raise ValueError(
                    f"from_nir: the graph has {len(names)} Input nodes ({', '.join(names)}); write"
                    " inputs={name: group, ...}"
                )
            inputs = {names[0]: inputs}
        for name, group in inputs.items():
            if name not in names:
                raise ValueError(
                    f"from_nir: inputs has '{name}', and the Input nodes of the graph are"
                    f" {', '.join(names)}"
                )
            if len(group) != self.size(name):
                raise ValueError(
                    f"from_nir: Input node '{name}' has {self.size(name)} channels, but"
                    f" '{group.name}' has {len(group)} units; give it as many"
                )
            if not spikes(group):
                check_port(group, "activity", "from_nir")
        return inputs

    def spiking(self, name):
        """Return whether a node emits spikes rather than values."""
        given = self.given.get(name)
        return kind_of(self.nodes[name]) == "LIF" or (
            given is not None and "activity" not in given.variables
        )

    def drive(self, name, without=(), passed=()):
        """Return the input of a node, as weighted sources and a constant."""
        terms = Terms({}, np.zeros(self.size(name)))
        for start in self.before(name):
            if start not in without:
                terms = terms.plus(self.output_of(start, passed))
        return terms

    def output_of(self, name, passed):
        """Return the output of a node, as weighted sources and a constant."""
        if kind_of(self.nodes[name]) not in LINEAR:
            return Terms({name: None}, np.zeros(self.size(name)))
        if name in passed:
            raise ValueError(
                f"from_nir: node '{name}' is in a loop without neurons, which has no solution in"
                " time"
            )
        return self.drive(name, passed=(*passed, name)).through(self.nodes[name])

    def currents_of(self, name):
        """Return the LI nodes that can be synaptic currents of neurons: driven by spikes alone,
        with resting value 0 and one time constant, and read by nothing else.
        """
        found = []
        for start in self.before(name):
            node = self.nodes[start]
            if (
                kind_of(node) == "LI"
                and uniform(node.tau)
                and (node.r > 0).all()
                and not node.v_leak.any()
                and "initial" not in node.metadata
            ):
                drive = self.drives[start]
                if (
                    all(self.spiking(source) for source in drive.weights)
                    and not drive.bias.any()
                    and all(kind_of(self.nodes[end]) == "LIF" for end in self.after(start))
                ):
                    found.append(start)
        return found

    def choose_fused(self):
        """Return the synaptic currents with the time constant of the first current of all their
        neurons; `LIFNeurons` have a single one.
        """
        first = {
            name: self.nodes[currents[0]].tau[0]
            for name, currents in self.currents.items()
            if currents
        }
        candidates = dict.fromkeys(
            current for currents in self.currents.values() for current in currents
        )
        return {
            current
            for current in candidates
            if all(first[end] == self.nodes[current].tau[0] for end in self.after(current))
        }

    def summed(self, drive):
        """Return the sources of a drive that are summed separately; None stands for all spikes
        together.
        """
        values = [source for source in drive.weights if not self.spiking(source)]
        return values + ([None] if len(values) < len(drive.weights) else [])
