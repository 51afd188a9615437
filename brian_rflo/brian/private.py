"""Questions to Brian2 that only its own code can answer, each once.

The attributes behind them stand in the table `borrowed.ATTRIBUTES`; no other room names one.
"""

import os

import numpy as np
from brian2 import BrianObject, CodeRunner, Group, Synapses, get_device

from .borrowed import SynapticPathway


def run_end(clock):
    """Return the number of the time step at which the coming run of a clock is over."""
    return int(clock._i_end)


def run_begin(clock):
    """Return the number of the time step with which the coming run of a clock begins."""
    return int(clock.variables["timestep"].get_value()[0])


def has_state(obj):
    """Return whether Brian2's `store` keeps something of an object."""
    return hasattr(obj, "_full_state")


def spikes_waiting(obj):
    """Return whether spikes of later steps wait in an object, a pathway of synapses with delays,
    whose queue is in C++ or in Python.
    """
    if not isinstance(obj, SynapticPathway) or obj.queue is None:
        return False
    state = obj.queue._full_state()
    return len(state[1]) > 0 if len(state) == 3 else any(state[1])


def needed_by(obj):
    """Return the numbers (`id`) of the objects without which an object cannot run."""
    return set(obj._dependencies)


def check_device(obj):
    """Raise unless an object was made for the active device of Brian2, by its clock."""
    if obj.clock.variables["timestep"].device is not get_device():
        raise RuntimeError(
            f"'{obj.name}' was built for another device of Brian2 than the active one; write"
            " set_device(...) before anything is built"
        )


def forget(variables, name):
    """Take a variable away, if there is one of this name."""
    variables._variables.pop(name, None)


def set_in_program(variable, value):
    """Set the single value of an array in a C++ standalone program to C++ text."""
    device = get_device()
    name = device.get_array_name(variable, access_data=False)
    device.main_queue.append(("set_by_single_value", (name, 0, value)))


def is_given(variable):
    """Return whether a C++ standalone program, as far as it is built, gives an array any other
    value than 0, which it has from the beginning.
    """
    name = get_device().get_array_name(variable, access_data=False)
    for kind, details in get_device().main_queue:
        if kind == "run_code_object":
            code = details[0]
            if (
                code.template_name.startswith("group_variable_set")
                and variable in code.variables.values()
            ):
                return True
        elif (
            kind.startswith("set_")
            and details[0] == name
            and not is_zero(details[-1] if kind == "set_by_single_value" else details[1])
        ):
            return True
    return False


def is_zero(value):
    """Return whether a value in the queue of a program is 0; names of arrays are not."""
    try:
        return float(value) == 0
    except ValueError:
        return False


def global_random_state():
    """Return the generator behind NumPy's own functions, which Brian2 draws from."""
    return np.random.get_state.__self__


class WithoutState:
    """Mixin for groups of which `store` keeps nothing."""

    @property
    def _full_state(self):
        """Raise AttributeError, so that it is not there for Brian2."""
        raise AttributeError(f"nothing of '{self.name}' is kept")

    @property
    def _restore_from_full_state(self):
        """Raise AttributeError, so that it is not there for Brian2."""
        raise AttributeError(f"nothing of '{self.name}' is kept")


class WithoutWorkingMemory(Synapses):
    """Synapses of which `store` leaves out variables that begin with `working`: another device does
    not have them.
    """

    working = ()

    def _full_state(self):
        return {
            name: value
            for name, value in super()._full_state().items()
            if not name.startswith(self.working)
        }


def link_threads():
    """Let the program of the active standalone device be linked with threads."""
    flags = get_device().extra_link_args
    if os.name == "posix" and "-pthread" not in flags:
        flags.append("-pthread")


def is_python(obj):
    """Return whether an object runs arbitrary Python code, such as a network operation."""
    return (
        type(obj).run is not BrianObject.run
        and not isinstance(obj, (CodeRunner, Group))
        and getattr(obj, "touches_synapses", True)
    )
