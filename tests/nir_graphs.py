"""Graphs of NIR as the exporters of other simulators write them, and the recursions of these
simulators in plain NumPy, written from their documentation.
"""

from itertools import pairwise

import numpy as np

nir = None
DT = 1e-4


def load(module):
    """Use a module as nir; tests skip without."""
    global nir
    nir = module


def leaky(beta, threshold=1.0):
    """A LIF node of snnTorch's `Leaky`: float32, without a shape where it is one number, without
    v_reset.
    """
    beta = np.asarray(beta, dtype=np.float32)
    tau = (DT / (1 - beta)).astype(np.float32)
    return nir.LIF(
        tau=tau,
        v_threshold=np.full_like(tau, threshold),
        v_leak=np.zeros_like(beta),
        r=(tau / DT).astype(np.float32),
    )


def synaptic(alpha, beta, threshold, n):
    """The CubaLIF node of snnTorch's `RSynaptic`."""
    one = np.ones(n)
    tau_syn, tau_mem = DT / (1 - one * alpha), DT / (1 - one * beta)
    return nir.CubaLIF(
        v_threshold=one * threshold,
        tau_mem=tau_mem,
        tau_syn=tau_syn,
        r=tau_mem / DT,
        v_leak=np.zeros(n),
        w_in=tau_syn / DT,
    )


def sequential(rng, beta=(0.9, 0.8), sizes=(5, 20, 8)):
    """Two layers of snnTorch in a Sequential with a Flatten, called by their numbers."""
    layers = [
        nir.Affine(
            rng.normal(0.3, 1, (post, pre)).astype(np.float32),
            rng.uniform(0, 0.05, post).astype(np.float32),
        )
        for pre, post in pairwise(sizes)
    ]
    nodes = {
        "input": nir.Input(np.array([1, sizes[0]])),
        "0": nir.Flatten(None, 0, -1),
        "1": layers[0],
        "2": leaky(beta[0]),
        "3": layers[1],
        "4": leaky(beta[1]),
        "output": nir.Output(None),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)


def recurrent_graph(rng, node, n=20, n_in=5, spread=1.0):
    """A recurrent layer in a graph of its own, w_rec with a bias, as `RSynaptic` is written; behind
    it a layer of snnTorch.
    """
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([n])),
            "lif": node,
            "w_rec": nir.Affine(
                spread * rng.normal(size=(n, n)) / np.sqrt(n), rng.uniform(-0.02, 0.02, n)
            ),
            "output": nir.Output(np.array([n])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    nodes = {
        "input": nir.Input(np.array([n_in])),
        "fc1": nir.Linear(spread * rng.normal(size=(n, n_in))),
        "lif1": inner,
        "fc2": nir.Affine(spread * rng.normal(0.2, 0.5, (4, n)), np.full(4, 0.01)),
        "lif2": leaky(np.full(4, 0.7)),
        "output": nir.Output(np.array([4])),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)))


def spinnaker(rng, n=20):
    """Dotted names in one graph, as the script for SpiNNaker2 reads them; neurons with levels."""
    nodes = {
        "input": nir.Input(np.array([5])),
        "fc1": nir.Affine(rng.normal(size=(n, 5)), np.full(n, 0.02)),
        "lif1.lif": nir.LIF(
            tau=rng.uniform(2, 9, n) * DT,
            r=rng.uniform(2, 8, n),
            v_leak=rng.uniform(-0.1, 0.1, n),
            v_threshold=rng.uniform(0.8, 1.2, n),
            v_reset=rng.uniform(-0.3, 0, n),
        ),
        "lif1.w_rec": nir.Linear(rng.normal(size=(n, n)) / np.sqrt(n)),
        "output": nir.Output(np.array([n])),
    }
    edges = [
        ("input", "fc1"),
        ("fc1", "lif1.lif"),
        ("lif1.lif", "lif1.w_rec"),
        ("lif1.w_rec", "lif1.lif"),
        ("lif1.lif", "output"),
    ]
    return nir.NIRGraph(nodes, edges)


class Layer:
    """One layer of an Euler simulator: ``mem = beta*mem + input``, a spike, a reset."""

    reset_by = "to_value"

    def __init__(self, node, n, w_rec=None, b_rec=0.0):
        def each(value):
            return np.broadcast_to(np.asarray(value, dtype=float), n)

        self.w_rec, self.b_rec, self.z, self.syn = w_rec, b_rec, np.zeros(n), None
        tau = getattr(node, "tau", getattr(node, "tau_mem", None))
        self.beta, self.gain = 1 - DT / each(tau), each(node.r) * DT / each(tau)
        self.rest = each(node.v_leak) * DT / each(tau)
        self.threshold, self.reset = each(node.v_threshold), each(node.v_reset)
        self.mem = each(node.v_leak).copy()
        if hasattr(node, "tau_syn"):
            self.alpha = 1 - DT / each(node.tau_syn)
            self.w_in = each(node.w_in) * DT / each(node.tau_syn)
            self.syn = np.zeros(n)

    def step(self, x):
        if self.w_rec is not None:
            x = x + self.w_rec @ self.z + self.b_rec
        if self.syn is not None:
            x = self.syn = self.alpha * self.syn + self.w_in * x
        late = self.z * self.threshold if self.reset_by == "subtract_later" else 0.0
        self.mem = self.beta * self.mem + self.rest + self.gain * x - late
        self.z = (self.mem > self.threshold).astype(float)
        if self.reset_by == "to_value":
            self.mem = np.where(self.z > 0, self.reset, self.mem)
        if self.reset_by == "subtract":
            self.mem = self.mem - self.z * self.threshold
        return self.z


def layers_of(kind, graph):
    """Weights and layers of one of these graphs, first to last."""
    nodes = graph.nodes

    def affine(name):
        node = nodes[name]
        return np.asarray(node.weight, float), np.asarray(getattr(node, "bias", 0.0), float)

    if kind == "sequential":
        return [
            (affine("1"), Layer(nodes["2"], len(nodes["1"].weight))),
            (affine("3"), Layer(nodes["4"], len(nodes["3"].weight))),
        ]
    if kind == "spinnaker":
        lif = nodes["lif1.lif"]
        return [(affine("fc1"), Layer(lif, len(lif.tau), nodes["lif1.w_rec"].weight))]
    inner = nodes["lif1"].nodes
    first = Layer(
        inner["lif"], len(nodes["fc1"].weight), inner["w_rec"].weight, inner["w_rec"].bias
    )
    return [(affine("fc1"), first), (affine("fc2"), Layer(nodes["lif2"], 4))]


def spikes_of(kind, graph, inputs, reset="to_value"):
    """Spikes [layer][step, neuron] of the simulator that a graph comes from."""
    layers = layers_of(kind, graph)
    for _, layer in layers:
        layer.reset_by = reset
    found = [[] for _ in layers]
    for x in inputs:
        for number, ((weight, bias), layer) in enumerate(layers):
            x = layer.step(weight @ x + bias)
            found[number].append(x)
    return [np.array(rows) for rows in found]
