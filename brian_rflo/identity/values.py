"""Canonical text of values: arrays as a digest, objects part by part, functions by their code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from copyreg import dispatch_table
from dataclasses import fields, is_dataclass
from types import FunctionType, ModuleType

import numpy as np
from brian2 import Equations, Function, Group, Quantity, TimedArray, get_unit

from ..brian.declared import declared, declares
from ..neurons.base import parent_group
from .code import (
    code_by_name,
    code_of,
    files_of,
    is_beside,
    is_in_work,
    is_of_script,
    is_of_user,
)
from .imports import named_by, source_of_package

#: Types that are fully described by their `repr`.
SAID = (bool, bytes, complex, float, int, str, type(None), type(...), range, slice)
#: Longer texts of parts are replaced by a digest, so that repeated parts do not inflate the whole.
LONGEST = 2000


def digest(text: str | bytes) -> str:
    """Return a digest of a text, twelve letters long."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:12]


def described(value: object) -> str:
    """Return the canonical text of a value, for hashing."""
    return Description().text(value)


def opaque_part(value: object) -> object:
    """Return the value, or a part of it, that cannot be distinguished from others of its class;
    None if there is none.
    """
    description = Description()
    description.text(value)
    return description.opaque[0] if description.opaque else None


def sources(function: Callable) -> dict[str, str]:
    """Return digests of the code that a function runs, by name.

    This package's, as far as networks import it or the function names it; its own, and that of what
    it takes from its script, or from modules that are not installed.
    """
    if is_of_script(function):
        texts = code_by_name(function, Description(), {id(function)})
    else:
        texts = {"": f"{function.__qualname__}\n{files_of(function.__module__)}"}
    names = {name: f"the function's '{name}'" if name else "the function" for name in texts}
    digests = {names[name]: digest(text) for name, text in texts.items()}
    ours = named_by(function, lambda module: is_beside(module, function))
    return {"brian_rflo": source_of_package(ours)} | digests


class Description:
    """Make canonical text of values, with a cache.

    Attributes
    ----------
    opaque : list
        Objects that only their class describes.
    """

    def __init__(self):
        self.opaque, self.within, self.known, self.marks = [], set(), {}, {}

    def text(self, value):
        """Return a value as text. An object within itself appears as the name of its class."""
        if type(value) in SAID:
            return repr(value)
        if id(value) in self.known:
            return self.known[id(value)][1]
        if id(value) in self.within:
            return type(value).__qualname__
        self.within.add(id(value))
        text = self.text_of(value)
        self.within.remove(id(value))
        self.known[id(value)] = (
            value,
            (
                text
                if len(text) <= LONGEST or not self.within
                else f"{type(value).__qualname__} {digest(text)}"
            ),
        )  # with the value, so that its id stays unique
        return self.known[id(value)][1]

    def text_of(self, value):
        """Return the text of a value that is not cached."""
        if isinstance(value, Quantity):
            return f"{self.text(np.asarray(value))}*{get_unit(value.dim)!r}"
        if isinstance(value, (np.ndarray, np.generic)):
            return self.array(value)
        if isinstance(value, Group):
            return self.group(value)
        if isinstance(value, (FunctionType, type)):
            return self.function(value)
        if isinstance(value, ModuleType):
            return value.__name__
        if isinstance(value, Equations):
            return str(value)
        if is_dataclass(value):
            parts = ", ".join(
                f"{field.name}={self.text(getattr(value, field.name))}"
                for field in fields(value)
                if field.metadata.get("described", field.init)
            )
            return f"{type(value).__qualname__}({parts}){self.mark(type(value))}"
        if isinstance(value, TimedArray):
            return f"TimedArray({self.text(value.values)}, dt={value.dt!r}, {value.dim!r})"
        if type(value) in (dict, list, tuple, set, frozenset):
            return self.container(value)
        return self.object(value)

    def array(self, value):
        """Return text of a NumPy array or scalar."""
        if value.dtype == object:
            return f"array{value.shape} {self.text(value.ravel().tolist())}"
        return (
            repr(value.item())
            if not value.ndim
            else f"array{value.shape} {value.dtype} {digest(np.ascontiguousarray(value).tobytes())}"
        )

    def container(self, value):
        """Return text of a dictionary, list, tuple or set."""
        if isinstance(value, dict):
            return (
                "{"
                + ", ".join(
                    sorted(f"{self.text(key)}: {self.text(item)}" for key, item in value.items())
                )
                + "}"
            )
        parts = map(self.text, value)
        return f"({', '.join(sorted(parts) if isinstance(value, (set, frozenset)) else parts)})"

    def group(self, group):
        """Return text of a group of neurons: model, size, constants, equations, events, task."""
        neurons = parent_group(group)
        constants = {
            name: value
            for name, value in (getattr(neurons, "namespace", None) or {}).items()
            if not isinstance(value, (Function, FunctionType))
        }
        parts = [
            str(len(neurons)),
            *(f"{name}={self.text(value)}" for name, value in sorted(constants.items())),
        ]
        parts += [
            f"{name}={self.text(getattr(neurons, name))}"
            for name in declared(neurons, "described", ())
        ]
        parts += [f"task={self.text(neurons.task)}"] if declares(neurons, "task") else []
        part = f"[{group.start}:{group.stop}]" if group is not neurons else ""
        model = [
            str(declared(neurons, "equations", "")),
            *(
                f"{name}: {value}"
                for name in ("events", "event_codes")
                for value in [getattr(neurons, name, None)]
                if value
            ),
        ]
        return "\n".join([f"{type(neurons).__name__}({', '.join(parts)}){part}", *model])

    def function(self, value):
        """Return text of a function or class: of the user by its code, others by module and name,
        local functions also by their closures.
        """
        if is_of_user(value):
            return f"{value.__qualname__}{self.mark(value)}"
        if isinstance(value, type) or "<locals>" not in value.__qualname__:
            return f"{value.__module__}.{value.__qualname__}"
        cells = ", ".join(self.text(cell.cell_contents) for cell in value.__closure__ or ())
        return f"{value.__module__}.{value.__qualname__} {value.__name__}({cells})"

    def mark(self, thing):
        """Return a digest of the user's code of a function or class; empty for installed
        packages.
        """
        if id(thing) not in self.marks:
            self.marks[id(thing)] = ""  # where it is a part of itself
            code = (
                code_of(thing, self)
                if is_of_script(thing)
                else files_of(thing.__module__)
                if is_in_work(thing.__module__)
                else None
            )
            self.marks[id(thing)] = "" if code is None else f" #{digest(code)}"
        return self.marks[id(thing)]

    def object(self, value):
        """Return text of any other object, by what copies it: class, arguments, attributes and
        items.
        """
        kind = type(value)
        try:
            made = dispatch_table[kind](value) if kind in dispatch_table else value.__reduce_ex__(2)
        except Exception:  # any value that cannot be copied
            self.opaque.append(value)
            return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
        if isinstance(made, str):
            return f"{getattr(value, '__module__', None)} {made}"
        parts = [
            self.text(list(part) if index > 2 else part)
            for index, part in enumerate(made)
            if part is not None and index not in (0, 5)
        ]
        return f"{kind.__qualname__}({', '.join(parts)}){self.mark(kind)}"
