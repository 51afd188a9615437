"""Computed parts: rate networks trained by a local rule, or by the exact gradient.

Table and figure are in `periodic.py`, so that they can change independently.
"""

from brian2 import defaultclock, get_device, ms

from brian_rflo import RFLO, Adam, LearningNetwork, PerTrial, RateNeurons
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import RandomFeedback, SymmetricFeedback
from brian_rflo.gradient import BPTT, GradientAlignment
from brian_rflo.network import initial_weights
from brian_rflo.neurons import PotentialNeurons

TAU, DECAY, CLIP, GAIN = 10 * ms, 200, 1.0, 1.5
#: How errors reach the neurons, by what teaches; the gradient needs no path.
CREDIT = {"random": RandomFeedback(), "symmetric": SymmetricFeedback(), "bptt": RandomFeedback()}


def runtime(device):
    """Return where a network can be taught by its gradient: C++ standalone runs no Python within a
    training.
    """
    return "cython" if device == "cpp_standalone" else device


def rates(size, rate):
    """Rate neurons whose function is inside the leak, and their rule."""
    return RateNeurons(size, tau=TAU), RFLO(rate, tau=TAU)


def potentials(size, rate):
    """Rate neurons whose function is outside the leak, and their rule."""
    neurons = PotentialNeurons(size, tau=TAU)
    return neurons, neurons.rule(rate)


NEURONS = {"rate": rates, "potential": potentials}


def trained(progress, device, task, neurons, teacher, rate, n, networks, seed, trials, every=0):
    """Networks side by side, trained by the rule of their neurons with random or symmetric
    feedback, or by BPTT. Arrays of a `TrainingResult`; with `every`, those of the alignment of the
    rule with the gradient.
    """
    with on(runtime(device)):
        defaultclock.dt = task.dt
        get_device().seed(seed)
        group, rule = NEURONS[neurons](networks * n, rate)
        optimizer = Adam(decay=DECAY)
        net = LearningNetwork(
            task,
            group,
            rule,
            credit=CREDIT[teacher],
            learn=PerTrial(optimizer, clip_norm=CLIP),
            initial=initial_weights(n, task.n_inputs, task.n_outputs, networks, GAIN, seed),
            networks=networks,
        )
        learn = BPTT(rate, optimizer, clip_norm=CLIP) if teacher == "bptt" else None
        watch = GradientAlignment(net, every=every) if every else None
        result = net.train(trials, learn=learn, namespace={}, **progress.report(runtime(device)))
    return result.arrays() | (aligned(watch) if watch else {})


def aligned(watch):
    """Return the arrays of an alignment with the gradient."""
    found = {"aligned": watch.trials}
    for name, values in watch.cosine.items():
        found |= {f"cosine_{name}": values, f"ratio_{name}": watch.ratio[name]}
    return found
