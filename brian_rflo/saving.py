"""A trained network on disk: what `LearningNetwork.save` writes, and `load` reads.

All that the next time step depends on: the state variables of groups and projections (weights, traces, moments, unfinished batches, ...), the time,
and the random numbers to come; beside them the settings, by which a network that is built otherwise is refused. What monitors have recorded is not
in it. Trials need no state: each is drawn from the task's seed and its number, and that follows from the time.
"""

import ctypes
import json

import numpy as np
from brian2 import BrianObject, Synapses, get_device
from brian2.core.variables import ArrayVariable
from brian2.groups.subgroup import Subgroup
from brian2.monitors import EventMonitor, PopulationRateMonitor, StateMonitor
from brian2.synapses.synapses import SynapticPathway

from .files import read_arrays, save_arrays, write_whole
from .identity import described, digest
from .occasional import is_standalone
from .settings import named_versions
from .synapses.projection import WORKING

FORMAT = 1
MONITORS = (EventMonitor, PopulationRateMonitor, StateMonitor)
#: Arguments of a network that decide only with which weights it begins.
BEGINNING = {"gain", "seed", "weights"}
#: Numbers that Cython code draws at a time.
BUFFER_SIZE = 20000


def save(net, path):
    """Write a network; returns the path."""
    check_ending(path)
    if is_standalone() and not get_device().has_been_run:
        raise RuntimeError(f"'{net.name}' has not run yet, and before that C++ standalone does not know its state; save it after train")
    refuse_delayed_spikes(net)
    about = dict(format=FORMAT, settings=net.settings | named_versions(), connections=connections(net))
    arrays = {f"state/{name}": variable.get_value() for name, variable in variables(net).items()}
    return write_whole(path, lambda waiting: save_arrays(waiting, arrays | random_numbers() | {"step": np.array(step_of(net)), "about": np.array(json.dumps(about))}))


def load(net, path):
    """Give a network the state in a file; all of it, or none if it does not fit."""
    check_ending(path)
    if is_standalone() and get_device().has_been_run:
        raise RuntimeError("C++ standalone has run its one program; load the network before it runs, or in a new one after device.reinit() and device.activate()")
    arrays = read_arrays(path)
    if "about" not in arrays or "step" not in arrays:
        raise ValueError(f"'{path}' holds no network; LearningNetwork.save writes one")
    about = json.loads(str(arrays["about"]))
    if about["format"] > FORMAT:
        raise ValueError(f"'{path}' has format {about['format']}, but this version of brian_rflo knows formats up to {FORMAT}; install the one that wrote it ({about['settings']['version_brian_rflo']})")
    refuse_delayed_spikes(net)
    found, wanted = {name.removeprefix("state/"): values for name, values in arrays.items() if name.startswith("state/")}, variables(net)
    differences = [*differing_settings(about["settings"], net.settings), *differing_variables(found, wanted), *differing_connections(about["connections"], net)]
    if differences:
        raise ValueError(f"'{path}' was saved from another network than '{net.name}':\n" + "\n".join(f"  {difference}" for difference in differences) + "\nBuild it with the same arguments; what may change, such as net.recurrent.learning_rate, can be set after loading. To begin with its weights alone, give their matrices to weights= of a new network")
    for name, variable in wanted.items():
        set_value(variable, found[name])
    set_time(net, int(arrays["step"]) * float(net.task.dt))
    if not is_standalone() and "random/key" in arrays:
        restore_random_numbers(arrays)
    return found


def set_value(variable, values):
    """Give a variable its values; Brian2 has no C++ for a single one that is not finite."""
    if is_standalone() and values.size == 1 and not np.isfinite(values).all():
        value = "NAN" if np.isnan(values).any() else "INFINITY" if (values > 0).any() else "-INFINITY"
        get_device().main_queue.append(("set_by_single_value", (get_device().get_array_name(variable, access_data=False), 0, value)))
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
        raise ValueError(f"networks are saved as NumPy arrays ('.npz'); got '{path}': write for example 'network.npz'")


def step_of(net):
    """The time of a network as a number of steps: times that were added up differ in their last bit."""
    step = round(net.t_ / float(net.task.dt))
    if abs(net.t_ / float(net.task.dt) - step) > 1e-6:
        raise ValueError(f"'{net.name}' stands at {net.t}, between two time steps of {net.task.dt}; run it to the end of one, then save it")
    return step


def variables(net):
    """The state variables of a network, by names such as ``"recurrent.w"`` that do not depend on those of Brian2's objects."""
    return {f"{role}.{variable.name}": variable for role, obj in owners(net).items() for variable in own_variables(obj)}


def owners(net):
    """The objects of a network that have a state, by role: the network's attributes, and by name what else is in it."""
    members, found = {name: value for name, value in vars(net).items() if isinstance(value, BrianObject)}, {}
    roles = {value.source.name: f"{name}_source" for name, value in members.items() if isinstance(value, Subgroup)} | {value.name: name for name, value in members.items()}
    for obj in sorted(net.objects, key=lambda obj: (obj.name not in roles, obj.name)):
        take(obj, roles.get(obj.name, obj.name), roles, found)
    return {role: obj for role, obj in found.items() if hasattr(obj, "_full_state") and not isinstance(obj, MONITORS)}


