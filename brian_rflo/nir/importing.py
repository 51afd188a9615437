"""Common parts of the two ways to build a network of a graph: names, projections, rules."""

from __future__ import annotations

import numpy as np
from brian2 import Network, second

from ..brian.declared import declares
from ..neurons.base import PSP, receives_spikes
from ..readouts.constant import constant_for
from ..synapses import FixedSynapses, PlasticSynapses
from ..synapses.projection import entries
from .graph import another, full
from .groups import GraphInput, Pulses, named


class Importer:
    """Make groups from nodes, then the projections between them.

    Parameters
    ----------
    graph : FlatGraph
    dt : float
        Seconds for which a spike is 1.
    rules : dict of str to LearningRule
        Rules of the weights of nodes, by the name of the node.
    learn : PerStep
    """

    def __init__(self, graph, dt, rules, learn):
        self.graph, self.dt, self.rules, self.learn = graph, dt, rules, learn
        self.groups, self.parts, self.plastic = {}, [], {}
        self.names, self.taken, self.used = {}, set(), set()
        for name in graph.nodes:
            self.names[name] = self.unique(named(name))

    def build(self):
        """Make all groups, then all projections; return the network."""
        for name in self.graph.names("Input"):
            self.groups[name] = self.graph.given.get(name) or GraphInput(
                self.graph.size(name), self.names[name]
            )
        for connect in self.made():
            connect()
        self.check_rules()
        return Network(*dict.fromkeys([*self.groups.values(), *self.parts]))

    def unique(self, name):
        """Return a name that no other object of the network has."""
        name = another(name, self.taken)
        self.taken.add(name)
        return name

    def claim(self, name):
        """Return the name of a projection: that of a node of weights for its first projection."""
        if name in self.names.values() and name not in self.used:
            self.used.add(name)
            return name
        return self.unique(name)

    def check_rules(self):
        """Raise if a rule is for a node whose weights are not a projection of their own."""
        for name in self.rules:
            if name not in self.plastic:
                raise ValueError(
                    f"from_nir: rules has '{name}', whose weights lead to no neurons; give rules"
                    " to Linear and Affine nodes before LIF, IF and CubaLIF nodes"
                )

    def rule_of(self, term, group):
        """Return the node of a path whose weights learn, and its rule; None, None for others."""
        name = next((name for name in term.via if name in self.rules), None)
        if name is None:
            return None, None
        if len(term.via) > 1:
            raise ValueError(
                f"from_nir: rules has '{name}', and what it sends goes through"
                f" {', '.join(repr(other) for other in term.via if other != name)} too; make one"
                " node of them"
            )
        if "gain" not in group.variables:
            raise ValueError(
                f"from_nir: rules has '{name}', which leads to '{group.name}', and rules learn"
                " weights onto neurons. If that is the synaptic current of a CubaLIF, write"
                " integrator='euler'; else give the neurons a Readout of your own."
            )
        if name in self.plastic:
            raise ValueError(
                f"from_nir: rules has '{name}', which leads to two groups of neurons; give each of"
                " them weights of its own"
            )
        return name, self.rules[name]

    def project(self, term, group, weights, onto):
        """Make a projection for a path, and return it."""
        name = self.claim(self.name_of(term, group.name))
        node, rule = self.rule_of(term, group)
        source = self.groups[term.source]
        sums = not receives_spikes(group, onto)
        delay = {} if term.delay is None or not sums else {"delay": self.one_delay(term)}
        if rule is None:
            made = FixedSynapses(source, group, onto=onto, name=name, **delay)
            made.connect_matrix(weights)
        else:
            self.check_delay(term, node)
            check_psp(node, rule, source, group, sums)
            made = PlasticSynapses(source, group, rule, onto, learn=self.learn, name=name, **delay)
            made.connect_matrix(weights, absent=np.nan)
            self.plastic[node] = made
        if term.delay is not None and not sums:
            post, pre, _ = entries(weights, 0.0 if rule is None else np.nan)
            made.delay = np.broadcast_to(term.delay, np.shape(weights))[post, pre] * second
            if len(term.delay) == 1:
                made.settle(delay_of_graph=np.broadcast_to(term.delay[0], len(source)).copy())
        self.parts.append(made)
        return made

    def one_delay(self, term):
        """Return the delay of values; raise unless it is the same for all channels."""
        if not (term.delay == term.delay.flat[0]).all():
            raise ValueError(
                f"from_nir: the values that '{term.source}' sends through {term.via} have"
                " different delays, and values have one; give them one delay, or send spikes"
            )
        return float(term.delay.flat[0]) * second

    def check_delay(self, term, node):
        """Raise if the spikes of weights that learn have a delay."""
        if term.delay is not None and self.graph.spiking(term.source):
            raise ValueError(
                f"from_nir: rules has '{node}', whose spikes have a delay that its rule would not"
                " know; leave out the rule or the Delay"
            )

    def add_bias(self, node, group, onto, bias, factors=1.0):
        """Make a bias that learns with the weights of a node."""
        unit = constant_for(group, 1, self.unique(f"{self.names[node]}_unit"))
        learned = PlasticSynapses(
            unit,
            group,
            self.rules[node],
            onto,
            learn=self.learn,
            name=self.unique(f"{self.names[node]}_bias"),
        )
        learned.connect_matrix((factors * bias)[:, None], absent=np.nan)
        self.parts += [unit, learned]

    def learned_biases(self, terms):
        """Return the biases that learn, by node."""
        nodes = {term.via[-1]: self.graph.nodes[term.via[-1]] for term in terms if term.via}
        return {
            name: node.bias
            for name, node in nodes.items()
            if name in self.rules and node.kind == "Affine"
        }

    def pulses(self, group, onto):
        """Return the group that holds weighted spikes for one step."""
        pulses = Pulses(group, self.unique(f"{group.name}_pulses"))
        name = self.unique(f"{pulses.name}_to_{group.name}")
        synapses = FixedSynapses(pulses, group, onto=onto, name=name)
        synapses.connect_matrix(np.eye(len(group)))
        self.parts += [pulses, synapses]
        return pulses

    def by_name(self, terms, target):
        """Return paths in the order of the names of their projections, in which they add up: that
        of the graph that `to_nir` writes too.
        """
        return sorted(terms, key=lambda term: self.name_of(term, target))

    def name_of(self, term, target):
        """Return the name of a projection: that of its one node, or by its ends."""
        weights = [name for name in term.via if self.graph.nodes[name].kind != "Delay"]
        if len(weights) == 1:
            return self.names[weights[0]]
        return f"{self.names[term.source]}_to_{target}"


def check_psp(node, rule, source, group, sums):
    """Raise if a source filters what it sends, and the neurons do so too, or if neither does."""
    if PSP not in rule.reads("pre"):
        return
    has_own, know = PSP in source.variables, declares(group, "psp_for")
    if has_own and know:
        raise ValueError(
            f"from_nir: rules has '{node}', and '{source.name}' filters what it sends, as"
            f" '{group.name}' does already; write TaskInput(task) without tau, or"
            " integrator='euler'"
        )
    if not has_own and sums and not know:
        raise ValueError(
            f"from_nir: rules has '{node}', and '{source.name}' does not filter what it sends, as"
            f" the membranes of '{group.name}' do; write TaskInput(task, tau={group.tau!r})"
        )


def scaled(weights, factors):
    """Return a matrix with each row multiplied by a factor."""
    return weights * np.broadcast_to(factors, len(weights))[:, None]


def matrix_of(term, n):
    """Return the weights of a path onto `n` units."""
    return full(term.matrix, range(n))
