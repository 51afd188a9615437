"""NIR: what is exported means what NIR says it means, comes back as it was, and what NIR cannot
carry is refused.
"""

import os
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
)
from helpers import assemble

from brian_rflo import (
    RFLO,
    Adam,
    ALIFNeurons,
    DiscreteLIFNeurons,
    EProp,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    schedule,
)
from brian_rflo.credit import AdaptiveFeedback, CreditPath, Path, RandomFeedback, SymmetricFeedback
from brian_rflo.network import Murray2019
from brian_rflo.nir import from_nir, to_nir
from brian_rflo.readouts import Leaky, LeakyReadout, TaskInput
from brian_rflo.steps import Step
from brian_rflo.tasks import ArrayTask, EvidenceAccumulation, PatternGeneration, PeriodicOutput

nir = pytest.importorskip("nir")
TASK = PatternGeneration(length=150 * ms, n_inputs=20, seed=1)
N = 20


def lif(n=N, **args):
    rng = np.random.default_rng(4)
    return LIFNeurons(
        n,
        tau=20 * ms,
        tau_syn=30 * ms,
        **dict(
            bias=rng.uniform(1, 1.5, n),
            initial=rng.uniform(0, 1, n),
            initial_activity=rng.uniform(0, 1, n),
            name="lif*",
        )
        | args,
    )


def learning(neurons, task=TASK, **args):
    defaultclock.dt = task.dt
    return assemble(
        task,
        neurons,
        RFLO(1e-3, tau=30 * ms),
        **dict(update="trial", optimizer=Adam(), gain=1.0) | args,
    )


def discrete(task=TASK, **args):
    defaultclock.dt = task.dt
    neurons = DiscreteLIFNeurons(
        N, tau=20 * ms, **dict(reset_by="zero", threshold=0.4, name="lif*") | args
    )
    return LearningNetwork(
        task,
        neurons,
        EProp(0.01, tau=20 * ms),
        readout=Leaky(20 * ms),
        learn=PerTrial(Adam()),
        initial=Murray2019(gain=1.5, seed=2),
    )


def last_trial(net):
    """Train, then record another trial, with all weights frozen."""
    before = net.recurrent.matrix()
    net.train(3)
    for part in net.trials.projections:
        part.plastic = False
    assert (net.recurrent.matrix() != before).any(), "it is to be a trained network"
    start, spikes, output = (
        net.t,
        SpikeMonitor(net.neurons),
        StateMonitor(net.readout, "output", record=True, when="end"),
    )
    net.add(spikes, output)
    net.train(1)
    return steps(spikes, start), np.array(output.output)


def steps(spikes, start=0 * ms):
    """Spikes as rows of step and neuron."""
    return np.column_stack(
        [
            np.round(np.asarray((spikes.t - start) / defaultclock.dt)).astype(int),
            np.asarray(spikes.i),
        ]
    )


def response(graph, n_steps, inputs=None, neurons=None, **args):
    """Spikes and output of a graph as from_nir builds it."""
    net = from_nir(graph, inputs=inputs, **args)
    names = {part.name for part in net.objects}
    spikes = SpikeMonitor(
        next(
            net[name]
            for name in names
            if isinstance(net[name], LIFNeurons) and neurons in (None, name)
        )
    )
    net.add(spikes)
    out = next(
        (
            name
            for name in names
            if name.endswith("out") and "_to_" not in name and "output" in net[name].variables
        ),
        None,
    )
    output = None if out is None else StateMonitor(net[out], "output", record=True, when="end")
    if output is not None:
        net.add(output)
    net.run(n_steps * defaultclock.dt)
    return steps(spikes), None if output is None else np.array(output.output)


