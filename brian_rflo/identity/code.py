"""Text of functions and classes: byte code for scripts, files for modules.

`description`, a `values.Description`, makes text of the values that code holds.
"""

import dis
import sys
import sysconfig
from dataclasses import is_dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType

import numpy as np
from brian2 import Equations, TimedArray

from .syntax import digest_of_file

INSTALLED = {
    Path(folder)
    for name, folder in sysconfig.get_paths().items()
    if name in ("stdlib", "platstdlib", "purelib", "platlib")
}
#: Names of folders into which packages are installed, also for another interpreter or by a user for
#: themselves.
OF_PACKAGES = {"site-packages", "dist-packages"}
PLAIN = (
    bool,
    bytes,
    complex,
    dict,
    float,
    frozenset,
    int,
    list,
    np.generic,
    np.ndarray,
    set,
    str,
    tuple,
    type(None),
)
#: Containers that a function may close over and that are described by their contents.
HELD = (np.random.Generator, np.random.RandomState, partial, MethodType)
MISSING = object()


def is_of_script(thing):
    """Return whether a function or class is defined in a script, not in a module of a package; also
    in processes that receive its code, and where `__main__` is another.
    """
    module = thing.__module__ or "builtins"
    return module == "__main__" or (
        "." not in module and module not in sys.stdlib_module_names and not is_installed(module)
    )


def is_of_user(thing):
    """Return whether a function or class is the user's."""
    return is_of_script(thing) or is_in_work(thing.__module__)


def is_installed(module):
    """Return whether a module lies in a folder of installed packages."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return False
    return any(
        Path(file).is_relative_to(folder) for folder in INSTALLED
    ) or not OF_PACKAGES.isdisjoint(Path(file).parts)


def is_in_work(module):
    """Return whether a module is a file outside these folders, and not of this package."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return (
        file is not None
        and module != "__main__"
        and module.partition(".")[0] != __package__.partition(".")[0]
        and Path(file).suffix == ".py"
        and not is_installed(module)
    )


def files_of(module):
    """Return what a module and its neighbours say: digests, without docstrings and comments."""
    return "\n".join(
        digest_of_file(sys.modules[name].__file__) for name in sorted(neighbours(module))
    )


def neighbours(module, found=()):
    """Return a module and the modules of its folder that it imports, recursively."""
    found = {*found, module}
    for value in list(vars(sys.modules[module]).values()):
        name = module_of(value)
        if name not in found and (
            in_folder(name, Path(sys.modules[module].__file__).parent) or is_in_work(name)
        ):
            found |= neighbours(name, found)
    return found


def module_of(value):
    """Return the name of a module, or of the module of a value; None if unknown."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return name if isinstance(name, str) else None


def is_beside(module, function):
    """Return whether a module is that of a function, in the same folder, or the user's."""
    return (
        module == function.__module__
        or in_folder(module, Path(function.__code__.co_filename).parent)
        or is_in_work(module)
    )


