"""Work between the runs of a C++ standalone program: it writes down what variables are, remembers
the state of a network, and gives it back.
"""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
from brian2 import get_device

from .borrowed import ArrayVariable, DynamicArrayVariable, c_data_type
from .conditional import is_standalone
from .private import set_in_program


def is_waiting():
    """Return whether a run of the active device waits for ``device.build``."""
    return is_standalone() and not get_device().build_on_run


def program():
    """Return what identifies the program that the active device is making or has made."""
    return get_device().main_queue


def is_built(made):
    """Return whether a program has been built and run, and is still the device's."""
    return is_standalone() and program() is made and get_device().has_been_run


def memory(variable):
    """Return C++ of the beginning of an array, of its size, and its type."""
    name = get_device().get_array_name(variable, access_data=False)
    kind = c_data_type(variable.dtype)
    if isinstance(variable, DynamicArrayVariable):
        return f"{name}.data()", f"{name}.size()", kind
    return name, str(variable.size), kind


def say(*lines):
    """Add lines to the main function of the program."""
    get_device().insert_code("main", "\n".join(lines))


def static(name, values):
    """Return the C++ name of an array that the program reads where it begins."""
    return get_device().static_array(name, np.ascontiguousarray(values, dtype=np.int32).ravel())


def run_from(network, time):
    """Let the next run of a network begin at a time in seconds."""
    network.t_ = time
    say(f"{network.name}.t = {time!r};")


def set_value(variable, values):
    """Set the values of a variable; Brian2 has no C++ for a single one that is not finite."""
    if is_standalone() and values.size == 1 and not np.isfinite(values).all():
        value = (
            "NAN" if np.isnan(values).any() else "INFINITY" if (values > 0).any() else "-INFINITY"
        )
        set_in_program(variable, value)
        get_device().array_cache[variable] = values.reshape(1).copy()
    else:
        variable.set_value(values)


class Record:
    """Values of variables at one point of the program, written to files of its results.

    Parameters
    ----------
    name : str
        Part of the names of the files.
    variables : list of Variable
    """

    def __init__(self, name, variables):
        self.files = {variable: f"{name}_{k}" for k, variable in enumerate(variables)}
        for variable, file in self.files.items():
            begin, size, kind = memory(variable)
            say(
                f'{{ std::ofstream _file(brian::results_dir + "{file}", std::ios::binary);',
                f"  _file.write(reinterpret_cast<const char*>({begin}), {size}*sizeof({kind})); }}",
            )

    @contextmanager
    def holds(self):
        """Context in which the variables have these values, after the program has run."""
        cache, folder = get_device().array_cache, Path(get_device().results_dir)
        before = {variable: cache.get(variable) for variable in self.files}
        for variable, file in self.files.items():
            cache[variable] = np.fromfile(folder / file, dtype=variable.dtype)
        try:
            yield
        finally:
            cache.update(before)


@contextmanager
def nothing_changes_in_program(network, name, silent):
    """Context of a run after which a network in the program is as it was before, but for random
    numbers, and spikes on their way through synapses with delays.

    Parameters
    ----------
    network : Network
    name : str
        Name of what is remembered, which occurs only once.
    silent : list of Monitor
        Monitors of the network, which are left alone.
    """
    kept, time = list(changing_variables(network, silent)), network.t_
    cache = get_device().array_cache
    known = {variable: cache.get(variable) for variable in kept}
    known = {variable: None if of is None else of.copy() for variable, of in known.items()}
    for k, variable in enumerate(kept):
        begin, size, kind = memory(variable)
        say(f"std::vector<{kind}> _{name}_{k}({begin}, {begin} + {size});")
    try:
        yield
    finally:
        for k, variable in enumerate(kept):
            begin, _, _ = memory(variable)
            place = f"_{name}_{k}"
            say(f"for (size_t _k = 0; _k < {place}.size(); _k++) ({begin})[_k] = {place}[_k];")
        run_from(network, time)
        cache.update(known)


def changing_variables(network, without):
    """Yield the variables of a network that a run changes, and those of its clocks."""
    objects = [obj for obj in network.sorted_objects if not any(obj is one for one in without)]
    clocks = {obj.clock.name: obj.clock for obj in objects}
    for obj in (*objects, *clocks.values()):
        for variable in getattr(obj, "variables", {}).values():
            if (
                isinstance(variable, ArrayVariable)
                and getattr(variable.owner, "name", None) == obj.name
                and not (variable.constant and variable.read_only)
                and not variable.name.startswith(getattr(obj, "working", ()))
            ):
                yield variable
