"""All that decides a number, as text: settings of a network, arguments and code of a function, versions.

Text is what files keep of it, and what a digest is taken of: two values that say the same have the same text, on every machine.
"""

import dis
import hashlib
import platform
import re
import sys
import sysconfig
from dataclasses import fields, is_dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import numpy as np
from brian2 import Equations, Function, Quantity, TimedArray, get_device, get_unit
from brian2.core.namespace import DEFAULT_UNITS
from brian2.groups.group import CodeRunner, Group
from brian2.utils.stringtools import get_identifiers

from .neurons.base import whole

#: Modules of this package that decide no number.
ELSEWHERE = {"__main__", "benchmarks", "checks", "cli", "crews", "differences", "experiment", "files", "labelled", "models", "parts", "plotting", "results", "saving", "settings", "sweeps"}
INSTALLED = {Path(folder) for name, folder in sysconfig.get_paths().items() if name in ("stdlib", "platstdlib", "purelib", "platlib")}
PLAIN = (bool, bytes, complex, dict, float, frozenset, int, list, np.generic, np.ndarray, set, str, tuple, type(None))


def versions():
    """Versions of everything that makes the numbers."""
    packages = {name: version(name) for name in ("brian_rflo", "brian2", "numpy", "matplotlib")}
    return {"python": platform.python_version(), "platform": platform.platform(), **packages}


def told(values):
    """Settings as files keep them: text and numbers by name."""
    return {name: value if isinstance(value, str) else value.item() if isinstance(value, np.number) else value if type(value) in (int, float) else described(value) for name, value in values.items()}


def origin():
    """Where numbers come from: the device of Brian2, and the versions, by name."""
    return {"device": get_device().code_object_class().class_name} | named_versions()


def named_versions():
    """Versions by names that say so."""
    return {name if name == "platform" else f"version_{name}": value for name, value in versions().items()}


def digest(text):
    """Twelve letters that stand for a text."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:12]


def described(value, within=()):
    """All that a value says, as text: arrays by a digest of their numbers; rules, tasks, other value objects and objects of the user's classes part by part.

    Objects of installed packages that do not say what they are have the text of their class: see `is_opaque`. `within` are the objects that the value is a part of.
    """
    if id(value) in within:
        return type(value).__qualname__
    if isinstance(value, Quantity):
        return f"{described(np.asarray(value))}*{get_unit(value.dim)!r}"
    if isinstance(value, (np.ndarray, np.generic)):
        return described_array(value)
    if isinstance(value, Group):
        return described_group(value)
    if isinstance(value, (FunctionType, type)):
        return described_function(value, within)
    parts = parts_of(value)
    if parts is None:
        return without_places(repr(value))
    name, parts = parts
    return name.format(", ".join(f"{key}{described(part, (*within, id(value)))}" for key, part in parts))


def described_array(value):
    """An array or a number of NumPy."""
    return repr(value.item()) if not value.ndim else f"array{value.shape} {value.dtype} {digest(np.ascontiguousarray(value).tobytes())}"


def without_places(text):
    """A text without places in memory, which say nothing."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def described_function(value, within=()):
    """A function or class: its name, and a mark of its code where that is the user's; what a function of a package closes over, where its name is that of many."""
    if is_of_script(value) or isinstance(value, type) or "<locals>" not in value.__qualname__:
        return f"{value.__qualname__}{mark_of(value)}"
    cells = ", ".join(described(cell.cell_contents, (*within, id(value))) for cell in value.__closure__ or ())
    return f"{value.__qualname__} {value.__name__}({cells})"


