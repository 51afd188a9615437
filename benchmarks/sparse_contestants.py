"""The contestants of `sparse`, each in a process of its own: the timed network of `problem` with
recurrent synapses drawn at random. A contestant's name is followed by their probability, and that
of this package by the number of networks side by side: ``tiles:.1``, ``ours:.1:9``.
"""

import ctypes
import subprocess
from pathlib import Path

import numpy as np
from brian2 import defaultclock, ms, prefs

from .. import RFLO, Delta, FeedbackSynapses, PlasticSynapses, RateNeurons, Readout
from ..tasks import ArrayTask
from .contestants import idiomatic
from .contestants.base import Contestant, Run
from .contestants.limit import compiler, flags, parameters
from .contestants.ours import Model, Standalone
from .problem import DT_MS, INITIAL, RATE, STEPS, TAU_MS
from .worker import answer, serve

GAIN = 1.5


class Drawn:
    """Mixin for contestants: the network, with synapses in Brian2's order.

    Parameters
    ----------
    probability : float
        Of a synapse.
    """

    def __init__(self, probability):
        self.probability = probability

    def draw(self, size):
        """Draw presynaptic and postsynaptic neurons and weights; feedback and readout weights are
        those of the dense network.
        """
        rng = np.random.default_rng((0, size))
        there = rng.random((size, size)) < self.probability
        self.pre, self.post = (side.astype(np.int32) for side in np.nonzero(there))
        scale = GAIN / np.sqrt(self.probability * size)
        self.weights = scale * rng.standard_normal(len(self.pre))


class ByHand(Drawn, Contestant):
    """C++ written by hand, in one of the layouts of `limit_sparse.cpp`."""

    def prepare(self, problem, folder):
        """Compile for the size; linked without -ffast-math, as `limit` is."""
        self.draw(problem.size)
        library = Path(folder) / f"limit_sparse_{problem.size}.so"
        source = Path(__file__).with_name("limit_sparse.cpp")
        sizes = f"-DSIZE={problem.size}", "-DREAL=double", f"-DSTEPS={STEPS}"
        command = [compiler(), *flags(), *sizes, "-c", str(source), "-o", f"{library}.o"]
        subprocess.run(command, check=True)
        subprocess.run([compiler(), "-shared", f"{library}.o", "-o", str(library)], check=True)
        self.function = getattr(ctypes.CDLL(str(library)), f"run_{self.layout}")
        _, readout, feedback = problem.weights()
        synapses = self.pre, self.post, self.weights
        self.arrays = (*synapses, readout, feedback, problem.target(), parameters(problem))
        self.run(1)

    def run(self, periods):
        """Run the library, which measures its own time."""
        result = np.empty(4)
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*self.arrays, result)]
        self.function(ctypes.c_int64(periods * STEPS), ctypes.c_int64(len(self.pre)), *pointers)
        change, output, cpu, wall = map(float, result)
        return Run(cpu, wall, change, output)


class Tiles(ByHand):
    """Slices of eight rows, in tiles of presynaptic neurons: the limit."""

    layout = "tiles"


class Rows(ByHand):
    """Rows by postsynaptic neurons, left to the compiler."""

    layout = "rows"


class Listed(Model):
    """A built model whose weights are compared in the order of a list."""

    def outcome(self, problem, value):
        """Return the sum of changes, and the last output."""
        change = float(np.abs(value(self.weights) - self.before).sum())
        return dict(change=change, output=float(value(self.output)[0]))


class Drawing(Drawn):
    """Mixin for Brian2 models; subclasses give `parts`: the objects, neurons, readout, recurrent,
    output and feedback synapses, and the variable of the output.
    """

    def model(self, problem, networks):
        """Return the timed network."""
        self.draw(problem.size)
        *objects, output = self.parts(problem)
        _, _, recurrent, readout, feedback = objects
        recurrent.connect(i=self.pre, j=self.post)
        recurrent.w = self.weights
        for projection, weights in zip((readout, feedback), problem.weights()[1:]):
            projection.connect()
            projection.w = weights
        self.finish(*objects)
        made = Listed(objects, recurrent.variables["w"], output)
        made.before = self.weights
        return made

    def finish(self, *objects):
        """Add what needs connected synapses."""


class OurParts(Drawing):
    """Mixin: this package."""

    def parts(self, problem):
        """Return its parts, one by one."""
        task = ArrayTask(target=problem.target(), dt=DT_MS * ms)
        defaultclock.dt = task.dt
        neurons = RateNeurons(self.networks * problem.size, tau=TAU_MS * ms, initial=INITIAL)
        readout = Readout(task, networks=self.networks)
        rule = RFLO(learning_rate=RATE, tau=TAU_MS * ms)
        recurrent = PlasticSynapses(neurons, neurons, rule, onto="I_rec")
        output = PlasticSynapses(neurons, readout, Delta(learning_rate=RATE), onto="output")
        feedback = FeedbackSynapses(readout, neurons)
        return neurons, readout, recurrent, output, feedback, readout.variables["output"]


class Ours(OurParts, Standalone):
    """This package, C++ standalone."""


class OursSideBySide(Ours):
    """This package, networks side by side, each with the same synapses and weights."""

    def __init__(self, probability, networks):
        super().__init__(probability)
        self.networks = networks

    def model(self, problem, networks):
        """Return the timed networks."""
        self.draw(problem.size)
        *objects, output = self.parts(problem)
        _, _, recurrent, *dense = objects
        first = np.repeat(np.arange(networks) * problem.size, len(self.pre))
        sides = (np.tile(side, networks) + first for side in (self.pre, self.post))
        recurrent.connect(**dict(zip("ij", sides)))
        recurrent.w = before = np.tile(self.weights, networks)
        for projection, weights in zip(dense, problem.weights()[1:]):
            projection.connect(networks=networks)
            projection.w = np.tile(weights, networks)
        made = Listed(objects, recurrent.variables["w"], output)
        made.before = before
        return made


class Ordinary(Ours):
    """This package without loops of its own: three loops of Brian2."""

    def prepare(self, problem, folder):
        """Build without the pass."""
        prefs["brian_rflo.dense_pass"] = False
        super().prepare(problem, folder)


class PlainParts(Drawing):
    """Mixin: plain Brian2, as a careful user writes it."""

    def parts(self, problem):
        """Return its parts."""
        neurons, readout, names = idiomatic.groups(problem)
        names["initial"] = INITIAL
        projections = idiomatic.projections(neurons, readout, names, False)
        return neurons, readout, *projections, readout.variables["y"]

    def finish(self, neurons, readout, recurrent, output, feedback):
        """Add the changes of weights."""
        idiomatic.learning(neurons, recurrent, output, False)


class Plain(PlainParts, Standalone):
    """Plain Brian2, C++ standalone."""


CONTESTANTS = {"tiles": Tiles, "rows": Rows, "ours": Ours, "ordinary": Ordinary, "brian2": Plain}
MADE = {}


def respond(name, request, folder):
    """Execute a request."""
    kind, probability, *networks = name.split(":")
    if name not in MADE:
        made = OursSideBySide if networks else CONTESTANTS[kind]
        MADE[name] = made(float(probability), *map(int, networks))
    return answer(MADE[name], request, folder)


if __name__ == "__main__":
    serve(respond)
