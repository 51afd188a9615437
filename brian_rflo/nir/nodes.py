"""Nodes of NIR that groups become: functions that a new class of neurons registers its own with.

    @node_of.register
    def _(group: MyNeurons, graph):
        return graph.nir.LIF(...)

A class counts for itself alone: what is made of it may do something else.
"""

from functools import singledispatch

import numpy as np

from ..neurons import DiscreteLIFNeurons, LIFNeurons
from ..neurons.base import sends_bare_spikes, spikes
from ..readouts.linear import Readout
from ..readouts.task_input import is_task_input
from .groups import GraphInput, LeakyIntegrators
from .refusals import SPIKES_IN, check_discrete, check_known, check_lif, spike_height
from .stepped import NodeIntegrators, NodeNeurons


def is_input(group, projections=()):
    """Return whether a group brings values or spikes into a network: that of a task, a source of
    spikes, or any group that sends its activity and receives nothing.
    """
    return (
        is_task_input(group)
        or isinstance(group, (GraphInput, *SPIKES_IN))
        or (
            "activity" in group.variables
            and not spikes(group)
            and any(one.sender is group for one in projections)
            and not any(one.target is group for one in projections)
            and type(group) not in node_of.registry
        )
    )


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
def constant_drive(group, graph):
    """Return the effect of a constant in the node of a group, in units of that in the group."""
    return 1.0


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
    bare = is_driven_by_spikes(group, graph)
    return graph.low_pass(
        len(group), group.tau, height_in_readout(group) if bare else 1.0, spikes=bare
    )


def is_driven_by_spikes(group, graph):
    """Return whether bare spikes enter a readout."""
    return any(
        sends_bare_spikes(projection.sender)
        for projection in graph.projections
        if projection.target is group
    )


def height_in_readout(group):
    """Return the r with which a spike changes a leaky readout as it does here."""
    ratio = float(group.clock.dt / group.tau)
    return (1 - np.exp(-ratio)) / ratio


@constant_drive.register
def _(group: Readout, graph):
    return 1.0 if group.tau is None else float(graph.nodes[group.name].r[0])


@node_of.register
def _(group: LeakyIntegrators, graph):
    node = group.node
    tau = graph.time(node.tau, group)
    begin = np.array(group.variables["activity_initial"].get_value())
    metadata = {"initial": begin} if (begin != node.v_leak).any() else {}
    r = node.r * growth(group, graph, node.tau, tau)
    return graph.nir.LI(tau=tau, r=r, v_leak=node.v_leak, metadata=metadata)


def growth(group, graph, tau, written):
    """Return the factor by which the effect of a spike, r dt/tau, remains with another time
    constant; raise where values and constants enter too, whose effect is r.
    """
    if written is tau:
        return 1.0
    sent = {one.sends_spikes for one in graph.projections if one.target is group}
    if True not in sent:
        return 1.0
    has_constant = bool(np.any(group.variables["bias"].get_value())) or any(
        one.target is group for one in graph.biases
    )
    if False in sent or has_constant:
        other = "exact" if graph.integrator == "euler" else "euler"
        raise ValueError(
            f"'{group.name}' receives both spikes and values or a bias, and no time constant keeps"
            f" the effects of both; write to_nir(..., integrator='{other}')"
        )
    return written / tau


@node_of.register
def _(group: NodeNeurons, graph):
    return stepped_node(group, graph)


@node_of.register
def _(group: NodeIntegrators, graph):
    return stepped_node(group, graph)


def stepped_node(group, graph):
    """Return the node of a group that has the values of one."""
    node, name = group.node, f"{group.membrane}_initial"
    values = dict(node.values)
    for value in [value for value in values if value.startswith("tau")]:
        values[value] = graph.time(node.values[value], group, group.integrator)
    for value, factor in (("tau", "r" if node.kind == "LI" else None), ("tau_syn", "w_in")):
        if value in values and factor is not None:
            grown = growth(group, graph, node.values[value], values[value])
            values[factor] = node.values[factor] * grown
    begin = np.array(group.variables[name].get_value())
    rest = group.at_rest(node)
    metadata = {"initial": begin} if (begin != rest).any() else {}
    return getattr(graph.nir, node.kind)(**values, metadata=metadata)


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