def in_folder(module, folder):
    """Return whether a module is a file in a folder."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and Path(file).name != "__init__.py" and Path(file).parent == folder


def code_of(thing, description, seen=None):
    """Return the code of a function or class of a script, with everything in its module and folder
    that it names.

    Comments, docstrings, and what else the script does, make no difference.
    """
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return ""
    seen.add(id(thing))
    if isinstance(thing, type):
        return code_of_class(thing, description, seen)
    return "\n".join(
        f"{name} {text}" for name, text in code_by_name(thing, description, seen).items()
    )


def code_by_name(function, description, seen):
    """Return the code of what a function closes over and finds in its module, by name; its own as
    ``""``.
    """
    own = [instructions(function.__code__, description)]
    for value in [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]:
        own.append(code_of_value(value, function, description, seen) or description.text(value))
    texts = {"": "\n".join(own)}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        value = cell.cell_contents
        texts[name] = code_of_value(value, function, description, seen) or code_of_held(
            value, description
        )
    for name in sorted(names_in(function.__code__) & set(function.__globals__)):
        found = code_of_value(function.__globals__[name], function, description, seen)
        texts[name] = texts.get(name, "") + found
    return texts


def code_of_class(kind, description, seen):
    """Return the methods of a class, its plain attributes, and its base classes.

    Inherited attributes are left out: pickling by value leaves some of them out of a class, and the
    code must be the same in the process that reads it.
    """
    texts = []
    for base in kind.__bases__:
        same = base.__module__ == kind.__module__
        texts.append(code_of(base, description, seen) if same else description.text(base))
    for name, value in sorted(vars(kind).items()):
        is_function = isinstance(function_of(value), FunctionType)
        if not is_function and (not isinstance(value, PLAIN) or name.startswith("_")):
            continue
        if not is_inherited(name, value, kind, description):
            text = (
                code_of(function_of(value), description, seen)
                if is_function
                else description.text(value)
            )
            texts.append(f"{name} {text}")
    return "\n".join(texts)


def is_inherited(name, value, kind, description):
    """Return whether a class would inherit the same attribute: the same function, or an equal
    value.

    Whether it is the same object differs between processes.
    """
    inherited = next((vars(base)[name] for base in kind.__mro__[1:] if name in vars(base)), MISSING)
    if isinstance(value, PLAIN) and isinstance(inherited, PLAIN):
        return type(value) is type(inherited) and description.text(value) == description.text(
            inherited
        )
    return function_of(value) is function_of(inherited)


def function_of(value):
    """Return the function of a property, class method or static method; else the value itself."""
    return getattr(value, "fget", None) or getattr(value, "__func__", value)


def code_of_value(value, function, description, seen):
    """Return text of what a function finds under a name: code of the same module, files of the same
    folder, numbers and value objects, functions of packages by name.
    """
    module, value = (
        module_of(value),
        (
            getattr(value, "__wrapped__", value)
            if isinstance(getattr(value, "__wrapped__", None), FunctionType)
            else value
        ),
    )
    if isinstance(value, (FunctionType, type)) and module == function.__module__:
        return code_of(value, description, seen)
    if (
        isinstance(value, (FunctionType, ModuleType, type))
        and module
        and is_beside(module, function)
    ):
        return files_of(module)
    if isinstance(value, ModuleType):
        return module
    if isinstance(value, (FunctionType, type, partial)):
        return description.text(value)
    if isinstance(value, Equations):
        return str(value)
    if isinstance(value, (*PLAIN, TimedArray)) or is_dataclass(value):
        return description.text(value)
    if callable(value) and isinstance(
        getattr(value, "__name__", None), str
    ):  # of NumPy, or compiled; or a method, without what it belongs to
        return f"{module} {getattr(value, '__qualname__', value.__name__)} {value.__name__}"
    return ""


def code_of_held(value, description):
    """Return text of a closed-over value that is neither code nor plain: an object of a user's
    class, or a container.
    """
    return description.text(value) if isinstance(value, HELD) or is_of_user(type(value)) else ""


def instructions(code, description):
    """Return byte code with its constants, without line numbers and docstrings.

    A docstring is a constant that a function does not load, and that a class stores as ``__doc__``;
    from Python 3.13 on a class stores its first line too.
    """
    steps = []
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME" and step.argval in ("__doc__", "__firstlineno__"):
            steps.pop()
        elif step.opcode not in dis.hasconst:
            steps.append(f"{step.opname} {step.argval!r}")
        elif isinstance(step.argval, CodeType):
            steps.append(f"{step.opname} {instructions(step.argval, description)}")
        else:
            steps.append(f"{step.opname} {description.text(step.argval)}")
    return repr((code.co_varnames, steps))


def names_in(code):
    """Return all global names that code looks up, including those of inner functions."""
    names = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    return names.union(
        *(names_in(value) for value in code.co_consts if isinstance(value, CodeType))
    )
