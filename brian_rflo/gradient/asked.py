"""Derivatives that a gradient was asked for, and its result: arrays by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from brian2 import Group, NeuronGroup

from ..brian.borrowed import ArrayVariable
from ..brian.statements import written
from ..neurons.base import parent_group
from ..synapses.kinds import is_plastic
from .operations import Key, is_graded, key_of
from .spikes import MODES

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Asked:
    """One thing by which the loss is differentiated.

    Parameters
    ----------
    name : str
    key : Key
    of : Group
        The projection, or the group of neurons.
    """

    name: str
    key: Key
    of: Group

    @property
    def is_weights(self) -> bool:
        """True if it is the weights of a projection."""
        return self.key.kind == "" and self.key.name == "w"


def asked_of(net, by) -> list[Asked]:
    """Return what is asked for by names of projections and ``"group.variable"``; by default the
    weights of all projections that can learn.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, with those that there are.
    """
    parts = net.parts_by_name
    if by is None:
        by = [name for name, part in parts.items() if is_plastic(part) and part.is_gradient]
        if not by:
            raise ValueError(
                f"gradient: '{net.name}' has no projection that learns; name what to differentiate"
                f" by, by='...' ({', '.join(parts)}), or a variable of a group"
            )
    if not isinstance(by, Iterable) or not by:
        raise TypeError(
            f"gradient: by must be a name, or a sequence of names ({', '.join(parts)}); got {by!r}"
        )
    names = [by] if isinstance(by, str) else list(by)
    return [one_asked(net, name, parts) for name in names]


def one_asked(net, name, parts):
    """Return what one name asks for."""
    if name in parts:
        return Asked(name, key_of(parts[name].variables["w"]), parts[name])
    owner, _, variable = str(name).partition(".")
    groups = groups_of(net)
    if owner not in groups or not variable:
        given = [
            f"{role}.{graded}"
            for role, group in roles_of(net).items()
            for graded in graded_of(parent_group(group))[:1]
        ]
        raise ValueError(
            f"gradient: by must name projections ({', '.join(parts)}), or variables of groups, for"
            f" example {' or '.join(given[:2])}; got {name!r}"
        )
    group = parent_group(groups[owner])
    found = group.variables.get(variable)
    if found is None and variable in (getattr(group, "namespace", None) or {}):
        return Asked(name, Key(group.name, variable, "constant"), group)
    if not isinstance(found, ArrayVariable) or not is_graded(found, group):
        raise ValueError(
            f"gradient: '{owner}' has no variable '{variable}' by which to differentiate; it has"
            f" {', '.join(graded_of(group))}, and the constants of its namespace"
        )
    return Asked(name, key_of(found), group)


def graded_of(group) -> list[str]:
    """Return the names of the variables of a group by which a gradient can be taken."""
    return sorted(
        name
        for name, variable in group.variables.items()
        if is_graded(variable, group) and name[0] != "_"
    )


def groups_of(net) -> dict[str, Group]:
    """Return the groups of a network by role and by name."""
    every = {obj.name: obj for obj in net.sorted_objects if isinstance(obj, NeuronGroup)}
    return every | roles_of(net)


def roles_of(net) -> dict[str, Group]:
    """Return the groups that are attributes of a network, such as its neurons."""
    return {
        role: value
        for role, value in vars(net).items()
        if isinstance(value, Group) and isinstance(parent_group(value), NeuronGroup)
    }


def resets_of(net, resets) -> dict:
    """Return the modes of resets by ``(group, variable)``, from the user's dictionary.

    Raises
    ------
    TypeError, ValueError
        If a name or a mode is unknown.
    """
    if not isinstance(resets, dict):
        raise TypeError(
            "gradient: resets must be a dictionary such as {'v': 'ignore'}; got"
            f" {type(resets).__name__}"
        )
    found = {}
    for name, mode in resets.items():
        if mode not in MODES:
            raise ValueError(
                f"gradient: resets[{name!r}] must be one of {', '.join(MODES)}; got {mode!r}"
            )
        owners, variable = owners_of(net, name)
        owners = [group for group in owners if variable in resets_in(group)]
        if not owners:
            raise ValueError(
                f"gradient: no spike resets {name!r}, so that resets does not apply to it; leave it"
                " out, or write 'group.variable'"
            )
        found |= {(group.name, variable): mode for group in owners}
    return found


def cuts_of(net, cut) -> set:
    """Return the names of projections, and links ``(group, variable, by)``, that have no
    derivative.

    Raises
    ------
    TypeError, ValueError
        If a name is unknown, or these are not names.
    """
    parts, found = net.parts_by_name, set()
    if not isinstance(cut, (str, tuple, list, set)):
        raise TypeError(
            "gradient: cut must be a sequence of names such as ('recurrent',); got"
            f" {type(cut).__name__}"
        )
    for one in [cut] if isinstance(cut, str) else cut:
        if isinstance(one, str) and one in parts:
            found.add((parts[one].name,))
            continue
        pair = one if isinstance(one, tuple) and len(one) == 2 else ("", "")
        owners, variable = owners_of(net, pair[0])
        owners = [group for group in owners if pair[1] in group.variables]
        if not owners:
            raise ValueError(
                f"gradient: cut must name projections ({', '.join(parts)}), or pairs of variables"
                f" such as ('v', 'activity'), of which the first depends on the second in a step;"
                f" got {one!r}"
            )
        found |= {(group.name, variable, pair[1]) for group in owners}
    return found


def owners_of(net, name):
    """Return the groups that have a variable ``"v"`` or ``"group.v"``, and its name."""
    owner, _, variable = str(name).rpartition(".")
    groups = groups_of(net)
    found = groups.values() if not owner else [groups[owner]] if owner in groups else []
    every = {parent_group(group).name: parent_group(group) for group in found}
    return [group for group in every.values() if variable in group.variables], variable


def resets_in(group) -> set[str]:
    """Return the variables that a spike resets."""
    code = getattr(group, "event_codes", {}).get("spike")
    return written(code) if code else set()


def by_network(asked: Asked, found, net) -> NDArray | list:
    """Return derivatives as arrays: of weights ``[network, post, pre]``, a list of
    `scipy.sparse.csr_array` for each network where they are sparse; of neurons ``[network,
    neuron]``; of a constant a number.
    """
    if asked.is_weights:
        return matrices(asked.of, found, net)
    if asked.key.kind == "constant" or np.size(found) == 1:
        return float(np.sum(found))
    if len(asked.of) % net.blocks:
        return np.asarray(found)[None]
    return np.asarray(found).reshape(net.networks, net.copies, -1).sum(axis=1)


def matrices(part, found, net):
    """Return derivatives by weights as ``[network, post, pre]``."""
    if found is None:
        return None
    if found.layout is not None:
        values = found.values.swapaxes(-1, -2)
        rows = len(part.target) // net.networks if len(part.target) % net.networks == 0 else None
        if len(values) == 1 and net.networks > 1 and rows is not None:  # inputs of all networks
            return values.reshape(net.networks, rows, -1)
        if len(values) == net.blocks > net.networks:
            values = values.reshape(net.networks, net.copies, *values.shape[1:]).sum(axis=1)
        return values
    return sparse_matrices(part, found.values, net)


def sparse_matrices(part, values, net):
    """Return derivatives by single synapses as sparse matrices, one for each network."""
    pre, post = np.asarray(part.i[:]), np.asarray(part.j[:])
    n_pre, n_post, blocks = len(part.source), len(part.target), net.blocks
    if n_post % blocks:
        return [scipy.sparse.csr_array((values, (post, pre)), shape=(n_post, n_pre))]
    rows = n_post // blocks
    is_within = n_pre % blocks == 0 and (pre * blocks // n_pre == post // rows).all()
    columns = n_pre // blocks if is_within else n_pre
    network = post // rows // net.copies
    return [
        scipy.sparse.csr_array(
            (values[one], (post[one] % rows, pre[one] % columns)), shape=(rows, columns)
        )
        for one in (network == number for number in range(net.networks))
    ]