class Simulator:
    """The equations of NIR's own documentation, node by node and in plain NumPy, by exact steps; a
    spike is a pulse whose area is dt.
    """

    def __init__(self, graph, dt):
        self.graph, self.dt, self.nodes = graph, dt, graph.nodes
        self.moving = {
            name: node
            for name, node in self.nodes.items()
            if type(node).__name__ in ("LI", "LIF", "CubaLIF")
        }
        self.value = {
            name: np.array(node.metadata.get("initial", node.v_leak), dtype=float)
            for name, node in self.moving.items()
        }
        self.spikes = {
            name: np.zeros(len(node.r))
            for name, node in self.moving.items()
            if hasattr(node, "v_threshold")
        }
        self.current = {
            name: np.zeros(len(node.r))
            for name, node in self.moving.items()
            if type(node).__name__ == "CubaLIF"
        }

    def leaving(self, name, values, spikes):
        node, kind = self.nodes[name], type(self.nodes[name]).__name__
        if kind in ("Input", "LI", "LIF", "CubaLIF"):
            return (
                values.get(name, 0.0)
                + spikes.get(name, 0.0)
                + np.zeros(np.ravel(node.output_type["output"]))
            )
        constant = getattr(node, "bias", 0.0) if values else 0.0
        return node.weight @ self.entering(name, values, spikes) + constant

    def entering(self, name, values, spikes):
        return sum(
            self.leaving(start, values, spikes) for start, end in self.graph.edges if end == name
        )

    def step(self, inputs):
        inputs = dict.fromkeys(self.graph.inputs, inputs)
        held = inputs | {
            name: x for name, x in self.value.items() if type(self.nodes[name]).__name__ == "LI"
        }
        drive = {
            name: self.entering(name, held, self.spikes if type(node).__name__ == "LIF" else {})
            for name, node in self.moving.items()
        }
        spikes = {}
        for name, node in self.moving.items():
            kind = type(node).__name__
            if kind == "CubaLIF":
                drive[name], entered = self.current[name], drive[name]
                self.current[name] = relaxed(
                    self.current[name], node.w_in * entered, node.tau_syn, self.dt
                )
            if kind != "LI" or self.feels_spikes(name):
                self.value[name] = relaxed(
                    self.value[name],
                    node.v_leak + node.r * drive[name],
                    getattr(node, "tau", getattr(node, "tau_mem", None)),
                    self.dt,
                )
            if kind != "LI":
                spikes[name] = (self.value[name] > node.v_threshold).astype(float)
                self.value[name] = np.where(spikes[name] > 0, node.v_reset, self.value[name])
        for name, node in self.moving.items():
            jump = self.entering(name, {}, spikes) * self.dt
            if type(node).__name__ == "LI":
                self.value[name] = self.value[name] + node.r * jump / node.tau
            elif type(node).__name__ == "CubaLIF":
                self.current[name] = self.current[name] + node.w_in * jump / node.tau_syn
        self.spikes = spikes
        for name, node in self.moving.items():
            if type(node).__name__ == "LI" and not self.feels_spikes(name):
                self.value[name] = relaxed(
                    self.value[name],
                    node.v_leak + node.r * self.entering(name, self.values(inputs), {}),
                    node.tau,
                    self.dt,
                )
        return spikes, {
            name: self.entering(name, self.values(inputs), spikes) for name in self.graph.outputs
        }

    def values(self, inputs):
        return inputs | {
            name: x for name, x in self.value.items() if type(self.nodes[name]).__name__ == "LI"
        }

    def feels_spikes(self, name):
        return bool(
            np.any(
                self.entering(
                    name, {}, {key: np.arange(len(s)) + 1.0 for key, s in self.spikes.items()}
                )
            )
        )

    def run(self, inputs, neurons="lif"):
        done = [self.step(row) for row in inputs]
        fired, who = np.nonzero(np.array([spikes[neurons] for spikes, _ in done]))
        return (
            np.column_stack([fired, who]),
            np.array([next(iter(outputs.values())) for _, outputs in done]).T,
        )


def relaxed(value, towards, tau, dt):
    return towards + (value - towards) * np.exp(-dt / tau)


def assert_same(found, expected, rtol=1e-11):
    assert len(expected[0]) > 40, "few spikes prove little"
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(
        found[1], expected[1], rtol=rtol, atol=rtol * np.abs(expected[1]).max()
    )
    assert np.abs(expected[1]).max() > 1e-3


