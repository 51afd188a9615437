"""Computed parts: recurrent rate networks that learn a periodic output by perturbation."""

from brian2 import defaultclock, get_device, ms

from brian_rflo import LearningNetwork, RateNeurons
from brian_rflo.brian.devices import device as on
from brian_rflo.network import Murray2019
from brian_rflo.rules import NodePerturbation, WeightPerturbation

RULES = {"WP": WeightPerturbation, "NP": NodePerturbation}
TAU, GAIN = 10 * ms, 1.5


def trained(progress, device, task, rule, rate, sigma, n, networks, trials, seed):
    """A part: networks side by side, whose recurrent and readout weights learn; the losses of the
    free copies ``[network, trial]``.
    """
    with on(device):
        defaultclock.dt = task.dt
        get_device().seed(seed)
        net = LearningNetwork(
            task,
            RateNeurons(2 * networks * n, tau=TAU),
            RULES[rule](rate, sigma=sigma),
            initial=Murray2019(GAIN, seed),
            networks=networks,
        )
        result = net.train(trials, namespace={}, **progress.report(device))
    return {"losses": result.losses}
