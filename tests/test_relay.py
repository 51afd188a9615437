"""Signals between neurons: of types (MDGL), and spreading over a grid, against NumPy."""

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms
from targets import compiled_for

from brian_rflo import (
    RFLO,
    DerivedNeurons,
    DiscreteLIFNeurons,
    EProp,
    LearningNetwork,
    PerTrial,
    RateNeurons,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import LocalDNI, RandomFeedback, Relay, SymmetricFeedback
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.readouts import Leaky
from brian_rflo.rules import Delta, Relayed
from brian_rflo.tasks import ArrayTask
from brian_rflo.updates import L2

TYPES, N, RATE = (3, 2), 5, 0.3
W = np.array([[0.4, -0.3], [0.2, 0.5]])
OFF = np.zeros((2, 2))


def task(steps=12, trials=2):
    rng = np.random.default_rng(4)
    inputs, target = rng.normal(size=(2, trials, steps, 2))
    return ArrayTask(inputs=inputs, target=target, dt=1 * ms)


def start(networks=2):
    rng = np.random.default_rng(5)
    shapes = dict(recurrent=(N, N), input=(N, 2), output=(2, N), feedback=(N, 2))
    drawn = {name: rng.normal(size=(networks, *shape)) for name, shape in shapes.items()}
    return drawn | {"recurrent": drawn["recurrent"] / np.sqrt(N)}


def rates(credit, rule, networks=2, learn=PerTrial(), neurons=None):
    defaultclock.dt = 1 * ms
    neurons = neurons or RateNeurons(networks * N, tau=4 * ms)
    return LearningNetwork(
        task(),
        neurons,
        rule or neurons.rule(RATE),
        credit=credit,
        learn=learn,
        networks=networks,
        initial=start(networks),
    )


def flat():
    """Neurons whose slope is in the text of the rule alone."""
    equations = "dh/dt = (-h + tanh(I_rec + I_in))/(4*ms) : 1"
    inputs = ("I_rec", "I_in")
    return DerivedNeurons(2 * N, equations, input=inputs, activity="h", method="euler")


def spiking(credit, rule, **more):
    defaultclock.dt = 1 * ms
    return LearningNetwork(
        task(steps=40),
        DiscreteLIFNeurons(2 * N, tau=10 * ms, threshold=0.4),
        rule,
        readout=Leaky(5 * ms),
        credit=credit,
        learn=PerTrial(),
        networks=2,
        initial=start(),
        **more,
    )


KINDS = {"rates": (rates, RFLO(RATE, 4 * ms)), "spikes": (spiking, EProp(RATE, 5 * ms))}


@pytest.mark.parametrize("kind", KINDS)
def test_without_modulation_it_is_the_rule_itself_to_the_bit(kind):
    make, rule = KINDS[kind]
    paths = {
        "plain": (RandomFeedback(), rule),
        "all": (Relay(TYPES, OFF, "all"), rule),
        "direct": (Relay(TYPES, OFF), Relayed(RATE, rule)),
        "moved": (Relay(TYPES, W), Relayed(RATE, rule)),
    }
    after = {name: make(*pair).train(3).weights_after for name, pair in paths.items()}
    for name in ("recurrent", "input", "output"):
        np.testing.assert_array_equal(after["all"][name], after["plain"][name])
        np.testing.assert_array_equal(after["direct"][name], after["plain"][name])
    moved = np.abs(after["moved"]["recurrent"] - after["plain"]["recurrent"])
    assert moved.max() > 1e-3 and np.abs(after["plain"]["recurrent"] - start()["recurrent"]).any()


def changes(feedback, gain, eligible, signal):
    """The change by published messages, or by a relay of whole feedbacks; `feedback` is [t, N]."""
    kinds, before, sent = np.repeat([0, 1], TYPES), np.zeros_like(eligible[0]), np.zeros(2)
    total = np.zeros_like(before)
    for L, h, e in zip(feedback, gain, eligible):
        if signal == "direct":
            sent = np.bincount(kinds, h * L)
            total += L[:, None] * e + (W @ sent)[kinds][:, None] * before
        else:
            heard = L + (W @ sent)[kinds]
            total, sent = total + heard[:, None] * e, np.bincount(kinds, h * heard)
        before = e
    return total


def eligibilities(sent, gain, slow, filter_of):
    """Eligibility [t, post, pre] of rates (`slow`), or of spikes, filtered as the readout does."""
    e, psp, found = np.zeros((N, sent.shape[1])), np.zeros(sent.shape[1]), []
    for before, h in zip(sent, gain):
        psp = before if slow is None else slow * psp + before
        e = filter_of * e + (1 - filter_of) * np.outer(h, psp)
        found.append(e)
    return found


CASES = {f"{kind}, {signal}": (kind, signal) for kind in KINDS for signal in ("direct", "all")}


@pytest.mark.parametrize("case, target", compiled_for(CASES, ["spikes, direct"]))
def test_changes_are_those_of_ten_lines(case, target):
    (kind, signal), (make, rule) = case, KINDS[case[0]]
    with device(target):
        net = make(Relay(TYPES, W, signal), Relayed(RATE, rule) if signal == "direct" else rule)
        seen = StateMonitor(net.neurons, ("activity", "gain"), record=range(2 * N), when="end")
        outer = StateMonitor(net.readout, "error", record=range(4), when="end")
        net.add(seen, outer)
        after = net.train(1).weights_after["recurrent"]
        activity, gain, error = seen.activity.T, seen.gain.T, outer.error.T
    slow, kappa, first = (None, 0.75, 0.1) if kind == "rates" else (np.exp(-0.1), np.exp(-0.2), 0)
    for network in range(2):
        own, outputs = slice(network * N, network * N + N), slice(2 * network, 2 * network + 2)
        sent = np.vstack([np.full(N, first), activity[:-1, own]])
        feedback = error[:, outputs] @ start()["feedback"][network].T
        e = eligibilities(sent, gain[:, own], slow, kappa)
        expected = RATE / len(gain) * changes(feedback, gain[:, own], e, signal)
        found = after[network] - start()["recurrent"][network]
        assert np.abs(expected).max() > 1e-4
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_direct_signals_are_the_gradient_through_one_synapse():
    """With a type for each neuron, its weights, and symmetric feedback: the first-order change is
    the derivative of the loss through no, or one, synapse between neurons.
    """
    w = {name: values[0] for name, values in start(1).items()}
    w["feedback"] = w["output"].T
    relay = Relay((1,) * N, w["recurrent"].T / 4, feedback=RandomFeedback())
    defaultclock.dt = 1 * ms
    net = LearningNetwork(
        task(trials=1),
        RateNeurons(N, tau=4 * ms),
        Relayed(RATE, RFLO(RATE, 4 * ms)),
        credit=relay,
        learn=PerTrial(),
        initial=w,
    )
    found = net.train(1).weights_after["recurrent"][0] - w["recurrent"]
    inputs, target, _ = task(trials=1).trial(0)
    a, states = np.full(N, 0.1), []
    for x in inputs:
        u = np.tanh(w["recurrent"] @ a + w["input"] @ x)
        states.append((a, 1 - u**2))
        a = 0.75 * a + 0.25 * u
    after = [before for before, _ in states[1:]] + [a]
    own, passed, total = np.zeros(N), np.zeros(N), 0
    slope = 0  # of the step after
    for (before, h), now, y in zip(states[::-1], after[::-1], target[::-1]):
        # an error that has not passed a synapse, and one that has passed one
        told = w["output"].T @ (y - w["output"] @ now)
        passed = 0.75 * passed + (w["recurrent"].T / 4 @ slope if np.any(slope) else 0)
        own, slope = 0.75 * own + told, h * told
        total = total + 0.25 * np.outer(h * (own + passed), before)
    np.testing.assert_allclose(found, RATE / len(inputs) * total, rtol=0, atol=1e-13)


def test_neurons_with_a_potential_relay_by_their_slope():
    """All signals of a step, from the slope and the feedback that monitors see."""
    neurons = PotentialNeurons(2 * N, tau=4 * ms)
    net = rates(Relay(TYPES, W), Relayed(RATE, neurons.rule(RATE)), neurons=neurons)
    names = ("J_activity_u", "activity", "feedback")
    seen = StateMonitor(neurons, names, record=range(N), when="end")
    outer = StateMonitor(net.readout, "error", record=range(2), when="end")
    net.add(seen, outer)
    net.train(1)
    told = start()["feedback"][0] @ outer.error
    assert np.allclose(seen.J_activity_u, 1 - seen.activity**2) and seen.J_activity_u.min() < 0.9
    kinds = np.repeat([0, 1], TYPES)
    sums = [(seen.J_activity_u * told)[kinds == kind].sum(axis=0) for kind in (0, 1)]
    expected = told + (W @ np.array(sums))[kinds]
    np.testing.assert_allclose(seen.feedback, expected, rtol=0, atol=1e-12)


def test_mean_weights_go_backwards_along_the_synapses():
    matrix = np.random.default_rng(0).normal(size=(N, N))
    found = Relay.mean_weights(matrix, TYPES)
    assert found[0, 1] == pytest.approx(matrix[3:, :3].mean())
    assert found[1, 1] == pytest.approx(matrix[3:, 3:].mean())


def test_a_saved_relay_goes_on(tmp_path):
    net = rates(Relay(TYPES, W, "all"), RFLO(RATE, 4 * ms))
    net.train(2)
    net.save(tmp_path / "net.npz")
    expected = net.train(2)
    other = rates(Relay(TYPES, W, "all"), RFLO(RATE, 4 * ms))
    other.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(other.train(2).losses, expected.losses)


def test_adaptive_and_symmetric_feedback_are_relayed_too():
    for feedback in (SymmetricFeedback(), RandomFeedback()):
        initial = start()
        if feedback.is_symmetric:
            del initial["feedback"]
        net = LearningNetwork(
            task(),
            RateNeurons(2 * N, tau=4 * ms),
            RFLO(RATE, 4 * ms),
            credit=Relay(TYPES, W, feedback=feedback),
            networks=2,
            initial=initial,
        )
        assert np.isfinite(net.train(2).losses).all()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Relay(5, W), "Relay: types must be numbers of neurons of each type; got 5"),
        (
            lambda: Relay((3, 0), W),
            "Relay: each of types must be a whole number of at least 1; got 0",
        ),
        (lambda: Relay(TYPES, [1, 2]), r"Relay: weights .* shape \(2, 2\); got \[1, 2\]"),
        (lambda: Relay(TYPES, "W"), "Relay: weights must be a matrix of finite numbers.*got 'W'"),
        (
            lambda: Relay.mean_weights(np.ones((5, 6)), TYPES),
            r"Relay: matrix must be a matrix of finite numbers of shape \(5, 5\)",
        ),
        (
            lambda: Relay.mean_weights(np.full((5, 5), np.nan), TYPES),
            "Relay: matrix must be a matrix of finite numbers",
        ),
        (lambda: Relayed(0.1, "RFLO"), "Relayed: rule must be a LearningRule, .* got 'RFLO'"),
        (lambda: Relay(TYPES, W, "some"), "Relay: signal must be 'direct' or 'all'; got 'some'"),
        (lambda: Relay(TYPES, W, feedback=3), "Relay: feedback must be a credit path, .* 3"),
        (
            lambda: Relay(TYPES, W, feedback=LocalDNI(0.1, 0.1)),
            "Relay: feedback must bring the error itself, .* got LocalDNI, which has cells",
        ),
        (
            lambda: rates(Relay((3, 3), W), RFLO(RATE, 4 * ms)),
            r"types must add up to the 5 neurons of a network; got \(3, 3\)",
        ),
        (lambda: Relayed(0.1, Delta(0.1)), "Relayed: rule must multiply feedback .* got Delta"),
        *(
            (
                lambda path=path: rates(path, Relayed(RATE, RFLO(RATE, 4 * ms))),
                rf"Relayed: the credit path must be a Relay .*; got {type(path).__name__}\. Write",
            )
            for path in (RandomFeedback(), Relay(TYPES, W, "all"))
        ),
        (
            lambda: rates(RandomFeedback(), L2(0.1).around(Relayed(RATE, RFLO(RATE, 4 * ms)))),
            "Relayed: the credit path must be a Relay of signals that are 'direct'",
        ),
        (
            lambda: rates(Relay(TYPES, W, "all"), None, neurons=flat()),
            "Relay reads 'gain', which 'derivedneurons.* does not have. Write a group that has it",
        ),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
