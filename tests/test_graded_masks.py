"""Masks between 0 and 1: weights change by -rate dL/dw, with L the loss that is reported."""

import numpy as np
import pytest
from brian2 import Equations, defaultclock, ms
from targets import LONG

from brian_rflo import RFLO, EProp, LearningNetwork, LIFNeurons, PerTrial, RateNeurons, reference
from brian_rflo.brian.devices import device
from brian_rflo.credit import SymmetricFeedback
from brian_rflo.neurons import DerivedNeurons, PotentialNeurons
from brian_rflo.readouts import Leaky, Linear, Softmax
from brian_rflo.reference.eprop import EpropNetwork
from brian_rflo.reference.spiking import LIF
from brian_rflo.tasks import ArrayTask

RNG = np.random.default_rng(8)
T, N, N_OUT, RATE, TAU = 14, 3, 2, 1e-3, 6.0
INPUTS, TARGET = RNG.normal(size=(T, 1)), RNG.normal(size=(T, N_OUT))
CLASSES = np.eye(N_OUT)[RNG.integers(N_OUT, size=T)]
BY_STEP, BY_OUTPUT = RNG.uniform(size=T), RNG.uniform(size=(T, N_OUT))
BY_OUTPUT[RNG.uniform(size=BY_OUTPUT.shape) < 0.2] = 0
WEIGHTS = {
    "recurrent": RNG.normal(size=(N, N)),
    "input": RNG.normal(size=(N, 1)),
    "output": RNG.normal(size=(N_OUT, N)),
}
RATES = "dx/dt = (-x + I_rec + I_in)/(6*ms) : 1"


def rates(n):
    return RateNeurons(n, tau=TAU * ms)


def spiking(n):
    return LIFNeurons(n, tau=8 * ms, tau_syn=5 * ms, bias=np.resize([1.2, 1.5, 1.9], n))


def potentials(n):
    return PotentialNeurons(n, tau=TAU * ms, initial=0.2)


def derived(n):
    own = Equations(RATES)
    return DerivedNeurons(
        n, own, input=("I_rec", "I_in"), activity="tanh(x)", initial={"x": 0.3}, method="euler"
    )


#: The decay of the trace of e-prop, exp(-dt/tau), equal to that of rate neurons, 1 - dt/tau.
EPROP = EProp(RATE, tau=-1 / np.log(1 - 1 / TAU) * ms)
#: Neurons, rule, readout, projection whose weights are compared, mask.
CASES = {
    "Delta": (rates, RFLO(RATE, tau=TAU * ms), Linear(), "output", BY_STEP),
    "Delta, spikes": (spiking, RFLO(RATE, tau=5 * ms), Linear(), "output", BY_OUTPUT),
    "LeakyDelta": (rates, RFLO(RATE, tau=TAU * ms), Leaky(4 * ms), "output", BY_OUTPUT),
    "softmax": (rates, RFLO(RATE, tau=TAU * ms), Softmax(4 * ms), "output", BY_STEP),
    "softmax, spikes": (spiking, RFLO(RATE, tau=5 * ms), Softmax(4 * ms), "output", BY_STEP),
    "RFLO": (rates, RFLO(RATE, tau=TAU * ms), Linear(), "recurrent", BY_OUTPUT),
    "RFLO, inputs": (rates, RFLO(RATE, tau=TAU * ms), Linear(), "input", BY_STEP),
    "e-prop": (rates, EPROP, Linear(), "recurrent", BY_OUTPUT),
    "potentials": (potentials, None, Linear(), "recurrent", BY_OUTPUT),
    "derived": (derived, None, Linear(), "recurrent", BY_STEP),
}


def networks_of(name, mask, weights, networks):
    """Many networks side by side, with the same neurons and weights of their own."""
    neurons, rule, readout, _, _ = CASES[name]
    defaultclock.dt = 1 * ms
    group = neurons(N * networks)
    target = CLASSES if isinstance(readout, Softmax) else TARGET
    return LearningNetwork(
        ArrayTask(target=target, inputs=INPUTS, mask=mask, dt=1 * ms),
        group,
        rule or group.rule(RATE),
        readout,
        credit=SymmetricFeedback(),
        learn=PerTrial(),
        initial=weights,
        networks=networks,
    )


def gradient_and_change(name, step=1e-4):
    """The slope of the loss by each weight, by finite differences, and the change of the weights:
    one network is as it is, and each weight is larger in one of the others and smaller in another.
    """
    _, _, _, which, mask = CASES[name]
    weights = {key: np.array(values) for key, values in WEIGHTS.items()}
    if which != "output":
        weights["recurrent"][:] = 0  # where the rule is the gradient
    moved = step * np.eye(weights[which].size).reshape(-1, *weights[which].shape)
    moved = np.concatenate([0 * moved[:1], moved, -moved])
    given = {key: values[None] + 0 * moved[:, :1, :1] for key, values in weights.items()}
    given[which] = weights[which] + moved
    result = networks_of(name, mask, given, len(moved)).train(1)
    change = (result.weights_after[which] - result.weights_before[which])[0]
    more, less = result.losses[1:, 0].reshape(2, *change.shape)
    return (more - less) / (2 * step), change


