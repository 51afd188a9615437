"""The order of the nodes of a graph within one time step.

Simulators of layers, such as snnTorch and Norse, compute one layer after the other: a spike drives
the next layer in the same step, and the layer itself (its recurrent weights) in the next one. In a
simulator of neurons, as here and on SpiNNaker2, each spike takes a step.
"""


def delayed_edges(links, fires, same_step):
    """Return the edges whose spikes and values take a step.

    Parameters
    ----------
    links : list of tuple of str
        Edges between nodes with a state, weights left out.
    fires : function
        Whether a node emits spikes.
    same_step : bool
        Whether spikes drive the next layer in the same step.
    """
    if not same_step:
        return {(start, end) for start, end in links if fires(end)}
    loops = loops_of(links)
    delayed = {(start, end) for start, end in links if fires(start) and loops[start] == loops[end]}
    left = [edge for edge in links if edge not in delayed]
    loops = loops_of(left)
    return delayed | {(start, end) for start, end in left if loops[start] == loops[end]}


def loops_of(links):
    """Return for each node a number, the same for nodes that lead to each other; a node without a
    loop has one of its own.
    """
    nodes = list(dict.fromkeys(name for edge in links for name in edge))
    beyond = {name: reached(name, links) for name in nodes}
    together = {
        name: [other for other in nodes if other in beyond[name] and name in beyond[other]]
        for name in nodes
    }
    return {
        name: nodes.index(together[name][0]) if together[name] else -1 - nodes.index(name)
        for name in nodes
    }


def reached(name, links):
    """Return the nodes that a node leads to."""
    found, new = set(), {name}
    while new:
        new = {end for start, end in links if start in new} - found
        found |= new
    return found


def layers_of(nodes, links, delayed, first):
    """Return the layer of each node: one more than those whose spikes and values of the same step
    it reads.

    Parameters
    ----------
    nodes : list of str
    links : list of tuple of str
    delayed : set of tuple of str
    first : dict of str to int
        Least layer of the nodes behind a node that is not among `nodes`, an input.
    """
    layers = dict.fromkeys(nodes, 0)
    for _ in nodes:  # each round reaches one layer further
        for start, end in links:
            if (start, end) not in delayed:
                least = layers[start] + 1 if start in layers else first[start]
                layers[end] = max(layers[end], least)
    return layers
