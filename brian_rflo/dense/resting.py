"""Weights that rest: where only spikes read them, synapses are visited when their presynaptic
neuron spikes, not in each step.

Between two spikes of a presynaptic neuron nothing reads its row of weights and traces. What its
synapses would have done in these steps depends on their own variables, on neurons, and on what all
share; so these last two are kept, step by step, and the row is caught up just before the spike is
sent, when the record is full, and at the end of each trial and run. The statements are those of the
`DensePass`, in the same order for each synapse, and so the numbers are the same; but a row is taken
for many steps at once, while it is in the processor.
"""

import numpy as np

from .. import schedule
from ..brian.borrowed import ArrayVariable, get_identifiers, get_identifiers_recursively
from .choice import draws, own_names, problems_within_trials
from .code import POST, PRE
from .runners import Completing, DenseRunner, pointer

STEPS = 32  # steps that the record holds; 16 is alike at N = 300 and 1000
# postsynaptic neurons of a tile, whose record fits into the nearest cache; 32 is up to a tenth
# slower at N = 1000, 128 at N = 300
TILE = 64
SETTLED = "finite_network"  # it changes only where a trial is over, and need not be kept
SHARED = 64  # numbers that all synapses share in a step, at most


def problems(parts, objects, run_namespace):
    """What speaks against letting rows rest in the coming run."""
    synapses = parts.synapses
    if not getattr(synapses, "sends_spikes", False):
        yield "its source sends more than spikes"
    elif synapses.geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif draws(parts, run_namespace):
        yield "it draws random numbers"
    elif synapses.has_delays:
        yield "its spikes arrive with a delay"
    elif (synapses.pre.when, synapses.pre.order) != ("synapses", -1):  # Brian2's own place
        yield "its spikes are sent in another phase"
    else:
        yield from problems_of_others(parts, objects)


def problems_of_others(parts, objects):
    """Other objects that look at the synapses within a trial."""
    synapses = parts.synapses
    resting = {
        name
        for name in parts.names & own_names(synapses)
        if synapses.variables.indices[name] == "_idx"
    }
    return problems_within_trials(parts, objects, resting, expected=(synapses.pre,))


class Resting:
    """Mixed into the runners that stand for the `DensePass`: its code, and the record that lies
    between the steps and the rows.
    """

    def compose(self, run_namespace):
        self.abstract_code = self.dense_pass.code(run_namespace)
        self.rest = dict(
            kept=self.kept_neurons(),
            shared=self.history("shared", STEPS * SHARED, dtype=np.float64),
            most=SHARED,
            rows=self.history("rows", 1, dtype=np.int32),
            length=STEPS,
            tile=TILE,
            spikes="",
            done="",
        )

    def done(self):
        """C++ name of the steps of the record that each row has behind it."""
        return self.history(
            "done", self.group.geometry.networks * self.group.geometry.n_pre, dtype=np.int32
        )

    def kept_neurons(self):
        """The neuron variables that the code reads, by name."""
        variables = self.group.variables
        named = {name for block in self.abstract_code.values() for name in get_identifiers(block)}
        read = get_identifiers_recursively(sorted(named), variables)
        neurons = [
            name
            for name in sorted(read)
            if name != SETTLED
            and variables.indices.get(name) in (PRE, POST)
            and isinstance(variables[name], ArrayVariable)
        ]
        return {name: self.kept_neuron(name, variables[name]) for name in neurons}

    def kept_neuron(self, name, variable):
        """C++ names of a neuron variable and of its record, with room to align it."""
        index, geometry = self.group.variables.indices[name], self.group.geometry
        width = geometry.networks * (
            geometry.n_pre if index == PRE else -(-geometry.n_post // TILE) * TILE
        )
        return dict(
            index=index,
            array=pointer(self.variable(name)),
            record=self.history(f"kept_{name}", STEPS * width + 64, dtype=variable.dtype),
        )


class RestRecord(Resting, DenseRunner):
    """Keeps what a step's code reads of neurons and of what all synapses share, where the
    `DensePass` would stand.
    """

    def __init__(self, synapses, dense_pass):
        super().__init__(synapses, "rest_record", schedule.place_of(dense_pass))
        self.dense_pass = dense_pass


class RowsOfSpikes(Resting, DenseRunner):
    """Catches up the rows of the neurons that spike, just before their spikes are sent."""

    def __init__(self, synapses, dense_pass):
        super().__init__(synapses, "rows_of_spikes", schedule.CATCH_UP)
        self.dense_pass = dense_pass
        synapses.variables.add_reference("_spikes_of_source", synapses.source, "_spikespace")

    def compose(self, run_namespace):
        super().compose(run_namespace)
        spikes = self.variable("_spikes_of_source")
        self.rest |= dict(
            done=self.done(),
            spikes=pointer(spikes),
            n_spikes=f"{pointer(spikes)}[{spikes.size - 1}]",
        )


class AllRows(Resting, Completing):
    """Catches up all rows where the record is full, and where a trial or the run is over."""

    def __init__(self, synapses, dense_pass):
        super().__init__(synapses, "all_rows")
        self.dense_pass = dense_pass

    def compose(self, run_namespace):
        super().compose(run_namespace)
        self.rest |= self.boundaries() | dict(done=self.done(), trial=self.group.trial_length)
        self.group.variables["_history_done"].set_value(0)
