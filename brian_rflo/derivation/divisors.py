"""Constant divisors and radicands in the code of a step.

Exact integration divides by differences of time constants, which may be equal, and takes roots,
which are complex where the equations oscillate. Brian2's code then yields NaN silently.
"""

import numpy as np
import sympy
from sympy.core.function import AppliedUndef

from .calculus import assignments, names, parsed, symbol, to_code

#: A difference smaller than this fraction of its terms is a rounding error.
ROUNDING = 1e-12


def powers_of(code):
    """Return the quotients and roots in the lines of a step, the shortest first."""
    found = {power for _, text in assignments(code) for power in parsed(text).atoms(sympy.Pow)}
    wanted = [power for power in found if divides(power) or is_root(power)]
    return sorted(wanted, key=lambda power: (len(to_code(power.base)), to_code(power)))


def divides(power):
    """Return whether a power requires a base that is not 0."""
    return power.exp.is_negative is True


def is_root(power):
    """Return whether a power requires a base that is not negative."""
    return power.exp.is_integer is False


def fault(powers, values):
    """Return the first power without a value as ``(base, neuron, is_zero)``; None if all have one,
    as far as `values`, numbers and arrays by name, tell.
    """
    for power in powers:
        known = names(power.base)
        if not known or not known <= set(values) or power.base.atoms(AppliedUndef):
            continue
        total, size = (
            value_at(power.base, values),
            value_at(sum(map(abs, sympy.Add.make_args(power.base))), values),
        )
        is_zero = np.abs(total) <= ROUNDING * size
        wrong = np.atleast_1d(is_zero & divides(power) | (total < 0) & ~is_zero & is_root(power))
        if wrong.any():
            neuron = int(np.argmax(wrong))
            return power.base, neuron, bool(np.atleast_1d(is_zero)[neuron])
    return None


def value_at(expression, values):
    """Return the value of an expression."""
    found = sorted(names(expression))
    with np.errstate(all="ignore"):
        return np.asarray(
            sympy.lambdify([symbol(name) for name in found], expression, "numpy")(
                *(np.asarray(values[name]) for name in found)
            )
        )
