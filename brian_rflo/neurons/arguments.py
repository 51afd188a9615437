"""Arguments of `DerivedNeurons`: their checks, and what they mean."""

from __future__ import annotations

import numpy as np
import sympy
from brian2 import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS, Equations, second

from ..brian.basics import as_numbers
from ..brian.borrowed import get_identifiers
from ..brian.quantities import dimensions_of, unit_text
from ..derivation.calculus import names, parsed, symbol, to_code


def as_tuple(name, value):
    """Return a string or several as a tuple; raise for other types."""
    if not isinstance(value, (str, list, tuple)):
        raise TypeError(
            f"DerivedNeurons: {name} must be a string or a tuple of strings; got {value!r}"
        )
    return (value,) if isinstance(value, str) else tuple(value)


def check_texts(model, **texts):
    """Raise unless model and texts are strings, or the model Equations."""
    if not isinstance(model, (str, Equations)):
        raise TypeError(
            "DerivedNeurons: model must be equations, for example 'dh/dt = (-h + tanh(I_rec))/tau"
            f" : 1'; got {model!r}"
        )
    for name, text in texts.items():
        if not isinstance(text, str):
            raise TypeError(f"DerivedNeurons: {name} must be a string; got {text!r}")


def check_refractory(refractory):
    """Raise unless it is False, a time or a condition."""
    is_time = dimensions_of(refractory) is second.dim if not isinstance(refractory, str) else True
    if refractory is not False and not is_time:
        raise TypeError(
            "DerivedNeurons: refractory must be a time such as 2*ms, a condition such as 'v > 1',"
            f" or False; got {refractory!r}"
        )


def check_noise(name, std, model, texts, inputs):
    """Raise unless noise is a parameter that the equations or the activity read, with its unit."""
    if name not in get_identifiers(texts) or name in {
        *model.diff_eq_names,
        *model.subexpr_names,
        *inputs,
    }:
        raise ValueError(
            f"DerivedNeurons: '{name}' in noise must be read by the model or by activity, and have"
            " no equation and no sum of its own; write for example"
            " noise={'xi_x': 0.1} for 'dx/dt = (-x + I_rec + xi_x)/tau : 1'"
        )
    if name in model.names and model.dimensions[name] != dimensions_of(std):
        raise TypeError(
            f"DerivedNeurons: '{name}' has the unit {unit_text(model.dimensions[name])}, so its"
            f" standard deviation must have it too; got {std!r}"
        )


def check_values(initial, derivatives, noise):
    """Raise unless values and derivatives are dictionaries and the values finite."""
    for name, given, example in (
        ("initial", initial, "{'v': 0.1}"),
        ("noise", noise, "{'noise': 0.1}"),
        ("derivatives", derivatives, "{'relu': 'int(x > 0)'}"),
    ):
        if given is not None and not isinstance(given, dict):
            raise TypeError(
                f"DerivedNeurons: {name} must be a dictionary by name, for example {example}; got"
                f" {given!r}"
            )
    for variable, value in (initial or {}).items():
        if not isinstance(value, str):
            check_initial(f"DerivedNeurons: initial['{variable}']", value)


def check_initial(name, value):
    """Raise unless initial values are finite numbers."""
    array = as_numbers(value)
    if dimensions_of(value) is None or array is None or not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite numbers, or a string that is evaluated; got {value!r}"
        )


def event_of(line):
    """Return the variable and the factor of the weight in ``"ge += w*nS"``."""
    name, plus, added = (part.strip() for part in line.partition("+="))
    try:
        added = sympy.expand(parsed(added))
    except SyntaxError:
        plus = ""
    if not plus or not name.isidentifier():
        raise ValueError(
            "DerivedNeurons: on_pre must be '(variable) += w', or w times a constant, for example"
            f" 'ge += w*nS'; got {line!r}"
        )
    factor = added.diff(symbol("w"))
    if added.subs(symbol("w"), 0) != 0 or factor == 0 or names(factor) & {"w", name}:
        raise ValueError(
            "DerivedNeurons: on_pre must be linear in the weight w, with a constant factor and"
            f" nothing else, for example 'ge += w*nS'; got {line!r}"
        )
    return name, to_code(factor)


def named_constants(text, known, variables):
    """Return the values of names in a text from the caller's scope, except for Brian2's names and
    the neurons' own variables.
    """
    others = {*DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS, *DEFAULT_UNITS, *variables}
    return {name: known[name] for name in get_identifiers(text) - others if name in known}
