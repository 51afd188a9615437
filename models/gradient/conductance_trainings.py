"""Computed parts: conductance-based integrate-and-fire neurons with the settings of
`derived/periodic`, trained by the exact gradient, or by the derived rule beside it.

Tables and figures are in `conductance.py` and `alignment.py`, so that they can change
independently.
"""

import numpy as np
from brian2 import defaultclock, get_device, ms

from brian_rflo import Adam, LearningNetwork, PerTrial
from brian_rflo.brian.devices import device as on
from brian_rflo.gradient import BPTT, GradientAlignment
from brian_rflo.network import initial_weights
from brian_rflo.rules import Delta

from ..derived.neurons import CONDUCTANCE
from .trainings import CREDIT, DECAY, aligned, runtime

#: Those of `derived/periodic`: neurons, filtered spikes, noise, and the two learning rates.
N, TAU, NOISE, RATE = 100, 50 * ms, 0.095, 1e-3
FACTOR = CONDUCTANCE.readout_rate / RATE


def network(task, networks, seed, feedback, trained):
    """Networks side by side; at the same seed those of `derived/periodic`."""
    given = (task.n_inputs, task.n_outputs, networks, CONDUCTANCE.gain, seed)
    weights = initial_weights(N, *given)
    weights["output"] *= CONDUCTANCE.readout
    neurons = CONDUCTANCE.make(networks * N, TAU, np.random.default_rng((seed, 2)), NOISE)
    get_device().seed(seed)
    return LearningNetwork(
        task,
        neurons,
        CONDUCTANCE.rule(neurons, TAU),
        readout_rule=Delta(CONDUCTANCE.readout_rate),
        credit=CREDIT[feedback],
        learn=PerTrial(Adam(decay=DECAY)),
        trained=trained,
        initial=weights,
        networks=networks,
    )


def taught(progress, device, task, networks, seed, trials, resets):
    """Networks trained by BPTT, with the learning rates of the derived rule: arrays of a
    `TrainingResult`.
    """
    with on(runtime(device)):
        defaultclock.dt = task.dt
        trained = {"recurrent": True, "input": True, "output": np.array([[FACTOR]])}
        net = network(task, networks, seed, "bptt", trained)
        learn = BPTT(RATE, Adam(decay=DECAY), resets=resets)
        result = net.train(trials, learn=learn, namespace={}, **progress.report(runtime(device)))
    return result.arrays()


def watched(progress, device, task, feedback, networks, seed, trials, every, resets):
    """Networks trained by the derived rule: arrays of a `TrainingResult`, and of the alignment of
    the rule with the gradient.
    """
    with on(runtime(device)):
        defaultclock.dt = task.dt
        net = network(task, networks, seed, feedback, ("recurrent", "input", "output"))
        watch = GradientAlignment(net, every=every, resets=resets)
        result = net.train(trials, namespace={}, **progress.report(runtime(device)))
    return result.arrays() | aligned(watch)
