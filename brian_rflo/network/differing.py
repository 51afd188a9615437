"""What a saved network and the one that is to go on from it do not have in common."""

from contextlib import contextmanager

import numpy as np

from ..brian.borrowed import DynamicArrayVariable
from ..brian.private import spikes_waiting
from ..results.archives import shortened
from ..synapses.kinds import is_projection
from .contents import WEIGHTS, connections, owners

#: Arguments of a network that decide only with which weights it begins.
BEGINNING = {"initial"}


@contextmanager
def alteration(path):
    """Let what is wrong in a file of ours name it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"'{path}' is not as LearningNetwork.save wrote it: {error}") from error


def refuse_another_network(net, wanted, file, about):
    """Raise if a file is that of a network that was built otherwise; no values are read."""
    found = {
        name.removeprefix("state/"): header
        for name, header in file.headers.items()
        if name.startswith("state/")
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


def impossible(state, known):
    """Values that no network can go on with, in words.

    Others may be no numbers: the loss of a network that has diverged.
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
            yield f"{name} must be numbers of neurons, and how many"


def has_spikes(values):
    """Whether this can be the spikes of a step: numbers of neurons, and at its end how many."""
    size, count = len(values) - 1, values[-1]
    return 0 <= count <= size and bool(((values[:count] >= 0) & (values[:count] < size)).all())


def refuse_delayed_spikes(net):
    """Raise if spikes are on their way."""
    for role, obj in owners(net).items():
        if spikes_waiting(obj):
            raise ValueError(
                f"'{role}' has delays, and spikes are on their way, which a file does not hold;"
                f" write net.{role.split('_')[0]}.delay = 0*ms, or save where none are"
            )


def differing_settings(saved, ours):
    """Settings that differ, in words; not those that a loaded network has in its state."""
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
        f"{name}: {in_a_line(saved.get(name))} in the file, {in_a_line(ours.get(name))} here"
        for name in names
        if saved.get(name) != ours.get(name)
    ]


def in_a_line(value):
    """A setting in one line."""
    return "nothing" if value is None else shortened(value, 400)


def differing_variables(found, wanted):
    """Variables that only one of both has, or that have another shape or type, in words."""
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
    """Number of its values; None where standalone does not know it."""
    if not isinstance(variable, DynamicArrayVariable):
        return variable.size
    try:
        return np.size(variable.get_value())
    except NotImplementedError:
        return variable.owner._size() if is_projection(variable.owner) else None


def differing_connections(saved, net):
    """Projections with other connections, in words."""
    ours = connections(net)
    return [
        f"{role}: other connections"
        for role in sorted(set(saved) & set(ours))
        if saved[role] != ours[role]
    ]
