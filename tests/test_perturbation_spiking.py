"""Perturbation of spiking neurons, against NumPy loops that are given the random draws."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Hz,
    Network,
    SpikeGeneratorGroup,
    SpikeMonitor,
    defaultclock,
    ms,
    mV,
    prefs,
    seed,
    set_device,
)
from brian2 import device as brian_device
from perturbing import noise_given, weights_given

from brian_rflo import (
    ALIFNeurons,
    DerivedNeurons,
    DiscreteLIFNeurons,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    LossMonitor,
    PlasticSynapses,
    Readout,
    Trials,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import PairDifference
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import (
    ActiveWeightPerturbation,
    HybridPerturbation,
    NodePerturbation,
    WeightPerturbation,
)
from brian_rflo.tasks import ArrayTask

N, INPUTS, OUTPUTS, STEPS, TRIALS, SIGMA, ETA, POWER = 5, 3, 2, 25, 3, 0.3, 0.004, 30.0
PARTS = {"recurrent": (N, N), "input": (N, INPUTS), "output": (OUTPUTS, N)}
LIF = dict(tau=6 * ms, tau_syn=8 * ms, refractory=2 * ms, bias=1.3, rate_unit=100 * Hz)
DISCRETE = dict(tau=6 * ms, tau_adapt=30 * ms, beta=0.2, threshold=0.6, refractory=1 * ms)
NEURONS = {
    "lif": lambda n: LIFNeurons(n, **LIF),
    "alif": lambda n: ALIFNeurons(n, tau_adapt=30 * ms, beta=0.2, **LIF),
    "discrete": lambda n: DiscreteLIFNeurons(n, scale_input=True, **DISCRETE),
}
KINDS = {
    "np": NodePerturbation,
    "wp": WeightPerturbation,
    "wp0": ActiveWeightPerturbation,
    "hp": HybridPerturbation,
}


@cache
def draws():
    """Return weights, inputs, targets, and random draws; input 0 and neuron 0 are silent."""
    rng = np.random.default_rng(7)
    d = SimpleNamespace(
        inputs=rng.uniform(0, 1, (TRIALS, STEPS, INPUTS)),
        targets=rng.standard_normal((TRIALS, STEPS, OUTPUTS)),
        start={part: rng.standard_normal(shape) for part, shape in PARTS.items()},
        noise=SIGMA * rng.standard_normal((TRIALS, STEPS, N)),
        output_noise=SIGMA * rng.standard_normal((TRIALS, STEPS, OUTPUTS)),
        p={part: SIGMA * rng.standard_normal((TRIALS, *shape)) for part, shape in PARTS.items()},
    )
    d.inputs[..., 0] = 0
    d.start["input"][0], d.start["recurrent"][0] = -9, 0
    return d


def lif_step(s, w, x, xi, adaptive):
    """Advance LIF neurons by a step; return what arrived from each cell, and spikes."""
    a, decay, slow = np.exp(-1 / 6), np.exp(-1 / 8), np.exp(-1 / 30)
    arrived, free = s.arriving.copy(), s.wait <= 0
    drive = w["recurrent"] @ arrived + w["input"] @ x + 1.3 + xi
    s.v = np.where(free, drive + (s.v - drive) * a, s.v)
    s.filtered, s.arriving, s.a = s.filtered * decay, s.arriving * decay, s.a * slow
    spike = free & (s.v > 1 + 0.2 * adaptive * s.a)
    s.wait = np.where(spike, 1, np.maximum(s.wait - 1, 0))
    s.v, s.a = np.where(spike, 0, s.v), s.a + spike
    amplitude = 1 / (8e-3 * 100)
    s.filtered, s.arriving = s.filtered + amplitude * spike, s.arriving + amplitude * spike
    s.sent = s.filtered - 1
    return arrived, spike


def discrete_step(s, w, x, xi, _):
    """Advance neurons of discrete time by a step."""
    alpha, arrived = np.exp(-1 / 6), s.sent.copy()
    current = w["recurrent"] @ arrived + w["input"] @ x + xi
    s.v = alpha * s.v + (1 - alpha) * current - 0.6 * s.sent
    s.a, s.wait = np.exp(-1 / 30) * s.a + s.sent, np.maximum(s.wait - 1, 0)
    spike = (s.v >= 0.6 + 0.2 * s.a) & (s.wait <= 0)
    s.wait, s.sent = np.where(spike, 1, s.wait), spike * 1.0
    return arrived, spike


def trial(kind, w, k, xi, xi_output):
    """Run a trial; return the loss, what arrived at each part ``[step, cell]``, and the spikes."""
    d, loss, arrived, spikes = draws(), 0.0, {part: [] for part in PARTS}, []
    s = SimpleNamespace(v=np.zeros(N), a=np.zeros(N), wait=np.zeros(N), arriving=np.zeros(N))
    s.filtered, s.sent = np.ones(N), np.zeros(N)
    advance = discrete_step if kind == "discrete" else lif_step
    for step, x in enumerate(d.inputs[k]):
        came, spike = advance(s, w, x, xi[step], kind == "alif")
        output = w["output"] @ s.sent + xi_output[step]
        loss += ((d.targets[k, step] - output) ** 2).sum() / (2 * STEPS)
        for part, values in (("recurrent", came), ("input", x), ("output", s.sent)):
            arrived[part].append(values.copy())
        spikes += [(k * STEPS + step, i) for i in np.flatnonzero(spike)]
    return loss, {part: np.array(values) for part, values in arrived.items()}, spikes


def directions(rule, p, arrived, xi, xi_output):
    """Return the sums of a trial by which weights change, by part."""
    noise = {"recurrent": xi, "input": xi, "output": xi_output}
    return {
        part: {
            "np": lambda x=x, part=part: noise[part].T @ x,
            "wp": lambda part=part: p[part],
            "wp0": lambda x=x, part=part: p[part] * ((x**2).sum(0) > 0),
            "hp": lambda x=x, part=part: (x @ p[part].T).T @ x / POWER,
        }[rule]()
        for part, x in arrived.items()
    }


@cache
def expected(kind, rule):
    """Return losses ``[trial, copy]``, spikes of both copies, and the weights at the end."""
    d = draws()
    w, losses, spikes = {part: value.copy() for part, value in d.start.items()}, [], []
    for k in range(TRIALS):
        is_node = rule == "np"
        xi = d.noise[k] * is_node, d.output_noise[k] * is_node
        p = {part: values[k] * (not is_node) for part, values in d.p.items()}
        free, _, seen = trial(kind, w, k, 0 * xi[0], 0 * xi[1])
        moved = {part: w[part] + p[part] for part in PARTS}
        perturbed, arrived, changed = trial(kind, moved, k, *xi)
        losses.append((free, perturbed))
        spikes += seen + [(step, i + N) for step, i in changed]
        assert {step for step, _ in seen} != {step for step, _ in changed}
        by = directions(rule, p, arrived, *xi)
        w = {part: w[part] - ETA / SIGMA**2 * (perturbed - free) * by[part] for part in PARTS}
    return np.array(losses), sorted(spikes), w


def run(kind, rule, networks=1):
    """Run one of the networks; return its projections, and pairs of what is read and expected."""
    d, blocks = draws(), 2 * networks
    task = ArrayTask(target=d.targets, inputs=d.inputs, dt=1 * ms)
    neurons, source = NEURONS[kind](blocks * N), TaskInput(task, networks=blocks)
    readout = Readout(task, networks=blocks)
    ends = {
        "recurrent": (neurons, neurons, "I_rec"),
        "input": (source, neurons, "I_in"),
        "output": (neurons, readout, "output"),
    }
    made, more = {}, {"power": POWER} if rule == "hp" else {}
    for part, (pre, post, onto) in ends.items():
        one = (
            noise_given(SIGMA, d.output_noise if part == "output" else d.noise)
            if rule == "np"
            else weights_given(KINDS[rule], SIGMA, d.p[part], STEPS, **more)
        )
        made[part] = PlasticSynapses(pre, post, replace(one, learning_rate=ETA), onto)
        made[part].connect(networks=blocks)
        made[part].set_matrix(np.stack([d.start[part]] * blocks))
    trials = Trials(task, neurons, readout, *made.values(), PairDifference(), networks=networks)
    losses, spikes = LossMonitor(trials), SpikeMonitor(neurons)
    Network(neurons, source, readout, *made.values(), trials, losses, spikes).run(
        TRIALS * task.duration
    )
    wanted, when, after = expected(kind, rule)
    assert when and 0 not in {i % N for _, i in when}
    fired = lambda: sorted(zip(np.rint(spikes.t / ms).astype(int).tolist(), spikes.i[:].tolist()))  # noqa: E731
    also = [(step, i + 2 * N * k) for step, i in when for k in range(networks)]
    return made, [
        (lambda: np.array(fired() == sorted(also)), np.array(True)),
        (lambda: np.array(losses.loss).T, np.tile(wanted, networks)),
        *((lambda p=p: made[p].matrix(blocks), np.stack([after[p]] * blocks)) for p in PARTS),
        *(
            (lambda p=p: stays(made[p], blocks, d.start[p]), rule != "wp")
            for p in ("recurrent", "input")
        ),
    ]


def stays(projection, blocks, start):
    """Return whether the weights of the silent cell 0 are as they were, to the bit."""
    return (projection.matrix(blocks)[..., 0] == start[:, 0]).all()


def compare(found):
    for read, wanted in found:
        assert np.abs(read() * 1.0 - wanted).max() <= 1e-12


CASES = [
    *(("lif", rule) for rule in KINDS),
    ("discrete", "np"),
    ("discrete", "wp0"),
    ("alif", "np"),
]
MORE = [("discrete", "wp"), ("discrete", "hp"), ("alif", "wp")]


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_spiking_neurons_learn_by_perturbation_as_in_numpy(case):
    start, after = draws().start, expected(*case)[2]
    assert all(np.abs(after[part] - start[part]).max() > 1e-3 for part in PARTS)
    compare(run(*case)[1])


def test_spiking_networks_side_by_side_are_alike():
    compare(run("lif", "np", networks=2)[1])


@pytest.mark.model
@pytest.mark.compiled
def test_spiking_neurons_on_cython():
    prefs.codegen.target = "cython"
    for case in (*CASES, *MORE):
        compare(run(*case)[1])


@pytest.mark.model
@pytest.mark.compiled
@pytest.mark.parametrize("case", [*CASES, *MORE], ids="-".join)
def test_spiking_neurons_in_standalone_programs(case):
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            defaultclock.dt = 1 * ms
            found = []
            for dense in (True, False):
                prefs["brian_rflo.dense_pass"] = dense
                made, reads = run(*case)
                found.append(reads)
                print(case, {name: part.dense.why_not_dense for name, part in made.items()})
                print(case, {name: part.dense.why_not_batched for name, part in made.items()})
            brian_device.build(directory=None)
            for reads in found:
                compare(reads)
        finally:
            prefs["brian_rflo.dense_pass"] = True


def pair(neurons, source, rule, onto="I_rec", **more):
    """Return a network of a pair whose weights from a source learn, and the projection."""
    task = ArrayTask(target=np.ones((20, 1)), dt=1 * ms)
    weights, readout = PlasticSynapses(source, neurons, rule, onto, **more), Readout(task, 2)
    weights.connect(networks=2)
    weights.w = 0.5
    output = FixedSynapses(neurons, readout, onto="output")
    output.connect(networks=2)
    output.w = 0.1
    trials = Trials(task, neurons, readout, weights, PairDifference())
    return Network(neurons, source, weights, readout, output, trials), weights


def spikes_of_a_source():
    """Return a source of spikes without activity: cells 0 and 2 in step 3, cell 2 in step 5."""
    return SpikeGeneratorGroup(4, [0, 2, 2], np.array([3, 3, 5]) * ms)


def test_what_arrives_of_bare_spikes_is_the_current_that_they_have_left():
    neurons = LIFNeurons(2 * 3, tau=6 * ms, tau_syn=8 * ms, bias=0.1)
    rule = noise_given(1.0, np.full((1, 20, 3), 0.01))
    network, weights = pair(neurons, spikes_of_a_source(), rule)
    network.run(7 * ms)
    found, decay = weights.arranged(np.array(weights.product), 2), np.exp(-1 / 8)
    amplitude = neurons.namespace["spike_amplitude"]
    assert (found[0] == 0).all() and (found[1, :, 1] == 0).all()
    wanted = 0.01 * amplitude * (decay**2 + 1)
    np.testing.assert_allclose(found[1, :, 0], wanted, rtol=1e-14)


def test_noise_on_a_membrane_in_volts_is_in_units_of_threshold_minus_rest():
    found = []
    for levels in ({}, dict(threshold=-50 * mV, rest=-70 * mV, reset=-70 * mV)):
        seed(2)
        neurons = LIFNeurons(2 * 8, tau=6 * ms, tau_syn=8 * ms, bias=1.1, **levels)
        task = ArrayTask(target=np.ones((40, 1)), dt=1 * ms)
        net = LearningNetwork(task, neurons, NodePerturbation(0.01, sigma=0.5))
        found.append(net.train(3))
    np.testing.assert_allclose(found[0].losses, found[1].losses, rtol=1e-9)
    for one, other in zip(*(result.weights_after.values() for result in found)):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


def derived(**more):
    """Return neurons with equations of one's own that have the port of noise."""
    return DerivedNeurons(
        2 * 3,
        "dv/dt = (-v + I_rec + noise)/(5*ms) : 1\n" + more.pop("current", ""),
        activity="v",
        noise={"noise": 0.0},
        initial={"v": 0.2},
        **more,
    )


