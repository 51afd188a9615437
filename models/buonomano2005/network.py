"""The network: excitatory and inhibitory neurons, sparse synapses, and a stimulus that makes some
excitatory neurons fire, which receive no synapses.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import ms, mV

from brian_rflo import FixedSynapses, PerTrial, PlasticSynapses, Trials
from brian_rflo.neurons import ConductanceNeurons

#: Excitatory and inhibitory neurons, those of the stimulus, and time step.
N_EXC, N_INH, N_STIMULUS, DT = 400, 100, 24, 0.25 * ms
SIZES = {"e": N_EXC, "i": N_INH}
#: Probability of a synapse, mean, standard deviation and least initial weight, and bounds of the
#: weights that learn, of each projection.
CONNECTED = {"ee": 0.12, "ei": 0.2, "ie": 0.2}
INITIAL = {"ee": (0.1, 0.05, 0.01), "ei": (0.05, 0.025, 0.005), "ie": (0.05, 0.0, 0.0)}
BOUNDS = {"ee": (1e-4, 1.0), "ei": (1e-4, 0.4)}
#: Each trial, every neuron of the stimulus is made to fire once, about 10 ms after its beginning.
STIMULUS = (
    f"fires_in = int(i % {N_EXC} < {N_STIMULUS})*(1 + int((10*ms + 0.3*ms*randn())/dt + 0.5)) - 1"
)


@dataclass(frozen=True)
class Circuit:
    """Differences between networks: the time constants of conductances, and the delays of
    excitatory synapses, of which each has its own between the least and the largest; in
    milliseconds.
    """

    tau_exc: float = 5.0
    tau_inh: float = 10.0
    delays: tuple = (1.5, 1.5)


class Parts:
    """The parts of networks side by side, but for their trials. Without a rule weights rest;
    `weights` has for each network those of projections that do not have their initial ones.
    """

    def __init__(self, seed, rule=None, weights=({},), circuit=Circuit()):
        shared = dict(noise=0.4 * mV, tau_exc=circuit.tau_exc * ms, tau_inh=circuit.tau_inh * ms)
        self.networks = len(weights)
        sizes = [self.networks * size for size in (N_EXC, N_INH)]
        self.excitatory = ConductanceNeurons(sizes[0], 30 * ms, 3 * ms, **shared)
        self.inhibitory = ConductanceNeurons(sizes[1], 10 * ms, 2 * ms, ahp=0, goal=2, **shared)
        self.projections = {name: self.projection(name, rule) for name in CONNECTED}
        self.learning = [] if rule is None else [self.projections[name] for name in BOUNDS]
        for name, (pre, post, w) in drawn(seed).items():
            self.projections[name].connect(
                i=side_by_side(pre, SIZES[name[0]], self.networks),
                j=side_by_side(post, SIZES[name[1]], self.networks),
            )
            self.projections[name].w = np.concatenate([own.get(name, w) for own in weights])
        delay = delays(seed, circuit, len(drawn(seed)["ee"][0]))
        self.projections["ee"].delay = np.tile(delay, self.networks) * ms

    def in_trials(self, task, *more):
        """Return trials of a task, and all objects of the network; `more` are parts of a
        readout.
        """
        parts = (*self.groups, *self.learning, *more)
        trials = Trials(task, *parts, networks=self.networks)
        trials.at_start(self.excitatory, STIMULUS)
        return trials, [*self.groups, *self.projections.values(), *more, trials]

    def projection(self, name, rule):
        """Return a projection, which learns by the rule if it is excitatory and there is one."""
        groups = {"e": self.excitatory, "i": self.inhibitory}
        ends = (groups[name[0]], groups[name[1]])
        given = dict(onto="g_exc" if name[0] == "e" else "g_inh", name=name)
        if name != "ee":
            given["delay"] = 0.75 * ms
        if rule is None or name not in BOUNDS:
            return FixedSynapses(*ends, **given)
        least, most = BOUNDS[name]
        bounded = f"w = clip(w, {least}, {most})"
        return PlasticSynapses(*ends, rule, learn=PerTrial(), constraint=bounded, **given)

    @property
    def groups(self):
        """The neurons."""
        return self.excitatory, self.inhibitory


def side_by_side(neurons, size, networks):
    """Return numbers of neurons in each of several networks of a size."""
    return np.concatenate([neurons + k * size for k in range(networks)])


def drawn(seed):
    """Return presynaptic and postsynaptic neurons and initial weights of each projection."""
    rng = np.random.default_rng((2005, seed))
    found = {}
    for name, share in CONNECTED.items():
        there = rng.random((SIZES[name[0]], SIZES[name[1]])) < share
        if name == "ee":
            np.fill_diagonal(there, False)
        if name[1] == "e":
            there[:, :N_STIMULUS] = False
        pre, post = np.nonzero(there)
        mean, spread, least = INITIAL[name]
        found[name] = pre, post, np.clip(rng.normal(mean, spread, len(pre)), least, None)
    return found


def delays(seed, circuit, size):
    """Return delays of the synapses between excitatory neurons in milliseconds."""
    return np.random.default_rng((2005, seed, 1)).uniform(*circuit.delays, size)
