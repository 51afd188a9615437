"""The contestant of `force`, in a process of its own: the timed network of `problem.py` with sparse
fixed recurrent weights, of which the readout learns by FORCE in each second step.
"""

import numpy as np
from brian2 import defaultclock, ms

from .. import FixedSynapses, PlasticSynapses, Readout, Trials
from ..credit import FORCE, Credit
from ..neurons import PotentialNeurons
from ..rules import RecursiveLeastSquares
from ..tasks import ArrayTask
from .contestants.ours import Model, Standalone
from .problem import DT_MS, INITIAL, TAU_MS
from .worker import answer, serve

#: Share of the pairs of neurons that are connected, as published.
P = 0.1


class ByFORCE(Standalone):
    """A network whose output is fed back into it, and whose readout learns by FORCE."""

    def model(self, problem, networks):
        task = ArrayTask(target=problem.target(), dt=DT_MS * ms, continuous=True)
        defaultclock.dt = task.dt
        neurons = PotentialNeurons(
            problem.size, tau=TAU_MS * ms, initial=INITIAL, inputs=("I_rec", "I_out")
        )
        readout, (weights, _, back) = Readout(task), problem.weights()
        recurrent = FixedSynapses(neurons, neurons, onto="I_rec")
        fed_back = FixedSynapses(readout, neurons, sends="output", onto="I_out")
        output = PlasticSynapses(neurons, readout, RecursiveLeastSquares(), onto="output")
        there = np.random.default_rng(1).random(weights.shape) < P
        recurrent.connect_matrix(np.where(there, weights / np.sqrt(P), 0))
        fed_back.connect_matrix(back[:, None], absent=np.nan)
        output.connect()
        credit = Credit(FORCE(every=2), readout, neurons, output)
        self.projections = [*credit.projections.values(), output]
        trials = Trials(task, neurons, readout, output, credit)
        parts = [neurons, readout, recurrent, fed_back, output, *credit, trials]
        return Model(parts, self.projections[0].variables["w"], readout.variables["output"])


CONTESTANTS = {"force": ByFORCE}
MADE = {}


def respond(name, request, folder):
    """Execute a request; tell why projections are not in the dense loops."""
    made = MADE.setdefault(name, CONTESTANTS[name]())
    reply = answer(made, request, folder)
    if "prepare" in request:
        reply["reasons"] = [part.dense.why_not_dense for part in made.projections]
    return reply


if __name__ == "__main__":
    serve(respond)
