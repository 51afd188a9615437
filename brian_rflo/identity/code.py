"""What functions and classes do, as text: byte code of a script, files of modules.

`told` is whoever makes text of the values that code holds, a `values.Description`.
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
#: What a function may close over: it holds what it is, where others may be anything.
HELD = (np.random.Generator, np.random.RandomState, partial, MethodType)
MISSING = object()


def is_of_script(thing):
    """Whether a function or class is defined in a script, and not in a module of a package; also in
    a process to which its code was sent, and where `__main__` is another.
    """
    module = thing.__module__ or "builtins"
    return module == "__main__" or (
        "." not in module and module not in sys.stdlib_module_names and not is_installed(module)
    )


def is_of_user(thing):
    """Whether a function or class is the user's."""
    return is_of_script(thing) or is_in_work(thing.__module__)


def is_installed(module):
    """Whether a module lies in one of the folders into which packages are installed."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return False
    return any(
        Path(file).is_relative_to(folder) for folder in INSTALLED
    ) or not OF_PACKAGES.isdisjoint(Path(file).parts)


def is_in_work(module):
    """Whether a module is a file outside of these folders, and none of ours."""
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
    """A module, and those of its folder that it takes something from, and so on."""
    found = {*found, module}
    for value in list(vars(sys.modules[module]).values()):
        name = module_of(value)
        if name not in found and (
            in_folder(name, Path(sys.modules[module].__file__).parent) or is_in_work(name)
        ):
            found |= neighbours(name, found)
    return found


def module_of(value):
    """Name of the module that a value is, or comes from; None if it does not say."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return name if isinstance(name, str) else None


def is_beside(module, function):
    """Whether a module is that of a function, or one that its code is told by: of the same folder
    or of the user's.
    """
    return (
        module == function.__module__
        or in_folder(module, Path(function.__code__.co_filename).parent)
        or is_in_work(module)
    )


def in_folder(module, folder):
    """Whether a module is a file of a folder."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and Path(file).name != "__init__.py" and Path(file).parent == folder


def code_of(thing, told, seen=None):
    """What a function or class of a script does: its code, and that of all in its module and folder
    that it names.

    Comments, docstrings, and what else the script does, make no difference.
    """
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return ""
    seen.add(id(thing))
    if isinstance(thing, type):
        return code_of_class(thing, told, seen)
    return "\n".join(f"{name} {text}" for name, text in code_by_name(thing, told, seen).items())


def code_by_name(function, told, seen):
    """That of what a function closes over and finds in its module, by name; its own as ``""``."""
    own = [instructions(function.__code__, told)]
    for value in [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]:
        own.append(code_of_value(value, function, told, seen) or told.text(value))
    texts = {"": "\n".join(own)}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        value = cell.cell_contents
        texts[name] = code_of_value(value, function, told, seen) or code_of_held(value, told)
    for name in sorted(names_in(function.__code__) & set(function.__globals__)):
        found = code_of_value(function.__globals__[name], function, told, seen)
        texts[name] = texts.get(name, "") + found
    return texts


def code_of_class(kind, told, seen):
    """The methods of a class, its plain attributes, and the classes that it is made of.

    What it would inherit anyway is left out: pickling by value leaves some of that out of a class,
    and the code must be the same in the process that reads it.
    """
    texts = []
    for base in kind.__bases__:
        same = base.__module__ == kind.__module__
        texts.append(code_of(base, told, seen) if same else told.text(base))
    for name, value in sorted(vars(kind).items()):
        is_function = isinstance(function_of(value), FunctionType)
        if not is_function and (not isinstance(value, PLAIN) or name.startswith("_")):
            continue
        if not is_inherited(name, value, kind, told):
            text = code_of(function_of(value), told, seen) if is_function else told.text(value)
            texts.append(f"{name} {text}")
    return "\n".join(texts)


def is_inherited(name, value, kind, told):
    """Whether a class would have this attribute anyway: that function, or a value that says that.

    Whether it is the same object differs between processes.
    """
    inherited = next((vars(base)[name] for base in kind.__mro__[1:] if name in vars(base)), MISSING)
    if isinstance(value, PLAIN) and isinstance(inherited, PLAIN):
        return type(value) is type(inherited) and told.text(value) == told.text(inherited)
    return function_of(value) is function_of(inherited)


def function_of(value):
    """The function of a property, class method or static method; else the value itself."""
    return getattr(value, "fget", None) or getattr(value, "__func__", value)


def code_of_value(value, function, told, seen):
    """What a function finds under a name: code of the same module, files of the same folder,
    numbers and value objects, functions of packages by their names.
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
        return code_of(value, told, seen)
    if (
        isinstance(value, (FunctionType, ModuleType, type))
        and module
        and is_beside(module, function)
    ):
        return files_of(module)
    if isinstance(value, ModuleType):
        return module
    if isinstance(value, (FunctionType, type, partial)):
        return told.text(value)
    if isinstance(value, Equations):
        return str(value)
    if isinstance(value, (*PLAIN, TimedArray)) or is_dataclass(value):
        return told.text(value)
    if callable(value) and isinstance(
        getattr(value, "__name__", None), str
    ):  # of NumPy, or compiled; or a method, without what it belongs to
        return f"{module} {getattr(value, '__qualname__', value.__name__)} {value.__name__}"
    return ""


def code_of_held(value, told):
    """What a function closes over and is neither code nor a plain value: objects of the user's
    classes, and what holds others.
    """
    return told.text(value) if isinstance(value, HELD) or is_of_user(type(value)) else ""


def instructions(code, told):
    """Byte code with its constants, without line numbers and docstrings.

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
            steps.append(f"{step.opname} {instructions(step.argval, told)}")
        else:
            steps.append(f"{step.opname} {told.text(step.argval)}")
    return repr((code.co_varnames, steps))


def names_in(code):
    """All global names that code looks up, those of inner functions included."""
    names = {
        step.argval
        for step in dis.get_instructions(code)
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    return names.union(
        *(names_in(value) for value in code.co_consts if isinstance(value, CodeType))
    )
