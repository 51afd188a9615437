"""Checks of a projection against the groups at its ends: names of variables, clocks, pairs."""

import numpy as np
from brian2 import Equations

from ..brian.conditional import is_standalone
from ..brian.declared import declared
from ..neurons.base import parent_group


def check_variables(source, target, model=""):
    """Raise if a group at either end has a variable with the name of one of the synapses."""
    equations = Equations(model)
    own = {name for name in equations.names if "summed" not in equations[name].flags}
    for group in (source, target):
        for name in sorted(own & set(group.variables)):
            raise ValueError(
                f"'{group.name}' has a variable '{name}', which is a name of the synapses of this"
                f" projection; rename that of '{group.name}', for example to '{name}_cell'"
            )


def check_clocks(synapses):
    """Raise if a projection does not have the time step of its target, or, if it learns, of its
    source.
    """
    learns = declared(synapses, "rule") is not None
    ends = [synapses.target] if learns or not synapses.sends_spikes else []
    ends += [synapses.sender] if learns else []
    for group in ends:
        theirs, own = parent_group(group).clock.dt, synapses.clock.dt
        if not np.isclose(float(theirs), float(own), rtol=1e-9, atol=0):
            raise ValueError(
                f"'{synapses.name}' runs at {own}, but '{group.name}' at {theirs}; both must have"
                " the same dt. Set defaultclock.dt before the network is built, and leave out dt"
                " and clock."
            )


def refuse_many(synapses, name):
    """Raise if a pair of neurons has several synapses, among which a matrix does not choose."""
    if is_standalone() or synapses.networks:
        return
    pairs = np.stack([np.asarray(synapses.i), np.asarray(synapses.j)])
    if len(np.unique(pairs, axis=1).T) < len(synapses):
        raise ValueError(
            f"some pairs of neurons have several synapses in '{synapses.name}', and a matrix has"
            f" one value for a pair; write {synapses.name}.{name} = values, one for each synapse"
        )


def density_of(synapses, i=None, j=None, **others):
    """Return the share of all pairs of neurons that the arguments of ``connect`` connect, each
    once; None where only Brian2 knows.
    """
    if others or i is None or j is None or isinstance(i, str) or isinstance(j, str):
        return None
    pre, post = np.broadcast_arrays(i, j)
    shape = len(synapses.source), len(synapses.target)
    if not all(np.issubdtype(side.dtype, np.integer) for side in (pre, post)) or not pre.size:
        return None
    pairs = np.ravel_multi_index((pre, post), shape, mode="clip")  # Brian2 refuses other indices
    return pairs.size / np.prod(shape) if len(np.unique(pairs)) == pairs.size else None
