"""Traces of spikes, and linear units that read them, against a few lines of NumPy."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, defaultclock, ms
from targets import NUMPY_FIRST

from brian_rflo import Delta, PerStep, PlasticSynapses, RateNeurons, Readout, Trials
from brian_rflo.brian.devices import device
from brian_rflo.readouts import SpikeTraces
from brian_rflo.tasks import ArrayTask

N, STEPS, TRIALS, DT, TAU, RATE = 5, 30, 3, 0.5, 4.0, 2.0
RNG = np.random.default_rng(7)
SPIKES = RNG.random((TRIALS * STEPS, N)) < 0.1
TARGET = RNG.standard_normal((STEPS, 2))


def expected():
    """Traces of all steps, and the weights after trials of online learning."""
    traces, weights = np.zeros((TRIALS * STEPS, N)), np.zeros((2, N))
    for step in range(len(traces)):
        before = traces[step - 1] if step % STEPS else 0
        traces[step] = before * np.exp(-DT / TAU) + SPIKES[step]
        error = TARGET[step % STEPS] - weights @ traces[step]
        weights += RATE / STEPS * np.outer(error, traces[step])
    return traces, weights


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_units_learn_from_traces_as_in_numpy(target):
    traces, weights = expected()
    with device(target):
        task = ArrayTask(target=TARGET, dt=DT * ms)
        defaultclock.dt = task.dt
        steps, neurons = np.nonzero(SPIKES)
        source = SpikeGeneratorGroup(N, neurons, steps * DT * ms)
        made, readout = SpikeTraces(source, tau=TAU * ms), Readout(task)
        output = PlasticSynapses(made, readout, Delta(RATE), onto="output", learn=PerStep())
        output.connect()
        trials = Trials(task, made, readout, output)
        seen = StateMonitor(made, "activity", record=True, when="end")
        Network(source, made, readout, output, trials, seen).run(TRIALS * task.duration)
        found, learned = np.array(seen.activity).T, output.matrix()
    assert np.abs(found - traces).max() < 1e-13 and found.max() > 1
    assert np.abs(learned - weights).max() < 1e-13 and np.abs(weights).min() > 1e-3


def test_traces_of_a_part_are_a_part():
    defaultclock.dt = 1 * ms
    group = NeuronGroup(4, "v : 1", threshold="v > 0.15", reset="v = 0")
    group.v = [0, 0.1, 0.2, 0.3]
    traces = SpikeTraces(group, tau=5 * ms)
    Network(group, traces).run(1 * ms)
    assert list(traces[1:3].activity) == [0, 1]
    with pytest.raises(ValueError, match="must be a whole group; got a part of"):
        SpikeTraces(group[1:3], tau=5 * ms)


@pytest.mark.parametrize(
    "tau, error, message",
    [
        (0 * ms, ValueError, "SpikeTraces: tau must be one positive time"),
        (5, TypeError, "SpikeTraces: tau must be a time, for example"),
        (0.01 * ms, ValueError, "SpikeTraces: tau = .* is shorter than the time step"),
    ],
)
def test_a_time_constant_is_a_time(tau, error, message):
    with pytest.raises(error, match=message):
        SpikeTraces(SpikeGeneratorGroup(1, [0], [1] * ms, name="source"), tau)


def test_a_source_spikes():
    rates = RateNeurons(2, tau=10 * ms, name="rates")
    with pytest.raises(ValueError, match="must be a group that spikes; got 'rates', without"):
        SpikeTraces(rates, tau=5 * ms)
    with pytest.raises(TypeError, match="SpikeTraces: source must be a Brian2 group"):
        SpikeTraces(None, tau=5 * ms)
