"""Graphs of simulators that step by forward Euler, in their own steps.

Nodes become:

    LIF, IF, CubaLIF          NodeNeurons
    LI, CubaLI                NodeIntegrators
    Linear, Affine, Scale     FixedSynapses, with the names of the nodes; a product where several
                              are between two groups; biases of the group behind them
    Input, Output             the groups that were given, and Outputs
"""

from .. import schedule
from .groups import Outputs
from .importing import Importer, matrix_of
from .layers import delayed_edges, layers_of
from .stepped import NodeIntegrators, NodeNeurons

NEURONS, INTEGRATORS = ("LIF", "IF", "CubaLIF"), ("LI", "CubaLI")


class EulerImporter(Importer):
    """Build groups that do the arithmetic of the simulator that a graph comes from.

    Parameters
    ----------
    same_step : bool
        Whether spikes drive the next layer in the same step.
    reset : str
        What a spike does to the membrane.
    """

    def __init__(self, graph, dt, rules, learn, same_step, reset="to_value"):
        super().__init__(graph, dt, rules, learn)
        self.same_step, self.reset = same_step, reset
        self.drives = {
            name: graph.drive(name) for name in graph.names(*NEURONS, *INTEGRATORS, "Output")
        }
        moving = graph.names(*NEURONS, *INTEGRATORS)
        links = [(source, name) for name in moving for source in self.drives[name].sources]
        fires = {name: graph.spiking(name) for name in graph.nodes}
        self.delayed = delayed_edges(links, fires.get, same_step)
        inputs = {name: int(fires[name]) for name in graph.names("Input")}
        self.layers = layers_of(moving, links, self.delayed, inputs)

    def made(self):
        """Make all groups; return what makes their projections."""
        return [
            self.moving(name, kind)
            for kinds, kind in ((NEURONS, NodeNeurons), (INTEGRATORS, NodeIntegrators))
            for name in self.graph.names(*kinds)
        ] + [self.outputs(name) for name in self.graph.names("Output")]

    def moving(self, name, kind):
        """Make the group of a node with a state."""
        node, drive = self.graph.nodes[name], self.drives[name]
        reset = (self.reset,) if kind is NodeNeurons else ()
        group = kind(node, "euler", self.dt, self.layers[name], self.names[name], *reset)
        group.settle(same_step=self.same_step)
        self.groups[name] = group
        group.bias = drive.bias

        def connect():
            for term in self.by_name(drive.paths, group.name):
                self.send(term, name, group)
            for bias_of, bias in self.learned_biases(drive.paths).items():
                self.add_bias(bias_of, group, "I_bias", bias)

        return connect

    def send(self, term, name, group):
        """Make the projection of a path onto a group, at its time in the step."""
        later = (term.source, name) in self.delayed
        onto = "I_in"
        if self.graph.spiking(term.source):
            onto = "I_rec" if later else "I_now"
        made = self.project(term, group, matrix_of(term, len(group)), onto)
        if onto == "I_now":
            schedule.move(made.pre, group.places["arrival"].behind())
        elif onto == "I_rec" and any(self.layers.values()):
            schedule.move(made.pre, schedule.LATER.behind())

    def outputs(self, name):
        """Make the group of an Output node, unless its input is just spikes of neurons."""
        drive = self.drives[name]
        if all(self.graph.spiking(term.source) and not term.via for term in drive.paths):
            return lambda: None
        is_sum = any(not self.graph.spiking(term.source) for term in drive.paths)
        has_spikes = any(self.graph.spiking(term.source) for term in drive.paths)
        sums = [*(["I_in"] if is_sum else []), *(["I_spikes"] if has_spikes else [])]
        self.groups[name] = group = Outputs(self.graph.size(name), sums, self.names[name])
        group.bias = drive.bias

        def connect():
            pulses = self.pulses(group, "I_spikes") if has_spikes else None
            for term in self.by_name(drive.paths, group.name):
                fires = self.graph.spiking(term.source)
                target, onto = (pulses, "activity") if fires else (group, "I_in")
                made = self.project(term, target, matrix_of(term, len(group)), onto)
                if fires and any(self.layers.values()):
                    schedule.move(made.pre, schedule.LATER.behind())

        return connect
