"""Networks of one neuron model trained by one rule: a part of a comparison."""

import os

import numpy as np
from brian2 import Network, defaultclock, get_device, ms

from .. import reference
from ..brian.construction import one_error
from ..brian.devices import device as on
from ..network import LearningNetwork, initial_weights
from ..neurons import LIFNeurons
from ..reference.spiking import LIF
from ..rules import Delta
from ..updates import Adam, PerTrial
from .kinds import RATE, kind_of

DECAY, LATE = 200, 20

RULES = ("rflo", "readout", "least_squares", "bptt")

#: Rules that run in Brian2, and the weights that they train.
TRAINED = {"rflo": ("recurrent", "input", "output"), "readout": ("output",)}


def train(progress, device, task, kind, rule, n, networks, seed, trials, tau, noise=0.0, gain=None):
    """A part: networks of one kind trained by one rule; and a trial of the trained networks,
    replayed in NumPy. Arrays by name.
    """
    model, before = kind_of(kind), cpu_seconds()
    weights = initial_weights(
        n, task.n_inputs, task.n_outputs, networks, model.gain if gain is None else gain, seed
    )
    weights["output"] *= model.readout
    rates = None
    with on(device if rule in TRAINED else "numpy"), one_error():
        defaultclock.dt = task.dt
        neurons = model.make(networks * n, tau, np.random.default_rng((seed, 2)), noise)
        if noise:
            get_device().seed(seed)
        spiking = LIF.of(neurons, networks) if isinstance(neurons, LIFNeurons) else None
        if rule not in TRAINED:
            Network(neurons).run(
                0 * ms, namespace={}
            )  # Brian2 warns of groups that were never in a network
        if rule in TRAINED:
            net = LearningNetwork(
                task,
                neurons,
                model.rule(neurons, tau),
                readout_rule=Delta(model.readout_rate),
                learn=PerTrial(Adam(decay=DECAY)),
                trained=TRAINED[rule],
                initial=weights,
                networks=networks,
            )
            result = net.train(trials, namespace={}, **progress.report(device))
        else:
            shown = min(trials, LATE if noise or task.random else 1)
            result = baseline(rule, model, task, weights, tau, trials, shown, spiking, progress)
        if "spike_count" in neurons.variables and spiking is None:
            rates = np.array(neurons.spike_count).reshape(networks, n) / float(task.duration)
    arrays = result.arrays() | {"cpu_s": np.array(cpu_seconds() - before)}
    if rates is not None:
        arrays["rates"] = rates
    if spiking is not None:
        replayed = spiking.trial(result.weights_after, *task.trial(trials - 1), trials - 1)
        arrays |= {
            "spikes": replayed.spikes.astype(bool),
            "rates": replayed.spikes.mean(axis=0) / float(task.dt),
        }
    return arrays


def baseline(rule, model, task, weights, tau, trials, shown, spiking, progress):
    """Return the result of a baseline in NumPy; least squares see so many trials as are `shown`."""
    if rule == "least_squares":
        return reference.fit_readout(task, weights, tau, shown, neurons=spiking)
    return reference.train(
        task,
        weights,
        rule,
        {"recurrent": RATE, "input": RATE, "output": model.readout_rate},
        tau,
        trials,
        optimizer=Adam(decay=DECAY),
        neurons=spiking,
        report=lambda done: progress(done / trials),
    )


def cpu_seconds():
    """CPU time of this process and of the programs that it has started; 0 where the system does not
    tell.
    """
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
