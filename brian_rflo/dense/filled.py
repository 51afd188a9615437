"""A private copy of the synapses of a projection that connects most pairs of neurons: a full
matrix, with a place for each pair, used while nothing else reads them.

Loops over a matrix read no indices, and go through rows side by side, as those over all-to-all
projections with padded rows (padding.py). Places without a synapse begin with the values of a
neighbour and run through the same statements; no sum takes them, and they are never written back. A
word of each postsynaptic neuron has a bit for each of 16 presynaptic neurons: whether there is a
synapse. Each neuron's sum is added up in the order of its presynaptic neurons.

C++ standalone only, for sums, and where the number of synapses is known before the program runs:
after ``connect(i=..., j=...)`` with numbers, or `connect_matrix`. Other patterns are in slices
(slices.py). Other objects may use the synapses as they may those in slices, and monitors of a few
are served in the same way.

Where a matrix does not fit into the caches, both are as slow as memory, and a matrix, which also
moves the places without a synapse, is not faster until nearly all pairs are connected.
"""

import numpy as np
from brian2 import prefs

from ..brian.borrowed import c_data_type
from . import threads
from .code import PRE, Geometry
from .listing import list_of
from .padding import LONGEST, used_by
from .runners import pointer
from .slices import looked_array, looked_at

ROWS = 16  # of a word
#: Density from which on a matrix is faster than slices, by number of neurons: measured on an AMD
#: Zen 5, and used on every processor.
NEURONS, DENSITY = (100, 300, 1000, 3000), (0.45, 0.57, 0.63, 0.97)


def problems(parts):
    """Yield reasons against a full matrix, where a copy in slices is possible."""
    synapses, density = parts.synapses, parts.synapses.share_connected
    geometry = geometry_of(synapses)
    if parts.learner is None:
        yield "its weights are fixed"
    elif parts.summed is None:
        yield "it sends spikes"
    elif density is None:
        yield "how many synapses it has, and whether some pairs have several, is not known yet"
    elif geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif geometry.n_post > LONGEST:
        yield f"its rows have more than {LONGEST} places"
    elif density < least(geometry):
        yield f"it connects a share of {density:.2f} of the pairs, less than {least(geometry):.2f}"


def least(geometry):
    """Return the density from which on a matrix is faster."""
    size = np.sqrt(geometry.n_pre * geometry.n_post)
    return np.interp(np.log(size), np.log(NEURONS), DENSITY)


def geometry_of(synapses):
    """Return the layout of a matrix with a place for each pair of neurons."""
    source, target = synapses.source, synapses.target
    return Geometry(1, len(source), len(target), source.start, target.start)


class Filled:
    """The full matrix of a projection, for its pass and sums."""

    loops, back = "padded.cpp", "filled_back.cpp"

    def __init__(self, parts, objects):
        self.synapses, (self.used, self.changed) = parts.synapses, used_by(parts)
        self.geometry = geometry_of(parts.synapses)
        self.looked = looked_at(parts.synapses, objects)
        lines = threads.lines(self.geometry)
        lines += lines % 8 == 0  # rows a page apart would share cache lines
        self.stride = lines * threads.per_line()

    def seen_by(self, runner):
        """Return the template arguments for a runner; the arrays are made at the first call."""
        size = self.geometry.n_pre * self.stride + threads.LINE
        word = np.dtype(f"int{8 * np.dtype(prefs['core.default_float_dtype']).itemsize}")
        words = -(-self.geometry.n_pre // ROWS) * self.stride
        arrays = [
            (
                pointer(runner.variable(name)),
                runner.history(f"filled_{name}", size, dtype=self.synapses.variables[name].dtype),
                name in self.changed,
            )
            for name in sorted(self.used)
        ]
        there = runner.history("filled_there", words, dtype=word)
        ends = list_of(self.synapses, runner)
        return {name: ends[name] for name in ("pre", "post", "count")} | dict(
            loops=self.loops,
            back=self.back,
            stride=self.stride,
            places=self.stride,
            line=threads.LINE,
            arrays=arrays,
            is_there=runner.history("is_padded", 1, dtype=np.int32),
            there=there,
            word=c_data_type(word),
            rows=ROWS,
            looked=looked_array(self.looked, runner),
            n_looked=len(self.looked),
        )
