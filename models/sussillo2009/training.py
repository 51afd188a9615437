"""Computed parts: chaotic networks learn a sum of four sines by FORCE.

Settings are those of the authors' public script, in time constants of 10 ms: steps of a tenth of
it, a target with a period of 120 of them, 12 periods of learning, in each second step.
"""

from contextlib import contextmanager

import numpy as np
from brian2 import BrianLogger, StateMonitor, defaultclock, get_device, ms

from brian_rflo import FixedSynapses, PlasticSynapses, Readout, Trials
from brian_rflo.brian.conditional import ConditionalMonitor
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import FORCE, Credit
from brian_rflo.network import TrialNetwork
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.rules import RecursiveLeastSquares
from brian_rflo.schedule import RECORD
from brian_rflo.tasks import ArrayTask

#: Steps of a time constant and of a period; sparseness; ridge; steps between changes.
TAU, PERIOD, P, ALPHA, EVERY = 10, 1200, 0.1, 1.0, 2
#: Periods after learning, and neurons whose activity is kept.
TESTS, SHOWN = 2, 4


def four_sines():
    """Return the target of a period, ``[step]``."""
    phase = 2 * np.pi * np.arange(PERIOD) / PERIOD
    waves = ((1, 1), (2, 1 / 2), (3, 1 / 6), (4, 1 / 3))
    return 1.3 / 1.5 * sum(height * np.sin(k * phase) for k, height in waves)


def drawn(n, gain, seed):
    """Return recurrent weights, weights from the output, initial potentials and output."""
    rng = np.random.default_rng(seed)
    there = rng.random((n, n)) < P
    recurrent = there * rng.standard_normal((n, n)) * gain / np.sqrt(P * n)
    back = rng.uniform(-1, 1, (n, 1))
    return recurrent, back, 0.5 * rng.standard_normal(n), 0.5 * rng.standard_normal()


def network(n, gain, seeds):
    """Return networks side by side, one for each seed, of which the readout learns."""
    recurrent, back, start, first = map(np.array, zip(*(drawn(n, gain, seed) for seed in seeds)))
    task = ArrayTask(target=four_sines(), dt=1 * ms, continuous=True)
    defaultclock.dt, many = task.dt, len(seeds)
    neurons = PotentialNeurons(
        many * n, tau=TAU * ms, initial=start.ravel(), inputs=("I_rec", "I_out"), name="neurons"
    )
    readout = Readout(task, networks=many, name="readout")
    inner = FixedSynapses(neurons, neurons, onto="I_rec", name="recurrent")
    outer = FixedSynapses(readout, neurons, sends="output", onto="I_out", name="back")
    output = PlasticSynapses(
        neurons, readout, RecursiveLeastSquares(), onto="output", name="output"
    )
    inner.connect_matrix(recurrent)
    outer.connect_matrix(back)
    output.connect(networks=many)
    credit = Credit(FORCE(ALPHA, EVERY), readout, neurons, output, networks=many)
    trials = Trials(task, neurons, readout, output, credit, networks=many)
    readout.output = first
    return TrialNetwork(neurons, readout, inner, outer, output, *credit, trials)


@contextmanager
def phases(device):
    """Context of several runs that are one program on a device that makes programs."""
    program = get_device()
    if device == "cpp_standalone":
        program.build_on_run = False
    yield
    if device == "cpp_standalone":
        program.build(**program.build_options)


def recorded(net, seeds, n):
    """Return the monitors of networks: outputs, activity of some neurons, and readout weights after
    each 20 steps.
    """
    outputs = StateMonitor(net.readout, "output", True, when="end")
    shown = StateMonitor(net["neurons"], "activity", np.arange(SHOWN), when="end")
    every, synapses = "({step} + 1) % 20 == 0", np.arange(n * len(seeds))
    weights = ConditionalMonitor(net["output"], "w", synapses, every, RECORD)
    net.add(outputs, shown, weights)
    return outputs, shown, weights


def learned(net, progress, device, periods, tests=TESTS):
    """Train networks for some periods; in as many more as are tested nothing learns."""
    net.train(periods, namespace={}, **progress.report(device))
    for part in net.trials.projections:
        part.plastic = False
    net.train(tests, namespace={})


def trained(progress, device, n, gain, periods, seeds):
    """A part: networks of some seeds; their outputs ``[network, step]`` and the norms of the
    changes of the readout weights in each 20 steps, ``[network, change]``; of the first network,
    the activity of some neurons, ``[neuron, step]``.
    """
    BrianLogger.suppress_name("cannot_check_statemonitor_indices")
    with on(device):
        with phases(device):
            net = network(n, gain, seeds)
            outputs, shown, weights = recorded(net, seeds, n)
            learned(net, progress, device, periods)
        w = np.array(weights.w).reshape(len(seeds), n, -1)
        return {
            "outputs": np.array(outputs.output),
            "activity": np.array(shown.activity),
            "changes": np.linalg.norm(np.diff(w, axis=2, prepend=0), axis=1),
        }
