"""Checks of what every constructor and every assignment takes, in place of Brian2's own words."""

import reprlib
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
from brian2 import Quantity

from .borrowed import DynamicArrayVariable, VariableView
from .quantities import check_count


def check_basics(kind, given):
    """Raise unless the arguments of a constructor that mean the same everywhere can be what they
    are for: the number of units, the name, and names of variables.

    Parameters
    ----------
    kind : str
        The class.
    given : dict
        Arguments by name.
    """
    if "N" in given:
        check_count(f"{kind}: N", given["N"])
    if "name" in given:
        check_name(kind, given["name"])
    if isinstance(dt := given.get("dt"), Quantity) and not np.all(dt > 0 * dt):
        raise ValueError(f"{kind}: dt must be positive, such as dt=1*ms; got {dt}")
    if not isinstance(given.get("namespace"), (Mapping, type(None))):
        raise TypeError(
            f"{kind}: namespace must be a dictionary such as {{'tau': 10*ms}}; got"
            f" {reprlib.repr(given['namespace'])}"
        )
    for argument in ("onto", "sends"):
        if argument in given and not isinstance(given[argument], str):
            raise TypeError(
                f"{kind}: {argument} must be the name of a variable, such as 'I_rec'; got"
                f" {reprlib.repr(given[argument])}"
            )


def check_name(kind, name):
    """Raise unless Brian2 can give an object this name."""
    if not isinstance(name, str) or not name.removesuffix("*").isidentifier():
        raise (ValueError if isinstance(name, str) else TypeError)(
            f"{kind}: name must be a name as in Python, for example name='mine'; got"
            f" {reprlib.repr(name)}"
        )


def check_assigned(owner, name, variable, value):
    """Raise unless a value that is assigned to a variable is a number or an array of its shape.
    Units are checked by Brian2.
    """
    if isinstance(value, (str, VariableView)):
        return
    array = as_numbers(value)
    if array is None:
        raise TypeError(
            f"'{owner.name}': {name} must be a number or an array of numbers; got"
            f" {reprlib.repr(value)}"
        )
    if variable.dtype == bool and not np.isin(array, (0, 1)).all():
        raise ValueError(f"'{owner.name}': {name} must be True or False; got {value!r}")
    if variable.scalar and array.size != 1:
        raise ValueError(
            f"'{owner.name}': {name} must be one number; got an array of shape {array.shape}"
        )
    is_known = getattr(variable.owner, "name", None) == owner.name and not isinstance(
        variable, DynamicArrayVariable
    )
    if is_known and array.shape not in ((), (1,), (variable.size,)):
        raise ValueError(
            f"'{owner.name}': {name} must be one number, or an array of shape ({variable.size},);"
            f" got shape {array.shape}"
        )


@contextmanager
def named_expression(owner, name, expression):
    """Context of assigning an expression, whose errors name the variable."""
    if not expression.strip():
        raise ValueError(f"'{owner.name}': {name} must be a number or an expression; got ''")
    try:
        yield
    except KeyError as error:
        raise ValueError(
            f"'{owner.name}': {name} must be an expression of known names; got {expression!r}:"
            f" {error.args[0]}"
        ) from None


def as_numbers(value):
    """Return a value as an array of real numbers, without units; None if it is none."""
    try:
        array = np.asarray(value if not isinstance(value, Quantity) else np.asarray(value))
        return array.astype(float) if array.dtype.kind in "biufO" and value is not None else None
    except (TypeError, ValueError, OverflowError):
        return None
