"""NIR beside simulators that step by forward Euler, and graphs as their exporters write them: the
same spikes both ways, nothing lost on the way in, through training, and out again.
"""

from importlib import import_module
from itertools import pairwise

import nir_graphs
import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    defaultclock,
    device,
    ms,
    second,
    set_device,
    start_scope,
)
from brian2.devices.device import reset_device
from nir_graphs import DT, leaky, recurrent_graph, sequential, spikes_of, spinnaker, synaptic
from targets import LONG
from test_exchange import foreign

from brian_rflo import (
    Adam,
    DiscreteLIFNeurons,
    EProp,
    FeedbackSynapses,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    Trials,
)
from brian_rflo.network import AllToAll, Murray2019, TrialNetwork
from brian_rflo.nir import from_nir, to_nir
from brian_rflo.readouts import ConstantUnit, Leaky, LeakyReadout, Readout, TaskInput
from brian_rflo.rules import LeakyDelta
from brian_rflo.tasks import ArrayTask, PatternGeneration

nir = pytest.importorskip("nir")
nir_graphs.load(nir)
STEPS = 300
BOTH = ("numpy", pytest.param("cpp_standalone", marks=LONG))
#: Values of nodes.
FIELDS = ("weight", "bias", "delay", "tau", "tau_mem", "tau_syn", "r", "w_in", "v_leak")
FIELDS += ("v_threshold", "v_reset")


@pytest.fixture(autouse=True)
def step():
    defaultclock.dt = DT * second


@pytest.fixture(params=BOTH)
def target(request):
    """NumPy, and C++ standalone."""
    if request.param == "cpp_standalone":
        set_device(request.param, directory=None)
        defaultclock.dt = DT * second
        yield request.param
        device.reinit()
        reset_device()
    else:
        yield request.param


def drawn(n=5, p=0.2, seed=3):
    return (np.random.default_rng(seed).random((STEPS, n)) < p).astype(float)


def as_values(inputs):
    return TaskInput(ArrayTask(target=np.zeros(len(inputs)), inputs=inputs, dt=DT * second))


def as_spikes(inputs):
    when, who = np.nonzero(inputs)
    return SpikeGeneratorGroup(inputs.shape[1], who, when * DT * second)


def rows(spikes, n, start=0 * ms):
    """Spikes as an array [step, neuron]."""
    found = np.zeros((STEPS, n))
    when = np.round(np.asarray((spikes.t - start) / (DT * second))).astype(int)
    found[when, np.asarray(spikes.i)] = 1
    return found


def ran(net, *names):
    """Spikes of groups in the 300 steps of a network."""
    monitors = [SpikeMonitor(net[name]) for name in names]
    net.add(monitors)
    net.run(STEPS * DT * second)
    return [rows(one, len(net[name])) for one, name in zip(monitors, names, strict=True)]


GRAPHS = {
    "sequential": (sequential, ("node_2", "node_4")),
    "recurrent": (
        lambda rng: recurrent_graph(rng, leaky(np.full(20, 0.9))),
        ("lif1_lif", "lif2"),
    ),
    "current": (
        lambda rng: recurrent_graph(rng, synaptic(0.7, 0.8, 1.0, 20)),
        ("lif1_lif", "lif2"),
    ),
    "spinnaker": (spinnaker, ("lif1_lif",)),
}


def assert_equal_graphs(one, other):
    assert set(one.nodes) == set(other.nodes) and set(one.edges) == set(other.edges)
    for name, node in one.nodes.items():
        twin = other.nodes[name]
        assert type(node) is type(twin)
        for field in FIELDS:
            assert hasattr(node, field) == hasattr(twin, field), (name, field)
            assert np.array_equal(getattr(node, field, 0), getattr(twin, field, 0)), (name, field)


@pytest.mark.parametrize("given", [as_values, as_spikes], ids=["values", "spikes"])
@pytest.mark.parametrize("case", GRAPHS)
def test_the_spikes_of_an_euler_simulator(case, given, target):
    """To the spike, layers within a step; and what goes out again means the same."""
    make, names = GRAPHS[case]
    graph, inputs = make(np.random.default_rng(0)), drawn()
    expected = spikes_of(case if case != "current" else "recurrent", graph, inputs)
    kind = dict(dt=DT * second, integrator="euler")
    found = ran(from_nir(graph, inputs=given(inputs), **kind), *names)
    for one, other in zip(found, expected, strict=True):
        assert other.sum() > 100
        np.testing.assert_array_equal(one, other)
    if target == "numpy":
        again = to_nir(from_nir(graph, inputs=given(inputs), **kind))
        start_scope()
        group = next(name for name, node in again.nodes.items() if isinstance(node, nir.Input))
        for one, other in zip(
            ran(from_nir(again, inputs={group: given(inputs)}), *names), expected, strict=True
        ):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("reset", ["subtract", "subtract_later"])
