"""Nodes of NIR that groups become: functions that a new class of neurons registers its own with.

    @node_of.register
    def _(group: MyNeurons, graph):
        return graph.nir.LIF(...)

A class counts for itself alone: what is made of it may do something else.
"""

from functools import singledispatch

import numpy as np

from ..neurons import DiscreteLIFNeurons, LIFNeurons
from ..neurons.base import sends_bare_spikes
from ..readouts.linear import Readout
from ..readouts.task_input import is_task_input
from .refusals import SPIKES_IN, check_discrete, check_known, check_lif, spike_height


def is_input(group):
    """Return whether a group brings values or spikes into a network."""
    return is_task_input(group) or isinstance(group, SPIKES_IN)


@singledispatch
def node_of(group, graph):
    """Return the node of a group; None for a readout that is the sum of its projection."""


@singledispatch
def sent_by(group, graph, spikes):
    """Return the name of the node whose output a group sends, and what it leaves out of it.

    Parameters
    ----------
    group : group
    graph : Graph
    spikes : bool
        Whether the projection sends spikes.
    """
    return graph.value_of.get(group, group.name), 0.0


@singledispatch
def current_of(group, graph, onto):
    """Return the name of the node of a synaptic current; None where `onto` is not one."""


def node_of_neurons(group, graph):
    """Return the node of neurons."""
    check_known(group, node_of.registry)
    return node_of(group, graph)


@node_of.register
def _(group: LIFNeurons, graph):
    check_lif(group)
    levels = {
        name: float(group.namespace[name]) for name in ("rest", "threshold", "reset_to", "scale")
    }
    rest = np.full(len(group), levels["rest"])
    node = graph.lif(
        group, group.tau, levels["scale"], rest, levels["threshold"], levels["reset_to"]
    )
    begin = np.array(group.variables["v_initial"].get_value(), dtype=float)
    node.metadata = {"initial": begin} if (begin != rest).any() else {}
    return node


@node_of.register
def _(group: DiscreteLIFNeurons, graph):
    check_discrete(group)
    alpha = np.exp(-float(group.clock.dt / group.tau))
    return graph.lif(
        group,
        group.tau,
        1.0 if group.scale_input else 1 / (1 - alpha),
        0.0,
        group.namespace["threshold"],
        0.0,
    )


@node_of.register
def _(group: Readout, graph):
    """Return the node of a leaky readout; bare spikes change it at once, as a jump."""
    if group.tau is None:
        return None
    ratio = float(group.clock.dt / group.tau)
    bare = any(
        sends_bare_spikes(projection.source)
        for projection in graph.projections
        if projection.target is group
    )
    return graph.low_pass(len(group), group.tau, (1 - np.exp(-ratio)) / ratio if bare else 1.0)


@sent_by.register
def _(group: LIFNeurons, graph, spikes):
    if spikes:
        return group.name, 0.0
    name, baseline = f"{group.name}_filtered", float(group.namespace["baseline"])
    if name not in graph.nodes:
        begin = np.asarray(group.variables["activity_initial"].get_value()) + baseline
        node = graph.low_pass(len(group), group.tau_syn, spike_height(group), begin)
        graph.add(name, node, group.name)
    return name, baseline


@current_of.register
def _(group: LIFNeurons, graph, onto):
    if onto not in group.events_onto:
        return None
    name = f"{group.name}_{onto}"
    if name not in graph.nodes:
        graph.add(name, graph.low_pass(len(group), group.tau_syn, spike_height(group)))
        graph.edges.append((name, group.name))
    return name