NETWORKS = {
    "lif": lambda: learning(lif()),
    "volts, leaky readout": lambda: learning(
        lif(threshold=-50 * mV, rest=-70 * mV, reset=-65 * mV, rate_unit=35 * Hz, baseline=0.3),
        tau_out=15 * ms,
        self_connections=False,
    ),
    "no inputs, output as current": lambda: learning(
        lif(inputs=("I_in", "I_out"), initial_activity=1.0),
        PeriodicOutput(period=150 * ms),
        output_current=True,
    ),
    "discrete": lambda: discrete(),
    "discrete, scaled, classes": lambda: discrete(
        EvidenceAccumulation(
            n_cues=1, pause=20 * ms, cue=50 * ms, delay=20 * ms, recall=50 * ms, seed=3
        ),
        scale_input=True,
        threshold=0.02,
    ),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_a_trained_network_comes_back(case, tmp_path):
    """Written, read by nir, rebuilt, simulated: the same spikes; and NIR's own equations have them
    too.
    """
    net = NETWORKS[case]()
    expected = last_trial(net)
    task = ArrayTask(
        target=net.task.trial(3)[1],
        inputs=net.task.trial(3)[0] if net.task.n_inputs else None,
        dt=net.task.dt,
    )
    to_nir(net, tmp_path / "net.nir")
    graph = nir.read(tmp_path / "net.nir")
    inputs = TaskInput(task) if task.n_inputs else None
    assert_same(response(graph, task.n_steps, inputs), expected)
    name = next(name for name, node in graph.nodes.items() if isinstance(node, nir.LIF))
    assert_same(
        Simulator(graph, float(task.dt)).run(
            task.trial()[0] if task.n_inputs else np.zeros((task.n_steps, 1)), name
        ),
        expected,
    )


def test_from_a_file_and_onto_it(tmp_path, monkeypatch):
    net, path = learning(lif()), tmp_path / "net.nir"
    graph = to_nir(net, path)
    assert [file.name for file in tmp_path.iterdir()] == ["net.nir"]
    written = path.read_bytes()
    (a, _), (b, _) = response(path, 50, TaskInput(TASK)), response(graph, 50, TaskInput(TASK))
    assert len(a) and np.array_equal(a, b)

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="cannot write .*net.nir.*existing file is unchanged"):
        to_nir(net, path)
    assert path.read_bytes() == written and [file.name for file in tmp_path.iterdir()] == [
        "net.nir"
    ]