def test_resets_that_subtract(reset):
    """That of snnTorch by default, and without its delay; the graph that goes out says it."""
    graph, inputs = recurrent_graph(np.random.default_rng(0), synaptic(0.7, 0.8, 1.0, 20)), drawn()
    expected = spikes_of("recurrent", graph, inputs, reset)
    assert (expected[0] != spikes_of("recurrent", graph, inputs)[0]).sum() > 100
    args = dict(dt=DT * second, integrator="euler", reset=reset)
    net = from_nir(graph, inputs=as_values(inputs), **args)
    written = to_nir(net)
    with pytest.raises(ValueError, match="only graphs for integrator='euler' say it"):
        to_nir(net, integrator="exact")
    found = ran(net, "lif1_lif", "lif2")
    start_scope()
    again = ran(from_nir(written, inputs=as_values(inputs)), "lif1_lif", "lif2")
    for one, two, other in zip(found, again, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(two, other)


def trained(integrator, node, **args):
    """A graph with a recurrent layer, trained for 20 trials with a readout of our own."""
    inputs = drawn()
    task = ArrayTask(target=np.sin(np.arange(STEPS) / 20)[:, None], inputs=inputs, dt=DT * second)
    learn, tau = PerTrial(Adam()), 2 * ms
    rules = dict.fromkeys(("fc1", "lif1.w_rec", "fc2"), EProp(0.01, tau=tau))
    graph = recurrent_graph(np.random.default_rng(1), node, spread=0.5)
    net = from_nir(
        graph,
        dt=DT * second,
        inputs=TaskInput(task, name="inputs"),
        integrator=integrator,
        rules=rules,
        learn=learn,
        **args,
    )
    readout = LeakyReadout(task, tau=tau, name="readout")
    out = PlasticSynapses(
        net["lif1_lif"], readout, LeakyDelta(0.01, tau=tau), onto="drive", learn=learn, name="out"
    )
    out.connect()
    out.w = np.linspace(-0.1, 0.1, 20)
    back = [
        FeedbackSynapses(readout, net[name], name=f"back_to_{name}")
        for name in ("lif1_lif", "lif2")
    ]
    for projection in back:
        projection.connect()
        projection.w = 0.3
    parts = [*net.objects, readout, out]
    members = [part for part in parts if hasattr(part, "trial_start") or hasattr(part, "rule")]
    return TrialNetwork(*parts, *back, Trials(task, *members)), graph, task


CASES = {
    "euler": ("euler", lambda: leaky(np.full(20, 0.9)), {}),
    "euler, currents": ("euler", lambda: synaptic(0.7, 0.8, 1.0, 20), {}),
    "euler, a step each": ("euler", lambda: leaky(np.full(20, 0.9)), dict(same_step=False)),
}


@pytest.mark.parametrize(
    ("case", "trials"), [("euler", 2), *(pytest.param(case, 20, marks=LONG) for case in CASES)]
)
def test_in_trained_out_and_in_again(case, trials, tmp_path):
    """Weights, values and spikes equal to the bit."""
    integrator, node, args = CASES[case]
    net, graph, task = trained(integrator, node(), **args)
    assert np.array_equal(net["fc1"].matrix(), graph.nodes["fc1"].weight)
    before = {name: net[name].matrix() for name in ("fc1", "lif1_w_rec", "fc2", "lif1_w_rec_bias")}
    net.train(trials)
    for name, matrix in before.items():
        assert np.abs(net[name].matrix() - matrix).max() > 1e-3, f"{name} has learned nothing"
    for part in net.trials.projections:
        part.plastic = False
    monitors = [SpikeMonitor(net[name]) for name in ("lif1_lif", "lif2")]
    output = StateMonitor(net["readout"], "output", record=True, when="end")
    start = net.t
    net.add(monitors, output)
    net.train(1)
    to_nir(net, tmp_path / "trained.nir")
    expected = [rows(one, len(one.source), start) for one in monitors]
    weights = {name: net[name].matrix() for name in before}
    written = nir.read(tmp_path / "trained.nir")
    start_scope()
    back = from_nir(tmp_path / "trained.nir", inputs=TaskInput(task, name="inputs"))
    again = StateMonitor(back["readout_out"], "output", record=True, when="end")
    back.add(again)
    for one, other in zip(ran(back, "lif1_lif", "lif2"), expected, strict=True):
        assert other.sum() > 50
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.output, output.output)
    for name in ("fc1", "lif1_w_rec", "fc2"):
        np.testing.assert_array_equal(back[name].matrix(), weights[name])
    assert_equal_graphs(to_nir(back), written)


@pytest.mark.parametrize("integrator", ["exact", "euler"])
def test_a_foreign_graph_comes_back_equal_to_the_bit(integrator):
    """Currents, levels of each neuron, spikes onto integrators, an Output of values: the network
    of the graph that `to_nir` writes is the one that was written.
    """
    defaultclock.dt = 1 * ms
    inputs = (np.random.default_rng(8).random((STEPS, 3)) < 0.3).astype(float)
    found, graph = [], foreign()
    for args in (dict(dt=1 * ms, integrator=integrator), {}):
        start_scope()
        task = ArrayTask(target=np.zeros(STEPS), inputs=inputs)
        net = from_nir(graph, inputs=TaskInput(task, name="inputs"), **args)
        output = StateMonitor(net["out"], "output", record=True, when="end")
        spikes = [SpikeMonitor(net[name]) for name in ("node_1_lif", "node_3")]
        net.add(output, spikes)
        before, graph = graph, to_nir(net)
        net.run(STEPS * ms)
        found.append([np.array(output.output)] + [np.column_stack([s.i, s.t]) for s in spikes])
    assert_equal_graphs(before, graph)
    for one, other in zip(*found, strict=True):
        assert one.size > 100
        np.testing.assert_array_equal(one, other)


