"""ModProp and the signals of types, against messages that go back in time, in NumPy."""

import numpy as np
import pytest
from brian2 import NeuronGroup, StateMonitor, defaultclock, ms
from targets import NUMPY_FIRST

from brian_rflo import LearningNetwork, LIFNeurons, PerTrial, RateNeurons, schedule
from brian_rflo.brian.devices import device
from brian_rflo.credit import Relay, SymmetricFeedback, TypeSignals
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.rules import ModProp
from brian_rflo.tasks import ArrayTask

TYPES, STEPS, TAU, RATE, MU = (4, 2), 30, 5, 0.3, 0.25
N, D = sum(TYPES), 1 - 1 / TAU
KINDS = np.repeat([0, 1], TYPES)


def start(networks):
    rng = np.random.default_rng(2)
    shapes = dict(recurrent=(N, N), input=(N, 2), output=(2, N), feedback=(N, 2))
    return {name: rng.normal(size=(networks, *shape)) for name, shape in shapes.items()}


def task():
    inputs, target = np.random.default_rng(1).normal(size=(2, 2, STEPS, 2))
    return ArrayTask(inputs=inputs, target=target, dt=1 * ms)


def network(slope=MU, networks=2, rule=None, credit=None, w=None, its=None):
    """Rectified neurons with a leaky potential, of two types."""
    its, w = its or task(), w or start(networks)
    defaultclock.dt = its.dt
    neurons = NeuronGroup(
        networks * N,
        """dv/dt = (-v + I_rec + I_in)/(5*ms) : 1
        activity : 1
        gain : 1
        feedback : 1
        I_rec : 1
        I_in : 1""",
        method="euler",
        name="mine",
    )
    neurons.run_regularly("gain = int(v > 0)\nactivity = gain*v", **schedule.SLOPE)
    weights = Relay.mean_weights(start(networks)["recurrent"][0], TYPES)
    net = LearningNetwork(
        its,
        neurons,
        rule or ModProp(RATE, TAU * ms, TYPES, weights, slope),
        credit=credit or TypeSignals(TYPES),
        learn=PerTrial(),
        networks=networks,
        initial=w,
    )
    net.trials.at_start(neurons, "v = 0; activity = 0; gain = 0; feedback = 0")
    return net, weights


def back_in_time(gain, L, z, between, slope):
    """The change of weights from z, delta(t) = h L + d delta(t+1) + mu (1-d) W^T delta(t+1)."""
    delta, change = np.zeros(N), 0
    for h, told, sent in zip(gain[::-1], L[::-1], z[::-1]):
        delta = h * told + D * delta + slope * (1 - D) * between.T @ delta
        change = change + (1 - D) * np.outer(delta, sent)
    return change


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_changes_are_those_of_messages_back_in_time(target):
    with device(target):
        net, weights = network()
        seen = StateMonitor(
            net.neurons, ("activity", "gain", "feedback"), record=range(2 * N), when="end"
        )
        net.add(seen)
        after = net.train(1).weights_after
        z, gain, feedback = seen.activity.T, seen.gain.T, seen.feedback.T
    means = np.asarray(weights).T
    for network_ in range(2):
        own = slice(network_ * N, network_ * N + N)
        sent = {"recurrent": np.vstack([np.zeros(N), z[:-1, own]]), "input": task().trial(0)[0]}
        for name, values in sent.items():
            between = means[np.ix_(KINDS, KINDS)]
            expected = back_in_time(gain[:, own], feedback[:, own], values, between, MU)
            found = after[name][network_] - start(2)[name][network_]
            assert np.abs(expected).max() > 0.1
            np.testing.assert_allclose(found, RATE / STEPS * expected, rtol=0, atol=1e-12)


def test_without_slope_nothing_passes_between_neurons():
    net, _ = network(slope=0)
    seen = StateMonitor(net.neurons, ("activity", "gain", "feedback"), record=True, when="end")
    net.add(seen)
    after = net.train(1).weights_after["recurrent"]
    sent = np.vstack([np.zeros(N), seen.activity.T[:-1, :N]])
    none = np.zeros((N, N))
    expected = back_in_time(seen.gain.T[:, :N], seen.feedback.T[:, :N], sent, none, 0)
    np.testing.assert_allclose(
        after[0] - start(2)["recurrent"][0], RATE / STEPS * expected, atol=1e-12
    )


