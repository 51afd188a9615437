"""Weights that rest: where only spikes read them, synapses are visited when their presynaptic neuron spikes, not in each step.

Between two spikes of a presynaptic neuron nothing reads its row of weights and traces. What its synapses would have done in these steps
depends on their own variables, on neurons, and on what all share; so these last two are kept, step by step, and the row is caught up just
before the spike is sent, when the record is full, and at the end of each trial and run. The statements are those of the `DensePass`, in the
same order for each synapse, and so the numbers are the same; but a row is taken for many steps at once, while it is in the processor.
"""

import numpy as np
from brian2 import get_device
from brian2.codegen.translation import get_identifiers_recursively
from brian2.core.variables import ArrayVariable
from brian2.groups.group import CodeRunner
from brian2.utils.stringtools import get_identifiers

from .. import schedule
from ..occasional import is_standalone
from .choice import MARK, draws, is_python, own_names, touches
from .code import POST, PRE
from .runners import DensePass, pointer

STEPS = 32  # steps that the record holds; 16 is alike at N = 300 and 1000
TILE = 64  # postsynaptic neurons of a tile, whose record fits into the nearest cache; 32 is up to a tenth slower at N = 1000, 128 at N = 300
SETTLED = "_sound"  # it changes only where a trial is over, and need not be kept
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
    elif is_delayed(synapses.pre.variables["delay"]):
        yield "its spikes arrive with a delay"
    elif (synapses.pre.when, synapses.pre.order) != ("synapses", -1):  # Brian2's own place
        yield "its spikes are sent in another phase"
    else:
        yield from problems_of_others(parts, objects)


def is_delayed(delay):
    """Whether spikes may be delayed; C++ standalone knows only whether somebody has set delays."""
    return delay in get_device().array_cache if is_standalone() else bool(delay.get_value().any())


def problems_of_others(parts, objects):
    """Other objects that look at the synapses within a trial."""
    synapses, at_boundaries = parts.synapses, {parts.synapses.trial_start, parts.synapses.trial_regularize, parts.synapses.trial_end, parts.synapses.trial_restore}
    resting = {name for name in parts.names & own_names(synapses) if synapses.variables.indices[name] == "_idx"}
    for obj in objects:
        if any(obj is own for own in [*parts.own, synapses.pre]) or not obj.active:
            continue
        if is_python(obj):
            yield f"'{obj.name}' runs Python code"
        if not isinstance(obj, CodeRunner) or getattr(obj, "reads_whole_changes", False) or str(obj.abstract_code).removeprefix(MARK) in at_boundaries:
            continue
        touched, _ = touches(obj, synapses)
        if touched & resting:
            yield f"'{obj.name}' uses {', '.join(sorted(touched & resting))}"


class RestingRunner(DensePass):
    """The code of the `DensePass`, and the record that stands between the steps and the rows."""

    def __init__(self, synapses, kind, place, advancer, learner, copies):
        super().__init__(synapses, advancer, learner, [], copies, kind=kind, place=place)

    def compose(self, run_namespace):
        super().compose(run_namespace)
        self.rest = dict(
            kept=self.kept_neurons(),
            shared=self.history("shared", STEPS * SHARED, dtype=np.float64),
            most=SHARED,
            rows=self.history("rows", 1, dtype=np.int32),
            length=STEPS,
            tile=TILE,
            records=False,
            spikes="",
        )

    @property
    def done(self):
        """C++ name of the steps of the record that each row has behind it."""
        return self.history("done", self.group.geometry.networks * self.group.geometry.n_pre, dtype=np.int32)

    def kept_neurons(self):
        """The neuron variables that the code reads, by name."""
        variables = self.group.variables
        named = {name for block in self.abstract_code.values() for name in get_identifiers(block)}
        read = get_identifiers_recursively(sorted(named), variables)
        neurons = [name for name in sorted(read) if name != SETTLED and variables.indices.get(name) in (PRE, POST) and isinstance(variables[name], ArrayVariable)]
        return {name: self.kept_neuron(name, variables[name]) for name in neurons}

    def kept_neuron(self, name, variable):
        """C++ names of a neuron variable and of its record, with room to align it."""
        index, geometry = self.group.variables.indices[name], self.group.geometry
        width = geometry.networks * (geometry.n_pre if index == PRE else -(-geometry.n_post // TILE) * TILE)
        return dict(index=index, array=pointer(self.variable(name)), record=self.history(f"kept_{name}", STEPS * width + 64, dtype=variable.dtype))


class RestRecord(RestingRunner):
    """Keeps what a step's code reads of neurons and of what all synapses share, in place of the `DensePass`."""

    def __init__(self, synapses, advancer, learner, copies):
        super().__init__(synapses, "rest", dict(when=learner.when, order=learner.order), advancer, learner, copies)

    def compose(self, run_namespace):
        super().compose(run_namespace)
        self.rest["records"] = True


class RowsOfSpikes(RestingRunner):
    """Catches up the rows of the neurons that spike, just before their spikes are sent."""

    def __init__(self, synapses, advancer, learner, copies):
        super().__init__(synapses, "rows_of_spikes", schedule.WAKE, advancer, learner, copies)
        synapses.variables.add_reference("_spikes_of_source", synapses.source, "_spikespace")

    def compose(self, run_namespace):
        super().compose(run_namespace)
        spikes = self.variable("_spikes_of_source")
        self.rest |= dict(done=self.done, spikes=pointer(spikes), n_spikes=f"{pointer(spikes)}[{spikes.size - 1}]")


class AllRows(RestingRunner):
    """Catches up all rows where the record is full, and where a trial or the run is over."""

    def __init__(self, synapses, advancer, learner, copies):
        super().__init__(synapses, "all_rows", schedule.FLUSH, advancer, learner, copies)

    def compose(self, run_namespace):
        super().compose(run_namespace)
        now, end = self.history("now", 1, dtype=np.int32), self.history("end", 1, dtype=np.int64)
        self.rest |= dict(done=self.done, now=now, end=end, step=pointer(self.variable("t_in_timesteps")), trial=self.group.trial_length)
        self.group.variables["_history_end"].set_value(int(self.clock._i_end))
        for name in ("_history_rows", "_history_done"):
            self.group.variables[name].set_value(0)  # what an interrupted run has left

    def after_run(self):
        """Nothing is left over when a run was stopped between two spikes."""
        super().after_run()
        if not is_standalone():
            self.group.variables["_history_now"].set_value(1)
            self.run()
            self.group.variables["_history_now"].set_value(0)
