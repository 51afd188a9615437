"""Computed parts: leaky integrate-and-fire neurons learn a sine by FORCE, from filtered spikes.

The network is in the manner of Nicola & Clopath 2017 (Nature Communications 8:2208), with the
spiking neurons of this package: sparse random weights, the output fed back into all membranes.
"""

import numpy as np
from brian2 import Hz, StateMonitor, defaultclock, ms

from brian_rflo import FixedSynapses, LIFNeurons, PlasticSynapses, Readout, Trials
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import FORCE, Credit
from brian_rflo.network import TrialNetwork
from brian_rflo.rules import RecursiveLeastSquares
from brian_rflo.tasks import ArrayTask

from .training import learned, phases

#: Steps of 1 ms in a period; sparseness; standard deviation of the recurrent drive and size of the
#: output's, in units of threshold minus rest; constant drive; ridge; steps between changes.
PERIOD, P, GAIN, BACK, BIAS, ALPHA, EVERY = 200, 0.1, 0.3, 2.0, 1.1, 1.0, 2


#: Periods after learning.
TESTED = 10


def sine():
    """Return the target of a period, ``[step]``."""
    return np.sin(2 * np.pi * np.arange(PERIOD) / PERIOD)


def drawn(n, seed, gain, back):
    """Return recurrent weights, weights from the output, and initial membranes."""
    rng = np.random.default_rng(seed)
    there = rng.random((n, n)) < P
    recurrent = there * rng.standard_normal((n, n)) * gain / np.sqrt(P * n)
    return recurrent, back * rng.uniform(-1, 1, (n, 1)), rng.random(n)


def network(n, seeds, gain=GAIN, back=BACK, alpha=ALPHA, bias=BIAS):
    """Return networks side by side, one for each seed, of which the readout learns."""
    recurrent, outer, start = map(np.array, zip(*(drawn(n, seed, gain, back) for seed in seeds)))
    task = ArrayTask(target=sine(), dt=1 * ms, continuous=True)
    defaultclock.dt, many = task.dt, len(seeds)
    neurons = LIFNeurons(
        many * n,
        tau=10 * ms,
        tau_syn=20 * ms,
        refractory=2 * ms,
        bias=bias,
        rate_unit=20 * Hz,
        baseline=0.0,
        initial=start.ravel(),
        initial_activity=0.0,
        inputs=("I_in", "I_out"),
        name="neurons",
    )
    readout = Readout(task, networks=many, name="readout")
    inner = FixedSynapses(neurons, neurons, onto="I_rec", name="recurrent")
    fed_back = FixedSynapses(readout, neurons, sends="output", onto="I_out", name="back")
    output = PlasticSynapses(
        neurons, readout, RecursiveLeastSquares(), onto="output", name="output"
    )
    inner.connect_matrix(recurrent)
    fed_back.connect_matrix(outer)
    output.connect(networks=many)
    credit = Credit(FORCE(alpha, EVERY), readout, neurons, output, networks=many)
    trials = Trials(task, neurons, readout, output, credit, networks=many)
    return TrialNetwork(neurons, readout, inner, fed_back, output, *credit, trials)


def trained(progress, device, n, periods, seeds, **given):
    """A part: networks of some seeds; their outputs ``[network, step]``, and their rates at the end
    in Hz.
    """
    with on(device):
        with phases(device):
            net = network(n, seeds, **given)
            outputs = StateMonitor(net.readout, "output", True, when="end")
            net.add(outputs)
            learned(net, progress, device, periods, TESTED)
        counts = np.array(net["neurons"].spike_count).reshape(len(seeds), n)
        return {"outputs": np.array(outputs.output), "rates": counts.mean(axis=1) / (PERIOD * 1e-3)}
