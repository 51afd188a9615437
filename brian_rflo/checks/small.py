"""The small task and network on which rules are checked."""

import numpy as np
from brian2 import Network, Quantity, StateMonitor, defaultclock, get_dimensions, seed

from ..brian.declared import declares
from ..credit import Credit, RunningBaseline
from ..network import initial_weights
from ..network.fitting import default_modulators
from ..neurons import RateNeurons
from ..neurons.base import receives
from ..readouts.leaky import LeakyReadout
from ..readouts.linear import Readout
from ..readouts.task_input import TaskInput
from ..rules import RFLO, Delta, LeakyDelta
from ..schedule import MODULATE
from ..steps import Mechanism, Step
from ..synapses import AdaptiveFeedbackSynapses, FeedbackSynapses, PlasticSynapses
from ..tasks import ArrayTask
from ..trials import Trials
from ..updates import PerStep, PerTrial
from ..updates.learning import paired
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


def small_network(
    rule,
    readout_rule,
    feedback_rule=None,
    update="step",
    names=NAMES,
    monitor=False,
    neurons=None,
    path=None,
):
    """Return a hand-written network of a few neurons: ``(network, plastic projections)``.

    The readout is leaky if its rule says so; feedback weights are fixed without a rule. A credit
    path takes the place of the feedback.
    """
    task, name = small_task(), dict(zip(NAMES, names))
    learn = paired((PerTrial if update == "trial" else PerStep)(), rule)
    blocks = learn.copies
    neurons = neurons or RateNeurons(
        N * blocks, tau=10 * defaultclock.dt, initial=0.3, name=name["neurons"]
    )
    onto, tau = receives(neurons), readout_rule.readout_tau
    inputs = TaskInput(task, networks=blocks, name=name["inputs"])
    readout = readout_of(task, tau, blocks, name["readout"])
    plastic = [
        PlasticSynapses(source, target, its_rule, onto=variable, name=name[role], learn=learn)
        for role, source, target, its_rule, variable in (
            ("recurrent", neurons, neurons, rule, onto["recurrent"]),
            ("inward", inputs, neurons, rule, onto["input"]),
            ("output", neurons, readout, readout_rule, readout.onto),
        )
    ]
    weights = initial_weights(
        len(neurons) // blocks, task.n_inputs, task.n_outputs, networks=1, gain=1.5, seed=5
    )
    if rule.core.symmetric:
        weights["recurrent"] = weights["recurrent"] + weights["recurrent"].swapaxes(-1, -2)
    for synapses, key in zip(plastic, ("recurrent", "input", "output")):
        synapses.connect(networks=blocks)
        synapses.set_matrix(np.repeat(weights[key], blocks, axis=0))
    if path is not None:
        back = Credit(path, readout, neurons, plastic[2], learn)
        learners = back.parts
    else:
        back = [feedback_of(readout, neurons, feedback_rule, name["feedback"], learn)]
        back[0].connect(networks=blocks)
        back[0].set_matrix(np.repeat(weights["feedback"], blocks, axis=0))
        learners = back if feedback_rule is not None else []
    trials = Trials(
        task,
        *([neurons] if declares(neurons, "trial_start") else []),
        readout,
        *plastic,
        *(learners if path is None else [back]),
        *modulators_for(rule),
        name=name["trials"],
    )
    network = Network(neurons, inputs, readout, trials, *plastic, *back)
    plastic += learners
    if monitor:
        network.add(
            StateMonitor(plastic[0], ["w", *plastic[0].equations.diff_eq_names], record=[0, 5]),
            StateMonitor(neurons, ["activity", "gain", "feedback"], record=True, when="end"),
        )
    return network, plastic


def readout_of(task, tau, networks, name):
    """Return a readout, leaky if it has a time constant."""
    if tau is None:
        return Readout(task, networks=networks, name=name)
    return LeakyReadout(task, tau=tau, networks=networks, name=name)


class EachStep(Mechanism):
    """A modulator that has another value in each step."""

    variables = {"network": "modulator : 1"}
    steps = (Step("modulator = sin(t_in_timesteps + 1)", MODULATE, "network"),)


def modulators_for(rule):
    """Return a modulator for a rule that reads one, at the end of a trial or in each step; else
    nothing.
    """
    if "modulator" not in rule.reads("network"):
        return default_modulators(rule)
    return default_modulators(rule) or [
        EachStep() if "step" in rule.updates else RunningBaseline(0.5)
    ]


def feedback_of(readout, neurons, rule, name, learn):
    """Return the feedback projection, fixed if `rule` is None."""
    if rule is None:
        return FeedbackSynapses(readout, neurons, name=name)
    return AdaptiveFeedbackSynapses(readout, neurons, rule, name=name, learn=learn)


def with_others(rule):
    """Return the rules of neurons, readout and feedback (None if fixed) of a network in which
    `rule` has the place that it is for: a rule that reads ``error_post`` is for readouts, one that
    reads ``error_pre`` for feedback.
    """
    rate, tau = rule.learning_rate, rule.readout_tau
    if "error" in rule.reads("post"):
        return RFLO(rate, tau=10 * defaultclock.dt), rule, None
    if "error" in rule.reads("pre"):
        readout_rule = Delta(rate) if tau is None else LeakyDelta(rate, tau)
        return RFLO(rate, tau=10 * defaultclock.dt), readout_rule, rule
    return rule, Delta(rate), None


class Learning:
    """A small network that learns by a rule, with the same random numbers each time.

    `which` is the number of a projection that has the rule.
    """

    def __init__(self, rule, update, **network_args):
        seed(SEED)
        rules, self.rate = with_others(rule), rule.learning_rate
        self.which = {0: 0, 1: 2, 2: 3}[next(n for n, one in enumerate(rules) if one is rule)]
        self.network, self.plastic = small_network(*rules, update=update, **network_args)

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
