"""Computed parts: networks trained by a local rule, or by the exact gradient.

Their tables and figures are in the modules of the experiments, so that they can change
independently.
"""

import numpy as np
from brian2 import defaultclock, get_device, ms
from brian_rflo.models.derived.neurons import CONDUCTANCE

from brian_rflo import RFLO, Adam, Delta, LearningNetwork, PerTrial, RateNeurons
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import RandomFeedback, SymmetricFeedback
from brian_rflo.gradient import BPTT, GradientAlignment
from brian_rflo.network import initial_weights
from brian_rflo.neurons import PotentialNeurons

TAU, DECAY, CLIP = 10 * ms, 200, 1.0
#: Time constant and noise of the conductance-based neurons, those of `derived`.
SLOW, NOISE = 50 * ms, 0.095
CREDIT = {"random": RandomFeedback(), "symmetric": SymmetricFeedback(), "bptt": RandomFeedback()}


def runtime(device):
    """Return where a network can be taught by its gradient: C++ standalone runs no Python within a
    training.
    """
    return "cython" if device == "cpp_standalone" else device


def rates(size, rng, rate):
    """Rate neurons whose function is inside the leak, and their rule."""
    return RateNeurons(size, tau=TAU), RFLO(rate, tau=TAU)


def potentials(size, rng, rate):
    """Rate neurons whose function is outside the leak, and their rule."""
    neurons = PotentialNeurons(size, tau=TAU)
    return neurons, neurons.rule(rate)


def conductances(size, rng, rate):
    """Conductance-based LIF neurons, and the rule derived from their equations."""
    neurons = CONDUCTANCE.make(size, SLOW, rng, NOISE)
    return neurons, neurons.rule(rate)


#: Neurons by name: how to make them, gain of the recurrent and factor of the readout weights.
NEURONS = {
    "rate": (rates, 1.5, 1.0),
    "potential": (potentials, 1.5, 1.0),
    "conductance": (conductances, CONDUCTANCE.gain, CONDUCTANCE.readout),
}


def trained(
    progress,
    device,
    task,
    neurons,
    teacher,
    rate,
    n,
    networks,
    seed,
    trials,
    readout_rate=None,
    clip=CLIP,
    every=0,
):
    """Networks of one kind of neurons side by side, trained by their rule with random or symmetric
    feedback, or by BPTT. Arrays of a `TrainingResult`; with `every`, those of the alignment of what
    trained them with the gradient.
    """
    make, gain, factor = NEURONS[neurons]
    weights = initial_weights(n, task.n_inputs, task.n_outputs, networks, gain, seed)
    weights["output"] *= factor
    with on(runtime(device)):
        defaultclock.dt = task.dt
        get_device().seed(seed)
        group, rule = make(networks * n, np.random.default_rng((seed, 2)), rate)
        optimizer = Adam(decay=DECAY)
        net = LearningNetwork(
            task,
            group,
            rule,
            readout_rule=Delta(rate if readout_rate is None else readout_rate),
            credit=CREDIT[teacher],
            learn=PerTrial(optimizer, clip_norm=clip),
            initial=weights,
            networks=networks,
        )
        by_gradient = BPTT(rate, optimizer=optimizer, clip_norm=clip)
        learn = by_gradient if teacher == "bptt" else None
        watch = GradientAlignment(net, every=every) if every else None
        result = net.train(trials, learn=learn, namespace={}, **progress.report(runtime(device)))
    return result.arrays() | (aligned(watch) if watch else {})


def aligned(watch):
    """Return the arrays of an alignment with the gradient."""
    found = {"aligned": watch.trials}
    for name, values in watch.cosine.items():
        found |= {f"cosine_{name}": values, f"ratio_{name}": watch.ratio[name]}
    return found
