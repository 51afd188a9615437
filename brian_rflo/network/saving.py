"""A trained network on disk: what `LearningNetwork.save` writes, and `load` reads.

All that the next time step depends on: the state variables of groups and projections (weights,
traces, moments, unfinished batches, ...), the time, and the random numbers to come; beside them the
settings, by which a network that is built otherwise is refused. What monitors have recorded is not
in it. Trials need no state: each is drawn from the task's seed and its number, and that follows
from the time.
"""

import json
from contextlib import contextmanager

import numpy as np
from brian2 import BrianObject, Synapses, get_device
from brian2.core.variables import ArrayVariable, DynamicArrayVariable
from brian2.groups.subgroup import Subgroup
from brian2.monitors import EventMonitor, PopulationRateMonitor, StateMonitor
from brian2.synapses.synapses import SynapticPathway

from ..brian.occasional import is_standalone
from ..brian.random_numbers import random_numbers, random_numbers_in, restore_random_numbers
from ..identity import described, digest
from ..identity.settings import named_versions
from ..results.archives import archive, in_words, shortened
from ..results.files import save_arrays, write_whole
from ..synapses.projection import WORKING, Projection

FORMAT = 1
MONITORS = (EventMonitor, PopulationRateMonitor, StateMonitor)
#: Arguments of a network that decide only with which weights it begins.
BEGINNING = {"initial"}
#: What a network is to be finite in.
WEIGHTS = {"w", "w_kept"}


def save(net, path):
    """Write a network; returns the path."""
    check_ending(path)
    if is_standalone() and not get_device().has_been_run:
        raise RuntimeError(
            f"'{net.name}' has not run yet, and before that C++ standalone does not know its state;"
            " save it after train"
        )
    refuse_delayed_spikes(net)
    about = dict(
        format=FORMAT, settings=net.settings | named_versions(), connections=connections(net)
    )
    known = variables(net)
    state = {name: variable.get_value() for name, variable in known.items()}
    for problem in impossible(state, known):
        raise ValueError(
            f"'{net.name}' would be saved in a state from which nothing goes on: {problem}. "
            "Load what was saved before, or build it anew"
        )
    arrays = {f"state/{name}": values for name, values in state.items()}
    return write_whole(
        path,
        lambda waiting: save_arrays(
            waiting,
            arrays
            | random_numbers()
            | {
                "step": np.array(step_of(net)),
                "about": np.array(json.dumps(about)),
            },
        ),
    )


def load(net, path):
    """Give a network the state in a file; all of it, or none if it does not fit."""
    check_ending(path)
    if is_standalone() and get_device().has_been_run:
        raise RuntimeError(
            "C++ standalone has run its one program; load the network before it runs, or in a new"
            " one after device.reinit() and device.activate()"
        )
    refuse_delayed_spikes(net)
    with archive(path) as file:
        about, wanted = about_of(file), variables(net)
        refuse_another_network(net, wanted, file, about)
        with alteration(file.path):
            step, random, state = step_in(file), random_numbers_in(file), state_in(file, wanted)
    for name, variable in wanted.items():
        set_value(variable, state[name])
    set_time(net, step * float(net.task.dt))
    if random:
        restore_random_numbers(random)
    return state


def about_of(file):
    """What a file says of its network.

    Raises
    ------
    ValueError
        If it holds none, or one of another format.
    """
    with alteration(file.path):
        about = file.dictionary("about") if "about" in file.headers else {}
    if "format" not in about:
        raise ValueError(f"'{file.path}' holds no network; LearningNetwork.save writes one")
    with alteration(file.path):
        if type(about["format"]) is not int or about["format"] < 1:
            raise ValueError(
                f"its format must be a whole number, 1 or more; got {shortened(about['format'])}"
            )
    if about["format"] > FORMAT:
        raise ValueError(
            f"'{file.path}' has format {about['format']}, but this version of brian_rflo knows "
            f"formats up to {FORMAT}; install the one that wrote it{writer_of(about)}"
        )
    with alteration(file.path):
        for name in ("settings", "connections"):
            if not isinstance(about.get(name), dict):
                raise ValueError(
                    f"its {name} must be a dictionary; got {shortened(about.get(name))}"
                )
    return about


def writer_of(about):
    """The version that wrote a file, in brackets, if it says."""
    settings = about.get("settings")
    return (
        f" ({shortened(settings.get('version_brian_rflo'))})" if isinstance(settings, dict) else ""
    )


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


def step_in(file):
    """The number of the time step in a file."""
    if "step" not in file.headers:
        raise ValueError("it lacks 'step'")
    header = file.headers["step"]
    if header.shape or header.dtype.kind not in "biuf":
        raise ValueError(f"'step' must be a whole number, 0 or more; got {in_words(header)}")
    step = file.read(["step"])["step"].item()
    if type(step) is not int or step < 0:
        raise ValueError(f"'step' must be a whole number, 0 or more; got {step}")
    return step


