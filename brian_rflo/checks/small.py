"""The small task and network on which rules are checked."""

import numpy as np
from brian2 import Network, StateMonitor, defaultclock, seed

from ..network import initial_weights
from ..neurons import RateNeurons
from ..neurons.base import receives
from ..readouts.linear import Readout
from ..readouts.task_input import TaskInput
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


def weights_after(rule, readout_rule, freeze=False, **network_args):
    """Return the weights of all plastic projections before and after a few trials, with the same
    random numbers each time.
    """
    seed(SEED)
    network, plastic = small_network(rule, readout_rule, **network_args)
    before = [np.array(synapses.w) for synapses in plastic]
    for synapses in plastic:
        synapses.plastic = not freeze
    network.run(TRIALS * N_STEPS * defaultclock.dt, namespace={})
    return before, [np.array(synapses.w) for synapses in plastic]


def has_drawn():
    """Return whether random numbers were drawn since the seed was set."""
    return np.random.random_sample() != np.random.RandomState(SEED).random_sample()
