"""Ports: the variables through which a group takes part in learning."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature

from brian2 import BrianObject, Group, get_dimensions

from ..brian.borrowed import DIMENSIONLESS, ArrayVariable
from ..brian.declared import declared, parent_group
from ..brian.private import check_device

#: Each port, with advice for a group that lacks it.
PORTS = {
    "activity": (
        "what the neuron sends, for example its rate; add 'activity : 1' and set it in each step"
    ),
    "gain": (
        "the slope of the neuron's output at its present drive; add 'gain : 1' and"
        " mine.run_regularly('gain = ...', **schedule.GAIN)"
    ),
    "feedback": (
        "the error projected onto the neuron; add 'feedback : 1' and FeedbackSynapses that set it"
    ),
    "spike_count": (
        "spikes (or summed activity) of the trial so far; add 'spike_count : 1',"
        " 'spike_count += 1' to its reset, and 'spike_count = 0' at the beginning of trials"
    ),
    "error": (
        "target minus output; use a Readout, or add 'error : 1' and set it with run_regularly(...,"
        " **schedule.LOSS)"
    ),
    "winner": "1 for the chosen unit; use a WinnerTakeAll",
    "deciding": "1 in the step of a decision; use a WinnerTakeAll",
    "arriving": (
        "what its spikes add to the target's drive in this step, for each unit of weight; add"
        " 'darriving/dt = -arriving/tau_syn : 1' with the time constant of the target's synaptic"
        " current, and 'arriving += 1' to its reset"
    ),
    "own_weight": (
        "the weight of the neuron onto itself; add 'own_weight : 1', into which projections of the"
        " group onto itself then sum it"
    ),
    "reward": (
        "reward of the last choice; use a WinnerTakeAll, or add 'reward : 1' and set it with"
        " run_regularly(..., **schedule.REWARD)"
    ),
}


#: Optional port: the unit postsynaptic potential of the neuron's spikes; by default its activity.
PSP = "psp"

#: What arrives in the drive of the target in this step, for each unit of weight: what is sent, or
#: the current that spikes have left.
ARRIVING = "arriving"

#: The weight of a neuron onto itself: the sum over all projections of its group onto itself.
OWN_WEIGHT = "own_weight"


def owning_group(group: Group) -> BrianObject:
    """Return a strong reference to the parent group, which a network must contain."""
    return parent_group(group).before_run.__self__  # a subgroup only has a weak reference


def spikes(group: Group) -> bool:
    """Return True if a group emits spikes."""
    return "spike" in getattr(parent_group(group), "events", {})


def sends_bare_spikes(group):
    """Return whether the activity of a group is the spike itself, which only a readout filters; its
    class says so.
    """
    return declared(parent_group(group), "sends_bare_spikes", False)


def receives_spikes(group: Group, name: str) -> bool:
    """Return True if spikes add to a variable of the group: it has a differential equation, like a
    synaptic current, or the class of the group lists it in `events_onto`.
    """
    if name in declared(parent_group(group), "events_onto", ()):
        return True
    equations = declared(parent_group(group), "equations")
    return equations is not None and name in equations.diff_eq_names


def receives(group: Group) -> Mapping[str, str]:
    """Return the target variables of recurrent and input connections in a standard network, which
    the group may define.
    """
    return declared(parent_group(group), "receives", {"recurrent": "I_rec", "input": "I_in"})


def input_names(kind, argument, names, least=0):
    """Return names of input variables as a tuple of at least `least`; raise if they are invalid."""
    given = (
        (names,)
        if isinstance(names, str)
        else tuple(names)
        if isinstance(names, (list, tuple))
        else None
    )
    if (
        given is None
        or len(given) < least
        or len(set(given)) < len(given)
        or not all(isinstance(name, str) and name.isidentifier() for name in given)
    ):
        raise ValueError(
            f"{kind}: {argument} must be different names of variables, for example"
            f" {argument}=('I_in', 'I_rec'); got {names!r}"
        )
    return given


def check_group(role, group):
    """Raise unless `group` is a Brian2 group of the active device."""
    if not isinstance(group, Group):
        raise TypeError(
            f"{role} must be a Brian2 group, for example RateNeurons(30, tau=10*ms); got {group!r}"
        )
    check_device(group)
    try:
        _ = parent_group(group).name
    except ReferenceError:
        raise ValueError(
            f"{role} is a subgroup of a group that no longer exists; assign the group to a"
            " variable, mine = RateNeurons(30, tau=10*ms), before you write mine[:20]"
        ) from None


def added(group, name):
    """Return how a group gets a variable, by what its constructor takes."""
    parent = parent_group(group)
    arguments = signature(type(parent)).parameters
    if "inputs" in arguments:
        return f"write inputs={(*parent.inputs, name)!r} where it is made"
    if "model" in arguments:
        return f"add '{name} : 1' to its equations"
    stored = (
        known
        for known, variable in parent.variables.items()
        if isinstance(variable, ArrayVariable) and not variable.scalar and known[0] != "_"
    )
    return f"it stores {', '.join(sorted({*stored} - {'i', 'spikespace'}))}"


def check_port(group, name, reader, with_units=False):
    """Raise unless `group` stores the variable `name`, dimensionless unless `with_units`.

    `reader` names the user of the variable in messages.
    """
    hint = PORTS.get(name) or added(group, name)
    variable = group.variables.get(name)
    if variable is None:
        raise ValueError(
            f"group '{group.name}' has no variable '{name}', which {reader} needs"
            f" ({hint.replace('mine.', f'{group.name}.')})"
        )
    if not isinstance(variable, ArrayVariable):
        raise ValueError(
            f"variable '{name}' of group '{group.name}' must be stored, because {reader} reads it"
            f" at each synapse; write '{name} : 1' and set it once per step with run_regularly"
        )
    if variable.scalar:
        raise ValueError(
            f"variable '{name}' of group '{group.name}' must have a value for each neuron, because"
            f" {reader} reads it at each synapse; got (shared). Write '{name} : 1'."
        )
    if not with_units and get_dimensions(variable) is not DIMENSIONLESS:
        raise ValueError(
            f"variable '{name}' of group '{group.name}' must be dimensionless for {reader}; write"
            f" '{name} : 1' and multiply it by its unit in your equations, for example {name}*mV"
        )
