"""Traces that live on presynaptic cells: one value for each cell, in place of one for each synapse."""

from brian2 import NeuronGroup, Synapses

from . import schedule
from .neurons.base import whole


class CellTraces(NeuronGroup):
    """The `pre_traces` of a projection's rule, a unit for each cell of its source; the synapses read them with ``_pre``.

    Where the source sends spikes, each adds 1 to `arrival` when it arrives.

    Parameters
    ----------
    synapses : PlasticSynapses
    delay : Quantity, optional
        The delay of the projection.
    """

    def __init__(self, synapses, delay):
        rule, source = synapses.rule, synapses.source
        super().__init__(len(whole(source)), rule.pre_traces, namespace=rule.parameters | rule.constants, name=f"{synapses.name}_cells")
        self.variables.add_reference("activity", whole(source))
        for name in rule.pre_shared:
            self.variables.add_reference(name, whole(synapses.target))
        self.run_regularly(rule.pre_advance, **schedule.CELL_TRACE, name=f"{self.name}_advance")
        if synapses.sends_spikes:
            self.contained_objects.append(arrivals(source, self, delay))
        for name in self.equations.names:
            synapses.variables.add_reference(f"{name}_pre", self, name, index="_presynaptic_idx")
        synapses.contained_objects.append(self)


def arrivals(source, cells, delay):
    """Synapses that count the spikes of each cell of the source, with the delay that the projection has."""
    counting = Synapses(source, cells[source.start : source.stop], on_pre="arrival_post += 1", delay=delay, name=f"{cells.name}_arrivals")
    counting.connect(j="i")
    return counting