def eprop_by_hand(graph, inputs, target, w_out, feedback, tau, steps=STEPS):
    """Weight changes of one trial for the recurrent layer, from e-prop's equations; the layer's
    recursion is that of the simulator, its slope 0.3 in units of threshold minus rest.
    """
    lif, fc, rec = graph.nodes["lif"], graph.nodes["fc"].weight, graph.nodes["rec"].weight
    beta, gain = 1 - DT / lif.tau[0], lif.r[0] * DT / lif.tau[0]
    n, kappa = len(lif.tau), np.exp(-DT / tau)
    v, z, out = np.zeros(n), np.zeros(n), np.zeros(1)
    psp = {"fc": np.zeros(fc.shape[1]), "rec": np.zeros(n)}
    trace = {"fc": np.zeros(fc.shape), "rec": np.zeros(rec.shape)}
    change = {"fc": np.zeros(fc.shape), "rec": np.zeros(rec.shape)}
    for t in range(steps):
        sent = {"fc": inputs[t], "rec": z}
        v = beta * v + gain * (fc @ inputs[t] + rec @ z)
        slope = 0.3 * np.clip(1 - np.abs(v - 1), 0, 1)
        z = (v > 1).astype(float)
        v = np.where(z > 0, 0, v)
        out = kappa * out + (1 - kappa) * (w_out @ z)
        signal = feedback[:, 0] * (target[t] - out)[0]
        for name in psp:
            psp[name] = beta * psp[name] + gain * sent[name]
            trace[name] = kappa * trace[name] + (1 - kappa) * np.outer(slope, psp[name])
            change[name] += signal[:, None] * trace[name] / steps
    return change


def test_learning_is_e_prop_of_the_simulators_neurons():
    """One trial, against its equations; nothing is filtered with another time constant."""
    rng, n, one = np.random.default_rng(2), 8, np.ones(8)
    tau = DT / (1 - 0.8)
    nodes = {
        "in": nir.Input(np.array([5])),
        "fc": nir.Linear(rng.normal(0.3, 0.6, size=(n, 5))),
        "lif": nir.LIF(tau * one, tau / DT * one, 0 * one, one),
        "rec": nir.Linear(rng.normal(size=(n, n)) / 4),
        "out": nir.Output(np.array([n])),
    }
    edges = [("in", "fc"), ("fc", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "out")]
    graph, inputs = nir.NIRGraph(nodes, edges), drawn()
    target = np.sin(np.arange(STEPS) / 20)[:, None]
    task = ArrayTask(target=target, inputs=inputs, dt=DT * second)
    learn, rule = PerTrial(), EProp(1.0, tau=2 * ms)
    net = from_nir(
        graph,
        dt=DT * second,
        inputs=TaskInput(task),
        integrator="euler",
        rules={"fc": rule, "rec": rule},
        learn=learn,
    )
    readout = LeakyReadout(task, tau=2 * ms)
    out, back = (
        FixedSynapses(net["lif"], readout, onto="drive"),
        FeedbackSynapses(readout, net["lif"]),
    )
    w_out, feedback = rng.normal(size=(1, n)), rng.normal(size=(n, 1))
    out.connect_matrix(w_out)
    back.connect_matrix(feedback)
    parts = [*net.objects, readout]
    trials = Trials(
        task, *(part for part in parts if hasattr(part, "trial_start") or hasattr(part, "rule"))
    )
    net = TrialNetwork(*parts, out, back, trials)
    net.train(1)
    expected = eprop_by_hand(graph, inputs, target, w_out, feedback, 2e-3)
    for name in ("fc", "rec"):
        change = net[name].matrix() - nodes[name].weight
        assert np.abs(change).max() > 1e-3
        np.testing.assert_allclose(change, expected[name], rtol=1e-9, atol=1e-12)


def layered(rng, currents, exact):
    """Two layers whose time constants are such that they decay by 0.8 and 0.7 in a step."""

    def node(n, beta, alpha=0.6):
        tau = -DT / np.log(beta) if exact else DT / (1 - beta)
        one, r = np.ones(n), np.full(n, 1 / (1 - beta))
        if not currents:
            return nir.LIF(tau * one, r, 0 * one, one)
        gate = one * DT / (1 - alpha), one / (1 - alpha)
        return nir.CubaLIF(gate[0], tau * one, r, 0 * one, one, w_in=gate[1])

    weights = rng.normal(0.3, 0.6, (8, 5)), rng.normal(0.3, 0.6, (6, 8))
    linear = [nir.Linear(weight) for weight in weights]
    return chain(linear[0], node(8, 0.8), linear[1], node(6, 0.7), n=5)


def layers_by_hand(graph, inputs, target, w_out, feedback, tau, same_step, currents, given_late):
    """Weight changes of one trial for both layers, from e-prop's equations."""
    layers = [
        dict(w=graph.nodes[name].weight, beta=beta, signal=signal)
        for name, beta, signal in zip("ac", (0.8, 0.7), feedback, strict=True)
    ]
    for layer in layers:
        n, m = layer["w"].shape
        for name, shape in dict(v=n, z=n, syn=n, f=m, psp=m, trace=(n, m), change=(n, m)).items():
            layer[name] = np.zeros(shape)
    out, kappa, before = np.zeros(1), np.exp(-DT / tau), np.zeros(5)
    for t, x in enumerate(inputs):
        sent, before, last = (before if given_late else x), x, layers[0]["z"]
        for number, layer in enumerate(layers):
            if number:
                sent = layers[0]["z"] if same_step else last
            drive, unit = layer["w"] @ sent, sent
            if currents:
                drive = layer["syn"] = 0.6 * layer["syn"] + drive
                unit = layer["f"] = 0.6 * layer["f"] + sent
            layer["v"] = layer["beta"] * layer["v"] + drive
            layer["psp"] = layer["beta"] * layer["psp"] + unit
            slope = 0.3 * np.clip(1 - np.abs(layer["v"] - 1), 0, 1)
            layer["z"] = (layer["v"] > 1).astype(float)
            layer["v"] = np.where(layer["z"] > 0, 0, layer["v"])
            new = (1 - kappa) * np.outer(slope, layer["psp"])
            layer["trace"] = kappa * layer["trace"] + new
        out = kappa * out + (1 - kappa) * (w_out @ layers[1]["z"])
        for layer in layers:
            signal = layer["signal"][:, 0] * (target[t] - out)
            layer["change"] += signal[:, None] * layer["trace"] / len(inputs)
    return [layer["change"] for layer in layers]


