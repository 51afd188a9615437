"""A private copy of the synapses of a projection that is not connected all to all, in an order in
which vectors can go through them, used while nothing else reads them.

Brian2 lists synapses by their presynaptic neurons, so that a loop over them reads two indices and
scatters its sums. In the copy, presynaptic neurons are in tiles, whose variables stay in the first
cache. The synapses of a tile onto one neuron are a row, the rows are sorted by length, and as many
as a vector has lanes lie side by side, one in each lane: a slice. What belongs to postsynaptic
neurons is read once for a slice, sums stay in registers and go on in Brian2's order, and two
variables of the presynaptic neurons come with one load of a pair. Rows that are shorter than the
longest of their slice are filled up with places that add nothing to a sum.

C++ standalone only. The copy is made when a pass or a sum first needs it, and written back at trial
boundaries at which other objects use these variables, and at the end of the run. What monitors
record is written back in every step, for the synapses that they record alone; and before spikes are
sent, the synapses of the neurons that have spiked.
"""

import numpy as np
from brian2 import StateMonitor, prefs

from .. import schedule
from ..brian.borrowed import c_data_type
from ..brian.conditional import is_standalone
from .choice import problems_within_trials, random_names, touches
from .listing import list_of
from .padding import used_by
from .runners import Completing, DenseRunner, pointer
from .vectors import fits

TILE = 2048  # presynaptic neurons of a tile
LARGE = 5000  # presynaptic neurons from which on memory is asked for in advance
AHEAD = 4096  # bytes
MOST = 5  # synapses that are written back in every step, per neuron
#: What the addresses of the copy are, in order; behind them those of each variable.
LAYOUT = "slices", "starts", "posts", "lengths", "senders", "places"


def problems(parts, objects, run_namespace):
    """Yield reasons against a private copy in slices in the coming run."""
    if not is_standalone():
        yield (
            "after an error within a run, which can happen on this target, updates would"
            " be lost in the copy"
        )
    elif random_names(parts, run_namespace):
        yield "it draws random numbers"
    elif are_many(parts.synapses, looked_at(parts.synapses, objects)):
        yield "many of its synapses are recorded"
    else:
        used, changed = used_by(parts)
        allowed = [*monitors_of(parts.synapses, objects), *sent_at_once(parts.synapses, used)]
        yield from problems_within_trials(parts, objects, changed, used - changed, allowed)


def monitors_of(synapses, objects):
    """Return the monitors of variables of the synapses."""
    return tuple(
        obj
        for obj in objects
        if isinstance(obj, StateMonitor) and obj.source.variables is synapses.variables
    )


def looked_at(synapses, objects):
    """Return the numbers of the synapses that monitors record."""
    recorded = [np.ravel(one.record) for one in monitors_of(synapses, objects) if one.active]
    return np.unique(np.concatenate([[], *recorded])).astype(np.int32)


def are_many(synapses, recorded):
    """Return whether it is better to go in Brian2's order than to write these synapses back."""
    return len(recorded) > MOST * (len(synapses.source) + len(synapses.target))


def looked_array(looked, runner):
    """Return the C++ name of the numbers of the synapses that monitors record; an empty one for
    none.
    """
    if not len(looked):
        return ""
    name = f"looked_at_{len(looked)}"
    array = runner.history(name, len(looked), dtype=np.int32)
    runner.group.variables[f"_history_{name}"].set_value(looked)
    return array


def sent_at_once(synapses, used):
    """Return the pathway of spikes in a list, if it only reads the rows of neurons that have spiked
    in this step.
    """
    if not getattr(synapses, "sends_spikes", False) or synapses.has_delays:
        return []
    pre = synapses.pre
    is_in_place = (pre.when, pre.order) == ("synapses", -1)  # Brian2's own place
    return [pre] if is_in_place and not touches(pre, synapses)[1] & used else []


class Slices:
    """The copy in slices of a projection, for its pass and sums."""

    loops, back = "slices.cpp", "slices_back.cpp"

    def __init__(self, parts, objects):
        self.synapses, (self.used, self.changed) = parts.synapses, used_by(parts)
        self.looked = looked_at(parts.synapses, objects)

    def seen_by(self, runner):
        """Return the template arguments for a runner; the arrays are made at the first call."""
        synapses = self.synapses
        arrays = [
            (
                pointer(runner.variable(name)),
                c_data_type(self._kept_as(name)),
                name in self.changed,
            )
            for name in sorted(self.used)
        ]
        return list_of(synapses, runner) | dict(
            loops=self.loops,
            back=self.back,
            tile=TILE,
            ahead=AHEAD if len(synapses.source) >= LARGE else 0,
            arrays=arrays,
            layout=LAYOUT,
            memory=runner.history("slices", len(LAYOUT) + len(synapses.variables), dtype=np.int64),
            is_there=runner.history("is_sliced", 1, dtype=np.int32),
            looked=looked_array(self.looked, runner),
            n_looked=len(self.looked),
        )

    def _kept_as(self, name):
        """Return the type in the copy: what only is read is a number of the vectors, if it fits."""
        dtype = self.synapses.variables[name].dtype
        is_number = name not in self.changed and fits(dtype)
        return prefs["core.default_float_dtype"] if is_number else dtype


class SlicesBack(Completing):
    """Write the copy back at the end of a trial whose boundary uses it, and at the end of the
    run.
    """

    def __init__(self, synapses):
        super().__init__(synapses, "slices_back")
        self.trial = 0

    def compose(self, run_namespace):
        self.padded = self.boundaries() | dict(trial=self.trial)
        self.history("is_sliced", 1, dtype=np.int32)
        self.group.variables["_history_is_sliced"].set_value(0)


class SpikingBack(DenseRunner):
    """Write back the synapses of the neurons that spike, just before their spikes are sent."""

    def __init__(self, synapses):
        super().__init__(synapses, "spiking_back", schedule.CATCH_UP)

    def compose(self, run_namespace):
        spikes = self.variable("_spikes_of_source")
        count = f"{pointer(spikes)}[{spikes.size - 1}]"
        self.padded = dict(spikes=pointer(spikes), n_spikes=count)


def made_for(synapses):
    """Return the runners that write a copy back."""
    kinds = [SlicesBack, *([SpikingBack] if "_spikes_of_source" in synapses.variables else [])]
    return [kind(synapses) for kind in kinds]
