"""Differences between a saved network and the one that loads it."""

from contextlib import contextmanager

import numpy as np

from ..brian.borrowed import DynamicArrayVariable
from ..brian.private import spikes_waiting
from ..results.archives import shortened
from ..synapses.kinds import is_projection
from ..synapses.lesion import INTACT
from .contents import WEIGHTS, connections, owners

#: Arguments of a network that affect only its initial weights.
BEGINNING = {"initial"}


@contextmanager
def report_alteration(path):
    """Context of reading a saved file: name the file in the error if its contents are wrong."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"'{path}' is not as LearningNetwork.save wrote it: {error}") from error


def refuse_another_network(net, wanted, file, about):
    """Raise if a file is that of a network with another construction; no values are read."""
    found = {
        name.removeprefix("state/"): header
        for name, header in file.headers.items()
        if name.startswith("state/") and not is_lesion(name)
    }
    differences = [
        *differing_settings(about["settings"], net.settings),
        *differing_variables(found, wanted),
        *differing_connections(about["connections"], net),
    ]
    if differences:
        raise ValueError(
            f"'{file.path}' was saved from another network than '{net.name}':\n"
            + "\n".join(f"  {difference}" for difference in differences)
            + "\nBuild it with the same arguments; what may change, such as"
            " net.recurrent.learning_rate, can be set after loading. To begin with its weights"
            " alone, give their matrices to initial= of a new network"
        )


def is_lesion(name):
    """Return whether the name of a variable is that of a mask of lesioned synapses, which a network
    gets from the file.
    """
    return name.endswith(f".{INTACT}")


def impossible(state, known):
    """Yield values with which no network can continue, as text.

    Other values may be NaN, such as the loss of a diverged network.
    """
    for name, values in state.items():
        if (
            known[name].name in WEIGHTS
            and is_projection(known[name].owner)
            and not np.isfinite(values).all()
        ):
            bad = np.count_nonzero(~np.isfinite(values))
            yield f"{name} must be finite; got {bad} values that are not"
        if (
            known[name].name.endswith("space")
            and known[name].name.startswith("_")
            and not has_spikes(values)
        ):
            yield f"{name} must be the numbers of the spiking neurons, followed by their count"


def has_spikes(values):
    """Return whether an array can be the spikes of a step: neuron numbers, and their count at the
    end.
    """
    size, count = len(values) - 1, values[-1]
    return 0 <= count <= size and bool(((values[:count] >= 0) & (values[:count] < size)).all())


def refuse_delayed_spikes(net):
    """Raise if spikes are still in transit."""
    for role, obj in owners(net).items():
        if spikes_waiting(obj):
            raise ValueError(
                f"'{role}' has delays, and spikes are in transit, which a file cannot"
                f" hold; write net.{role.split('_')[0]}.delay = 0*ms, or save when there"
                " are none"
            )


def differing_settings(saved, ours):
    """Return settings that differ, as text, without those that are restored with the state."""
    names = [
        name
        for name in dict.fromkeys([*saved, *ours])
        if name not in BEGINNING and not name.startswith(("version_", "platform", "neurons_"))
    ]
    names = [
        name
        for name in names
        if not name.startswith("constant_") or (name in saved and name in ours)
    ]  # which a script may have elsewhere
    return [
        f"{name}: {one_line(saved.get(name))} in the file, {one_line(ours.get(name))} here"
        for name in names
        if saved.get(name) != ours.get(name)
    ]


def one_line(value):
    """Return a setting as one line of text."""
    return "nothing" if value is None else shortened(value, 400)


def differing_variables(found, wanted):
    """Return variables that only one of the two has, or that differ in shape or type, as text."""
    for name in sorted(set(found) ^ set(wanted)):
        yield f"{name}: only {'in the file' if name in found else 'here'}"
    for name in sorted(set(found) & set(wanted)):
        ours, shape = size_of(wanted[name]), found[name].shape
        if len(shape) != 1:
            yield f"{name}: shape {shape} in the file, {(ours,)} here"
        elif ours not in (None, *shape):
            yield f"{name}: {shape[0]} values in the file, {ours} here"
        if found[name].dtype != wanted[name].dtype:
            yield f"{name}: {found[name].dtype} in the file, {np.dtype(wanted[name].dtype)} here"


def size_of(variable):
    """Return the number of values of a variable; None if standalone does not know it."""
    if not isinstance(variable, DynamicArrayVariable):
        return variable.size
    try:
        return np.size(variable.get_value())
    except NotImplementedError:
        return variable.owner._size() if is_projection(variable.owner) else None


def differing_connections(saved, net):
    """Return projections with other connections, as text."""
    ours = connections(net)
    return [
        f"{role}: other connections"
        for role in sorted(set(saved) & set(ours))
        if saved[role] != ours[role]
    ]