LAYERED = {
    "values": (as_values, dict(integrator="euler"), False),
    "currents, spikes": (as_spikes, dict(integrator="euler"), True),
    "values, a step each": (as_values, dict(integrator="euler", same_step=False), False),
    "spikes, a step each": (as_spikes, dict(integrator="euler", same_step=False), True),
    "exact": (as_values, dict(integrator="exact"), False),
}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=LONG if "step" in case else ()) for case in LAYERED],
)
def test_layers_learn_by_e_prop(case):
    """Traces read what drove the neurons: spikes of the same step, if these do."""
    given, args, currents = LAYERED[case]
    rng, inputs = np.random.default_rng(0), drawn()
    graph = layered(rng, currents, args["integrator"] == "exact")
    target = np.sin(np.arange(STEPS) / 20)[:, None]
    task = ArrayTask(target=target, inputs=inputs, dt=DT * second)
    rules = dict.fromkeys("ac", EProp(1.0, tau=2 * ms))
    net = from_nir(
        graph, dt=DT * second, inputs=given(inputs), rules=rules, learn=PerTrial(), **args
    )
    readout, w_out = LeakyReadout(task, tau=2 * ms), rng.normal(size=(1, 6))
    out = FixedSynapses(net["d"], readout, onto="drive")
    out.connect_matrix(w_out)
    feedback = [rng.normal(size=(n, 1)) for n in (8, 6)]
    back = [FeedbackSynapses(readout, net[name]) for name in "bd"]
    for projection, matrix in zip(back, feedback, strict=True):
        projection.connect_matrix(matrix)
    parts = [*net.objects, readout]
    members = [part for part in parts if hasattr(part, "trial_start") or hasattr(part, "rule")]
    net = TrialNetwork(*parts, out, *back, Trials(task, *members))
    net.train(1)
    same = args.get("same_step", args["integrator"] == "euler")
    late = given is as_spikes and not same
    expected = layers_by_hand(graph, inputs, target, w_out, feedback, 2e-3, same, currents, late)
    for name, change in zip("ac", expected, strict=True):
        assert np.abs(change).max() > 1e-2
        found = net[name].matrix() - graph.nodes[name].weight
        np.testing.assert_allclose(found, change, rtol=1e-9, atol=1e-12)


def discrete(**args):
    task = PatternGeneration(length=STEPS * ms, n_inputs=20, seed=1)
    defaultclock.dt = task.dt
    neurons = DiscreteLIFNeurons(40, tau=20 * ms, reset_by="zero", threshold=1.2, name="lif")
    return LearningNetwork(
        task,
        neurons,
        EProp(0.01, tau=20 * ms),
        learn=PerTrial(Adam()),
        readout=Leaky(20 * ms),
        initial=Murray2019(gain=1.0, seed=2),
        **args,
    )


def test_an_euler_simulator_has_the_spikes_of_a_trained_network():
    """Its beta is 1 - dt/tau of the graph; and the graph comes back with the same spikes."""
    net = discrete(connectivity={"bias": AllToAll(), "output_bias": AllToAll()})
    net.train(2)
    for part in net.trials.projections:
        part.plastic = False
    start, spikes = net.t, SpikeMonitor(net.neurons)
    output = StateMonitor(net.readout, "output", record=True, when="end")
    net.add(spikes, output)
    net.train(1)
    here = np.zeros((STEPS, 40))
    here[np.round(np.asarray((spikes.t - start) / ms)).astype(int), np.asarray(spikes.i)] = 1
    graph = to_nir(net, integrator="euler")
    nodes, dt = graph.nodes, 1e-3
    lif, li = nodes["lif"], nodes[net.readout.name]
    weights = {name: nodes[name].weight for name in ("input_synapses", "recurrent", "output")}
    bias = {name: getattr(nodes[name], "bias", 0.0) for name in weights}
    assert np.any(bias["output"]) and np.any(bias["input_synapses"] + bias["recurrent"])
    v, z, out, there, outputs = np.zeros(40), np.zeros(40), 0.0, [], []
    for row in net.task.trial(2)[0]:
        drive = weights["input_synapses"] @ row + weights["recurrent"] @ z
        drive = drive + bias["input_synapses"] + bias["recurrent"]
        v = v + dt / lif.tau * (lif.v_leak - v + lif.r * drive)
        z = (v > lif.v_threshold).astype(float)
        v = np.where(z > 0, lif.v_reset, v)
        out = out + dt / li.tau * (
            li.v_leak - out + li.r * (weights["output"] @ z + bias["output"])
        )
        there.append(z)
        outputs.append(out)
    assert here.sum() > 100
    np.testing.assert_array_equal(np.array(there), here)
    np.testing.assert_allclose(np.array(outputs).T, output.output, rtol=1e-10, atol=1e-12)
    task = ArrayTask(target=net.task.trial(2)[1], inputs=net.task.trial(2)[0], dt=1 * ms)
    start_scope()
    defaultclock.dt = 1 * ms
    back = from_nir(graph, inputs=TaskInput(task))
    again = SpikeMonitor(back["lif"])
    back.add(again)
    back.run(STEPS * ms)
    np.testing.assert_array_equal(np.asarray(again.i), np.nonzero(here)[1])


