"""The ports: the variables by which a group takes part in learning."""

from brian2 import Group, Subgroup, get_dimensions

from ..brian.borrowed import DIMENSIONLESS, ArrayVariable

#: Each port, and what to write in a group that lacks it.
PORTS = {
    "activity": (
        "what the neuron sends, for example its rate; add 'activity : 1' and set it in each step"
    ),
    "gain": (
        "the slope of the neuron's output at its present drive; add 'gain : 1' and"
        " mine.run_regularly('gain = ...', **schedule.GAIN)"
    ),
    "feedback": (
        "the error projected onto the neuron; add 'feedback : 1' and a FeedbackSynapses that"
        " writes it"
    ),
    "spike_count": (
        "spikes (or summed activity) of the trial so far; add 'spike_count : 1',"
        " 'spike_count += 1' to its reset, and 'spike_count = 0' at the beginning of trials"
    ),
    "error": (
        "target minus output; use a Readout, or add 'error : 1' and set it with run_regularly(...,"
        " **schedule.LOSS)"
    ),
    "winner": "1 for the unit that was chosen; use a WinnerTakeAll",
    "deciding": "1 in the step of a decision; use a WinnerTakeAll",
    "reward": (
        "what the last choice was worth; use a WinnerTakeAll, or add 'reward : 1' and set it with"
        " run_regularly(..., **schedule.REWARD)"
    ),
}


#: Optional port: what the activity does to a membrane, the unit postsynaptic potential; where a
#: group has none, its activity.
PSP = "psp"


def parent_group(group):
    """The group that a subgroup is a part of, or the group itself."""
    return group.source if isinstance(group, Subgroup) else group


def owning_group(group):
    """What a network needs in order to have a group: the group, or the one that a subgroup is a
    part of.
    """
    return parent_group(group).before_run.__self__  # a subgroup has but a weak reference


def spikes(group):
    """Whether a group emits spikes."""
    return "spike" in getattr(parent_group(group), "events", {})


def receives_spikes(group, name):
    """Whether spikes add to a variable of the group: it has a differential equation of its own, as
    a synaptic current, or its class says so.
    """
    if name in getattr(parent_group(group), "events_onto", ()):
        return True
    equations = getattr(parent_group(group), "equations", None)
    return equations is not None and name in equations.diff_eq_names


def receives(group):
    """Variables of a group that recurrent connections and inputs of a standard network end in; the
    group may name others.
    """
    return getattr(parent_group(group), "receives", {"recurrent": "I_rec", "input": "I_in"})


def input_names(kind, argument, names, least=0):
    """Names of input variables as a tuple; an error if they are none, or fewer than `least`."""
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
    """Raise unless `group` is a Brian2 group."""
    if not isinstance(group, Group):
        raise TypeError(
            f"{role} must be a Brian2 group, for example RateNeurons(30, tau=10*ms); got {group!r}"
        )
    try:
        _ = parent_group(group).name
    except ReferenceError:
        raise ValueError(
            f"{role} is a part of a group that is gone, since nothing held it; give the group a"
            " name of its own: mine = RateNeurons(30, tau=10*ms), and then mine[:20]"
        ) from None


def check_port(group, name, reader, with_units=False):
    """Raise unless `group` stores the variable `name`, dimensionless in general, which `reader`
    (words for the user) needs.
    """
    hint = PORTS.get(name, f"add '{name} : 1' to its equations")
    variable = group.variables.get(name)
    if variable is None:
        raise ValueError(
            f"group '{group.name}' has no variable '{name}', which {reader} needs"
            f" ({hint.replace('mine.', f'{group.name}.')})"
        )
    if not isinstance(variable, ArrayVariable):
        raise ValueError(
            f"variable '{name}' of group '{group.name}' must be stored, because {reader} reads it"
            f" at every synapse: write '{name} : 1' and set it once per step with run_regularly"
        )
    if not with_units and get_dimensions(variable) is not DIMENSIONLESS:
        raise ValueError(
            f"variable '{name}' of group '{group.name}' must have no units, because {reader} needs"
            f" it so: write '{name} : 1' and give it its units where your equations use it, for"
            f" example {name}*mV"
        )
