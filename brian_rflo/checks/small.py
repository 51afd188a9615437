"""The small task and network on which rules are checked."""

import numpy as np
from brian2 import Network, Quantity, StateMonitor, defaultclock, get_dimensions, seed

from ..network import initial_weights
from ..neurons import RateNeurons
from ..neurons.base import receives
from ..readouts.linear import Readout
from ..readouts.task_input import TaskInput
from ..rules import RFLO, Delta
from ..synapses import FeedbackSynapses, PlasticSynapses
from ..tasks import ArrayTask
from ..trials import Trials
from ..updates import PerStep, PerTrial
from .gradient import SEED

N, N_STEPS, TRIALS = 7, 13, 3

NAMES = ("neurons", "inputs", "readout", "recurrent", "inward", "output", "feedback", "trials")


def small_task():
    """Return a task of a few steps, with two inputs and two outputs, at the simulation's time
    step.
    """
    rng = np.random.default_rng(3)
    return ArrayTask(
        target=rng.standard_normal((N_STEPS, 2)),
        inputs=rng.standard_normal((N_STEPS, 2)),
        dt=defaultclock.dt,
    )


def small_network(rule, readout_rule, update="step", names=NAMES, monitor=False, neurons=None):
    """Return a hand-written network of a few neurons: ``(network, plastic projections)``."""
    task, name = small_task(), dict(zip(NAMES, names))
    neurons = neurons or RateNeurons(N, tau=10 * defaultclock.dt, initial=0.3, name=name["neurons"])
    onto = receives(neurons)
    inputs, readout = TaskInput(task, name=name["inputs"]), Readout(task, name=name["readout"])
    plastic = [
        PlasticSynapses(
            neurons,
            neurons,
            rule,
            onto=onto["recurrent"],
            name=name["recurrent"],
            learn=(PerTrial if update == "trial" else PerStep)(),
        ),
        PlasticSynapses(
            inputs,
            neurons,
            rule,
            onto=onto["input"],
            name=name["inward"],
            learn=(PerTrial if update == "trial" else PerStep)(),
        ),
        PlasticSynapses(
            neurons,
            readout,
            readout_rule,
            onto="output",
            name=name["output"],
            learn=(PerTrial if update == "trial" else PerStep)(),
        ),
    ]
    feedback = FeedbackSynapses(readout, neurons, name=name["feedback"])
    weights = initial_weights(
        len(neurons), task.n_inputs, task.n_outputs, networks=1, gain=1.5, seed=5
    )
    for synapses, key in zip((*plastic, feedback), ("recurrent", "input", "output", "feedback")):
        synapses.connect()
        synapses.set_matrix(weights[key][0])
    trials = Trials(
        task,
        *([neurons] if hasattr(neurons, "trial_start") else []),
        readout,
        *plastic,
        name=name["trials"],
    )
    network = Network(neurons, inputs, readout, feedback, trials, *plastic)
    if monitor:
        network.add(
            StateMonitor(plastic[0], ["w", *plastic[0].equations.diff_eq_names], record=[0, 5]),
            StateMonitor(neurons, ["activity", "gain", "feedback"], record=True, when="end"),
        )
    return network, plastic


def as_pair(rule):
    """``(rule, readout rule)`` for a network in which `rule` is one of them: whatever reads
    ``error_post`` is for readouts.
    """
    if "error" in rule.reads("post"):
        return RFLO(rule.learning_rate, tau=10 * defaultclock.dt), rule
    return rule, Delta(rule.learning_rate)


class Learning:
    """A small network that learns by a rule, with the same random numbers each time.

    `which` is the number of a projection that has the rule.
    """

    def __init__(self, rule, update, **network_args):
        seed(SEED)
        pair, self.rate = as_pair(rule), rule.learning_rate
        self.which = 2 if pair[1] is rule else 0
        self.network, self.plastic = small_network(*pair, update=update, **network_args)

    def weights(self):
        """Return the weights of all projections, one after another."""
        return np.concatenate([np.array(synapses.w) for synapses in self.plastic])

    def change(self, learning_rate=None, plastic=True):
        """Run a few trials; return how the weights of each projection have changed."""
        rate = self.rate
        if learning_rate is not None:
            rate = Quantity(learning_rate, dim=get_dimensions(rate))
        before = [np.array(synapses.w) for synapses in self.plastic]
        for synapses in self.plastic:
            synapses.learning_rate, synapses.plastic = rate, plastic
        self.network.run(TRIALS * N_STEPS * defaultclock.dt, namespace={})
        return [np.array(synapses.w) - w for synapses, w in zip(self.plastic, before)]


def has_drawn():
    """Return whether random numbers were drawn since the seed was set."""
    return np.random.random_sample() != np.random.RandomState(SEED).random_sample()
