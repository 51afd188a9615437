"""Conditioning: the task, its true values, and values learned by the error of temporal differences,
against the recursion of Tsurumi et al. 2025 in NumPy.
"""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms, prefs, set_device
from brian2 import device as brian_device

from brian_rflo import RFLO, Delta, LearningNetwork, RateNeurons
from brian_rflo.brian.devices import device
from brian_rflo.credit import TDError
from brian_rflo.readouts import Critic, CriticReadout
from brian_rflo.rules import Rewarded
from brian_rflo.tasks import ArrayTask, Conditioning, PeriodicOutput
from brian_rflo.trials import RewardMonitor

DISCOUNT, RATE = 0.8, 0.1


def observed(task, windows):
    """Return the stream of a number of windows, ``[step, input]``."""
    return np.concatenate([task.trial(number)[0] for number in range(windows)])


@pytest.mark.parametrize("given", [{}, {"probability": 0.5}, {"n_cues": 2, "longest": 4 * ms}])
def test_the_true_value_is_the_mean_discounted_reward(given):
    task = Conditioning(seed=1, **given)
    stream = observed(task, 600)
    rewards, total = stream[:, -1], 0.0
    values = np.zeros(len(rewards))
    for step in reversed(range(len(rewards))):
        values[step] = total = rewards[step] + DISCOUNT * total
    for cue in range(task.n_cues):
        at = np.flatnonzero(stream[:-50, cue])
        seen = [values[at + k].mean() for k in range(4)]
        np.testing.assert_allclose(seen, task.value(DISCOUNT, cue), rtol=0, atol=0.02)
    assert np.array_equal(Conditioning().value(DISCOUNT).round(3), [0.606, 0.757, 0.946, 1.183])


def test_a_window_has_each_interval_equally_often():
    task = Conditioning(repeats=3)
    stream = observed(task, 2)
    cues = np.append(np.flatnonzero(stream[:, 0]), len(stream))
    intervals = np.diff(cues).reshape(2, -1) - 4
    assert all(np.array_equal(np.sort(row), np.repeat([3, 4, 5, 6], 3)) for row in intervals)
    assert (intervals[0] != intervals[1]).any()
    assert np.array_equal(np.flatnonzero(stream[:, 1]), cues[:-1] + 3)
    _, target, mask = task.trial(1)
    assert np.array_equal(target[:, 0], stream[task.n_steps :, 1]) and (mask == 1).all()


def weights_of(n, networks, seed=1):
    rng = np.random.default_rng(seed)
    drawn = {
        "recurrent": rng.standard_normal((networks, n, n)),
        "input": rng.standard_normal((networks, n, 2)),
        "feedback": rng.standard_normal((networks, n, 1)),
    }
    return drawn | {"output": np.zeros((networks, 1, n))}


def critic(n, networks, readout_rule=None, **given):
    """Return networks that learn values, and a monitor of these."""
    task = Conditioning(seed=1)
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(networks * n, tau=1 * ms, f="1/(1 + exp(-u)) - 0.5"),
        Rewarded(RFLO(RATE, tau=1 * ms), discount=0.0),
        Critic(DISCOUNT),
        readout_rule=readout_rule,
        credit=TDError(DISCOUNT),
        initial=weights_of(n, networks) | given,
        networks=networks,
    )
    values = StateMonitor(net.readout, "value", record=True, when="end")
    net.add(values)
    return net, values


def recursion(n, network, networks, windows):
    """Return values, the weights of inputs and readout, and the losses, of one network."""
    given = {name: w[network] for name, w in weights_of(n, networks).items()}
    stream, b = observed(Conditioning(seed=1), windows), given["feedback"][:, 0]
    P, w = np.hstack([given["recurrent"], given["input"]]), np.zeros(n)
    x, v, before, values, errors = np.full(n, 0.1), 0.0, None, [], []
    for step, o in enumerate(stream):
        seen = np.r_[x, o]
        now = 1 / (1 + np.exp(-P @ seen)) - 0.5
        promised = w @ now
        delta = o[1] + DISCOUNT * promised - v if step else 0.0
        if step:  # for the step before, with its derivative and its input
            w = w + RATE * delta * x
            P = P + RATE * delta * np.outer((0.5 + x) * (0.5 - x) * b, before)
        x, v, before = now, promised, seen
        values.append(v)
        errors.append(delta)
    losses = (np.array(errors).reshape(windows, -1) ** 2).mean(axis=1) / 2
    return np.array(values), P[:, n:], w, losses


def run(n=5, networks=2, windows=3):
    net, values = critic(n, networks)
    result = net.train(windows)
    wanted = [recursion(n, network, networks, windows) for network in range(networks)]
    value, inputs, w, losses = map(np.array, zip(*wanted))
    assert np.abs(w).max() > 0.01
    return net, [
        (lambda: np.array(values.value), value),
        (lambda: net.weights()["input"], inputs),
        (lambda: net.output.matrix(networks)[:, 0], w),
        (lambda: result.losses, losses),
    ]


