"""A flat NIR graph: its nodes, and the input of each as a weighted sum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from brian2 import Group

from ..neurons.base import check_port, spikes
from .flattening import CURRENT_BASED, FIRING, LINEAR, Node, flat, kind_of


@dataclass(eq=False)
class Term:
    """Contribution of one node to the input of another.

    Attributes
    ----------
    source : str
    matrix : array, shape (n_post, n_pre), or None
        Weights; None for an identity matrix.
    delay : array, shape (n_post, n_pre) or with sizes of 1, or None
        Delay in seconds.
    via : tuple of str
        The nodes in between.
    """

    source: str
    matrix: np.ndarray | None = None
    delay: np.ndarray | None = None
    via: tuple = ()

    def through(self, name, node):
        """Return what is left of it behind a node."""
        via = (*self.via, name)
        if node.kind == "Delay":
            delay = node.delay[None, :] if self.matrix is None else node.delay[:, None]
            return replace(self, delay=delay if self.delay is None else self.delay + delay, via=via)
        if self.delay is not None and self.matrix is not None and not same_rows(self.delay):
            raise ValueError(
                f"from_nir: the channels that enter node '{name}' have delays of their own behind"
                " weights, and synapses have one matrix of weights; put the Delay before them"
            )
        matrix = np.diag(node.scale) if node.kind == "Scale" else node.weight
        delay = None if self.delay is None else self.delay[:1]
        return replace(
            self,
            matrix=matrix if self.matrix is None else matrix @ self.matrix,
            delay=delay,
            via=via,
        )


def same_rows(delay):
    return bool((delay == delay[:1]).all())


@dataclass(eq=False)
class Terms:
    """A sum of weighted sources and a constant.

    Attributes
    ----------
    paths : list of Term
        Each way from a source.
    bias : array
    """

    paths: list
    bias: np.ndarray

    @property
    def merged(self):
        """The sum with one term for each source; those with delays stay apart."""
        terms = {}
        for path in self.paths:
            known = terms.get(path.source)
            if path.delay is not None:
                terms[path.via] = path
            elif known is None:
                terms[path.source] = path
            else:
                total = full(known.matrix, self.bias) + full(path.matrix, self.bias)
                terms[path.source] = Term(path.source, total)
        return list(terms.values())

    @property
    def sources(self):
        """The names of its sources."""
        return list(dict.fromkeys(path.source for path in self.paths))


def full(matrix, like):
    return np.eye(len(like)) if matrix is None else matrix


def unfolded(nodes, edges):
    """Return nodes and edges with an LI node for the synapse of each current-based neuron."""
    nodes = dict(nodes)
    for name, node in list(nodes.items()):
        if node.kind in CURRENT_BASED:
            synapse = another(f"{name}_I", nodes)
            values = dict(tau=node.tau_syn, r=node.w_in, v_leak=np.zeros_like(node.v_leak))
            nodes[synapse] = Node("LI", node.size, values)
            values = {
                value.removesuffix("_mem"): array
                for value, array in node.values.items()
                if value not in ("tau_syn", "w_in")
            }
            nodes[name] = Node(node.kind.removeprefix("Cuba"), node.size, values, node.metadata)
            edges = [(start, synapse if end == name else end) for start, end in edges] + [
                (synapse, name)
            ]
    return nodes, edges


def another(name, taken):
    """Return a name, with a number if it is taken."""
    number, chosen = 2, name
    while chosen in taken:
        chosen, number = f"{name}_{number}", number + 1
    return chosen


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
    """

    def __init__(self, graph, inputs, rules=()):
        self.nodes, self.edges = flat(graph)
        self.learned = check_names_of(rules, self.nodes)
        self.given = self.checked_inputs(inputs)

    def names(self, *kinds):
        """Return the names of the nodes of some kinds."""
        return [name for name, node in self.nodes.items() if node.kind in kinds]

    def before(self, name):
        """Return the nodes with an edge to a node."""
        return [start for start, end in self.edges if end == name]

    def after(self, name):
        """Return the nodes that a node has an edge to."""
        return [end for start, end in self.edges if start == name]

    def size(self, name):
        """Return the number of input channels of a node."""
        node = self.nodes[name]
        return node.weight.shape[1] if node.kind in ("Linear", "Affine") else node.size

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
            if not isinstance(group, Group):
                raise TypeError(
                    "from_nir: inputs must be a group, for example TaskInput(task), or groups by"
                    f" the names of Input nodes; got {group!r}"
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
        return self.nodes[name].kind in FIRING or (
            given is not None and "activity" not in given.variables
        )

    def drive(self, name, without=(), passed=()):
        """Return the input of a node, as weighted sources and a constant."""
        terms = Terms([], np.zeros(self.size(name)))
        for start in self.before(name):
            if start not in without:
                more = self.output_of(start, passed)
                terms = Terms([*terms.paths, *more.paths], terms.bias + more.bias)
        return terms

    def output_of(self, name, passed):
        """Return the output of a node, as weighted sources and a constant."""
        node = self.nodes[name]
        if node.kind not in (*LINEAR, "Delay"):
            return Terms([Term(name)], np.zeros(node.size))
        if name in passed:
            raise ValueError(
                f"from_nir: node '{name}' is in a loop without neurons, which has no solution in"
                " time"
            )
        terms = self.drive(name, passed=(*passed, name))
        bias = (
            terms.bias if node.kind == "Delay" else behind(node, terms.bias, name in self.learned)
        )
        return Terms([path.through(name, node) for path in terms.paths], bias)


def behind(node, bias, learned):
    """Return a constant behind a linear node; a bias that learns is none."""
    if node.kind == "Scale":
        return node.scale * bias
    return node.weight @ bias + (0.0 if learned else node.values.get("bias", 0.0))


def check_names_of(rules, nodes):
    """Return the names of the nodes that learn; raise unless they have weights."""
    weights = [name for name, node in nodes.items() if node.kind in ("Linear", "Affine")]
    for name in rules:
        if name not in weights:
            raise ValueError(
                f"from_nir: rules has '{name}', and the Linear and Affine nodes of the graph are"
                f" {', '.join(weights) or 'none'}"
            )
    return set(rules)


class ExactGraph(FlatGraph):
    """A flat graph whose nodes are to be solved exactly; synaptic currents are nodes of their own.

    Attributes
    ----------
    drives : dict
        The input of each LI node.
    currents : dict
        The LI nodes that may be synaptic currents, for each LIF node.
    fused : set
        Synaptic currents that are built together with their neurons.
    apart : set
        Neurons that are built without currents.
    """

    def __init__(self, graph, inputs, rules=()):
        super().__init__(graph, inputs, rules)
        self.nodes, self.edges = unfolded(self.nodes, self.edges)
        self.check_neurons()
        self.apart = {*self.names("IF"), *self.learning_from_spikes()}
        self.drives = {name: self.drive(name) for name in self.names("LI")}
        self.currents = {name: self.currents_of(name) for name in self.names("LIF")}
        self.fused = self.choose_fused()
        if self.learned:  # what learns are the membranes of nodes, in which each value is its own
            self.apart |= {
                name for name in self.names("LIF") if not self.fused & set(self.currents[name])
            }

    def check_neurons(self):
        """Raise unless the neurons of a node have one membrane time constant."""
        for name in self.names("LIF"):
            tau = self.nodes[name].tau
            if not uniform(tau):
                raise ValueError(
                    f"from_nir: the neurons of node '{name}' have membrane time constants from"
                    f" {tau.min():g} to {tau.max():g} s, and LIFNeurons have one; put them into"
                    " nodes of one time constant each, or write integrator='euler' for a graph of"
                    " a simulator that steps by Euler"
                )

    def learning_from_spikes(self):
        """Return the neurons that learn weights of spikes without a synaptic current."""
        return [
            name
            for name in self.names("LIF")
            if any(
                self.spiking(path.source) and set(path.via) & self.learned
                for path in self.drive(name).paths
            )
        ]

    def currents_of(self, name):
        """Return the LI nodes that can be synaptic currents of neurons: driven by spikes alone,
        with resting value 0 and one time constant, and read by nothing else.
        """
        found = []
        for start in self.before(name):
            node = self.nodes[start]
            if (
                node.kind == "LI"
                and uniform(node.tau)
                and (node.r > 0).all()
                and not node.v_leak.any()
                and "initial" not in node.metadata
            ):
                drive = self.drives[start]
                if (
                    all(self.spiking(source) for source in drive.sources)
                    and not drive.bias.any()
                    and all(
                        kind_of(self.nodes[end]) == "LIF" and end not in self.apart
                        for end in self.after(start)
                    )
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