def take(obj, role, roles, found):
    """Take an object under its role, and what it contains under names of their own."""
    if any(obj is known for known in found.values()):
        return
    found[role] = obj
    for part in obj.contained_objects:
        take(part, roles.get(part.name, part.name.replace(obj.name, role, 1)), roles, found)


def own_variables(obj):
    """What an object can change of itself: not the working memory of dense loops, which another device does not have."""
    own = {variable.name: variable for variable in obj.variables.values() if isinstance(variable, ArrayVariable) and variable.owner is not None and variable.owner.name == obj.name}
    return [variable for name, variable in sorted(own.items()) if not variable.read_only and not name.startswith(WORKING)]


def connections(net):
    """A digest of the connections of each projection; C++ standalone does not know them before it has run."""
    if is_standalone() and not get_device().has_been_run:
        return {}
    synapses = {role: obj for role, obj in owners(net).items() if isinstance(obj, Synapses)}
    return {role: digest(described([np.asarray(obj.i[:]), np.asarray(obj.j[:])])) for role, obj in synapses.items()}


def refuse_delayed_spikes(net):
    """Raise if spikes are on their way; a queue holds those of the last step too, which have arrived."""
    for role, obj in owners(net).items():
        if isinstance(obj, SynapticPathway) and obj.queue is not None and is_waiting(obj.queue._full_state()):
            raise ValueError(f"'{role}' has delays, and spikes are on their way, which a file does not hold; write net.{role.split('_')[0]}.delay = 0*ms, or save where none are")


def is_waiting(state):
    """Whether a spike queue of Brian2, in C++ or in Python, holds spikes of later steps."""
    if len(state) == 3:
        return bool((state[1][:, 0] > 0).any())
    now, queue = state
    return any(spikes for step, spikes in enumerate(queue) if step != now)


def differing_settings(saved, ours):
    """Settings that differ, in words; not those that a loaded network has in its state."""
    names = [name for name in dict.fromkeys([*saved, *ours]) if name not in BEGINNING and not name.startswith(("version_", "platform", "neurons_"))]
    names = [name for name in names if not name.startswith("constant_") or name in saved and name in ours]  # which a script may have elsewhere
    return [f"{name}: {shortened(saved.get(name))} in the file, {shortened(ours.get(name))} here" for name in names if saved.get(name) != ours.get(name)]


def shortened(value, longest=400):
    """A setting in one line."""
    text = "nothing" if value is None else "; ".join(str(value).splitlines())
    return text if len(text) <= longest else f"{text[:longest]}..."


def differing_variables(found, wanted):
    """Variables that only one of both has, or that have another shape or type, in words."""
    for name in sorted(set(found) ^ set(wanted)):
        yield f"{name}: only {'in the file' if name in found else 'here'}"
    for name in sorted(set(found) & set(wanted)):
        ours = size_of(wanted[name])
        if ours not in (None, found[name].size):
            yield f"{name}: {found[name].size} values in the file, {ours} here"
        if found[name].dtype != wanted[name].dtype:
            yield f"{name}: {found[name].dtype} in the file, {np.dtype(wanted[name].dtype)} here"


def size_of(variable):
    """Number of its values; None where standalone does not know it."""
    try:
        return np.size(variable.get_value())
    except NotImplementedError:
        return None


def differing_connections(saved, net):
    """Projections with other connections, in words."""
    ours = connections(net)
    return [f"{role}: other connections" for role in sorted(set(saved) & set(ours)) if saved[role] != ours[role]]


def random_numbers():
    """The state of the random number generator as arrays by name; none in C++ standalone, which does not tell."""
    if is_standalone():
        return {}
    state, device = np.random.get_state(legacy=False), get_device()
    arrays = {"random/key": state["state"]["key"], "random/rest": np.array([state["state"]["pos"], state["has_gauss"], state["gauss"]], dtype=float)}
    for name in ("rand", "randn"):
        used = int(getattr(device, f"{name}_buffer_index")[0])
        arrays[f"random/{name}"] = drawn_ahead(device, name)[used:].copy() if used else np.zeros(0)
    return arrays


def restore_random_numbers(arrays):
    """Let random numbers go on where they were."""
    pos, has_gauss, gauss = arrays["random/rest"]
    np.random.set_state({"bit_generator": "MT19937", "state": {"key": arrays["random/key"], "pos": int(pos)}, "has_gauss": int(has_gauss), "gauss": float(gauss)})
    device = get_device()
    for name in ("rand", "randn"):
        left = arrays[f"random/{name}"]
        if len(left):
            drawn_ahead(device, name)[-len(left) :] = left
        getattr(device, f"{name}_buffer_index")[0] = BUFFER_SIZE - len(left) if len(left) else 0


def drawn_ahead(device, name):
    """The numbers that Cython code has drawn and not all used, as an array; before version 2.11 Brian2 has a pointer to memory that it frees itself."""
    buffer = getattr(device, f"{name}_buffer")
    if buffer.dtype == np.float64:
        return buffer
    if not buffer[0]:
        allocate = ctypes.pythonapi.PyMem_RawMalloc
        allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        buffer[0] = allocate(BUFFER_SIZE * np.dtype(np.float64).itemsize)
    return np.ctypeslib.as_array((ctypes.c_double * BUFFER_SIZE).from_address(int(buffer[0])))