@pytest.mark.parametrize("integrator", ["exact", "euler"])
def test_currents_and_biases_that_learn_go_out(integrator):
    """LIFNeurons with synaptic currents, and a bias of weights from a ConstantUnit."""
    task = PatternGeneration(length=STEPS * ms, n_inputs=10, seed=1)
    defaultclock.dt = task.dt
    neurons = LIFNeurons(12, tau=8 * ms, tau_syn=6 * ms, bias=0.9, baseline=0.2, name="lif")
    net = LearningNetwork(
        task,
        neurons,
        EProp(0.01, tau=6 * ms),
        connectivity={"bias": AllToAll(), "output_bias": AllToAll()},
        initial={
            "bias": np.linspace(0, 0.6, 12),
            "output_bias": [0.3, 0.1, -0.2][: task.n_outputs],
        },
    )
    spikes = SpikeMonitor(net.neurons)
    output = StateMonitor(net.readout, "output", record=True, when="end")
    net.add(spikes, output)
    for part in net.trials.projections:
        part.plastic = False
    net.train(1)
    graph = to_nir(net, integrator=integrator)
    start_scope()
    inputs = TaskInput(ArrayTask(target=task.trial(0)[1], inputs=task.trial(0)[0], dt=1 * ms))
    back = from_nir(graph, inputs=inputs)
    again = SpikeMonitor(back["lif"])
    name = f"{net.readout.name}_out"
    other = StateMonitor(back[name], "output", record=True, when="end")
    back.add(again, other)
    back.run(STEPS * ms)
    assert len(spikes.i) > 40
    np.testing.assert_array_equal(np.asarray(again.i), np.asarray(spikes.i))
    np.testing.assert_array_equal(np.asarray(again.t), np.asarray(spikes.t))
    np.testing.assert_allclose(other.output, output.output, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("integrator", ["exact", "euler"])
def test_values_of_size_one_are_those_of_what_enters(shape, integrator, target):
    """Intervals of the equation, or of its steps."""
    values = [np.full(shape, value) for value in (0.01, 1.0, 0.0, 1.0)]
    nodes = {
        "in": nir.Input(np.array([3])),
        "fc": nir.Affine(np.eye(3), np.full(3, 2.0)),
        "lif": nir.LIF(*values),
        "out": nir.Output(np.array([3])),
    }
    edges = [("in", "fc"), ("fc", "lif"), ("lif", "out")]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    net = from_nir(graph, dt=DT * second, integrator=integrator)
    spikes = SpikeMonitor(net["lif"])
    net.add(spikes)
    net.run(50 * ms)
    v, fired = 0.0, 0
    for _ in range(500):
        v = v + (2 - v) * (DT / 0.01 if integrator == "euler" else 1 - np.exp(-DT / 0.01))
        fired, v = (fired + 1, 0.0) if v > 1 else (fired, v)
    assert list(np.bincount(spikes.i, minlength=3)) == [fired] * 3 and fired == 7


@pytest.mark.parametrize("integrator", ["exact", "euler"])
def test_neurons_without_leak(integrator, target):
    """dv/dt = r I: spikes in the step in which v exceeds the threshold, here of whole numbers, and
    the spikes of others add r dt each.
    """
    one = np.ones(4)
    graph = nir.NIRGraph(
        {
            "in": nir.Input(np.array([4])),
            "fc": nir.Affine(1e4 * np.eye(4), 0.0625e4 * one),
            "if": nir.IF(one, one * [1, 2, 3, 0.5], v_reset=-0.25 * one),
            "out": nir.Output(np.array([4])),
        },
        [("in", "fc"), ("fc", "if"), ("if", "out")],
    )
    inputs = np.zeros((STEPS, 4))
    inputs[::10, 1:] = 1
    found = ran(
        from_nir(graph, dt=DT * second, integrator=integrator, inputs=as_values(inputs)), "if"
    )[0]
    v, expected = np.zeros(4), []
    for x in inputs:
        v = v + 0.0625 + x
        expected.append((v > np.array([1, 2, 3, 0.5])).astype(float))
        v = np.where(expected[-1] > 0, -0.25, v)
    assert expected[16][0] == 1 and np.sum(expected) > 50
    np.testing.assert_array_equal(found, np.array(expected))


def test_flatten_subgraphs_that_pass_and_names_that_become_one():
    """A shape means nothing to rows of neurons; a graph within may hold nothing."""
    one = np.ones(4)
    passing = nir.NIRGraph(
        {"input": nir.Input(np.array([4])), "output": nir.Output(np.array([4]))},
        [("input", "output")],
    )
    inner = nir.NIRGraph.from_list(nir.LIF(0.001 * one, one, 0 * one, one), nir.Linear(np.eye(4)))
    nodes = {
        "in": nir.Input(np.array([1, 2, 2])),
        "flat": nir.Flatten({"input": np.array([1, 2, 2])}, 0, -1),
        "pass": passing,
        "fc": nir.Affine(np.eye(4), 2 * one),
        "a": inner,
        "a_lif": nir.LIF(0.002 * one, one, 0 * one, 0.1 * one),
        "out": nir.Output(np.array([4])),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(names)), type_check=False)
    net = from_nir(graph, dt=DT * second, integrator="euler")
    first, second_layer = ran(net, "a_lif_2", "a_lif")
    v, w, expected = 0.0, 0.0, []
    for _ in range(STEPS):
        v = v + DT / 0.001 * (2 - v)
        z, v = (1.0, 0.0) if v > 1 else (0.0, v)
        w = w + DT / 0.002 * (z - w)
        y, w = (1.0, 0.0) if w > 0.1 else (0.0, w)
        expected.append((z, y))
    assert sum(y for _, y in expected) > 5
    np.testing.assert_array_equal(first[:, 0], [z for z, _ in expected])
    np.testing.assert_array_equal(second_layer[:, 3], [y for _, y in expected])


