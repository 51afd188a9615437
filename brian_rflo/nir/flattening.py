"""A graph without nested graphs, as other simulators write it: all values as arrays of one number
for each channel, and without nodes that only change shapes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LINEAR, MOVING, CURRENT_BASED = ("Linear", "Affine", "Scale"), ("LI", "LIF"), ("CubaLI", "CubaLIF")
#: Nodes with a threshold, and nodes that pass on what enters.
FIRING, PASSING = ("LIF", "IF", "CubaLIF"), ("Flatten",)
KNOWN = ("Input", "Output", *LINEAR, "Delay", *PASSING, *MOVING, "IF", *CURRENT_BASED)
#: Values of a node for each of its channels.
VALUES = {
    "Scale": ("scale",),
    "Delay": ("delay",),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "IF": ("r", "v_threshold", "v_reset"),
    "CubaLI": ("tau_mem", "tau_syn", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_mem", "tau_syn", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
}
#: Values that files of old versions may lack.
OTHERWISE = {"v_reset": 0.0, "w_in": 1.0}


@dataclass(eq=False)
class Node:
    """A node of a flat graph.

    Attributes
    ----------
    kind : str
        The class of nir.
    size : int
        Number of channels that leave it.
    values : dict of str to array, shape (size,)
        Its values, which are attributes too: ``node.tau``.
    metadata : dict
    """

    kind: str
    size: int
    values: dict = field(default_factory=dict)
    metadata: dict = field(default_factory=dict)

    def __getattr__(self, name):
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None


def kind_of(node):
    return node.kind if isinstance(node, Node) else type(node).__name__


def flat(graph):
    """Return the nodes of a graph by name, and its edges; raise, with the name of the node, where
    it cannot be understood.
    """
    nodes, edges = flattened(graph)
    check_edges(nodes, edges)
    check_kinds(nodes)
    nodes, edges = without_passing(nodes, dict.fromkeys(edges))
    sizes = sizes_of(nodes, edges)
    return {name: as_node(name, node, sizes[name]) for name, node in nodes.items()}, edges


def flattened(graph):
    """Return nodes and edges of a graph and its subgraphs, the latter as ``outer.inner``."""
    nodes, edges = dict(graph.nodes), [tuple(edge) for edge in graph.edges]
    for name, inner in graph.nodes.items():
        if kind_of(inner) == "NIRGraph":
            parts, links = flattened(inner)
            inward, outward = (
                [part for part, node in parts.items() if kind_of(node) == kind]
                for kind in ("Input", "Output")
            )
            check_ports(name, edges, inward, outward)
            within = [
                (f"{name}.{start}", f"{name}.{end}")
                for start, end in links
                if start not in inward and end not in outward
            ]
            heads = [end for start, end in links if start in inward and end not in outward]
            tails = [start for start, end in links if end in outward and start not in inward]
            into, out_of = (
                [start for start, end in edges if end == name],
                [end for start, end in edges if start == name],
            )
            passes = any(start in inward and end in outward for start, end in links)
            edges = [
                *(edge for edge in edges if name not in edge),
                *within,
                *((start, f"{name}.{head}") for start in into for head in heads),
                *((f"{name}.{tail}", end) for end in out_of for tail in tails),
                *((start, end) for start in into for end in out_of if passes),
            ]
            del nodes[name]
            inside = {
                f"{name}.{part}": node
                for part, node in parts.items()
                if part not in (*inward, *outward)
            }
            for part in inside:
                if part in graph.nodes or part in nodes:
                    raise ValueError(
                        f"from_nir: two nodes are called '{part}', one of them in the graph"
                        f" '{name}'; give one of them another name"
                    )
            nodes |= inside
    return nodes, edges


def check_ports(name, edges, inward, outward):
    """Raise if it is not clear which Input or Output of a nested graph an edge leads to."""
    for ports, place, kind in ((inward, 1, "Input"), (outward, 0, "Output")):
        used = any(edge[place] == name for edge in edges)
        if used and len(ports) != 1:
            raise ValueError(
                f"from_nir: the graph '{name}' has {len(ports)} {kind} nodes"
                f" ({', '.join(ports) or 'none'}), and an edge of the graph around it does not say"
                " which one it means; give it one"
            )


def check_edges(nodes, edges):
    """Raise unless edges are between nodes that there are."""
    for edge in edges:
        for name in edge:
            if name not in nodes:
                raise ValueError(
                    f"from_nir: the edge {edge[0]} -> {edge[1]} names '{name}', and the graph has"
                    " no such node"
                )


def check_kinds(nodes):
    """Raise unless all nodes are of supported kinds."""
    for name, node in nodes.items():
        if kind_of(node) not in KNOWN:
            raise ValueError(
                f"from_nir: node '{name}' must be one of {', '.join(KNOWN)}, or a graph of them;"
                f" got a {kind_of(node)}"
            )
        if kind_of(node) in ("Linear", "Affine") and np.ndim(node.weight) != 2:
            raise ValueError(
                f"from_nir: node '{name}' has weights of shape {np.shape(node.weight)}, and only"
                " matrices [post, pre] are weights between rows of neurons"
            )


def without_passing(nodes, edges):
    """Return nodes and edges without nodes that pass on what enters: a shape means nothing to rows
    of neurons.
    """
    edges = list(edges)
    for name in [name for name, node in nodes.items() if kind_of(node) in PASSING]:
        into = [start for start, end in edges if end == name and start != name]
        out_of = [end for start, end in edges if start == name and end != name]
        edges = [edge for edge in edges if name not in edge] + [
            (start, end) for start in into for end in out_of
        ]
    kept = {name: node for name, node in nodes.items() if kind_of(node) not in PASSING}
    return kept, list(dict.fromkeys(edges))


def own_sizes(node):
    """Return the numbers of channels that enter and leave a node; None where it does not say so,
    as for values of size 1, which are those of any number of channels.
    """
    kind = kind_of(node)
    if kind in ("Linear", "Affine"):
        post, pre = np.shape(node.weight)
        return pre, post
    if kind in ("Input", "Output"):
        shape = (node.input_type if kind == "Input" else node.output_type) or {}
        shape = next(iter(shape.values()), None)
        size = None if shape is None else int(np.prod(np.asarray(shape)))
        return size, None if kind == "Output" and size == 1 else size
    size = max(np.size(getattr(node, name, 0.0)) for name in VALUES[kind])
    return (None, None) if size == 1 else (size, size)


def sizes_of(nodes, edges):
    """Return the number of channels that leave each node; raise unless they fit the next
    one.
    """
    own = {name: own_sizes(node) for name, node in nodes.items()}
    leaving = {name: own[name][1] for name in nodes}
    for spreads in (onwards, both_ways):
        for _ in nodes:  # each round reaches one node further
            spreads(nodes, edges, own, leaving)
    sizes = {name: size or 1 for name, size in leaving.items()}
    for start, end in edges:
        wanted = own[end][0] if kind_of(nodes[end]) in ("Linear", "Affine") else sizes[end]
        if sizes[start] != wanted:
            raise ValueError(
                f"from_nir: node '{start}' sends {sizes[start]} channels to node '{end}', which has"
                f" the size {wanted}; only nodes of size 1 are broadcast to what enters"
            )
    return sizes


def onwards(nodes, edges, own, leaving):
    """Give nodes without a size of their own that of what enters."""
    for start, end in edges:
        if own[end][1] is None and kind_of(nodes[end]) not in ("Linear", "Affine"):
            leaving[end] = leaving[end] or leaving[start]


def both_ways(nodes, edges, own, leaving):
    """Give nodes whose size is not known the one that the next node wants."""
    for start, end in edges:
        leaving[start] = leaving[start] or own[end][0] or (own[end][1] is None and leaving[end])
    onwards(nodes, edges, own, leaving)


def as_node(name, node, size):
    """Return a node with values for each of its channels; raise unless they are possible."""
    kind = kind_of(node)
    if kind in ("Linear", "Affine"):
        values = {"weight": np.array(node.weight, dtype=float)}
        if kind == "Affine":
            values["bias"] = spread(name, "bias", node.bias, size)
    else:
        values = {
            value: spread(name, value, getattr(node, value, OTHERWISE.get(value)), size)
            for value in VALUES.get(kind, ())
        }
    check_values(name, values)
    metadata = getattr(node, "metadata", None)
    return Node(kind, size, values, metadata if isinstance(metadata, dict) else {})


def spread(name, value, given, size):
    """Return a value for each channel."""
    array = np.ravel(np.asarray(OTHERWISE.get(value) if given is None else given, dtype=float))
    if len(array) not in (1, size):
        raise ValueError(
            f"from_nir: node '{name}' has {len(array)} values of {value} and the size {size}; one"
            " value, or one for each channel, is right"
        )
    return np.array(np.broadcast_to(array, size))


def check_values(name, values):
    """Raise unless values are finite and time constants positive."""
    for value, array in values.items():
        if not np.isfinite(array).all():
            raise ValueError(f"from_nir: node '{name}' has a {value} that is not finite")
        if value.startswith("tau") and not (array > 0).all():
            raise ValueError(
                f"from_nir: node '{name}' has {value} = {array.min():g} s, and time constants are"
                " positive"
            )
        if value == "delay" and not (array >= 0).all():
            raise ValueError(f"from_nir: node '{name}' has a delay below 0")
    if "v_threshold" in values and not (values["v_threshold"] > values["v_reset"]).all():
        raise ValueError(
            f"from_nir: node '{name}' has neurons whose v_threshold is not above v_reset; they"
            " would fire in every step"
        )
