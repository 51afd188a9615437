"""Lesions of neurons: all their synapses are removed."""

import numpy as np
from brian2 import Synapses, get_logger

from ..brian.declared import declared
from ..neurons.base import check_group, parent_group
from ..synapses.kinds import is_projection, projections_of
from ..synapses.lesion import whole_numbers
from .activity import blocks_of

logger = get_logger(__name__)


def lesion(net, group, neurons, networks=None):
    """Remove all synapses from and onto neurons of a group.

    Parameters
    ----------
    net : TrialNetwork
    group : group
    neurons : array
        Their numbers within each network.
    networks : array, optional
        Numbers of the networks; by default all.
    """
    check_group(f"'{net.name}': the group of lesioned neurons", group)
    blocks = blocks_of(net, group)
    size, copies = len(group) // blocks, blocks // net.networks or 1
    neurons = whole_numbers(net.name, "neurons", np.asarray(neurons), size)
    every = np.arange(max(blocks // copies, 1))
    chosen = (
        every
        if networks is None
        else whole_numbers(net.name, "networks", np.atleast_1d(networks), len(every))
    )
    starts = (chosen[:, None] * copies + np.arange(copies)).ravel() * size
    gone = group.start + (starts[:, None] + neurons).ravel()
    projections = projections_of(net.sorted_objects)
    ends = {owner_of(end).name for part in projections for end in (part.sender, part.target)}
    if parent_group(group).name not in ends:
        raise ValueError(
            f"'{group.name}' has no projections in '{net.name}' that could be lesioned"
        )
    for projection in projections:
        for side, end in (("pre", projection.sender), ("post", projection.target)):
            if owner_of(end).name == parent_group(group).name:
                within = gone[(gone >= end.start) & (gone < end.stop)] - end.start
                if len(within):
                    projection.lesion(**{side: within})


def owner_of(end):
    """Return the neurons at an end of a projection, whose cells may stand there for them."""
    group = parent_group(end)
    return declared(group, "lenders", [group])[0]


def warn_of_others(objects, group):
    """Warn of synapses of the user at a group, which lesions leave alone."""
    name = parent_group(group).name
    for obj in objects:
        if (
            isinstance(obj, Synapses)
            and not is_projection(obj)
            and name
            in (
                parent_group(obj.source).name,
                parent_group(obj.target).name,
            )
        ):
            logger.warn(
                f"'{obj.name}' is not a projection of this package, so its synapses remain; set the"
                " weights of lesioned neurons to 0 there.",
                "not_lesioned",
            )
