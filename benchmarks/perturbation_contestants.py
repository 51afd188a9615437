"""The contestants of `perturbation`, each in a process of its own: two networks that learn by RFLO,
or a pair of trials of one that learns by weight or node perturbation. The network is that of
`problem.py`; weights change at the end of each trial.
"""

from brian2 import defaultclock, ms

from .. import PlasticSynapses, Readout, Trials
from ..credit import PairDifference
from ..rules import NodePerturbation, WeightPerturbation
from ..tasks import ArrayTask
from .contestants.ours import NEURONS, Model, Standalone, flat, model
from .problem import DT_MS
from .worker import answer, serve

#: Rate and standard deviation of perturbations: so small that the network goes on as it is.
RATE, SIGMA = 1e-6, 1e-4


class TwoNetworks(Standalone):
    """Two networks that learn by RFLO, with their losses."""

    networks = 2

    def model(self, problem, networks):
        made = model(self, problem, networks)
        self.projections = [part for part in made.objects if isinstance(part, PlasticSynapses)]
        return made


class Pair(Standalone):
    """A network whose trials run in pairs; subclasses have a rule."""

    networks = 2

    def model(self, problem, networks):
        task = ArrayTask(target=problem.target(), dt=DT_MS * ms)
        defaultclock.dt = task.dt
        neurons, _ = NEURONS[problem.kind](problem, networks)
        readout = Readout(task, networks=networks)
        self.projections = [
            PlasticSynapses(neurons, target, self.rule(RATE, sigma=SIGMA), onto)
            for target, onto in ((neurons, "I_rec"), (readout, "output"))
        ]
        for projection, weights in zip(self.projections, flat(problem, 1)):
            projection.connect(networks=networks)
            projection.w = [*weights, *weights]
        trials = Trials(task, neurons, readout, *self.projections, PairDifference(), networks=1)
        weights, output = self.projections[0].variables["w"], readout.variables["output"]
        return Model([neurons, readout, *self.projections, trials], weights, output)


class NodePair(Pair):
    """A pair of trials that learns by node perturbation."""

    rule = NodePerturbation


class WeightPair(Pair):
    """A pair of trials that learns by weight perturbation."""

    rule = WeightPerturbation


CONTESTANTS = {"rflo": TwoNetworks, "np": NodePair, "wp": WeightPair}
MADE = {}


def respond(name, request, folder):
    """Execute a request; tell why projections keep no histories."""
    made = MADE.setdefault(name, CONTESTANTS[name]())
    reply = answer(made, request, folder)
    if "prepare" in request:
        reply["reasons"] = [part.dense.why_not_batched for part in made.projections]
    return reply


if __name__ == "__main__":
    serve(respond)
