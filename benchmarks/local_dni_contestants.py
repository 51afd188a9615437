"""The contestants of `local_dni`, each in a process of its own: networks side by side that follow a
stream of random bits, and learn by RFLO or by local synthetic gradients in the published order.
"""

import numpy as np
from brian2 import defaultclock, ms

from .. import RFLO, Delta, LearningNetwork, RateNeurons
from ..credit import LocalDNI, RandomFeedback
from ..network import AllToAll
from ..readouts import Softmax
from ..rules import Instantaneous
from ..tasks import ArrayTask
from .contestants.ours import Model, Standalone
from .problem import STEPS
from .worker import answer, serve

NETWORKS, RATE = 6, 1e-4
BIASES = {"bias": AllToAll(), "output_bias": AllToAll()}


def stream():
    """Return a stream of random bits and, as probabilities, of what they add up to."""
    bits = np.random.default_rng(0).integers(0, 2, STEPS)
    sums = 0.5 + 0.5 * np.roll(bits, 5) - 0.25 * np.roll(bits, 9)
    inputs, target = (np.column_stack([values, 1 - values]) for values in (bits, sums))
    return ArrayTask(inputs=inputs, target=target, continuous=True, dt=1 * ms)


class OnStream(Standalone):
    """Networks on the stream; subclasses have a rule and a credit path."""

    networks = NETWORKS

    def model(self, problem, networks):
        task = stream()
        defaultclock.dt = task.dt
        net = LearningNetwork(
            task,
            RateNeurons(networks * problem.size, tau=1 * ms, initial=0),
            self.rule(RATE, tau=1 * ms),
            readout=Softmax(),
            readout_rule=Delta(RATE),
            credit=self.credit,
            connectivity=BIASES,
            networks=networks,
        )
        self.projections = [net.recurrent, net.projections["output"]]
        return Model(
            list(net.objects), net.recurrent.variables["w"], net.readout.variables["output"]
        )


class ByRFLO(OnStream):
    """RFLO, random feedback."""

    rule, credit = RFLO, RandomFeedback()


class ByLocalDNI(OnStream):
    """Local synthetic gradients, random feedback."""

    rule, credit = Instantaneous, LocalDNI(credit_rate=0.05, predictor_rate=0.01)


CONTESTANTS = {"rflo": ByRFLO, "dni": ByLocalDNI}
MADE = {}


def respond(name, request, folder):
    """Execute a request."""
    return answer(MADE.setdefault(name, CONTESTANTS[name]()), request, folder)


if __name__ == "__main__":
    serve(respond)
