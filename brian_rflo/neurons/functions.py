"""Functions f of rate neurons: named ones, or a string of the user's in ``u``; and their slopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import sympy
from brian2 import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS

from ..brian.borrowed import get_identifiers, word_substitute
from ..brian.quantities import is_number
from ..derivation.calculus import Calculus, is_random, names, parsed, symbol, to_code

#: Functions by name, and their slopes in terms of ``u`` and ``phi = f(u)``. The sigmoid is
#: 1/(1 + exp(-u)), in a form that does not overflow.
FUNCTIONS = {
    "tanh": ("tanh(u)", "1 - phi**2"),
    "relu": ("clip(u, 0, inf)", "int(u > 0)"),
    "rectified tanh": ("tanh(clip(u, 0, inf))", "(1 - phi**2)*int(u > 0)"),
    "sigmoid": ("(1 + tanh(u/2))/2", "phi*(1 - phi)"),
}

#: Arguments by names that users may try.
OTHER_NAMES = {
    "nonlinearity": "f=",
    "activation": "f=",
    "transfer_function": "f=",
    "gain": "steepness=",
    "noise": "noise_std=",
    "output_noise": "output_noise_std=",
    "rate_noise": "rate_noise_std=",
}


@dataclass(frozen=True)
class Transfer:
    """A function of neurons as text.

    Parameters
    ----------
    text, slope : str
        The function of ``u``, and its derivative in terms of ``u`` and of its value ``phi``.
    """

    text: str
    slope: str

    def of(self, argument: str) -> str:
        """Return the function of another expression."""
        return word_substitute(self.text, {"u": argument})

    def slope_at(self, argument: str) -> str:
        """Return its derivative there."""
        return word_substitute(self.slope, {"u": argument})


def transfer(kind: str, f: str, namespace: Mapping[str, object]) -> Transfer:
    """Return a function by its name, or from the user's string.

    Parameters
    ----------
    kind : str
        Class of the neurons, for errors.
    f : str
    namespace : dict
        Numbers that the string may name.

    Raises
    ------
    TypeError, ValueError
        If `f` is not a string, or not a function of ``u`` that has a slope.
    """
    if not isinstance(f, str):
        raise TypeError(
            f"{kind}: f must be a string, {choices()}, or an expression of u such as"
            f" 'log(1 + exp(u))'; got {f!r}"
        )
    if f in FUNCTIONS:
        return Transfer(*FUNCTIONS[f])
    check_names(kind, f, namespace)
    slope = slope_of(kind, f)
    check_slope(kind, f, slope, namespace)
    return Transfer(f"({f})", f"({to_code(slope)})")


def choices():
    """Return the names of functions, as text."""
    return ", ".join(map(repr, FUNCTIONS))


def check_names(kind, f, namespace):
    """Raise unless a string is an expression of ``u`` and of known names."""
    found = get_identifiers(f)
    if "u" not in found:
        raise ValueError(
            f"{kind}: f must be one of {choices()}, or an expression of u such as"
            f" 'log(1 + exp(u))'; got {f!r}"
        )
    constants = {name for name, value in namespace.items() if is_number(value)}
    known = {"u", *constants, *DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS} - set(DEFAULT_UNITS)
    unknown = sorted(found - known)
    if unknown and unknown[0] in DEFAULT_UNITS:
        raise ValueError(
            f"{kind}: f = {f!r} names '{unknown[0]}', a unit, and f has none; leave it out, or"
            " give your number another name"
        )
    if unknown:
        raise ValueError(
            f"{kind}: f = {f!r} names '{unknown[0]}', which is neither u, nor a function of"
            f" Brian2's, nor a number in namespace={{...}}; write the number, or"
            f" namespace={{'{unknown[0]}': 2.0}}"
        )


def slope_of(kind, f):
    """Return the derivative of the user's function; raise if it has none."""
    try:
        expression = parsed(f)
    except (SyntaxError, TypeError, ValueError) as error:
        raise ValueError(f"{kind}: f = {f!r} is not an expression of u: {error}") from error
    if is_random(expression):
        raise ValueError(
            f"{kind}: f = {f!r} draws random numbers; write noise_std= or output_noise_std="
        )
    slope = Calculus({}, kind).partials(expression, {"u"}).get("u", sympy.Integer(0))
    if slope == 0:
        raise ValueError(
            f"{kind}: f = {f!r} has a slope of 0 wherever it has one, so no weight could learn;"
            f" write another function, for example 'tanh(u)'"
        )
    if slope.atoms(sympy.Derivative, sympy.Subs) or not names(slope) <= get_identifiers(f):
        raise ValueError(
            f"{kind}: f = {f!r} cannot be differentiated by u; write it with exp, log, tanh, sqrt,"
            " clip and comparisons"
        )
    return slope


def check_slope(kind, f, slope, namespace):
    """Raise if a function has values where its slope, as it is written, has none: where it divides
    by zero, or multiplies infinity by zero.
    """
    u = np.linspace(-4, 4, 33)
    with suppress(NameError, TypeError):  # functions that only Brian2 knows
        values, slopes = (
            np.broadcast_to(evaluated(one, u, namespace), u.shape) for one in (parsed(f), slope)
        )
        wrong = np.isfinite(values) & ~np.isfinite(slopes)
        if wrong.any():
            raise ValueError(
                f"{kind}: f = {f!r} is {values[wrong][0]:.3g} at u = {u[wrong][0]:g}, where its"
                f" slope, {to_code(slope)}, is not finite; keep it away from there, for example"
                " 'sqrt(clip(u, 0, inf) + 1e-12)'"
            )


def evaluated(expression, u, namespace):
    """Return the values of an expression in NumPy."""
    known = {name: constant.value for name, constant in DEFAULT_CONSTANTS.items()}
    known |= {**namespace, "u": u}
    found = sorted(names(expression))
    functions = {name: one.pyfunc for name, one in DEFAULT_FUNCTIONS.items() if one.stateless}
    functions |= {"int_": np.asarray, "clip": np.clip}
    with np.errstate(all="ignore"):
        compute = sympy.lambdify(list(map(symbol, found)), expression, [functions, "numpy"])
        return np.asarray(compute(*(known[name] for name in found)), dtype=float)


def refuse_own_names(kind: str, f: str, variables: Iterable[str]) -> None:
    """Raise if a function names something that is a variable, or the time constant, of the
    neurons.
    """
    taken = sorted((get_identifiers(f) - {"u"}) & {*variables, "tau"})
    if taken:
        raise ValueError(
            f"{kind}: f = {f!r} names '{taken[0]}', which is a variable of the neurons; give your"
            " number another name"
        )
