"""Type hints on all public signatures, so that editors and type checkers know them."""

import importlib
import importlib.resources
import inspect
from collections import Counter
from functools import cached_property

import pytest

import brian_rflo

#: Rooms whose signatures are complete.
ROOMS = (
    "analysis",
    "checks",
    "comparison",
    "credit",
    "crews",
    "dense",
    "derivation",
    "identity",
    "network",
    "neurons",
    "nir",
    "plotting",
    "readouts",
    "reference",
    "results",
    "rules",
    "schedule",
    "steps",
    "sweeps",
    "synapses",
    "tasks",
    "trials",
    "updates",
)


def public(room):
    """Return the public objects of a room by name; for a module without `__all__`, its functions
    and classes.
    """
    module = importlib.import_module(f"brian_rflo.{room}")
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]
    return {name: getattr(module, name) for name in names}


def room_of(function):
    """Return the room in which a function is defined; None for functions of other packages."""
    package, _, path = function.__module__.partition(".")
    return path.partition(".")[0] if package == "brian_rflo" else None


def functions_of(value):
    """Yield names and functions of a public object that are defined in one of the rooms."""
    if inspect.isfunction(value):
        yield value.__qualname__, value
    if not inspect.isclass(value):
        return
    for kind in value.__mro__:
        for name, member in vars(kind).items():
            for function in (
                getattr(member, "__func__", member),
                *(getattr(member, part, None) for part in ("fget", "fset", "func")),
            ):
                is_public = name == "__init__" or not name.startswith("_")
                if is_public and inspect.isfunction(function) and room_of(function) in ROOMS:
                    yield f"{kind.__qualname__}.{name}", function


def unannotated(function):
    """Return the parameters without a type, and "return" if the returned type is missing."""
    signature = inspect.signature(function)
    missing = [
        name
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls")
        and parameter.annotation is inspect.Parameter.empty
        and parameter.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ]
    is_constructor = function.__name__ == "__init__"
    has_return = signature.return_annotation is not inspect.Signature.empty
    return [*missing, *([] if is_constructor or has_return else ["return"])]


@pytest.mark.parametrize("room", ROOMS)
def test_public_signatures_are_annotated(room):
    found = {
        name: unannotated(function)
        for value in public(room).values()
        for name, function in functions_of(value)
    }
    assert found
    assert {name: missing for name, missing in found.items() if missing} == {}


def test_what_is_missing_is_found():
    def half(self, x, y: int, *args, **kwargs):
        return x

    assert unannotated(half) == ["x", "return"]
    names = Counter(name for name, _ in functions_of(brian_rflo.LIFNeurons))
    assert {"LIFNeurons.__init__", "LIFNeurons.trial_start", "LIFNeurons.before_run"} <= set(names)
    assert not any(name.startswith("NeuronGroup") for name in names)
    assert isinstance(vars(brian_rflo.rules.DerivedRule)["derivation"], cached_property)
    assert "DerivedRule.derivation" in dict(functions_of(brian_rflo.rules.DerivedRule))


def test_the_package_is_marked_as_typed():
    assert (importlib.resources.files(brian_rflo) / "py.typed").is_file()
