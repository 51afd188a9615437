"""Predicted learning signals (e-prop 3, its local member): against NumPy, the exact gradient, and
e-prop with its filter.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
from brian2 import StateMonitor, TimedArray, defaultclock, ms
from targets import NUMPY_FIRST

from brian_rflo import DiscreteLIFNeurons, EProp, LearningNetwork, PerStep, PerTrial
from brian_rflo.brian.devices import device
from brian_rflo.credit import (
    AdaptiveFeedback,
    LocalDNI,
    RandomFeedback,
    SymmetricFeedback,
    SyntheticSignal,
)
from brian_rflo.readouts import Leaky
from brian_rflo.rules import UnfilteredEProp
from brian_rflo.schedule import CREDIT
from brian_rflo.steps import Step
from brian_rflo.tasks import ArrayTask

N, STEPS, TAU, TAU_OUT, RATE = 6, 30, 10, 5, 0.3
ALPHA, KAPPA = np.exp(-1 / TAU), np.exp(-1 / TAU_OUT)


@dataclass(frozen=True)
class Told(RandomFeedback):
    """Learning signals of each step that are known beforehand, in the place of predicted ones."""

    known: np.ndarray = field(compare=False)

    steps = (Step("feedback = known(t, i)", CREDIT, "post"),)

    @property
    def parameters(self):
        return {}

    @property
    def constants(self):
        return {"known": TimedArray(self.known, dt=1 * ms)}


def task(trials=2, inputs=None):
    rng = np.random.default_rng(3)
    drawn = rng.normal(size=(trials, STEPS, 2)) if inputs is None else inputs
    return ArrayTask(inputs=drawn, target=rng.normal(size=(trials, STEPS, 2)), dt=1 * ms)


def network(credit, rule, its=None, learn=PerTrial(), networks=1, **weights):
    its = task() if its is None else its
    rng = np.random.default_rng(7)
    w = dict(
        recurrent=rng.normal(size=(networks, N, N)) / 2,
        output=rng.normal(size=(networks, 2, N)),
        input=rng.normal(size=(networks, N, its.n_inputs)),
        feedback=rng.normal(size=(networks, N, 2)),
    )
    if isinstance(getattr(credit, "feedback", credit), SymmetricFeedback):
        del w["feedback"]
    w = {name: values for name, values in (w | weights).items() if values is not None}
    defaultclock.dt = 1 * ms
    return LearningNetwork(
        its,
        DiscreteLIFNeurons(networks * N, tau=TAU * ms, threshold=0.4),
        rule,
        readout=Leaky(TAU_OUT * ms),
        credit=credit,
        learn=learn,
        networks=networks,
        initial=w,
    )


OTHERS = [
    pytest.param(one, marks=pytest.mark.model) for one in (SymmetricFeedback(), AdaptiveFeedback())
]


@pytest.mark.parametrize("feedback", [RandomFeedback(), *OTHERS])
def test_without_a_predictor_it_is_eprop_without_its_filter_to_the_bit(feedback):
    rule = UnfilteredEProp(RATE)
    plain = network(feedback, rule).train(3).weights_after
    same = network(SyntheticSignal(0, TAU_OUT * ms, feedback), rule).train(3).weights_after
    moved = network(SyntheticSignal(0.1, TAU_OUT * ms, feedback), rule).train(3).weights_after
    for name in ("recurrent", "input", "output"):
        np.testing.assert_array_equal(same[name], plain[name])
    assert np.abs(moved["recurrent"] - plain["recurrent"]).max() > 1e-3


def test_with_the_exact_derivative_by_spikes_it_is_the_gradient():
    """The derivative by the drive of each step comes from an input that is 1 in that step alone;
    the leak taken off, and divided by the slope, it is that by the spike.
    """
    rng = np.random.default_rng(0)
    its = task(1, np.eye(STEPS)[None])
    net = network(
        SymmetricFeedback(), UnfilteredEProp(RATE), its, input=rng.normal(size=(N, STEPS))
    )
    seen = StateMonitor(net.neurons, ("gain", "activity"), record=True, when="end")
    detached = net.gradient(1, cut=[("v", "activity")])
    weights = {name: values for name, values in net.weights().items() if name != "feedback"}
    net.add(seen)
    net.train(1)
    assert seen.activity.sum() > 20
    by_drive = detached["input"][0] * STEPS  # of each neuron in each step
    by_spike_times_slope = by_drive - ALPHA * np.hstack([by_drive[:, 1:], np.zeros((N, 1))])
    slope = seen.gain[:, :STEPS]
    assert np.abs(by_spike_times_slope[slope == 0]).max() < 1e-12
    by_spike = by_spike_times_slope / np.where(slope == 0, 1, slope)
    told = network(Told(-by_spike.T), UnfilteredEProp(RATE), its, **weights)
    after = told.train(1).weights_after
    for name in ("recurrent", "input"):
        change, expected = after[name][0] - weights[name][0], -RATE * detached[name][0]
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(change, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_with_perfect_predictions_it_is_eprop_with_its_filter():
    """Errors that are summed ahead do to eligibility what the filter does that looks back."""
    its = task(1)
    net = network(RandomFeedback(), EProp(RATE, TAU_OUT * ms), its)
    seen = StateMonitor(net.neurons, "feedback", record=True, when="end")
    net.add(seen)
    before = net.weights()["recurrent"]
    filtered = net.train(1).weights_after["recurrent"] - before
    ahead, known = np.zeros(N), []
    for feedback in seen.feedback.T[::-1]:
        ahead = feedback + KAPPA * ahead
        known.insert(0, (1 - KAPPA) * ahead)
    told = network(Told(np.array(known)), UnfilteredEProp(RATE), its)
    found = told.train(1).weights_after["recurrent"] - before
    assert np.abs(filtered).max() > 1e-3
    np.testing.assert_allclose(found, filtered, rtol=0, atol=1e-13)


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_what_is_predicted_and_learned_is_that_of_numpy(target):
    credit_rate, trials, networks = 0.1, 2, 2
    with device(target):
        path = SyntheticSignal(credit_rate, TAU_OUT * ms)
        net = network(path, UnfilteredEProp(RATE), networks=networks)
        of_neurons = ("activity", "gain", "feedback")
        seen = StateMonitor(net.neurons, of_neurons, record=range(networks * N), when="end")
        outer = StateMonitor(net.readout, ("error", "target"), record=range(4), when="end")
        net.add(seen, outer)
        net.train(trials)
        A, C, c = (
            net.credit.projections[f"{name}_credit"].matrix(networks)
            for name in ("own", "target", "constant")
        )
        feedback, activity = seen.feedback.T, seen.activity.T
        error, target_ = outer.error.T, outer.target.T
    B = np.random.default_rng(7)
    B = [B.normal(size=shape) for shape in ((2, N, N), (2, 2, N), (2, N, 2), (2, N, 2))][-1]
    for network_ in range(networks):
        own, outputs = slice(network_ * N, network_ * N + N), slice(2 * network_, 2 * network_ + 2)
        learned = np.zeros((N, N + 3))
        for trial in range(trials):
            s, last = np.zeros(N), None
            for t in range(trial * STEPS, trial * STEPS + STEPS):
                s = KAPPA * s + (1 - KAPPA) * activity[t, own]
                known = np.concatenate([s, target_[t, outputs], [1]])
                V = learned @ known
                L = B[network_] @ error[t, outputs] + V
                np.testing.assert_allclose(feedback[t, own], L, rtol=0, atol=1e-11)
                if last is not None:
                    mismatch = last[0] - KAPPA * L
                    learned = learned - credit_rate * np.outer(mismatch, last[1])
                last = V, known
        found = np.hstack([A[network_], C[network_], c[network_]])
        assert np.abs(learned).max() > 0.05
        np.testing.assert_allclose(found, learned, rtol=0, atol=1e-11)


def test_frozen_predictors_rest_and_saved_ones_go_on(tmp_path):
    path = SyntheticSignal(0.1, TAU_OUT * ms)
    net = network(path, UnfilteredEProp(RATE), learn=PerStep())
    net.train(1)
    net.save(tmp_path / "net.npz")
    own = net.credit.projections["own_credit"]
    kept = own.matrix()
    net.evaluate(1)
    np.testing.assert_array_equal(own.matrix(), kept)
    expected = net.train(2)
    other = network(path, UnfilteredEProp(RATE), learn=PerStep())
    other.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(other.train(2).losses, expected.losses)
    for name in ("own", "target", "constant"):
        net.credit.projections[f"{name}_credit"].plastic = False
    kept = own.matrix()
    net.train(1)
    np.testing.assert_array_equal(own.matrix(), kept)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SyntheticSignal(-1, 5 * ms), "credit_rate must be a finite number and not neg"),
        (lambda: SyntheticSignal(0.1, 5), "SyntheticSignal: tau must be a time"),
        (lambda: SyntheticSignal(0.1, 5 * ms, LocalDNI(0.1, 0.1)), "feedback must bring the error"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
