"""Traces that live on presynaptic cells: one value for each cell, in place of one for each synapse."""

import weakref

from brian2 import NeuronGroup
from brian2.groups.group import CodeRunner

from . import schedule
from .component import Component
from .neurons.base import whole


class CellTraces(Component, NeuronGroup):
    """The `pre_traces` of a projection's rule, a unit for each cell of its source; the synapses read them with ``_pre``.

    Where the source sends spikes, each adds 1 to `arrival`, when it is fired.

    Parameters
    ----------
    synapses : PlasticSynapses
    """

    def __init__(self, synapses):
        rule, source = synapses.rule, whole(synapses.source)
        self.synapses = weakref.proxy(synapses)
        super().__init__(len(source), rule.pre_traces, namespace=rule.parameters | rule.constants, name=f"{synapses.name}_cells")
        self.variables.add_reference("activity", source)
        for name in rule.pre_shared:
            self.variables.add_reference(name, whole(synapses.target))
        self.run_regularly(rule.pre_advance, **schedule.CELL_TRACE, name=f"{self.name}_advance")
        if synapses.sends_spikes:
            self.contained_objects.append(Arrivals(source, self))
        for name in self.equations.names:
            synapses.variables.add_reference(f"{name}_pre", self, name, index="_presynaptic_idx")
        synapses.contained_objects.append(self)

    def before_run(self, run_namespace):
        """Refuse delays: the traces of cells see a spike when it is fired."""
        if self.synapses.sends_spikes and self.synapses.has_delays:
            raise ValueError(f"'{self.synapses.name}' has delays, and its rule has traces on presynaptic cells, which see spikes when they are fired; leave the delay out")
        super().before_run(run_namespace)


class Arrivals(CodeRunner):
    """Counts the spikes of each cell of the source, as a reset of the source would."""

    def __init__(self, source, cells):
        name = f"_{cells.name}_arrival"
        source.variables.add_reference(name, cells, "arrival")
        space = source.variables["_spikespace"]
        CodeRunner.__init__(self, source, "reset", code=f"{name} += 1", needed_variables=["_spikespace"], template_kwds={"eventspace_variable": space}, clock=source.clock, name=f"{cells.name}_arrivals", **schedule.ARRIVAL)
