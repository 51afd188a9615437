"""One part of a comparison: networks of one neuron model trained by one rule."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Network, defaultclock, get_device, ms

from .. import reference
from ..brian.construction import one_error
from ..brian.declared import declared
from ..brian.devices import device as on
from ..gradient import BPTT
from ..network import LearningNetwork, initial_weights
from ..network.initial import balanced
from ..rules import Delta
from ..updates import DALE, Adam, PerTrial
from .kinds import PERTURBING, RATE, copied, kind_of
from .rewards import REWARDED
from .told import TOLD, Networks, types_of

if TYPE_CHECKING:
    from brian2 import Quantity
    from numpy.typing import NDArray

    from ..crews import Progress
    from ..tasks import Task
    from .kinds import Kind


DECAY, LATE = 200, 20

RULES = ("rflo", *TOLD, "readout", "least_squares", "bptt", "wp", "np", *REWARDED)

WEIGHTS = ("recurrent", "input", "output")

#: Rules that run in Brian2, and the weights that they train.
TRAINED = dict.fromkeys(("rflo", *TOLD, "bptt", "wp", "np"), WEIGHTS) | {"readout": ("output",)}
TRAINED |= REWARDED


def train(
    progress: Progress,
    device: str,
    task: Task,
    kind: str | Kind,
    rule: str,
    n: int,
    networks: int,
    seed: int,
    trials: int,
    tau: Quantity,
    noise: float = 0.0,
    gain: float | None = None,
) -> dict[str, NDArray]:
    """Train networks of one kind by one rule, and replay a trial of the trained networks in NumPy;
    return arrays by name.
    """
    model, before = kind_of(kind), cpu_seconds()
    weights = weights_of(rule, model, task, n, networks, seed, gain)
    rates, runs = None, 1 + (rule in PERTURBING)
    single, device = (
        alone(model, task, networks * n, tau, seed) if runs > 1 else None,
        where(rule, device),
    )
    with on(device), one_error():
        defaultclock.dt = task.dt
        neurons = model.make(runs * networks * n, tau, generator(seed), noise)
        if single is not None:
            copy_onto(neurons, single, networks)
        if model.excitatory:
            neurons.excitatory = np.arange(len(neurons)) % n < types_of(model, n)[0]
        if noise or rule in REWARDED or rule in TOLD:
            get_device().seed(seed)
        spiking = model.replayed(neurons if single is None else single, networks)
        if rule not in TRAINED:
            Network(neurons).run(
                0 * ms, namespace={}
            )  # Brian2 warns of groups that were never in a network
        if rule in TRAINED:
            net = LearningNetwork(
                task,
                neurons,
                **rules_of(rule, model, neurons, tau, task, weights["recurrent"]),
                trained=trained_by(rule, model),
                constraint=DALE if model.excitatory else "",
                initial={name: weights[name] for name in initial_of(rule)},
                networks=networks,
            )
            learn = BPTT(RATE, Adam(decay=DECAY)) if rule == "bptt" else None
            result = net.train(trials, learn=learn, namespace={}, **progress.report(device))
        else:
            shown = min(trials, LATE if noise or task.random else 1)
            result = reference.fit_readout(task, weights, tau, shown, neurons=spiking)
        if "spike_count" in neurons.variables and spiking is None:
            counts = np.array(neurons.spike_count).reshape(networks, runs, n)[:, 0]
            rates = counts / float(task.duration)
    arrays = result.arrays() | {"cpu_s": np.array(cpu_seconds() - before)}
    if rates is not None:
        arrays["rates"] = rates
    return arrays | spikes_of(spiking, result, task, trials - 1)


def weights_of(rule, model, task, n, networks, seed, gain):
    """Return initial weights ``[network, post, pre]`` by name."""
    by_reward = rule in REWARDED  # with one more output, the value
    own = model.rewards.gain if by_reward else model.gain
    sizes = n, task.n_inputs, task.n_outputs + by_reward, networks
    weights = initial_weights(*sizes, own if gain is None else gain, seed)
    if model.excitatory:
        signs = np.where(np.arange(n) < types_of(model, n)[0], 1, -1)
        signs = np.broadcast_to(signs, (networks, 1, n))
        weights["recurrent"] = balanced(weights["recurrent"], signs)
    if by_reward:
        return model.rewards.start(weights)
    weights["output"] *= model.readout
    return weights


def spikes_of(spiking, result, task, number):
    """Return spikes and firing rates of trained networks in a trial, replayed in NumPy; nothing
    where they do not spike.
    """
    if spiking is None:
        return {}
    weights = dict(result.weights_after)  # without the value of a critic
    weights["output"] = weights["output"][:, : task.n_outputs]
    spikes = spiking.trial(weights, *task.trial(number), number).spikes
    return {"spikes": spikes.astype(bool), "rates": spikes.mean(axis=0) / float(task.dt)}


def generator(seed):
    """Return the generator of what differs between neurons."""
    return np.random.default_rng((seed, 2))


def alone(model, task, size, tau, seed):
    """Return neurons that run nowhere: those of networks whose trials run once."""
    with on("numpy"):
        defaultclock.dt = task.dt
        neurons = model.make(size, tau, generator(seed), 0.0)
        Network(neurons).run(0 * ms, namespace={})  # else Brian2 warns that it was in no network
        return neurons


def copy_onto(neurons, single, networks):
    """Give the neurons of both runs of a pair the values of networks whose trials run once."""
    for name in declared(single, "per_neuron", ()):
        if name in single.variables:
            setattr(neurons, f"{name}_", copied(getattr(single, f"{name}_")[:], networks))


def rules_of(rule, model, neurons, tau, task, recurrent):
    """Return the rule of a network, that of its readout, and how they learn, as arguments."""
    if rule in PERTURBING:
        return dict(rule=model.perturbing(rule), learn=PerTrial())
    if rule in REWARDED:
        return model.rewards.arguments(model.rewarded(neurons, tau))
    own = model.rule(neurons, tau)
    if rule in TOLD:
        at, told = Networks(model, own, recurrent, tau, task), TOLD[rule]
        return dict(rule=told.rule(at), credit=told.path(at), **beside(model))
    return dict(rule=own, **beside(model))


def beside(model):
    """Return the rule of the readout, and how weights learn, as arguments."""
    return dict(
        readout_rule=Delta(model.readout_rate),
        learn=PerTrial(Adam(decay=DECAY)),
    )


def initial_of(rule):
    """Return the names of the weights with which networks begin: with those of fixed feedback, if
    that brings the error to the neurons.
    """
    is_symmetric = rule in TOLD and TOLD[rule].is_symmetric
    return WEIGHTS if rule in PERTURBING or is_symmetric else (*WEIGHTS, "feedback")


def where(rule, device):
    """Return where a rule is computed: NumPy's own on numpy, and BPTT, which goes backwards in
    Python, not in C++ standalone.
    """
    if rule not in TRAINED:
        return "numpy"
    return "cython" if rule == "bptt" and device == "cpp_standalone" else device


def trained_by(rule, model):
    """Return the weights that a rule trains; BPTT has one learning rate, and the readout a factor
    of it.
    """
    if rule != "bptt":
        return TRAINED[rule]
    return dict.fromkeys(WEIGHTS, True) | {"output": np.array([[model.readout_rate / RATE]])}


def cpu_seconds():
    """Return the CPU time of this process and its children; 0 if the system does not tell."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
