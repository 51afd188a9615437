"""Rules derived from a neuron's text: equal to the hand-written ones where those exist, placed as they should be, true to finite differences, clear when they cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, SpikeMonitor, defaultclock, ms, mV, nS, pA, pF

from brian_rflo import PRESETS, RFLO, AdaptiveEProp, Adam, ArrayTask, CursorMovements, Delta, DerivedNeurons, Descent, DiscreteLIFNeurons, EProp, FiringRate, LearningNetwork, LIFNeurons, PeriodicOutput, RateNeurons
from brian_rflo.devices import device

TARGETS = ("numpy", pytest.param("cython", marks=pytest.mark.compiled), pytest.param("cpp_standalone", marks=pytest.mark.compiled))
CASE = np.load(Path(__file__).parent / "data" / "bellec2020_regression.npz")
CURSOR = CursorMovements(movement=60 * ms, seed=3, input_height=2.0)
N = 12
PSI = "clip(1 - abs(u)/width, 0, 1)/width"
CONSTANTS = dict(tau=10 * ms, tau_syn=20 * ms, tau_adapt=50 * ms, theta=1.0, width=1.0, jump=2.5, beta=0.1)


def tanh():
    return DerivedNeurons(N, "dh/dt = (-h + tanh(I_rec + I_in))/tau : 1", input=("I_rec", "I_in"), activity="h", method="euler", initial={"h": 0.1}, namespace=CONSTANTS)


START = dict(v=np.random.default_rng(5).uniform(0, 1, N), bias=np.random.default_rng(6).uniform(0.9, 1.2, N))


def lif(**options):
    """`LIFNeurons`, written down."""
    model = """dv/dt = (jump*I_rec + I_in + bias - v)/tau : 1
        dI_rec/dt = -I_rec/tau_syn : 1
        dr/dt = -r/tau_syn : 1
        bias : 1"""
    published = dict(input="I_in", on_pre="I_rec += w", activity="r - 1", threshold="v > theta", reset="v = 0; r += jump", ignore="v", surrogate=PSI, method="exponential_euler")
    neurons = DerivedNeurons(N, model, initial={"v": START["v"]}, namespace=CONSTANTS, **(published | options))
    neurons.bias = START["bias"]
    return neurons


def hand_written_lif():
    return LIFNeurons(N, 10 * ms, 20 * ms, rate_unit=20 * Hz, bias=START["bias"], initial=START["v"], initial_activity=0.0)


def trained(neurons, rule, trials=4, task=CURSOR, readout=0.04, **options):
    """The network, its result, and spikes."""
    net = LearningNetwork(task, neurons, rule, Delta(readout) if readout else None, **(dict(update="trial", gain=1.0, seed=4, optimizer=Adam(decay=5)) | options))
    if "spike" in neurons.events:
        net.add(spikes := SpikeMonitor(neurons))
    result = net.train(trials, namespace={})
    return net, result, sorted(zip(np.asarray(spikes.t / ms).round(), np.asarray(spikes.i))) if "spike" in neurons.events else []


def assert_same(one, other, tolerance):
    for name in ("recurrent", "input", "output"):
        scale = np.abs(other.weights_after[name] - other.weights_before[name]).max()
        assert scale > 1e-4, name
        assert np.abs(one.weights_after[name] - other.weights_after[name]).max() < tolerance, name


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("update", ["trial", "step"])
def test_tanh_is_rflo(update, target):
    if target != "numpy" and update == "step":
        pytest.skip("one is enough")
    results = []
    for derived in (True, False):
        with device(target):
            defaultclock.dt = CURSOR.dt
            neurons = tanh() if derived else RateNeurons(N, tau=10 * ms)
            net, result, _ = trained(neurons, neurons.rule(0.02) if derived else RFLO(0.02, tau=10 * ms), update=update)
            assert target == "numpy" or net.recurrent.dense.reason is None
            results.append(result)
    assert_same(*results, 1e-13)


@pytest.mark.parametrize("target", TARGETS)
def test_lif_is_rflo_of_spikes(target):
    """The hand-written trace leaves out a factor, which the learning rate gets: jump against the 1 - exp(-dt/tau_syn) of exponential Euler."""
    ends, rate = [], 3e-5
    factor = 2.5 / (1 - np.exp(-1 / 20))
    for make in (lif, hand_written_lif):
        with device(target):
            defaultclock.dt = CURSOR.dt
            neurons = make()
            net, result, spikes = trained(neurons, neurons.rule(rate / factor) if make is lif else RFLO(rate, tau=20 * ms), readout=1e-4, optimizer=Descent())
            assert target == "numpy" or net.recurrent.dense.reason_to_pass is None
            ends.append((result, spikes))
    assert ends[0][1] == ends[1][1] and len(ends[0][1]) > 20
    assert_same(ends[0][0], ends[1][0], 1e-12)


def adaptive():
    """`DiscreteLIFNeurons` of the classification network, written down: v and a are integrated exactly, a spike lowers v by threshold in the next step."""
    model = """dv/dt = (scale*(I_rec + I_in) - v)/tau : 1
        da/dt = -a/tau_adapt : 1"""
    constants = CONSTANTS | dict(theta=0.6, beta=0.3, scale=1 / (1 - np.exp(-1 / 10)), down=0.6 / np.exp(-1 / 10), up=1 / np.exp(-1 / 50), height=0.5)
    surrogate = "height*clip(1 - abs(u)/theta, 0, 1)"
    return DerivedNeurons(N, model, input=("I_rec", "I_in"), threshold="v >= theta + beta*a", reset="v -= down; a += up", ignore="v", surrogate=surrogate, method="exponential_euler", namespace=constants)


@pytest.mark.parametrize("target", TARGETS)
def test_adaptive_lif_is_eprop(target):
    """With the firing rates held too. A spike raises a, as published, in the next step, without decay."""
    ends, filtered = [], dict(tau_out=20 * ms)
    for make in (adaptive, lambda: DiscreteLIFNeurons(N, tau=10 * ms, tau_adapt=50 * ms, beta=0.3, **PRESETS["evidence_accumulation"])):
        with device(target):
            defaultclock.dt = CURSOR.dt
            neurons = make()
            rule = neurons.rule(2e-3, **filtered) if make is adaptive else AdaptiveEProp(2e-3, tau=20 * ms, tau_adapt=50 * ms)
            net, result, spikes = trained(neurons, rule, readout=None, optimizer=Descent(), self_connections=False, regularization=FiringRate(10 * Hz, 30), **filtered)
            assert target == "numpy" or net.recurrent.dense.reason is None
            ends.append((result, spikes))
    assert ends[0][1] == ends[1][1] and len(ends[0][1]) > 20
    assert_same(ends[0][0], ends[1][0], 1e-12)


@pytest.mark.parametrize("target", TARGETS)
def test_the_regression_network_of_nest(target):
    """The seeded case: the weights after its first trial."""
    model, constants = "dv/dt = (I_rec + I_in - v)/tau : 1", dict(tau=30 * ms, theta=0.03, down=0.03 / np.exp(-1 / 30))
    task = ArrayTask(target=CASE["target"].T, inputs=CASE["input_raster"].astype(float), dt=1 * ms)
    weights = {"input": CASE["w_in"], "recurrent": CASE["w_rec"], "output": CASE["w_out"], "feedback": CASE["b_feedback"]}
    with device(target):
        defaultclock.dt = task.dt
        neurons = DerivedNeurons(100, model, input=("I_rec", "I_in"), threshold="v >= theta", reset="v -= down", ignore="v", surrogate="0.3/theta*clip(1 - abs(u)/theta, 0, 1)", method="exponential_euler", namespace=constants)
        net = LearningNetwork(task, neurons, neurons.rule(1e-4, tau_out=30 * ms), update="trial", averaged_over=1, tau_out=30 * ms, self_connections=False, weights=weights, regularization=FiringRate(10 * Hz, 300))
        after = net.train(1, namespace={}).weights_after
        assert target == "numpy" or net.recurrent.dense.reason_to_pass is None
    for name, ours in (("in", "input"), ("rec", "recurrent"), ("out", "output")):
        assert np.abs(after[ours][0] - CASE[f"w_{name}_after_1"]).max() < 1e-12
        assert np.abs(after[ours][0] - CASE[f"w_{name}"]).max() > 1e-5
