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
from importlib.metadata import version
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import numpy as np
from brian2 import Equations, Function, Quantity, TimedArray, get_device, get_unit
from brian2.groups.group import Group

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


def described(value):
    """All that a value says, as text: arrays by a digest of their numbers, rules, tasks and other value objects field by field."""
    if isinstance(value, Quantity):
        return f"{described(np.asarray(value))}*{get_unit(value.dim)!r}"
    if isinstance(value, (np.ndarray, np.generic)):
        return repr(value.item()) if not value.ndim else f"array{value.shape} {value.dtype} {digest(np.ascontiguousarray(value).tobytes())}"
    if is_dataclass(value) and not isinstance(value, type):
        told = ", ".join(f"{field.name}={described(getattr(value, field.name))}" for field in fields(value) if field.init)
        return f"{type(value).__qualname__}({told}){mark_of(type(value))}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {described(item)}" for key, item in sorted(value.items(), key=lambda pair: repr(pair[0]))) + "}"
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(described, value))})"
    if isinstance(value, (set, frozenset)):
        return f"({', '.join(sorted(map(described, value)))})"
    if isinstance(value, Group):
        return described_group(value)
    if isinstance(value, TimedArray):
        return f"TimedArray({described(value.values)}, dt={value.dt!r})"
    if isinstance(value, (FunctionType, type)):
        return f"{value.__qualname__}{mark_of(value)}"
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))  # places in memory say nothing


def described_group(group):
    """A group of neurons: model, size, constants, equations, events."""
    neurons = whole(group)
    constants = {name: value for name, value in (getattr(neurons, "namespace", None) or {}).items() if not isinstance(value, (Function, FunctionType))}
    told = [str(len(neurons)), *(f"{name}={described(value)}" for name, value in sorted(constants.items()))]
    part = f"[{group.start}:{group.stop}]" if group is not neurons else ""
    model = [str(getattr(neurons, "equations", "")), *(f"{name}: {value}" for name in ("events", "event_codes") for value in [getattr(neurons, name, None)] if value)]
    return "\n".join([f"{type(neurons).__name__}({', '.join(told)}){part}", *model])


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
        return files_of(module) if in_folder(module, Path(function.__code__.co_filename).parent) or is_in_work(module) else ""
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