def assert_is_the_gradient(name):
    slope, change = gradient_and_change(name)
    assert np.abs(change).min() > 0
    np.testing.assert_allclose(change / -RATE, slope, rtol=0, atol=1e-6 * np.abs(slope).max())
    ratio = np.linalg.norm(change) / np.linalg.norm(RATE * slope)
    assert abs(ratio - 1) < 1e-6


@pytest.mark.parametrize("name", CASES)
def test_change_is_the_gradient_of_the_reported_loss(name):
    assert_is_the_gradient(name)


@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=LONG) for t in ("cython", "cpp_standalone")]
)
@pytest.mark.parametrize("name", CASES)
def test_change_is_the_gradient_where_code_is_compiled(name, target):
    with device(target):
        assert_is_the_gradient(name)


@pytest.mark.parametrize("rule", ["bptt", "rtrl"])
@pytest.mark.parametrize("mask", [BY_STEP, BY_OUTPUT], ids=["steps", "outputs"])
def test_baselines_follow_the_gradient_of_their_loss(rule, mask):
    """BPTT and RTRL of recurrent networks, and their losses are those of networks in Brian2."""
    task = ArrayTask(target=TARGET, inputs=INPUTS, mask=mask, dt=1 * ms)
    step = 1e-4
    moved = step * np.eye(N * N).reshape(-1, N, N)
    moved = np.concatenate([0 * moved[:1], moved, -moved])
    weights = {key: values[None] + 0 * moved[:, :1, :1] for key, values in WEIGHTS.items()}
    weights |= {"recurrent": WEIGHTS["recurrent"] + moved}
    weights |= {"feedback": weights["output"].swapaxes(1, 2)}
    result = reference.train(task, weights, rule, RATE, TAU * ms, 1)
    more, less = result.losses[1:, 0].reshape(2, N, N)
    change = (result.weights_after["recurrent"] - weights["recurrent"])[0]
    np.testing.assert_allclose(change / -RATE, (more - less) / (2 * step), rtol=0, atol=1e-7)
    ours = networks_of("RFLO", mask, {key: weights[key][:3] for key in WEIGHTS}, 3).train(1)
    np.testing.assert_allclose(ours.losses, result.losses[:3], rtol=1e-12)


def test_spiking_baseline_follows_the_gradient_of_its_loss():
    task = ArrayTask(target=TARGET, inputs=INPUTS, mask=BY_OUTPUT, dt=1 * ms)
    weights = {key: values[None] for key, values in WEIGHTS.items()}
    weights["feedback"] = weights["output"].swapaxes(1, 2)
    step, moved = 1e-3, np.zeros((1, N_OUT, N))
    moved[0, 1, 2] = step
    neurons = LIF.of(spiking(N))
    here, more, less = (
        reference.train(
            task, weights | {"output": output}, "bptt", RATE, TAU * ms, 1, neurons=neurons
        )
        for output in (weights["output"], weights["output"] + moved, weights["output"] - moved)
    )
    slope = (more.losses - less.losses).item() / (2 * step)
    change = (here.weights_after["output"] - weights["output"])[0, 1, 2]
    assert abs(slope) > 1e-3 and np.isclose(change / -RATE, slope, rtol=1e-8)


@pytest.mark.parametrize("loss", ["regression", "classification"])
def test_eprop_baseline_follows_the_gradient_of_its_loss(loss):
    network = EpropNetwork(tau_m=5, tau_out=4, tau_adapt=20, v_th=0.3, beta=0.1, t_ref=1, loss=loss)
    arrays = (
        (INPUTS[None] > 0),
        (TARGET if loss == "regression" else CLASSES)[None],
        (BY_OUTPUT if loss == "regression" else BY_STEP)[None],
    )
    weights = {key: np.array(values) for key, values in WEIGHTS.items()} | {
        "feedback": WEIGHTS["output"].T
    }
    trial = network.trial(weights, *arrays)
    gradient = network.gradients(weights, trial, averaged=loss == "classification")["output"]
    step, moved = 1e-4, np.zeros((N_OUT, N))
    moved[1, 2] = step
    more, less = (
        network.trial(weights | {"output": output}, *arrays).loss.item()
        for output in (WEIGHTS["output"] + moved, WEIGHTS["output"] - moved)
    )
    assert abs(gradient[1, 2]) > 1e-3
    assert np.isclose((more - less) / (2 * step), gradient[1, 2], rtol=1e-6)