@pytest.mark.parametrize("integrator", ["exact", "euler"])
def test_delays_of_channels(integrator):
    """Those of the graph come in and go out again; a spike arrives so much later."""
    one = np.ones(3)
    nodes = {
        "in": nir.Input(np.array([3])),
        "fc": nir.Linear(np.eye(3)),
        "a": nir.LIF(0.01 * one, 0.01 / DT * 1.5 * one, 0 * one, one),
        "later": nir.Delay(np.array([0.0, 0.001, 0.002])),
        "fc2": nir.Linear(np.eye(3) + 0.1),
        "b": nir.LIF(0.01 * one, 0.01 / DT * 1.5 * one, 0 * one, one),
        "out": nir.Output(np.array([3])),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes, list(pairwise(names)))
    inputs = np.zeros((STEPS, 3))
    inputs[40] = 1
    net = from_nir(graph, dt=DT * second, integrator=integrator, inputs=as_values(inputs))
    written = to_nir(net)
    np.testing.assert_array_equal(written.nodes["fc2_delay"].delay, nodes["later"].delay)
    a, b = ran(net, "a", "b")
    assert list(np.argmax(a, axis=0)) == [40, 40, 40]
    within = 0 if integrator == "euler" else 1
    assert list(np.argmax(b, axis=0) - 40 - within) == [0, 10, 20]
    start_scope()
    defaultclock.dt = DT * second
    again = from_nir(written, inputs=as_values(inputs))
    np.testing.assert_array_equal(ran(again, "b")[0], b)


def test_delays_of_sums_go_out():
    task = PatternGeneration(length=100 * ms, n_inputs=4, seed=1)
    defaultclock.dt = task.dt
    inputs, readout = TaskInput(task, name="inputs"), Readout(task, name="readout")
    neurons = LIFNeurons(6, tau=10 * ms, tau_syn=20 * ms, bias=1.5, name="lif")
    driving = FixedSynapses(inputs, neurons, onto="I_in", delay=7 * ms, name="driving")
    output = FixedSynapses(neurons, readout, onto="output", delay=3 * ms, name="output")
    for projection in (driving, output):
        projection.connect()
        projection.w = "0.5*randn()"
    net = Network(inputs, readout, neurons, driving, output)
    graph = to_nir(net)
    assert graph.nodes["driving_delay"].delay[0] == 0.007
    spikes = SpikeMonitor(neurons)
    seen = StateMonitor(readout, "output", record=True, when="end")
    net.add(spikes, seen)
    net.run(100 * ms)
    start_scope()
    back = from_nir(graph, inputs=TaskInput(task))
    again = SpikeMonitor(back["lif"])
    other = StateMonitor(back["readout_out"], "output", record=True, when="end")
    back.add(again, other)
    back.run(100 * ms)
    assert len(spikes.i) > 20
    np.testing.assert_array_equal(np.asarray(again.t), np.asarray(spikes.t))
    np.testing.assert_allclose(other.output[:, 5:], seen.output[:, 5:], rtol=1e-9, atol=1e-11)


def test_files_of_old_versions(tmp_path):
    """Without version, v_reset and metadata; and types that today's nir does not accept."""
    h5py = import_module("h5py")
    graph = spinnaker(np.random.default_rng(0))
    graph.nodes["lif1.lif"].v_reset[:] = 0
    nir.write(tmp_path / "new.nir", graph)
    nir.write(tmp_path / "old.nir", graph)
    with h5py.File(tmp_path / "old.nir", "a") as file:
        del file["version"]
        del file["node/nodes/lif1.lif/v_reset"]
        del file["node/nodes/output/shape"]
        file["node/nodes/output/shape"] = np.array([1, 4, 5])
    inputs = drawn()
    found = []
    for name in ("new.nir", "old.nir"):
        start_scope()
        net = from_nir(
            tmp_path / name, dt=DT * second, integrator="euler", inputs=as_values(inputs)
        )
        found += ran(net, "lif1_lif")
    assert found[0].sum() > 100
    np.testing.assert_array_equal(*found)


def chain(*nodes, n=3, **more):
    """Nodes one behind the other, unchecked."""
    named = {"in": nir.Input(np.array([n])), **dict(zip("abcdef", nodes, strict=False))}
    names = list(named)
    edges = list(pairwise(names))
    return nir.NIRGraph(named | more, edges, type_check=False)


def lif(n=3, **values):
    one = np.ones(n)
    return nir.LIF(**dict(tau=0.01 * one, r=one, v_leak=0 * one, v_threshold=one) | values)


def two_ways():
    inner = nir.NIRGraph(
        {
            "x": nir.Input(np.array([3])),
            "y": nir.Input(np.array([3])),
            "lif": lif(),
            "out": nir.Output(np.array([3])),
        },
        [("x", "lif"), ("y", "lif"), ("lif", "out")],
    )
    graph = chain(inner)
    return graph