def test_files_that_are_no_graphs(tmp_path):
    path = tmp_path / "net.nir"
    with pytest.raises(FileNotFoundError, match="no file '.*net.nir'"):
        from_nir(path)
    net = learning(lif())
    to_nir(net, path)
    for damaged in (path.read_bytes()[:3000], b"no HDF5"):
        path.write_bytes(damaged)
        with pytest.raises(
            RuntimeError, match="'.*net.nir' is damaged, or not a file of a NIR graph"
        ):
            from_nir(path)
    with pytest.raises(
        ValueError,
        match=(
            r"graphs of NIR are files of HDF5 \('.nir'\); got '.*x.npz': write for example"
            r" 'trained.nir'"
        ),
    ):
        to_nir(net, tmp_path / "x.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["net.nir"]


def layered():
    """Spikes from outside, two layers, without a readout."""
    source = SpikeGeneratorGroup(3, np.arange(60) % 3, np.arange(60) * 2 * ms, name="source")
    first, second = (
        lif(8, bias=0.9, name="first"),
        lif(5, bias=np.linspace(0.5, 1.2, 5), events=("I_rec", "I_more"), name="second"),
    )
    rng, projections = np.random.default_rng(3), []
    for pre, post, onto in (
        (source, first, "I_rec"),
        (first, second, "I_rec"),
        (second, second, "I_more"),
        (first, first, "I_rec"),
    ):
        synapses = FixedSynapses(pre, post, onto=onto, name=f"{pre.name}_{post.name}_{onto}")
        synapses.connect_matrix(rng.normal(0.4, 0.4, (len(post), len(pre))))
        projections.append(synapses)
    return source, first, second, projections


def test_layers_and_spikes_from_outside():
    source, first, second, projections = layered()
    spikes = SpikeMonitor(second)
    net = Network(source, first, second, *projections, spikes)
    graph = to_nir(net)
    net.run(120 * ms)
    again = SpikeGeneratorGroup(3, np.arange(60) % 3, np.arange(60) * 2 * ms)
    found, output = response(graph, 120, {"source": again}, neurons="second")
    assert output is None and len(spikes.i) > 20
    np.testing.assert_array_equal(found, steps(spikes))


def cells(n, seed, **given):
    rng = np.random.default_rng(seed)
    drawn = dict(
        r=rng.uniform(0.5, 2, n),
        v_leak=rng.uniform(-0.2, 0.2, n),
        v_threshold=rng.uniform(0.5, 1.5, n),
        v_reset=rng.uniform(-0.4, 0.1, n),
    )
    return drawn | given


def foreign():
    """As simulators of the PyTorch kind write it: a recurrent layer in a graph of its own, with
    biases before the synapses, then a layer without synapses.
    """
    rng, n, dt = np.random.default_rng(5), 12, 1e-3
    cuba = nir.CubaLIF(
        tau_mem=np.full(n, 0.02),
        tau_syn=rng.uniform(0.005, 0.02, n),
        w_in=rng.uniform(5, 15, n),
        **cells(n, 6),
    )
    inner = nir.NIRGraph(
        {
            "input": nir.Input(np.array([n])),
            "lif": cuba,
            "w_rec": nir.Linear(rng.normal(0, 0.3, (n, n))),
            "output": nir.Output(np.array([n])),
        },
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )
    last = nir.LIF(
        tau=np.full(4, 0.01),
        **cells(4, 7, r=np.full(4, 0.01 / dt), v_leak=np.zeros(4), v_reset=np.zeros(4)),
    )
    nodes = {
        "in": nir.Input(np.array([3])),
        "0": nir.Affine(rng.normal(0, 1, (n, 3)), rng.uniform(0, 0.2, n)),
        "1": inner,
        "2": nir.Linear(rng.uniform(0, 0.5, (4, n))),
        "3": last,
        "4": nir.Linear(rng.normal(0, 1, (2, 4))),
        "5": nir.LI(
            tau=np.array([0.01, 0.03]), r=np.array([5.0, 20.0]), v_leak=np.array([0.5, 0.0])
        ),
        "out": nir.Output(np.array([2])),
    }
    return nir.NIRGraph(
        nodes,
        [("in", "0"), ("0", "1"), ("1", "2"), ("2", "3"), ("3", "4"), ("4", "5"), ("5", "out")],
    )


def test_a_graph_of_another_simulator(tmp_path):
    nir.write(tmp_path / "theirs.nir", foreign())
    graph = nir.read(tmp_path / "theirs.nir")
    inputs = (np.random.default_rng(8).random((200, 3)) < 0.3).astype(float)
    task = ArrayTask(target=np.zeros(200), inputs=inputs)
    nodes, edges = dict(graph.nodes), [edge for edge in graph.edges if "1" not in edge]
    nodes |= {"lif": nodes["1"].nodes["lif"], "w_rec": nodes.pop("1").nodes["w_rec"]}
    flat = nir.NIRGraph(
        nodes, edges + [("0", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "2")]
    )
    inner, _ = Simulator(flat, 1e-3).run(inputs, "lif")
    last, output = Simulator(flat, 1e-3).run(inputs, "3")
    found, _ = response(graph, 200, TaskInput(task), neurons="node_1_lif", dt=1 * ms)
    assert len(inner) > 40
    np.testing.assert_array_equal(found, inner)
    assert_same(response(graph, 200, TaskInput(task), neurons="node_3", dt=1 * ms), (last, output))


def test_intervals_are_those_of_the_equation():
    """A constant current: tau log((v_leak + r I - v_reset)/(v_leak + r I - v_threshold))."""
    defaultclock.dt = 0.02 * ms
    tau, r, leak, threshold, reset, current = (
        0.02,
        np.array([2.0, 3.0]),
        np.array([0.1, -0.3]),
        np.array([1.0, 0.8]),
        np.array([0.0, -0.2]),
        0.9,
    )
    graph = nir.NIRGraph.from_list(
        nir.Affine(np.zeros((2, 1)), np.full(2, current)),
        nir.LIF(np.full(2, tau), r, leak, threshold, reset),
    )
    found, _ = response(graph, 3000, dt=1 * ms)
    expected = tau * np.log((leak + r * current - reset) / (leak + r * current - threshold))
    for neuron in (0, 1):
        intervals = np.diff(found[found[:, 1] == neuron, 0][1:]) * 2e-5
        assert len(intervals) > 1 and np.abs(intervals - expected[neuron]).max() < 2.1e-5


@pytest.mark.parametrize("kind", ["li", "lif", "cubalif"])
def test_spikes_do_the_same_in_other_time_steps(kind):
    """A spike's area is in the graph, not in the time step: r dt/tau, and then it decays by the
    clock.
    """
    one, peaks = np.ones(1), []
    shape = dict(r=5 * one, v_leak=0 * one)
    node = {
        "li": lambda: nir.LI(tau=0.03 * one, **shape),
        "lif": lambda: nir.LIF(tau=0.03 * one, v_threshold=9 * one, **shape),
        "cubalif": lambda: nir.CubaLIF(
            tau_mem=0.03 * one, tau_syn=0.002 * one, v_threshold=9 * one, **shape
        ),
    }[kind]()
    for dt in (0.2, 0.02):
        defaultclock.dt = dt * ms
        net = from_nir(
            nir.NIRGraph.from_list(nir.Linear(np.full((1, 1), 2.0)), node),
            dt=0.2 * ms,
            inputs=SpikeGeneratorGroup(1, [0], [5] * ms),
        )
        monitor = StateMonitor(
            net[kind], "activity" if kind == "li" else "v", record=True, when="end"
        )
        net.add(monitor)
        net.run(40 * ms)
        value = np.array(getattr(monitor, monitor.record_variables[0])[0])
        assert abs(value[-1] / value[-1 - round(10 / dt)] - np.exp(-10 / 30)) < 1e-3
        peaks.append(value[-1] / np.exp(-35 / 30))
    np.testing.assert_allclose(peaks, 2 * 5 * 0.2 / 30, rtol=0.15 if kind == "cubalif" else 0.02)


def of_graph(node, n=3):
    return lambda: from_nir(nir.NIRGraph.from_list(nir.Linear(np.eye(n)), node), dt=1 * ms)


def two_inputs():
    nodes = {
        "a": nir.Input(np.array([1])),
        "b": nir.Input(np.array([1])),
        "c": nir.Linear(np.ones((1, 1))),
        "out": nir.Output(np.array([1])),
    }
    return nir.NIRGraph(nodes, [("a", "c"), ("b", "c"), ("c", "out")])


def loop():
    nodes = {
        "a": nir.Input(np.array([1])),
        "b": nir.Linear(np.ones((1, 1))),
        "c": nir.Linear(np.ones((1, 1))),
        "out": nir.Output(np.array([1])),
    }
    return nir.NIRGraph(nodes, [("a", "b"), ("b", "c"), ("c", "b"), ("c", "out")])


def with_part(part, **args):
    net = learning(lif(**args))
    net.add(part(net))
    return net


def own_synapses(net):
    synapses = Synapses(net.neurons, net.neurons, on_pre="I_rec_post += 0.1", name="mine")
    synapses.connect(j="i")
    return synapses


def part_of_a_group():
    neurons = lif(name="lif")
    synapses = FixedSynapses(neurons[:5], neurons, onto="I_rec", name="part")
    synapses.connect()
    return Network(neurons, synapses)


def delayed():
    net = learning(lif())
    net.recurrent.pre.delay = 2 * ms
    return net


def traces(net):
    synapses = FixedSynapses(net.neurons, net.neurons, sends="psp", onto="I_more", name="mine")
    synapses.connect()
    return synapses


BAD = {
    "refractoriness": (
        lambda: to_nir(learning(lif(refractory=3 * ms))),
        "has refractory = 3. ms, and no neuron of NIR is refractory",
    ),
    "noise": (lambda: to_nir(learning(lif(noise=0.1))), "has noise, and nothing in NIR is random"),
    "adaptation": (
        lambda: to_nir(learning(ALIFNeurons(5, 20 * ms, 30 * ms, tau_adapt=100 * ms, beta=0.1))),
        "is a group of ALIFNeurons, and NIR has no equivalent node",
    ),
    "rates": (
        lambda: to_nir(learning(RateNeurons(5, tau=20 * ms))),
        "is a group of RateNeurons, and NIR has no equivalent node",
    ),
    "subtraction": (
        lambda: to_nir(discrete(reset_by="subtract")),
        (
            "subtracts the threshold with each spike, and NIR's neurons are set to v_reset; train"
            " it with reset_by='zero'"
        ),
    ),
    "discrete adaptation": (
        lambda: to_nir(discrete(tau_adapt=100 * ms, beta=0.1)),
        "has thresholds that adapt",
    ),
    "discrete refractoriness": (
        lambda: to_nir(discrete(refractory=2 * ms)),
        "no neuron of NIR is refractory",
    ),
    "delays": (
        lambda: to_nir(delayed()),
        "has delays, one for each synapse, and NIR delays whole channels",
    ),
    "own synapses": (
        lambda: to_nir(with_part(own_synapses)),
        "'mine' is a brian2.Synapses, whose equations are arbitrary",
    ),
    "own neurons": (
        lambda: to_nir(with_part(lambda net: NeuronGroup(1, "v : 1", name="mine"))),
        "'mine' is a group of NeuronGroup, and NIR has no equivalent node",
    ),
    "other variables": (
        lambda: to_nir(with_part(traces, inputs=("I_in", "I_more"))),
        (
            "'mine' sends 'psp' of .* the only value of that group that leaves a node of NIR is its"
            " activity"
        ),
    ),
    "parts of groups": (
        lambda: to_nir(part_of_a_group()),
        "'part' connects 'lif_subgroup.*', which is a part of a group",
    ),
    "many networks": (
        lambda: to_nir(learning(lif(2 * N), networks=2)),
        "is 2 networks .* side by side",
    ),
    "nothing": (lambda: to_nir(Network()), "has no neurons"),
    "unknown node": (
        of_graph(nir.Threshold(threshold=np.ones(3))),
        "node 'threshold' must be one of Input, .*; got a Threshold",
    ),
    "many time constants": (
        of_graph(nir.LIF(tau=np.array([0.01, 0.02, 0.02]), **cells(3, 1))),
        "'lif' have membrane time constants from 0.01 to 0.02 s, and LIFNeurons have one",
    ),
    "reset above threshold": (
        of_graph(nir.LIF(tau=np.full(3, 0.01), **cells(3, 1, v_reset=np.full(3, 2.0)))),
        "v_threshold is not above v_reset",
    ),
    "no time step": (
        lambda: from_nir(nir.NIRGraph.from_list(nir.Linear(np.eye(2)))),
        "does not say how long a spike is the value 1",
    ),
    "loop": (lambda: from_nir(loop(), dt=1 * ms), "is in a loop without neurons"),
    "one group for two inputs": (
        lambda: from_nir(two_inputs(), dt=1 * ms, inputs=NeuronGroup(1, "activity : 1")),
        r"has 2 Input nodes \(a, b\)",
    ),
    "unknown input": (
        lambda: from_nir(two_inputs(), dt=1 * ms, inputs={"x": NeuronGroup(1, "activity : 1")}),
        "inputs has 'x', and the Input nodes of the graph are a, b",
    ),
    "size of inputs": (
        lambda: from_nir(
            two_inputs(), dt=1 * ms, inputs={"a": NeuronGroup(2, "activity : 1", name="mine")}
        ),
        "'a' has 1 channels, but 'mine' has 2 units",
    ),
    "inputs without activity": (
        lambda: from_nir(
            two_inputs(), dt=1 * ms, inputs={"a": NeuronGroup(1, "v : 1", name="mine")}
        ),
        "group 'mine' has no variable 'activity', which from_nir needs",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_refused_with_the_reason(case):
    make, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("function", [to_nir, from_nir])
def test_without_the_package(monkeypatch, function):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'brian_rflo\[nir\]'"):
        function(Network())


@dataclass(frozen=True)
class Smoothed(CreditPath):
    """The error, low-passed in cells beside the readout, through random weights."""

    variables = {"pre": "smooth : 1"}
    steps = (Step("smooth = 0.9*smooth + 0.1*error", schedule.CREDIT, "pre"),)
    paths = {
        "feedback": Path(
            "pre", "post", "feedback", sends="smooth", sum_at=schedule.CREDIT_SUM, initial="randn()"
        )
    }


@pytest.mark.parametrize(
    "credit",
    [SymmetricFeedback(), AdaptiveFeedback(), Smoothed()],
    ids=lambda credit: type(credit).__name__,
)
def test_what_brings_the_error_back_is_no_part_of_the_graph(credit):
    graphs = []
    for path in (RandomFeedback(), credit):
        defaultclock.dt = TASK.dt
        graphs.append(to_nir(LearningNetwork(TASK, lif(), RFLO(1e-3, tau=30 * ms), credit=path)))
    assert len(graphs[0].nodes) == len(graphs[1].nodes) > 5 and len(graphs[0].edges) == len(
        graphs[1].edges
    )


def test_readouts_of_spikes_and_plastic_layers():
    """Part by part: what is plastic is exported as it is, what brings errors back is not."""
    defaultclock.dt = TASK.dt
    neurons, readout = lif(name="lif"), LeakyReadout(TASK, tau=20 * ms, name="readout")
    recurrent = PlasticSynapses(
        neurons, neurons, RFLO(0.1, tau=30 * ms), onto="I_rec", name="recurrent"
    )
    recurrent.connect_matrix(np.diag(np.ones(N)))
    output = FixedSynapses(neurons, readout, onto="drive", name="output")
    output.connect_matrix(np.ones((1, N)))
    graph = to_nir(Network(neurons, readout, recurrent, output))
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert kinds == {
        "lif": "LIF",
        "lif_I_rec": "LI",
        "recurrent": "Linear",
        "lif_filtered": "LI",
        "output": "Affine",
        "readout": "LI",
        "readout_out": "Output",
        "lif_constant": "Input",
        "lif_bias": "Affine",
    }
    np.testing.assert_array_equal(graph.nodes["recurrent"].weight, np.eye(N))
    np.testing.assert_array_equal(graph.nodes["lif_bias"].bias, neurons.bias)
    np.testing.assert_array_equal(graph.nodes["output"].bias, [-N])


def test_neurons_of_ones_own_register_their_node():
    """Without, they are refused, even if they are made of some that have one."""
    from brian_rflo.nir.nodes import node_of

    class Mine(LIFNeurons):
        pass

    defaultclock.dt = 1 * ms
    mine = Mine(3, tau=20 * ms, tau_syn=30 * ms, name="mine")
    with pytest.raises(ValueError, match="'mine' is a group of Mine"):
        to_nir(Network(mine))

    @node_of.register
    def _(group: Mine, graph):
        return graph.lif(group, group.tau, 7.0, 0.0, 1.0, 0.0)

    node = to_nir(Network(mine)).nodes["mine"]
    assert isinstance(node, nir.LIF) and (node.r == 7).all()
