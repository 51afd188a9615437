"""Lazy (event-driven) synaptic updates: if only spikes read the weights, synapses are updated when
their presynaptic neuron spikes, not in each step.

Between two spikes of a presynaptic neuron nothing reads its row of weights and traces. Its updates
in these steps depend on its own variables, on neuron variables, and on shared ones. The latter two
are recorded in each step, and the row is updated for all recorded steps just before the spike is
sent, when the record is full, and at the end of each trial and run. The statements are the same as
in the `DensePass`, in the same order for each synapse, so the numbers are equal; but a row is
processed for many steps at once, while it is in the cache.
"""

import numpy as np

from .. import schedule
from ..brian.borrowed import ArrayVariable, get_identifiers, get_identifiers_recursively
from .choice import own_names, problems_within_trials, random_names
from .code import POST, PRE
from .runners import Completing, DenseRunner, pointer

STEPS = 32  # steps of a record; 16 is equally fast at N = 300 and 1000
# postsynaptic neurons of a tile, whose record fits into the L1 cache; 32 is up to a tenth
# slower at N = 1000, 128 at N = 300
TILE = 64
SETTLED = "finite_network"  # changes only at the end of trials; not recorded
SHARED = 64  # largest number of shared values in a step


def problems(parts, objects, run_namespace):
    """Yield reasons against lazy updates in the coming run."""
    synapses = parts.synapses
    if not getattr(synapses, "sends_spikes", False):
        yield "its source sends more than spikes"
    elif synapses.geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif random_names(parts, run_namespace):
        yield "it draws random numbers"
    elif synapses.has_delays:
        yield "its spikes arrive with a delay"
    elif (synapses.pre.when, synapses.pre.order) != (schedule.ARRIVAL.when, schedule.ARRIVAL.order):
        yield "its spikes are sent in another phase"
    else:
        yield from problems_of_others(parts, objects)


def runners(parts):
    """Return the runners that record steps and update rows later; none where no spikes are sent."""
    if not parts.synapses.sends_spikes:
        return []
    kinds = (LazyRecord, CatchUpSpikingRows, CatchUpAllRows)
    return [parts.copies, *(kind(parts.synapses, parts.dense_pass) for kind in kinds)]


def problems_of_others(parts, objects):
    """Yield conflicts with other objects that use the synapses within a trial."""
    synapses = parts.synapses
    resting = {
        name
        for name in parts.names & own_names(synapses)
        if synapses.variables.indices[name] == "_idx"
    }
    return problems_within_trials(parts, objects, resting, expected=(synapses.pre,))


class Lazy:
    """Mixin for the runners that replace the `DensePass`: its code, and the record of the steps
    that rows have not caught up with.
    """

    def compose(self, run_namespace):
        self.abstract_code = self.dense_pass.code(run_namespace)
        self.lazy = dict(
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
        """Return the C++ name of the number of recorded steps that each row has caught up with."""
        return self.history(
            "done", self.group.geometry.networks * self.group.geometry.n_pre, dtype=np.int32
        )

    def kept_neurons(self):
        """Return the neuron variables that the code reads, by name."""
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
        """Return the C++ names of a neuron variable and of its record, with room for alignment."""
        index, geometry = self.group.variables.indices[name], self.group.geometry
        width = geometry.networks * (
            geometry.n_pre if index == PRE else -(-geometry.n_post // TILE) * TILE
        )
        return dict(
            index=index,
            array=pointer(self.variable(name)),
            record=self.history(f"kept_{name}", STEPS * width + 64, dtype=variable.dtype),
        )


class LazyRecord(Lazy, DenseRunner):
    """Records the neuron and shared variables that the code of a step reads, in place of the
    `DensePass`.
    """

    def __init__(self, synapses, dense_pass):
        super().__init__(synapses, "lazy_record", schedule.place_of(dense_pass))
        self.dense_pass = dense_pass


class CatchUpSpikingRows(Lazy, DenseRunner):
    """Updates the rows of the neurons that spike, just before their spikes are sent."""

    def __init__(self, synapses, dense_pass):
        super().__init__(synapses, "catch_up_spiking_rows", schedule.CATCH_UP)
        self.dense_pass = dense_pass
        synapses.variables.add_reference("_spikes_of_source", synapses.source, "_spikespace")

    def compose(self, run_namespace):
        super().compose(run_namespace)
        spikes = self.variable("_spikes_of_source")
        self.lazy |= dict(
            done=self.done(),
            spikes=pointer(spikes),
            n_spikes=f"{pointer(spikes)}[{spikes.size - 1}]",
        )


class CatchUpAllRows(Lazy, Completing):
    """Updates all rows when the record is full, and when a trial or the run is over."""

    def __init__(self, synapses, dense_pass):
        super().__init__(synapses, "catch_up_all_rows")
        self.dense_pass = dense_pass

    def compose(self, run_namespace):
        super().compose(run_namespace)
        self.lazy |= self.boundaries() | dict(done=self.done(), trial=self.group.trial_length)
        self.group.variables["_history_done"].set_value(0)