def with_edge(graph, *edge):
    graph.edges.append(edge)
    return graph


def same_name():
    inner = nir.NIRGraph.from_list(lif())
    graph = chain(inner)
    graph.nodes["a.lif"] = lif()
    return graph


BAD = {
    "kind": (
        lambda: chain(nir.Threshold(np.ones(3))),
        {},
        "node 'a' must be one of Input, .*; got a Threshold",
    ),
    "size": (
        lambda: chain(nir.Linear(np.ones((4, 3))), lif(5)),
        {},
        "node 'a' sends 4 channels to node 'b', which has the size 5",
    ),
    "input": (
        lambda: chain(nir.Linear(np.ones((4, 2)))),
        {},
        "node 'in' sends 3 channels to node 'a', which has the size 2",
    ),
    "bias": (
        lambda: chain(nir.Affine(np.ones((4, 3)), np.ones(2)), lif(4)),
        {},
        "node 'a' has 2 values of bias and the size 4",
    ),
    "weights": (
        lambda: chain(nir.Linear(np.ones((2, 3, 3))), lif()),
        {},
        r"node 'a' has weights of shape \(2, 3, 3\)",
    ),
    "nan": (
        lambda: chain(nir.Linear(np.full((3, 3), np.nan)), lif()),
        {},
        "node 'a' has a weight that is not finite",
    ),
    "tau": (lambda: chain(lif(tau=np.zeros(3))), {}, "node 'a' has tau = 0 s"),
    "edge": (lambda: with_edge(chain(lif()), "a", "x"), {}, "edge a -> x names 'x'"),
    "ports": (two_ways, {}, r"the graph 'a' has 2 Input nodes \(x, y\)"),
    "same name": (same_name, {}, "two nodes are called 'a.lif'"),
    "integrator": (
        lambda: chain(lif()),
        dict(integrator="rk4"),
        "from_nir: integrator must be 'exact' or 'euler'; got 'rk4'",
    ),
    "reset": (
        lambda: chain(lif()),
        dict(reset="zero", integrator="euler"),
        "reset must be one of 'to_value', 'subtract', 'subtract_later'; got 'zero'",
    ),
    "exact reset": (
        lambda: chain(lif()),
        dict(reset="subtract"),
        "reset='subtract' is for simulators that step by Euler",
    ),
    "within a step": (
        lambda: chain(lif()),
        dict(same_step=True),
        "same_step=True needs the time step",
    ),
    "rule of no node": (
        lambda: chain(nir.Linear(np.eye(3)), lif()),
        dict(rules={"x": EProp(0.1, tau=2 * ms)}),
        "rules has 'x', and the Linear and Affine nodes of the graph are a",
    ),
    "rule of outputs": (
        lambda: chain(lif(), nir.Linear(np.eye(3)), nir.Output(np.array([3]))),
        dict(rules={"b": EProp(0.1, tau=2 * ms)}, integrator="euler"),
        "rules has 'b', which leads to 'c_pulses', and rules learn weights onto neurons",
    ),
    "rule of a product": (
        lambda: chain(nir.Linear(np.eye(3)), nir.Linear(np.eye(3)), lif()),
        dict(rules={"b": EProp(0.1, tau=2 * ms)}, integrator="euler"),
        "rules has 'b', and what it sends goes through 'a' too",
    ),
    "rule with many time constants": (
        lambda: chain(nir.Linear(np.eye(3)), lif(tau=np.array([0.01, 0.02, 0.03]))),
        dict(rules={"a": EProp(0.1, tau=2 * ms)}, integrator="euler"),
        "'b' has neurons with tau_mem from 0.01 to 0.03",
    ),
    "filtered twice": (
        lambda: chain(nir.Linear(np.eye(3)), lif()),
        dict(
            rules={"a": EProp(0.1, tau=2 * ms)},
            inputs=NeuronGroup(3, "activity : 1\npsp : 1", name="mine"),
        ),
        "rules has 'a', and 'mine' filters what it sends, as 'b' does already",
    ),
    "delays of values": (
        lambda: chain(nir.Delay(np.array([0.0, 0.001, 0.002])), nir.Linear(np.eye(3)), lif()),
        {},
        "values that 'in' sends .* have different delays",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_come_in_is_refused_with_its_node(case):
    make, args, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        from_nir(make(), **dict(dt=DT * second) | args)


def test_rules_must_be_rules():
    with pytest.raises(TypeError, match="rules must be learning rules by the name of a node"):
        from_nir(chain(lif()), dt=DT * second, rules={"a": 3})


@pytest.mark.parametrize(
    "given, words",
    [
        (dict(inputs=5), "inputs must be a group"),
        (dict(inputs={"in": "x"}), "inputs must be a group"),
        (dict(integrator="euler", same_step="no"), "same_step must be True or False; got 'no'"),
        (dict(integrator="euler", same_step=0), "same_step must be True or False; got 0"),
    ],
)
def test_arguments_of_other_types(given, words):
    with pytest.raises(TypeError, match=f"from_nir: {words}"):
        from_nir(chain(lif()), dt=DT * second, **given)


def test_what_goes_out_is_a_network_and_where_to_is_a_path():
    with pytest.raises(TypeError, match="to_nir: network must be a Network.*; got 5"):
        to_nir(5)
    with pytest.raises(TypeError, match="to_nir: path must be that of a file"):
        to_nir(from_nir(chain(lif()), dt=DT * second), 3)


def test_steps_longer_than_a_time_constant_are_warned_of(caplog):
    """A graph of steps of 0.1 ms that is taken for one of 1 ms; tau = dt is that of beta = 0."""
    graph = chain(nir.Linear(np.eye(3)), lif(tau=np.full(3, np.float32(9 * DT))))
    from_nir(graph, dt=10 * DT * second, integrator="euler")
    assert "node 'b' has tau = 0.9 ms, less than a time step of 1 ms" in caplog.text
    caplog.clear()
    from_nir(graph, dt=9 * DT * second, integrator="euler")
    assert "time step" not in caplog.text


def test_time_constants_near_the_step_are_warned_of(caplog):
    """By node, with what to write; not where the graph says how it is meant."""
    graph = chain(nir.Linear(np.eye(3)), lif(tau=np.full(3, 4 * DT)))
    net = from_nir(graph, dt=DT * second)
    assert "node 'b' has tau = 0.4 ms, less than 5 time steps of 0.1 ms" in caplog.text
    assert "write integrator='euler'" in caplog.text
    caplog.clear()
    written = to_nir(net, integrator="exact")
    assert "'b' has a time constant of 0.4 ms" in caplog.text and "'euler'" in caplog.text
    caplog.clear()
    from_nir(written)
    from_nir(graph, dt=DT * second, integrator="euler")
    from_nir(chain(lif(tau=np.full(3, 5 * DT))), dt=DT * second)
    assert "Euler" not in caplog.text


def test_the_time_step_of_euler_is_that_of_the_graph():
    net = from_nir(chain(nir.Linear(np.eye(3)), lif()), dt=2 * DT * second, integrator="euler")
    with pytest.raises(BrianObjectException) as raised:
        net.run(1 * ms)
    words = str(raised.value.__cause__)
    assert "'b' steps by Euler" in words and "write defaultclock.dt = 0.2*ms" in words


def test_a_step_of_euler_that_no_time_constant_has():
    """With tau = dt nothing is left of the membrane, beta = 0."""
    graph = chain(nir.Linear(np.eye(3)), lif(tau=np.full(3, DT)))
    inputs = drawn(3)
    net = from_nir(graph, dt=DT * second, integrator="euler", inputs=as_values(1.5 * inputs))
    with pytest.raises(ValueError, match="'b' decays within one step of Euler"):
        to_nir(net, integrator="exact")
    np.testing.assert_array_equal(ran(net, "b")[0], inputs)


def test_what_brings_errors_back_is_found_by_what_it_does():
    """A projection onto a variable that its target does not read, whatever its name."""
    defaultclock.dt = 1 * ms
    task = PatternGeneration(length=50 * ms, n_inputs=4, seed=1)
    neurons, readout = LIFNeurons(5, 20 * ms, 30 * ms, name="lif"), Readout(task, name="readout")
    output = FixedSynapses(neurons, readout, onto="output", name="output")
    back = FixedSynapses(readout, neurons, sends="output", onto="I_in", name="feedback")
    other = FixedSynapses(readout, neurons, sends="error", onto="feedback", name="I_in")
    for projection in (output, back, other):
        projection.connect()
    graph = to_nir(Network(neurons, readout, output, back, other))
    assert "feedback" in graph.nodes and "I_in" not in graph.nodes
    assert ("feedback", "lif") in graph.edges
    wrong = FixedSynapses(readout, neurons, sends="output", onto="bias", name="wrong")
    wrong.connect()
    with pytest.raises(ValueError, match="'wrong' acts on 'bias' of 'lif'"):
        to_nir(Network(neurons, readout, output, wrong))


def test_inputs_of_ones_own_go_out():
    """A group that sends its activity and receives nothing is an input."""
    mine = NeuronGroup(3, "activity : 1", name="mine")
    graph = chain(nir.Linear(np.eye(3)), lif())
    net = from_nir(graph, dt=DT * second, inputs=mine)
    assert isinstance(to_nir(net).nodes["mine"], nir.Input)
    assert isinstance(to_nir(from_nir(graph, dt=DT * second)).nodes["in"], nir.Input)


def test_a_constant_unit_onto_currents_of_a_readout():
    """By parts: a bias of neurons, and one of a leaky readout of bare spikes."""
    task = PatternGeneration(length=50 * ms, n_inputs=4, seed=1)
    defaultclock.dt = task.dt
    neurons = DiscreteLIFNeurons(4, tau=5 * ms, reset_by="zero", name="lif")
    readout, unit = LeakyReadout(task, tau=4 * ms, name="readout"), ConstantUnit(name="unit")
    parts = [neurons, readout, unit]
    for source, target, onto, weight in (
        (unit, neurons, "I_in", 0.3),
        (unit, readout, "drive", 0.7),
        (neurons, readout, "drive", 0.5),
    ):
        projection = FixedSynapses(source, target, onto=onto, name=f"{source.name}_{target.name}")
        projection.connect()
        projection.w = weight
        parts.append(projection)
    net = Network(parts)
    seen = StateMonitor(readout, "output", record=True, when="end")
    graphs = [to_nir(net, integrator=one) for one in ("exact", "euler")]
    net.add(seen)
    net.run(50 * ms)
    assert seen.output[0].max() > 0.71
    for graph in graphs:
        start_scope()
        back = from_nir(graph)
        again = StateMonitor(back["readout_out"], "output", record=True, when="end")
        back.add(again)
        back.run(50 * ms)
        np.testing.assert_allclose(again.output, seen.output, rtol=1e-9)