def parts_of(value):
    """What a value is made of: a form for the text, and pairs of a beginning and a part; None if it has no parts to be looked at."""
    kind = type(value)
    if is_dataclass(value) and not isinstance(value, type):
        told = [field for field in fields(value) if field.metadata.get("described", field.init)]
        return f"{kind.__qualname__}({{}}){mark_of(kind)}", [(f"{field.name}=", getattr(value, field.name)) for field in told]
    if isinstance(value, dict):
        return "{{{}}}", [(f"{key!r}: ", item) for key, item in sorted(value.items(), key=lambda pair: repr(pair[0]))]
    if isinstance(value, (list, tuple)):
        return "({})", [("", item) for item in value]
    if isinstance(value, (set, frozenset)):
        return "({})", [("", item) for item in sorted(value, key=described)]
    if isinstance(value, TimedArray):
        return f"TimedArray({{}}, dt={value.dt!r})", [("", value.values)]
    if isinstance(value, partial):
        return "partial({})", [("", part) for part in (value.func, value.args, value.keywords)]
    if isinstance(value, MethodType):
        return "method({})", [("", value.__func__), ("", value.__self__)]
    if isinstance(value, np.random.Generator):
        return "Generator({})", [("", value.bit_generator.state)]
    if isinstance(value, np.random.RandomState):
        return "RandomState({})", [("", value.get_state(legacy=False))]
    if kind.__module__ in ("__main__", "__mp_main__") or is_in_work(kind.__module__):
        return f"{kind.__qualname__}({{}}){mark_of(kind)}", [(f"{name}=", part) for name, part in sorted(attributes_of(value).items())]
    return None


def attributes_of(value):
    """The attributes of an object by name, those in slots too."""
    slots = [name for kind in type(value).__mro__ for name in np.atleast_1d(getattr(kind, "__slots__", ())) if name not in ("__dict__", "__weakref__")]
    return {str(name): getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})


def is_opaque(value):
    """Whether nothing tells this object from others of its class."""
    return not isinstance(value, (Quantity, np.ndarray, Group, FunctionType, type)) and parts_of(value) is None and without_places(repr(value)) != repr(value)


def described_group(group):
    """A group of neurons: model, size, constants, equations, events."""
    neurons = whole(group)
    constants = {name: value for name, value in (getattr(neurons, "namespace", None) or {}).items() if not isinstance(value, (Function, FunctionType))}
    told = [str(len(neurons)), *(f"{name}={described(value)}" for name, value in sorted(constants.items()))]
    told += [f"task={described(neurons.task)}"] if hasattr(neurons, "task") else []
    part = f"[{group.start}:{group.stop}]" if group is not neurons else ""
    model = [str(getattr(neurons, "equations", "")), *(f"{name}: {value}" for name in ("events", "event_codes") for value in [getattr(neurons, name, None)] if value)]
    return "\n".join([f"{type(neurons).__name__}({', '.join(told)}){part}", *model])


def constants_outside(groups, namespace):
    """Numbers that the strings of groups take from the script that runs them, by name."""
    found = {}
    for group in groups:
        strings = [*getattr(group, "event_codes", {}).values(), *getattr(group, "events", {}).values(), *(part.abstract_code or "" for part in group.contained_objects if isinstance(part, CodeRunner))]
        named = getattr(getattr(group, "equations", None), "identifiers", set()) | set().union(*map(get_identifiers, strings))
        for name in sorted(named - set(group.variables) - set(group.namespace or {}) - set(DEFAULT_UNITS)):
            if isinstance(namespace.get(name), (int, float, Quantity, np.generic)):
                found[name] = namespace[name]
    return found


def mark_of(thing):
    """A mark of the code of a function or class that comes from a script; nothing for those of installed packages."""
    return f" #{digest(code_of(thing))}" if is_of_script(thing) else ""


def is_of_script(thing):
    """Whether a function or class is defined in a script, and not in a module of a package."""
    return "." not in (thing.__module__ or ".") and thing.__module__ != "builtins"


def sources(function):
    """Digest of the code that a function runs: this package's, and its own with what that takes from its own folder."""
    return digest(source_of_package() + source_of(function))


def source_of_package():
    """Digest of all of this package that decides numbers."""
    root = Path(__file__).parent
    ours = [path for path in root.rglob("*") if path.suffix in (".py", ".cpp", ".pyx") and path.relative_to(root).parts[0].removesuffix(".py") not in ELSEWHERE]
    found = hashlib.sha256()
    for path in sorted(ours):
        found.update(path.read_bytes())
    return found.hexdigest()


