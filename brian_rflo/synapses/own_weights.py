"""The weights of neurons onto themselves, which rules read as ``own_weight_post``.

    own_weight_i(t) = sum of w_ii over the projections of the group onto itself

as they are summed in this step: of all projections into the drive of the neurons, whether they
learn or not, in whatever order they were made; 0 where a neuron has no such synapse. What a neuron
sends reaches it in the next step, so that own_weight_i is the derivative of its drive by its own
activity of the step before.
"""

from __future__ import annotations

import gc
import weakref

import numpy as np
from brian2 import BrianObject, CodeRunner, Expression

from .. import schedule
from ..brian.borrowed import SummedVariableUpdater
from ..brian.construction import abandoned
from ..brian.declared import declared, declares, parent_group
from ..neurons.base import OWN_WEIGHT
from .sums import Addition, add_variable, variable_for_sum

#: What a synapse contributes.
SENT = "({})*int(i + {} == j + {})"


class OwnWeights(SummedVariableUpdater):
    """Sums the weights of a projection that connect neurons with themselves, in the phase DRIVE;
    `Diagonal` does it in its place where it can.

    Parameters
    ----------
    projection : Projection
        A projection of a group onto itself, of which it is a part.
    """

    add_to_magic_network = False

    def __init__(self, projection):
        target = projection.target
        described = f"the weights of neurons onto themselves in '{projection.name}'"
        into = variable_for_sum(target, OWN_WEIGHT, described)
        if f"{into}_post" not in projection.variables:
            projection.variables.add_reference(
                f"{into}_post", target, into, index="_postsynaptic_idx"
            )
        rule = declared(projection, "rule")
        sent = "w" if rule is None else rule.transmits
        super().__init__(
            Expression(SENT.format(sent, projection.source.start, target.start)),
            f"{into}_post",
            projection,
            target,
            "N_post",
            "_synaptic_post",
        )
        schedule.move(self, schedule.DRIVE)
        projection.contained_objects.append(self)
        self.diagonal = Diagonal(projection) if into == OWN_WEIGHT else None
        if into != OWN_WEIGHT:
            Addition(projection, target, OWN_WEIGHT, into, schedule.DRIVE)

    def choose(self):
        """Read the diagonal in the coming run, if that is all, else sum over all synapses."""
        if self.diagonal is not None:
            self.diagonal.active = self.diagonal.finds_weights()
            self.active = not self.diagonal.active


class Diagonal(CodeRunner):
    """Read the weights of neurons onto themselves from a projection that is all to all, within each
    network: one number per neuron, where a sum reads all synapses.

    Parameters
    ----------
    projection : Projection
    """

    add_to_magic_network = False

    def __init__(self, projection):
        group, self.weights = parent_group(projection.target), f"_diagonal_of_{projection.name}"
        super().__init__(
            group,
            "stateupdate",
            code=f"{OWN_WEIGHT} = {self.weights}",
            clock=group.clock,
            name=f"{projection.name}_diagonal*",
            **schedule.DRIVE,
        )
        self.active = False
        self.projection = weakref.proxy(projection)
        projection.contained_objects.append(self)

    def finds_weights(self):
        """Refer to the weights; return False if there are others, or some are missing."""
        blocks, group = self.projection.geometry, self.group
        if (
            blocks is None
            or blocks.networks * blocks.n_post != len(group)
            or len(self.projection.source) != len(group)
            or f"{OWN_WEIGHT}_2" in group.variables
            or self.projection.own_weights.expression.code != SENT.format("w", 0, 0)
        ):
            return False
        if self.weights not in group.variables:
            network, place = np.divmod(np.arange(len(group)), blocks.n_post)
            group.variables.add_array(
                f"{self.weights}_idx",
                size=len(group),
                dtype=np.int32,
                constant=True,
                read_only=True,
                values=(network * blocks.n_post + place) * blocks.n_post + place,
            )
            group.variables.add_reference(
                self.weights, self.projection, "w", index=f"{self.weights}_idx"
            )
        return True


def open_own_weight(rule, target, reader):
    """Let projections of a group onto itself sum their own weights, if a rule reads them; raise if
    they are not a derivative of these neurons.
    """
    if OWN_WEIGHT not in rule.reads("post"):
        return
    group = parent_group(target)
    if declared(group, "knows_own_weight", False):
        add_variable(target, OWN_WEIGHT)
    elif OWN_WEIGHT not in group.variables:
        raise ValueError(
            f"{reader} reads '{OWN_WEIGHT}', the weight of a neuron onto itself, which"
            f" '{group.name}' must have as RateNeurons do. In a NeuronGroup of your own whose"
            f" function is inside the leak, write '{OWN_WEIGHT} : 1'."
        )
    gc.collect()  # a projection that is gone must not take part
    objects = (reference() for reference in BrianObject.__instances__())
    for obj in sorted(filter(is_summing_within(group), objects), key=lambda obj: obj.name):
        add_own_weights(obj)


def is_summing_within(group):
    """Return a condition: whether an object is a projection that sums from a group onto it."""
    return lambda obj: (
        obj is not None
        and not abandoned(obj)
        and declares(obj, "sums_into")
        and declares(obj, "sender")
        and parent_group(obj.target) is group
    )


def add_own_weights(projection):
    """Let a projection sum its own weights, if a rule reads those of its target, and it drives the
    group from which it comes.
    """
    group = parent_group(projection.target)
    if (
        OWN_WEIGHT not in group.variables
        or projection.own_weights is not None
        or not drives_itself(projection)
    ):
        return
    if projection.delay_line is not None or projection.sends != "activity":
        raise ValueError(
            f"'{projection.name}' connects '{group.name}' with itself, and a rule there reads the"
            " weights of neurons onto themselves, which act on the activity of the step before."
            " Leave out its delay, and sends=."
        )
    projection.settle(own_weights=OwnWeights(projection))


def drives_itself(projection):
    """Return whether a projection sums into the drive of the group from which it comes: one of its
    `inputs`, or, for a group that does not declare them, whatever is summed in the phase DRIVE.
    """
    group = parent_group(projection.target)
    known = declared(group, "inputs")
    drives = (
        schedule.place_of(projection.sum_updater) == schedule.DRIVE
        if known is None
        else projection.onto in known
    )
    return parent_group(projection.sender) is group and drives