def test_neurons_with_equations_of_ones_own_explore_by_the_noise_that_they_declare():
    neurons = derived()
    network, weights = pair(neurons, neurons, NodePerturbation(0.01, sigma=0.1))
    network.run(40 * ms)
    free, perturbed = weights.matrix(2)
    assert np.array_equal(free, perturbed) and (free != 0.5).all()


def delayed():
    neurons = LIFNeurons(2 * 3, tau=6 * ms, tau_syn=8 * ms)
    rule = NodePerturbation(0.01, sigma=0.1)
    pair(neurons, neurons, rule, delay=2 * ms)[0].run(1 * ms)


def unknown_current():
    neurons = derived(current="dI_rec/dt = -I_rec/(3*ms) : 1", on_pre="I_rec += w", input=())
    source = LIFNeurons(2 * 3, tau=6 * ms, tau_syn=8 * ms)
    pair(neurons, source, NodePerturbation(0.01, sigma=0.1))


REFUSED = {
    "so its spikes must not have delays. Write": delayed,
    "has no variable 'arriving', which NodePerturbation": unknown_current,
}


@pytest.mark.parametrize("message", REFUSED)
def test_spikes_whose_effect_is_not_known_are_refused(message):
    with pytest.raises((ValueError, BrianObjectException)) as raised:
        REFUSED[message]()
    assert message in f"{raised.value} {raised.value.__cause__}"
