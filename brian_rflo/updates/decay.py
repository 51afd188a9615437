"""Decay of the learning rate with the number of updates.

A decay is one expression of `rate`, the learning rate, and `update`, the number k = 0, 1, ... of
the update, which Brian2 and NumPy compute alike. Optimizers take one, or what stands for it:

    decay=None      rate
    decay=100       rate/(1 + k/100)
    decay="text"    rate*max(text, 0), of `update`
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from brian2 import DEFAULT_FUNCTIONS

from ..brian.borrowed import get_identifiers, word_substitute
from ..brian.quantities import is_number

__all__ = ["Decay"]

#: What expressions may name besides `update`: functions that draw no random numbers, constants.
KNOWN = {
    name: function.pyfunc for name, function in DEFAULT_FUNCTIONS.items() if function.stateless
}
KNOWN |= {"e": np.e, "inf": np.inf, "pi": np.pi}


@dataclass(frozen=True)
class Decay:
    """Base of all decays of the learning rate, such as `Cosine`.

    Attributes
    ----------
    code : str
        Expression of the learning rate in an update, of `rate` and `update` (counted from 0); a
        subclass defines it.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Halving(Decay):
    ...     updates: int
    ...     code = property(lambda self: f"rate*0.5**(update//{self.updates})")
    >>> SGD(decay=Halving(1000)).rate_in(2500, learning_rate=0.04)
    0.01
    """

    code: ClassVar[str] = ""

    def in_synapses(self, rate: str, update: str) -> str:
        """Return the expression with other expressions of the two names."""
        code = word_substitute(self.code, {"rate": rate, "update": update})
        return code if code == rate else f"({code})"

    def in_numpy(self, rate: float, update: int) -> float:
        """Return the learning rate in an update."""
        return float(evaluated(self.code, rate=rate, update=update))


@dataclass(frozen=True)
class Constant(Decay):
    """No decay."""

    code = "rate"


@dataclass(frozen=True)
class InverseTime(Decay):
    """Decay as 1/t, to a half after a number of updates."""

    updates: float

    @property
    def code(self) -> str:
        """Expression of the learning rate."""
        return f"rate/(1 + update/{float(self.updates)!r})"


@dataclass(frozen=True)
class Expression(Decay):
    """A decay by the user's expression of the factor of the learning rate."""

    factor: str

    def __post_init__(self):
        check_expression(self.factor)

    @property
    def code(self) -> str:
        """Expression of the learning rate, which is not negative."""
        return f"rate*clip({self.factor.strip()}, 0, inf)"


def decay_of(name: str, value: Decay | float | str | None) -> Decay:
    """Return the decay that a value stands for; raise, for the optimizer `name`, if there is
    none.
    """
    if value is None:
        return Constant()
    if isinstance(value, Decay):
        return value
    if isinstance(value, str) and get_identifiers(value):
        return Expression(value)
    if not (is_number(value) and value > 0):
        raise ValueError(
            f"{name}: decay must be a positive number of updates, or None; got {value!r}. It can"
            " also be a Decay, such as Cosine(1000), or an expression of update"
        )
    if value < 1:
        raise ValueError(
            f"{name}: decay must be at least 1, a number of updates; got {value!r}. The"
            " learning rate itself belongs to the rule, for example"
            f" RFLO(learning_rate={value!r}, tau=10*ms)"
        )
    return InverseTime(value)


def check_expression(text):
    """Raise unless a text is an expression of `update`, and a finite number in update 0."""
    names = get_identifiers(text)
    unknown = sorted(names - {"update", *KNOWN})
    try:
        value = np.asarray(0.0 if unknown else evaluated(text, update=0))
        found = f"it is {value} there"
        is_right = value.ndim == 0 and value.dtype.kind in "iuf" and np.isfinite(value)
    except (SyntaxError, TypeError, ValueError) as error:
        is_right, found = False, str(error)
    if unknown or "update" not in names:
        is_right, found = False, f"it names {', '.join(map(repr, unknown or sorted(names)))}"
    if not is_right:
        raise ValueError(
            "decay must be an expression of update alone, and finite in update 0; got"
            f" {text!r} ({found}). Write for example decay='0.5**(update//1000)'."
        )


def evaluated(text, **values):
    """Return the value of an expression."""
    numbers = {name: np.float64(value) for name, value in values.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        return eval(text.strip(), {"__builtins__": {}}, KNOWN | numbers)
