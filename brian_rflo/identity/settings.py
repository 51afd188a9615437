"""Settings of a network and provenance of its numbers, as stored in files."""

import platform
from functools import cache
from importlib.metadata import version

import numpy as np
from brian2 import (
    DEFAULT_CONSTANTS,
    DEFAULT_FUNCTIONS,
    DEFAULT_UNITS,
    CodeRunner,
    Quantity,
    get_device,
)

from ..brian.borrowed import get_identifiers
from ..brian.statements import written
from . import described


@cache
def versions():
    """Return the versions of everything that affects the numbers; cached, since installed packages
    do not change.
    """
    packages = {name: version(name) for name in ("brian_rflo", "brian2", "numpy", "matplotlib")}
    return {"python": platform.python_version(), "platform": platform.platform(), **packages}


def serializable(values):
    """Return settings as stored in files: text and numbers by name."""
    return {
        name: (
            value
            if isinstance(value, str)
            else (
                value.item()
                if isinstance(value, np.number)
                else value
                if type(value) in (int, float)
                else described(value)
            )
        )
        for name, value in values.items()
    }


def origin():
    """Return the provenance of numbers, by name: Brian2's device, and versions."""
    return {"device": get_device().code_object_class().class_name} | named_versions()


def named_versions():
    """Return the versions, by names that start with "version"."""
    return {
        name if name == "platform" else f"version_{name}": value
        for name, value in versions().items()
    }


def constants_outside(groups, namespace):
    """Return the constants that the strings of groups take from the calling script, by name."""
    found, known = {}, {*DEFAULT_CONSTANTS, *DEFAULT_FUNCTIONS, *DEFAULT_UNITS}
    for group in groups:
        strings = [
            text
            for texts in (getattr(group, "event_codes", {}), getattr(group, "events", {}))
            for text in texts.values()
        ]
        strings = [
            text
            for text in (
                *strings,
                *(
                    part.abstract_code
                    for part in group.contained_objects
                    if isinstance(part, CodeRunner)
                ),
            )
            if text and isinstance(text, str)
        ]  # sums have a dictionary
        named = set(getattr(getattr(group, "equations", None), "identifiers", ())).union(
            *map(get_identifiers, strings)
        )
        for name in sorted(
            named
            - known
            - set(group.variables)
            - set(group.namespace or {})
            - set().union(*map(written, strings))
        ):
            if isinstance(namespace.get(name), (int, float, Quantity, np.generic)):
                found[name] = namespace[name]
    return found