def compare(found):
    for read, expected in found:
        assert np.abs(read() - expected).max() <= 1e-12


def test_values_are_those_of_the_recursion():
    compare(run()[1])


@pytest.mark.model
@pytest.mark.compiled
def test_values_are_those_of_the_recursion_on_cython():
    prefs.codegen.target = "cython"
    compare(run()[1])


@pytest.mark.model
@pytest.mark.compiled
def test_values_are_those_of_the_recursion_in_standalone_programs():
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            found = []
            for dense in (True, False):
                prefs["brian_rflo.dense_pass"] = dense
                net, reads = run()
                found.append(reads)
                assert {part.dense.why_not_dense is None for part in net.learners.values()} == {
                    dense
                }
            brian_device.build(directory=None)
            for reads in found:
                compare(reads)
        finally:
            prefs["brian_rflo.dense_pass"] = True


def test_values_are_learned_and_an_omitted_reward_disappoints():
    net, values = critic(n=12, networks=10)
    net.train(40)
    task, learned = net.task, np.array(values.value)
    cues = np.flatnonzero(observed(task, 40)[:, 0])[-50:-1]
    promised = np.array([learned[:, cues + k].mean(axis=1) for k in (-1, 0, 1, 2)])
    true = task.value(DISCOUNT)[:, None]
    assert (true**2).mean() > 0.75  # the error of values of 0
    assert np.median(((promised - true) ** 2).mean(axis=0)) < 0.15
    omitting = replace(task, probability=0.9)
    seen, first = observed(omitting, 46)[40 * task.n_steps :], 40
    value = net.record(6, "value", of=net.readout, first=first, task=omitting)
    value = value.reshape(10, -1)
    delta = seen[1:, 1] + DISCOUNT * value[:, 1:] - value[:, :-1]
    due = np.flatnonzero(seen[:-4, 0]) + 3
    omitted = due[seen[due, 1] == 0]
    paid = due[seen[due, 1] == 1]
    assert len(omitted) > 2 and (np.median(delta[:, omitted - 1], axis=0) < -0.3).all()
    assert abs(np.median(delta[:, paid - 1])) < 0.2


def test_a_critic_of_trials_promises_nothing_in_their_last_step():
    rewards = np.zeros((6, 1))
    rewards[5] = 1
    task = ArrayTask(target=rewards, inputs=np.ones((6, 1)), dt=1 * ms)
    defaultclock.dt = task.dt
    rule, readout_rule = (
        Rewarded(inner, discount=0.9) for inner in (RFLO(0.0, tau=2 * ms), Delta(0.1))
    )
    initial = {"output": np.ones((1, 4))}
    net = LearningNetwork(
        task,
        RateNeurons(4, tau=2 * ms, initial=0.5),
        rule,
        Critic(0.9),
        readout_rule=readout_rule,
        credit=TDError(0.9),
        initial=initial,
    )
    found = StateMonitor(net.readout, ["output", "value", "error"], record=True, when="end")
    net.add(found)
    losses = net.train(1).losses[0]
    value = np.array(found.output[0])
    value[-1] = 0
    assert np.array_equal(found.value[0], value)
    assert np.array_equal(found.error[0], [1, 1, 1, 1, 1, 0])
    delta = rewards[1:, 0] + 0.9 * value[1:] - value[:-1]
    np.testing.assert_allclose(losses, (delta**2).sum() / 12, rtol=1e-12)


REFUSED = {
    "n_cues must be 1 or 2": lambda: Conditioning(n_cues=3),
    "delay must be at least one": lambda: Conditioning(delay=0 * ms),
    "must not be less than shortest": lambda: Conditioning(shortest=8 * ms),
    "probability must be": lambda: Conditioning(probability=1.5),
    "discount must be at least 0 and less than 1": lambda: Conditioning().value(1.0),
    "cue must be less than 1": lambda: Conditioning().value(0.8, cue=1),
    "Critic: discount must be a number from 0 to 1": lambda: Critic(1.5),
    "must have one output": lambda: CriticReadout(
        ArrayTask(target=np.zeros((3, 2)), inputs=np.zeros((3, 1)), dt=1 * ms)
    ),
    "are not rewards": lambda: RewardMonitor(critic(4, 1)[0].trials),
    "reads": lambda: LearningNetwork(
        PeriodicOutput(period=20 * ms),
        RateNeurons(4, tau=5 * ms),
        Rewarded(RFLO(0.1, tau=5 * ms)),
        credit=TDError(0.8),
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused_where_it_is_written(message):
    with pytest.raises((TypeError, ValueError)) as raised:
        REFUSED[message]()
    assert message in str(raised.value)