def state_in(file, wanted):
    """The values of variables in a file, whose shapes and types are known to be right."""
    arrays = file.read([f"state/{name}" for name in wanted])
    state = {name: arrays[f"state/{name}"] for name in wanted}
    for problem in impossible(state, wanted):
        raise ValueError(problem)
    return state


def impossible(state, known):
    """Values that no network can go on with, in words.

    Others may be no numbers: the loss of a network that has diverged.
    """
    for name, values in state.items():
        if (
            known[name].name in WEIGHTS
            and isinstance(known[name].owner, Projection)
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


def set_value(variable, values):
    """Give a variable its values; Brian2 has no C++ for a single one that is not finite."""
    if is_standalone() and values.size == 1 and not np.isfinite(values).all():
        value = (
            "NAN" if np.isnan(values).any() else "INFINITY" if (values > 0).any() else "-INFINITY"
        )
        get_device().main_queue.append(
            (
                "set_by_single_value",
                (get_device().get_array_name(variable, access_data=False), 0, value),
            )
        )
    else:
        variable.set_value(values)


def set_time(net, t):
    """Let the next run begin at a time; a C++ program keeps one of its own, which begins at 0."""
    net.t_ = t
    if is_standalone():
        get_device().insert_code("main", f"{net.name}.t = {t!r};")


def check_ending(path):
    """Raise unless a file's name says that it holds arrays."""
    if not str(path).endswith(".npz"):
        raise ValueError(
            f"networks are saved as NumPy arrays ('.npz'); got '{path}': write for example"
            " 'network.npz'"
        )


def step_of(net):
    """The time of a network as a number of steps: times that were added up differ in their last
    bit.
    """
    step = round(net.t_ / float(net.task.dt))
    if abs(net.t_ / float(net.task.dt) - step) > 1e-6:
        raise ValueError(
            f"'{net.name}' stands at {net.t}, between two time steps of {net.task.dt}; run it to"
            " the end of one, then save it"
        )
    return step


def variables(net):
    """The state variables of a network, by names such as ``"recurrent.w"`` that do not depend on
    those of Brian2's objects.
    """
    return {
        f"{role}.{variable.name}": variable
        for role, obj in owners(net).items()
        for variable in own_variables(obj)
    }


def owners(net):
    """The objects of a network that have a state, by role: the network's attributes, and by name
    what else is in it.
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
    for obj in sorted(net.objects, key=lambda obj: (obj.name not in roles, obj.name)):
        take(obj, roles.get(obj.name, obj.name), roles, found)
    return {
        role: obj
        for role, obj in found.items()
        if hasattr(obj, "_full_state") and not isinstance(obj, MONITORS)
    }


def credit_parts(net):
    """The objects of a network's credit path, by role; none where it has no such path."""
    credit = getattr(net, "credit", None)
    return (
        {}
        if credit is None
        else {f"credit_{site}": cells for site, cells in credit.cells.items()} | credit.projections
    )


def take(obj, role, roles, found):
    """Take an object under its role, and what it contains under names of their own."""
    if any(obj is known for known in found.values()):
        return
    found[role] = obj
    for part in obj.contained_objects:
        take(part, roles.get(part.name) or role_within(part, obj, role, roles), roles, found)


def role_within(part, obj, role, roles):
    """The role of what an object contains: its name, without those that Brian2 gave to the object
    and to the group that it stands beside.
    """
    beside = getattr(part, "beside", None)
    return (
        part.name.replace(obj.name, role, 1)
        if beside is None
        else f"{role}_of_{roles.get(beside.name, beside.name)}"
    )


def own_variables(obj):
    """What an object can change of itself: not the working memory of dense loops, which another
    device does not have.
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
    """A digest of the connections of each projection; C++ standalone does not know them before it
    has run.
    """
    if is_standalone() and not get_device().has_been_run:
        return {}
    synapses = {role: obj for role, obj in owners(net).items() if isinstance(obj, Synapses)}
    return {
        role: digest(described([np.asarray(obj.i[:]), np.asarray(obj.j[:])]))
        for role, obj in synapses.items()
    }


def refuse_delayed_spikes(net):
    """Raise if spikes are on their way; a queue holds those of the last step too, which have
    arrived.
    """
    for role, obj in owners(net).items():
        if (
            isinstance(obj, SynapticPathway)
            and obj.queue is not None
            and is_waiting(obj.queue._full_state())
        ):
            raise ValueError(
                f"'{role}' has delays, and spikes are on their way, which a file does not hold;"
                f" write net.{role.split('_')[0]}.delay = 0*ms, or save where none are"
            )


def is_waiting(state):
    """Whether a spike queue of Brian2, in C++ or in Python, holds spikes of later steps."""
    if len(state) == 3:
        return bool((state[1][:, 0] > 0).any())
    now, queue = state
    return any(spikes for step, spikes in enumerate(queue) if step != now)


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
        return variable.owner._size() if isinstance(variable.owner, Projection) else None


def differing_connections(saved, net):
    """Projections with other connections, in words."""
    ours = connections(net)
    return [
        f"{role}: other connections"
        for role in sorted(set(saved) & set(ours))
        if saved[role] != ours[role]
    ]