def source_of(function):
    """The code of a function, with what that takes from its own folder and from modules that are not installed, as text."""
    return code_of(function) if is_of_script(function) else files_of(function.__module__)


def files_of(module):
    """The source of a module and of its neighbours, as text."""
    return "\n".join(Path(sys.modules[name].__file__).read_text(encoding="utf-8") for name in sorted(neighbours(module)))


def neighbours(module, found=()):
    """A module, and those of its folder that it takes something from, and so on."""
    found = {*found, module}
    for value in list(vars(sys.modules[module]).values()):
        name = module_of(value)
        if name not in found and (in_folder(name, Path(sys.modules[module].__file__).parent) or is_in_work(name)):
            found |= neighbours(name, found)
    return found


def module_of(value):
    """Name of the module that a value is, or comes from; None if it does not say."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return name if isinstance(name, str) else None


def in_folder(module, folder):
    """Whether a module is a file of a folder."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and Path(file).name != "__init__.py" and Path(file).parent == folder


def is_in_work(module):
    """Whether a module lies outside of the folders into which packages are installed, and is none of ours."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or module == "__main__" or module.partition(".")[0] == __package__ or Path(file).suffix != ".py":
        return False
    return not any(Path(file).is_relative_to(folder) for folder in INSTALLED)


def code_of(thing, seen=None):
    """What a function or class of a script does, as text: its code, and that of all in its module and folder that it names.

    Comments, and what else the script does, make no difference.
    """
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return ""
    seen.add(id(thing))
    if isinstance(thing, type):
        return code_of_class(thing, seen)
    texts = [instructions(thing.__code__)]
    for value in [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]:
        texts.append(code_of_value(value, thing, seen) or described(value))
    for cell in thing.__closure__ or ():
        texts.append(code_of_value(cell.cell_contents, thing, seen))
    for name in sorted(names_in(thing.__code__) & set(thing.__globals__)):
        texts.append(f"{name} {code_of_value(thing.__globals__[name], thing, seen)}")
    return "\n".join(texts)


def code_of_class(kind, seen):
    """The methods of a class, its plain attributes, and the classes of the script that it is made of."""
    texts = [code_of(base, seen) for base in kind.__bases__ if base.__module__ == kind.__module__]
    for name, value in sorted(vars(kind).items()):
        function = getattr(value, "fget", None) or getattr(value, "__func__", value)
        if isinstance(function, FunctionType):
            texts.append(f"{name} {code_of(function, seen)}")
        elif isinstance(value, PLAIN) and not name.startswith("__"):
            texts.append(f"{name} {described(value)}")
    return "\n".join(texts)


def code_of_value(value, function, seen):
    """What a function finds under a name: code of the same module, files of the same folder, numbers and value objects."""
    module = module_of(value)
    if isinstance(value, (FunctionType, type)) and module == function.__module__:
        return code_of(value, seen)
    if isinstance(value, (FunctionType, ModuleType, type)):
        return files_of(module) if in_folder(module, Path(function.__code__.co_filename).parent) or is_in_work(module) else module if isinstance(value, ModuleType) else f"{module} {described_function(value)}"
    if isinstance(value, MethodType):  # without what it belongs to, such as random numbers that have been drawn from
        return without_places(repr(value.__func__))
    if isinstance(value, (np.ufunc, BuiltinFunctionType, partial)):
        return described(value)
    if isinstance(value, Equations):
        return str(value)
    return described(value) if isinstance(value, (*PLAIN, TimedArray)) or is_dataclass(value) else ""


def instructions(code):
    """Byte code with its constants, without line numbers."""
    constants = [instructions(value) if isinstance(value, CodeType) else described(value) for value in code.co_consts]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))


def names_in(code):
    """All global names that code looks up, those of inner functions included."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(names_in(value) for value in code.co_consts if isinstance(value, CodeType)))
