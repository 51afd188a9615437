"""The contestants of `scaling`, each in a process of its own: the network of
`models/buonomano2005`, whose weights scale once per trial, and the same network in plain Brian2,
whose weights rest. Both begin with weights with which each excitatory neuron fires about once.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import NeuronGroup, Synapses, defaultclock, ms, mV

from .. import FixedSynapses, PerTrial, PlasticSynapses, Trials
from ..neurons import ConductanceNeurons
from ..rules import PresynapticScaling
from ..tasks import EmptyTask
from .contestants.ours import Standalone
from .problem import DT_MS
from .problem import STEPS as MILLISECONDS
from .worker import answer, serve

#: Time step in milliseconds, and steps of a trial, which is as long as a period of other networks.
DT = 0.25
STEPS = round(MILLISECONDS * DT_MS / DT)
#: Part of the neurons that are excitatory, and of these the part that the stimulus makes fire.
EXCITATORY, STIMULUS = 0.8, 0.06
#: Source, target, probability, weights of the stimulus and of all others, and delay in
#: milliseconds, of each projection.
PROJECTIONS = {
    "ee": ("e", "e", 0.12, 0.73, 0.1, 1.5),
    "ei": ("e", "i", 0.2, 0.21, 0.023, 0.75),
    "ie": ("i", "e", 0.2, 0.05, 0.05, 0.75),
}
BOUNDS = {"ee": "w = clip(w, 1e-4, 1)", "ei": "w = clip(w, 1e-4, 0.4)"}
EQUATIONS = """dv/dt = ((E_leak - v) + g_exc*(E_exc - v) + g_inh*(E_inh - v)
         + g_ahp*(E_ahp - v))/tau : volt (unless refractory)
dg_exc/dt = -g_exc/(5*ms) : 1
dg_inh/dt = -g_inh/(10*ms) : 1
dg_ahp/dt = -g_ahp/(25*ms) : 1
spike_count : 1
forced_at : second"""
CONSTANTS = {
    "E_leak": -60 * mV,
    "E_exc": 0 * mV,
    "E_inh": -70 * mV,
    "E_ahp": -80 * mV,
    "noise": 0.4 * mV,
}


@dataclass
class Counted:
    """A built model; its outcome is the mean of spikes per excitatory neuron in the last trial."""

    objects: list
    spike_count: object

    def outcome(self, problem, value):
        """Return it as the last output."""
        return {"output": float(np.mean(value(self.spike_count)))}


def drawn(problem):
    """Return presynaptic and postsynaptic neurons and weights of each projection."""
    rng = np.random.default_rng(2005)
    sizes = {"e": round(EXCITATORY * problem.size)}
    sizes["i"], stimulus = problem.size - sizes["e"], round(STIMULUS * sizes["e"])
    found = {}
    for name, (source, target, share, strong, weak, _) in PROJECTIONS.items():
        share = min(1, 500 * share / problem.size)
        there = rng.random((sizes[source], sizes[target])) < share
        if target == "e":
            there[:, :stimulus] = False
        pre, post = np.nonzero(there)
        found[name] = pre, post, np.where((pre < stimulus) & (source == "e"), strong, weak)
    return sizes, stimulus, found


class Scaling(Standalone):
    """The network in this package, whose weights scale at the end of each trial."""

    def model(self, problem, networks):
        defaultclock.dt = DT * ms
        sizes, stimulus, synapses = drawn(problem)
        noise = CONSTANTS["noise"]
        groups = {
            "e": ConductanceNeurons(sizes["e"], 30 * ms, 3 * ms, noise=noise),
            "i": ConductanceNeurons(sizes["i"], 10 * ms, 2 * ms, ahp=0, goal=2, noise=noise),
        }
        made = {name: self.projection(name, groups) for name in PROJECTIONS}
        for name, (pre, post, w) in synapses.items():
            made[name].connect(i=pre, j=post)
            made[name].w = w
        task = EmptyTask(length=MILLISECONDS * DT_MS * ms, dt=DT * ms)
        trials = Trials(task, *groups.values(), *(made[name] for name in BOUNDS))
        step = "int((10*ms + 0.3*ms*randn())/dt + 0.5)"
        trials.at_start(groups["e"], f"fires_in = int(i < {stimulus})*(1 + {step}) - 1")
        objects = [*groups.values(), *made.values(), trials]
        return Counted(objects, groups["e"].variables["spike_count"])

    def projection(self, name, groups):
        """Return a projection, which learns if its weights have bounds."""
        source, target, *_, delay = PROJECTIONS[name]
        given = dict(onto=f"g_{'exc' if source == 'e' else 'inh'}", delay=delay * ms)
        if name not in BOUNDS:
            return FixedSynapses(groups[source], groups[target], **given)
        learns = dict(learn=PerTrial(), constraint=BOUNDS[name])
        rule = PresynapticScaling(0.01)
        return PlasticSynapses(groups[source], groups[target], rule, **given, **learns)


class Plain(Standalone):
    """The network in plain Brian2, without learning."""

    def model(self, problem, networks):
        defaultclock.dt = DT * ms
        sizes, stimulus, synapses = drawn(problem)
        groups = {
            "e": self.group(sizes["e"], 30 * ms, 3 * ms, 1, stimulus),
            "i": self.group(sizes["i"], 10 * ms, 2 * ms, 0, 0),
        }
        made = []
        for name, (pre, post, w) in synapses.items():
            source, target, *_, delay = PROJECTIONS[name]
            onto = f"g_{'exc' if source == 'e' else 'inh'}"
            model = dict(model="w : 1", on_pre=f"{onto}_post += w", delay=delay * ms)
            made.append(Synapses(groups[source], groups[target], **model))
            made[-1].connect(i=pre, j=post)
            made[-1].w = w
        return Counted([*groups.values(), *made], groups["e"].variables["spike_count"])

    def group(self, size, tau, refractory, ahp, stimulus):
        """Return neurons that begin each trial at rest; some are made to fire."""
        made = NeuronGroup(
            size,
            EQUATIONS,
            threshold="v > -45*mV or abs(t - forced_at) < 0.5*dt",
            reset="v = E_leak; g_ahp += ahp; spike_count += 1",
            refractory=refractory,
            method="exponential_euler",
            namespace=CONSTANTS | {"tau": tau, "ahp": ahp},
        )
        begin = f"""v = E_leak; g_exc = 0; g_inh = 0; g_ahp = 0; spike_count = 0
                    _in = 10*ms + 0.3*ms*randn()
                    _steps = int(_in/dt + 0.5)*int(i < {stimulus}) - int(i >= {stimulus})
                    forced_at = t + dt*_steps"""
        made.run_regularly(begin, dt=MILLISECONDS * DT_MS * ms, when="start")
        made.run_regularly("v += noise*sqrt(dt/tau)*randn()*int(not_refractory)")
        return made


CONTESTANTS = {"plain": Plain, "scaling": Scaling}
MADE = {}


def respond(name, request, folder):
    """Execute a request for a contestant."""
    return answer(MADE.setdefault(name, CONTESTANTS[name]()), request, folder)


if __name__ == "__main__":
    serve(respond)