def test_with_a_type_for_each_neuron_and_slopes_of_one_it_is_the_gradient():
    """Where all potentials are above 0, with all weights and symmetric feedback."""
    rng, ones = np.random.default_rng(3), (1,) * N
    w = {
        "recurrent": np.abs(rng.normal(size=(N, N))) / N,
        "input": np.abs(rng.normal(size=(N, 2))),
        "output": rng.normal(size=(2, N)),
    }
    its = ArrayTask(
        inputs=rng.uniform(1, 2, (STEPS, 2)), target=rng.normal(size=(STEPS, 2)), dt=1 * ms
    )
    rule = ModProp(RATE, TAU * ms, ones, w["recurrent"].T, slope=1)
    path = TypeSignals(ones, SymmetricFeedback())
    net, _ = network(networks=1, rule=rule, credit=path, w=w, its=its)
    expected = net.gradient(1)
    after = net.train(1).weights_after
    for name in ("recurrent", "input"):
        change = after[name][0] - w[name]
        assert np.abs(change).max() > 0.1
        np.testing.assert_allclose(change, -RATE * expected[name][0], rtol=0, atol=1e-12)


def package(neurons, rule=None):
    """A network of neurons of this package."""
    defaultclock.dt = 1 * ms
    means = Relay.mean_weights(start(2)["recurrent"][0], TYPES)
    rule = rule or ModProp(RATE, TAU * ms, TYPES, means, MU)
    path, learn = TypeSignals(TYPES), PerTrial()
    more = dict(credit=path, learn=learn, networks=2, initial=start(2))
    return LearningNetwork(task(), neurons, rule, **more)


def test_neurons_of_the_package_with_a_potential_learn_as_those_of_ones_own():
    """Their slope has another name, which rule and path find."""
    own = network()[0].train(3)
    defaultclock.dt = 1 * ms
    same = package(PotentialNeurons(2 * N, TAU * ms, f="relu", initial=0)).train(3)
    np.testing.assert_array_equal(same.losses, own.losses)
    for name, values in own.weights_after.items():
        np.testing.assert_array_equal(same.weights_after[name], values)
    assert (own.weights_after["recurrent"] != own.weights_before["recurrent"]).any()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: ModProp(0.1, 5, TYPES, np.ones((2, 2))), "ModProp: tau must be a time"),
        (lambda: ModProp(0.1, 5 * ms, TYPES, [1, 2]), r"ModProp: weights .* got \[1, 2\] for"),
        (lambda: ModProp(0.1, 5 * ms, TYPES, [["a", 1], [1, 1]]), "ModProp: weights must be"),
        (lambda: ModProp(0.1, 5 * ms, TYPES, np.ones((2, 2)), -1), "ModProp: slope must be"),
        (lambda: ModProp(0.1, 5 * ms, (3.5, 2.5), np.ones((2, 2))), "types must be a whole number"),
        (lambda: ModProp(0.1, 5 * ms, (-4, 10), np.ones((2, 2))), "types must be a whole number"),
        (lambda: ModProp(0.1, 5 * ms, "ab", np.ones((2, 2))), "types must be numbers of neurons"),
        (
            lambda: network(rule=ModProp(RATE, TAU * ms, (4, 4), np.ones((2, 2)))),
            r"types must add up to the neurons of a network; got \(4, 4\) for the 12",
        ),
        (lambda: TypeSignals(3), "TypeSignals: types must be numbers of neurons of each type; got"),
        (lambda: network(credit=TypeSignals((4, 4))), "TypeSignals: types must add up to the 6"),
        *(
            (lambda path=path: network(credit=path), r"ModProp reads 'signal_0_of_4_2.*TypeSignals")
            for path in (SymmetricFeedback(), TypeSignals(TYPES[::-1]))
        ),
        (lambda: package(RateNeurons(2 * N, TAU * ms)), "ModProp is for rates .* got .* RateNeur"),
        (lambda: package(LIFNeurons(2 * N, TAU * ms, TAU * ms)), "ModProp is for rates .* LIFNeur"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
