"""Graphs whose equations are solved exactly, in time steps of any length.

Nodes become:

    LIF                       LIFNeurons, in units in which its r is threshold minus rest; weights
                              and bias take what is left of it
    CubaLIF                   the LI of its synapse, tau_syn dx/dt = -x + w_in I, before its LIF
    LI before LIFs alone      a synaptic current of those LIFNeurons, where only spikes enter it
    other LI                  LeakyIntegrators
    IF                        NodeNeurons; LIF too, where weights of bare spikes learn
    spikes onto anything else Pulses: the weights of a spike, for one step; in other time steps than
                              the graph's, of the same area
    Linear, Affine, Scale     FixedSynapses, with the product of those between two groups; biases of
                              the group behind them
    Input, Output             the groups that were given, and Outputs
"""

from brian2 import Hz, second

from ..neurons import LIFNeurons
from .graph import full
from .groups import LeakyIntegrators, Outputs, Units, named
from .importing import Importer, matrix_of, scaled
from .stepped import NodeNeurons


class ExactImporter(Importer):
    """Build `LIFNeurons` and what they are connected with."""

    def made(self):
        """Make all groups; return what makes their projections."""
        graph = self.graph
        return (
            [
                self.stepped(name) if name in graph.apart else self.neurons(name)
                for name in graph.names("LIF", "IF")
            ]
            + [self.integrators(name) for name in graph.names("LI") if name not in graph.fused]
            + [self.outputs(name) for name in graph.names("Output")]
        )

    def merged(self, drive, target):
        """Return one term for each source, in the order of their names."""
        return self.by_name(drive.merged, target)

    def summed(self, terms):
        """Return the terms that are summed separately; None stands for all spikes together."""
        values = [term for term in terms if not self.graph.spiking(term.source)]
        return values + ([None] if len(values) < len(terms) else [])

    def stepped(self, name):
        """Make the group of an IF node, or of one whose bare spikes learn."""
        group = NodeNeurons(self.graph.nodes[name], "exact", self.dt, 0, self.names[name])
        self.groups[name], drive = group, self.graph.drive(name)
        group.bias = drive.bias

        def connect():
            for term in self.by_name(drive.paths, group.name):
                onto = "I_rec" if self.graph.spiking(term.source) else "I_in"
                self.project(term, group, matrix_of(term, len(group)), onto)
            for node, bias in self.learned_biases(drive.paths).items():
                self.add_bias(node, group, "I_bias", bias)

        return connect

    def neurons(self, name):
        """Make the group of a LIF node; its projections follow later."""
        graph = self.graph
        node, units = graph.nodes[name], Units.of(graph.nodes[name])
        currents = [current for current in graph.currents[name] if current in graph.fused]
        drive = graph.drive(name, without=currents)
        terms = self.merged(drive, self.names[name])
        sums = [f"I_in{number}" for number, _ in enumerate(self.summed(terms))]
        group = LIFNeurons(
            node.size,
            float(node.tau[0]) * second,
            **self.synaptic(node, currents),
            threshold=units.threshold,
            rest=units.rest,
            reset=units.reset,
            bias=units.drive * drive.bias + units.bias,
            baseline=0.0,
            initial_activity=0.0,
            events=tuple(map(named, currents)),
            inputs=tuple(sums),
            name=self.names[name],
        )
        group.v = group.v_initial = units.begin(node)
        self.groups[name] = group

        def connect():
            for current in currents:
                scale = units.drive * graph.nodes[current].r / graph.nodes[currents[0]].r[0]
                self.project_current(current, group, scale)
            height = self.dt / float(group.clock.dt)
            self.sum_up(terms, drive.bias, group, sums, units.drive, height)
            learned = {} if not sums else self.learned_biases(terms)
            for node_of_bias, bias in learned.items():
                self.add_bias(node_of_bias, group, sums[0], bias, units.drive)

        return connect

    def synaptic(self, node, currents):
        """Return the arguments of the synaptic currents of neurons."""
        if not currents:
            return dict(tau_syn=float(node.tau[0]) * second)
        synapse = self.graph.nodes[currents[0]]
        return dict(
            tau_syn=float(synapse.tau[0]) * second,
            rate_unit=1 / (float(synapse.r[0]) * self.dt) * Hz,
        )

    def project_current(self, current, group, scale):
        """Make the projections onto a synaptic current."""
        for term in self.merged(self.graph.drives[current], group.name):
            weights = scaled(matrix_of(term, len(group)), scale)
            self.project(term, group, weights, named(current))

    def integrators(self, name):
        """Make the group of an LI node."""
        node, drive = self.graph.nodes[name], self.graph.drives[name]
        terms = self.merged(drive, self.names[name])
        values = [term for term in terms if not self.graph.spiking(term.source)]
        sums = [f"I_in{number}" for number, _ in enumerate(values)]
        self.groups[name] = group = LeakyIntegrators(
            node, self.dt, sums, len(values) < len(terms), self.names[name]
        )
        group.bias = drive.bias

        def connect():
            for term in terms:
                if self.graph.spiking(term.source):
                    self.project(term, group, matrix_of(term, len(group)), "activity")
            self.sum_up(values, drive.bias, group, sums)

        return connect

    def outputs(self, name):
        """Make the group of an Output node, unless its input is just spikes of neurons."""
        drive = self.graph.drive(name)
        if all(self.graph.spiking(term.source) and not term.via for term in drive.paths):
            return lambda: None
        terms = self.merged(drive, self.names[name])
        sums = [f"I_in{number}" for number, _ in enumerate(self.summed(terms))]
        self.groups[name] = group = Outputs(self.graph.size(name), sums, self.names[name])
        group.bias = drive.bias
        return lambda: self.sum_up(terms, drive.bias, group, sums)

    def sum_up(self, terms, like, group, sums, factors=1.0, height=1.0):
        """Project terms onto the sums of a group; spikes go through pulses of a given height."""
        pulses = None
        for term in terms:
            weights = scaled(full(term.matrix, like), factors)
            if self.graph.spiking(term.source):
                pulses = pulses or self.pulses(group, sums[-1])
                self.project(term, pulses, height * weights, "activity")
            else:
                self.project(term, group, weights, sums[self.summed(terms).index(term)])
