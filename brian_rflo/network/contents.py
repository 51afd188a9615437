"""Contents of a saved network: variables and connections, named by role."""

import numpy as np
from brian2 import (
    BrianObject,
    EventMonitor,
    PopulationRateMonitor,
    StateMonitor,
    Subgroup,
    Synapses,
    get_device,
)

from ..brian.borrowed import ArrayVariable
from ..brian.conditional import is_standalone
from ..brian.declared import declared, parent_group
from ..brian.private import has_state
from ..identity import described, digest
from ..synapses.projection import WORKING

MONITORS = (EventMonitor, PopulationRateMonitor, StateMonitor)

#: Variables of a network that must be finite.
WEIGHTS = {"w", "w_kept"}


def variables(net):
    """Return the state variables of a network, by names such as ``"recurrent.w"`` that do not
    depend on the names of Brian2's objects.
    """
    return {
        f"{role}.{variable.name}": variable
        for role, obj in owners(net).items()
        for variable in own_variables(obj)
    }


def monitors_of(objects):
    """Return the monitors among some objects, which a file does not contain."""
    return [obj for obj in objects if isinstance(obj, MONITORS)]


def owners(net):
    """Return the objects of a network that have a state, by role: its attributes, and other objects
    by name.
    """
    members, found = (
        {name: value for name, value in vars(net).items() if isinstance(value, BrianObject)},
        {},
    )
    members = credit_parts(net) | members
    roles = {
        value.source.name: f"{name}_source"
        for name, value in members.items()
        if isinstance(value, Subgroup)
    } | {value.name: name for name, value in members.items()}
    objects = sorted(net.objects, key=lambda obj: (obj.name not in roles, obj.name))
    for obj in objects:
        add_roles_of_parts(obj, roles.get(obj.name, obj.name), roles)
    for obj in objects:
        collect_states(obj, roles.get(obj.name, obj.name), roles, found)
    return {
        role: obj for role, obj in found.items() if has_state(obj) and not isinstance(obj, MONITORS)
    }


def credit_parts(net):
    """Return the objects of a network's credit paths, by role; empty if it has none."""
    own = getattr(net, "credit", None)
    theirs = [one for obj in net.objects for one in declared(obj, "back", ())]
    found = {}
    for number, credit in enumerate([own] if own is not None else theirs):
        ending = f"_{number}" if number else ""
        parts = {f"credit_{site}": group for site, group in credit.groups.items()}
        parts |= credit.projections
        found |= {f"{role}{ending}": part for role, part in parts.items()}
    return found


def add_roles_of_parts(obj, role, roles):
    """Add the roles of contained objects, which may have cells of others beside them."""
    for part in obj.contained_objects:
        if declared(part, "beside") is None and part.name not in roles:
            roles[part.name] = role_within(part, obj, role, roles)
            add_roles_of_parts(part, roles[part.name], roles)


def collect_states(obj, role, roles, found):
    """Add an object under its role, and its contained objects under their own names."""
    if any(obj is known for known in found.values()):
        return
    found[role] = obj
    for part in obj.contained_objects:
        collect_states(
            part, roles.get(part.name) or role_within(part, obj, role, roles), roles, found
        )


def role_within(part, obj, role, roles):
    """Return the role of a contained object: its name, without the names of the object and of the
    group that it accompanies.
    """
    beside = declared(part, "beside")
    return (
        part.name.replace(obj.name, role, 1)
        if beside is None
        else f"{role}_of_{roles.get(beside.name) or name_of(beside, roles)}"
    )


def name_of(group, roles):
    """Return the name of a group; of a subgroup, whose name counts those made before, that of its
    parent and the units.
    """
    parent = roles.get(parent_group(group).name, parent_group(group).name)
    return f"{parent}[{group.start}:{group.stop}]" if isinstance(group, Subgroup) else parent


def own_variables(obj):
    """Return the variables that an object itself can change, without the working memory of dense
    loops, which other devices lack.
    """
    own = {
        variable.name: variable
        for variable in obj.variables.values()
        if isinstance(variable, ArrayVariable)
        and variable.owner is not None
        and variable.owner.name == obj.name
    }
    return [
        variable
        for name, variable in sorted(own.items())
        if not variable.read_only and not name.startswith(WORKING)
    ]


def connections(net):
    """Return a digest of the connections of each projection; C++ standalone knows them only after a
    run.
    """
    if is_standalone() and not get_device().has_been_run:
        return {}
    synapses = {role: obj for role, obj in owners(net).items() if isinstance(obj, Synapses)}
    return {
        role: digest(described([np.asarray(obj.i[:]), np.asarray(obj.j[:])]))
        for role, obj in synapses.items()
    }
