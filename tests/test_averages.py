"""Losses averaged over steps of a stream, against the errors of each step."""

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms
from targets import NUMPY_FIRST

from brian_rflo import RFLO, Delta, LearningNetwork, LossMonitor, RateNeurons
from brian_rflo.brian.devices import device
from brian_rflo.readouts import Leaky, Linear, Softmax
from brian_rflo.rules import LeakyDelta
from brian_rflo.tasks import Add, ArrayTask, FlipFlop, PeriodicOutput

N_STEPS, WINDOWS = 12, 5
READOUTS = {
    "linear": (Linear(), lambda: Delta(0.01)),
    "leaky": (Leaky(tau=3 * ms), lambda: LeakyDelta(0.01, tau=3 * ms)),
    "softmax": (Softmax(), lambda: Delta(0.01)),
}


def stream(mask=None):
    rng = np.random.default_rng(5)
    chosen = rng.random((WINDOWS, N_STEPS, 2)) + 0.1
    return ArrayTask(
        inputs=rng.normal(size=(WINDOWS, N_STEPS, 3)),
        target=chosen / chosen.sum(axis=2, keepdims=True),
        mask=mask,
        continuous=True,
        dt=1 * ms,
    )


def network(task, readout=Linear(), rule=None, networks=2):
    defaultclock.dt = task.dt
    return LearningNetwork(
        task,
        RateNeurons(4 * networks, tau=3 * ms),
        RFLO(0.01, tau=3 * ms),
        readout=readout,
        readout_rule=rule or Delta(0.01),
        networks=networks,
    )


def step_losses(name, seen, target):
    """Losses of steps, ``[network, step]``, from the recorded outputs."""
    outputs = np.asarray(seen.output).reshape(2, 2, -1)
    if name != "softmax":
        return ((target.T - outputs) ** 2).sum(axis=1) / 2
    return (target.T * -np.log(np.exp(outputs) / np.exp(outputs).sum(axis=1)[:, None])).sum(axis=1)


@pytest.mark.parametrize("name", READOUTS)
@pytest.mark.parametrize("average", [1, 5, N_STEPS, 17, 2 * N_STEPS])
def test_means_are_those_of_the_steps(name, average):
    task, (readout, rule) = stream(), READOUTS[name]
    net = network(task, readout, rule())
    monitor = LossMonitor(net.trials, average=average)
    seen = StateMonitor(net.readout, "output", record=True, when="end", order=1)
    net.add(monitor, seen)
    net.train(3)
    result = net.train(2)
    steps = step_losses(name, seen, np.concatenate([task.trial(k)[1] for k in range(WINDOWS)]))
    n = steps.shape[1] // average
    expected = steps[:, : n * average].reshape(2, n, average).mean(axis=2)
    np.testing.assert_allclose(monitor.loss, expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(monitor.t / ms, average * (np.arange(n) + 1) - 1)
    assert np.ptp(expected) > 1e-4
    if average == N_STEPS:
        np.testing.assert_allclose(monitor.loss[:, 3:], result.losses, rtol=1e-13)


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_means_on_every_target(target):
    def recorded(where):
        with device(where):
            net = network(Add(first=2, second=4, length=40 * ms), Softmax())
            for part in net.projections.values():
                part.w = "sin(i + 3*j)/2"
            monitor = LossMonitor(net.trials, average=25)
            net.add(monitor)
            net.train(4)
            return monitor.loss

    found = recorded(target)
    assert found.shape == (2, 6)
    np.testing.assert_allclose(found, recorded("numpy"), rtol=0, atol=1e-14)


def test_only_means_of_which_all_steps_were_recorded():
    net = network(stream())
    net.train(1)
    late = LossMonitor(net.trials, average=10)
    net.add(late)
    result = net.train(2)
    np.testing.assert_allclose(late.t / ms, [29])  # steps 20 to 29; recorded from step 12
    assert late.loss.shape == (2, 1) and result.losses.shape == (2, 2)


def test_steps_that_do_not_count_are_0_in_squares_and_refused_for_the_mean_of_a_softmax():
    mask = np.ones((WINDOWS, N_STEPS))
    mask[1, 3:] = 0
    net = network(stream(mask))
    monitor = LossMonitor(net.trials, average=6)
    net.add(monitor)
    net.train(3)
    assert (monitor.loss[:, 3] == 0).all() and (monitor.loss[:, [0, 1, 2, 4, 5]] > 0).all()
    net = network(stream(mask), Softmax())
    monitor = LossMonitor(net.trials, average=6)
    net.add(monitor)
    net.train(2)
    with pytest.raises(ValueError, match="in window 1 of the stream only some steps count"):
        monitor.loss.sum()


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: LossMonitor(network(stream()).trials, average=0),
            "average must be a whole number",
        ),
        (
            lambda: LossMonitor(network(PeriodicOutput(period=20 * ms)).trials, average=5),
            "average is for streams, and PeriodicOutput has trials",
        ),
    ],
)
def test_wrong_averages_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_no_view_of_what_is_no_mean():
    monitor = LossMonitor(network(FlipFlop(length=30 * ms)).trials, average=10)
    with pytest.raises(TypeError, match=r"has means; write .*\.loss\[network\]"):
        monitor[0]
