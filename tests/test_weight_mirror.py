"""Feedback weights that noise makes a mirror of the readout weights, against NumPy."""

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms, seed
from targets import NUMPY_FIRST

from brian_rflo import (
    RFLO,
    Delta,
    LearningNetwork,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import Credit, WeightMirror
from brian_rflo.tasks import ArrayTask

N, STEPS = 6, 10


def task(steps=STEPS, n_outputs=2):
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(2, steps, 2))
    return ArrayTask(inputs=inputs, target=rng.normal(size=(2, steps, n_outputs)), dt=1 * ms)


def network(path, its=None, n=N, networks=2, learn=PerStep(), **more):
    its = task() if its is None else its
    defaultclock.dt = its.dt
    seed(0)
    return LearningNetwork(
        its,
        RateNeurons(networks * n, tau=4 * ms),
        RFLO(0.1, tau=4 * ms),
        credit=path,
        networks=networks,
        learn=learn,
        **more,
    )


def cosine(one, other):
    return (one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other)


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_weights_are_those_of_numpy_given_the_noise(target):
    rate, decay, noise, trials = 0.02, 1.5, 0.7, 3
    with device(target):
        net = network(WeightMirror(rate, decay, noise))
        drawn = StateMonitor(net.credit.cells["post"], "drawn", record=range(2 * N), when="end")
        told = StateMonitor(net.neurons, "feedback", record=range(2 * N), when="end")
        error = StateMonitor(net.readout, "error", record=range(4), when="end")
        heard = StateMonitor(net.credit.cells["pre"], "heard", record=range(4), when="end")
        output = StateMonitor(net.output, "w", record=np.arange(2 * 2 * N), when="start")
        net.add(drawn, told, error, heard, output)
        before = net.weights()["feedback"]
        after = net.train(trials).weights_after["feedback"]
        s, L, e, y = drawn.drawn.T, told.feedback.T, error.error.T, heard.heard.T
        W_out = output.w.T.reshape(-1, 2, N, 2).swapaxes(-1, -2)
    assert 0.5 < s.std() < 0.9 and np.abs(W_out[-1] - W_out[0]).max() > 1e-3
    for network_ in range(2):
        own, outputs = slice(network_ * N, network_ * N + N), slice(2 * network_, 2 * network_ + 2)
        M = before[network_].copy()
        for trial in range(trials):
            change = np.zeros_like(M)
            for t in range(trial * STEPS, (trial + 1) * STEPS):
                np.testing.assert_allclose(
                    y[t, outputs], W_out[t, network_] @ s[t, own], atol=1e-13
                )
                np.testing.assert_allclose(L[t, own], M @ e[t, outputs], rtol=0, atol=1e-12)
                change += rate * (np.outer(s[t, own], y[t, outputs]) - decay * M)
            M = M + change
        assert np.abs(M - before[network_]).max() > 0.05
        np.testing.assert_allclose(after[network_], M, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "trials, least", [(100, 0.9), pytest.param(1000, 0.99, marks=pytest.mark.model)]
)
def test_feedback_comes_to_the_transposed_readout(trials, least):
    """With 1000 trials as in the figures, T*rate*decay = 0.005; fewer and faster by default."""
    its, n = task(20, 2), 50
    rate = 0.005 / 20 if trials == 1000 else 0.05 / 20
    net = network(WeightMirror(rate), its, n, networks=1, trained=["recurrent"])
    net.recurrent.plastic = False
    w = net.weights()
    assert abs(cosine(w["feedback"], w["output"].swapaxes(1, 2))) < 0.3
    after = net.train(trials).weights_after
    np.testing.assert_array_equal(after["output"], w["output"])
    assert cosine(after["feedback"], w["output"].swapaxes(1, 2)) > least


def test_the_noise_does_not_disturb_the_network():
    """With weights at rest, activity is that of random feedback."""
    kinds = [network(WeightMirror(0.02, noise=noise)) for noise in (1e-9, 5.0)]
    losses = []
    for net in kinds:
        for part in (net.recurrent, net.input_synapses, net.output):
            part.plastic = False
        losses.append(net.train(3).losses)
    np.testing.assert_array_equal(*losses)


def test_frozen_and_saved_mirrors(tmp_path):
    net = network(WeightMirror(0.02), learn=PerTrial())
    net.train(2)
    kept = net.feedback.matrix(2)
    net.evaluate(1)
    np.testing.assert_array_equal(net.feedback.matrix(2), kept)
    net.save(tmp_path / "net.npz")
    expected = net.train(2)
    other = network(WeightMirror(0.02), learn=PerTrial())
    other.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(other.train(2).losses, expected.losses)
    kept = net.feedback.matrix(2)
    net.feedback.plastic = False
    net.train(1)
    np.testing.assert_array_equal(net.feedback.matrix(2), kept)


def test_a_mirror_needs_the_readout_weights():
    its = task()
    defaultclock.dt = its.dt
    neurons, readout = RateNeurons(N, tau=4 * ms), Readout(its)
    with pytest.raises(TypeError, match="WeightMirror needs the projection to the readout; got"):
        Credit(WeightMirror(0.1), readout, neurons)
    output = PlasticSynapses(neurons, readout, Delta(0.1), onto="output")
    assert sorted(Credit(WeightMirror(0.1), readout, neurons, output).projections) == [
        "feedback",
        "mirror",
    ]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: WeightMirror(-1), "WeightMirror: rate must be a finite number and not negative"),
        (lambda: WeightMirror(0.1, decay=0), "WeightMirror: decay must be"),
        (lambda: WeightMirror(0.1, noise=np.nan), "WeightMirror: noise must be"),
        (
            lambda: network(WeightMirror(0.1), learn=PerTrial(copies=2), networks=1),
            r"WeightMirror .* cannot share; .*PerTrial\(batch=2\)",
        ),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
