"""Return values of a sweep's function: as arrays in a file, numbers in the table, and a dataset."""

import numpy as np
from brian2 import Quantity, get_or_create_dimension, get_unit

from ..results import labelled
from ..results.training import TrainingResult, is_result
from .words import PLAIN, is_scalar

#: The base units, in the order of Brian2's exponents.
BASES = ("metre", "kilogram", "second", "ampere", "kelvin", "mole", "candle")
#: Columns that the table has anyway.
COLUMNS = ("seconds", "remark")


def arrays_of(returned, function):
    """Return a function's return value as arrays by name, with units as exponents of the base
    units.

    Raises
    ------
    TypeError
        If it is neither a `TrainingResult` nor a dictionary of numbers and arrays.
    """
    if is_result(returned):
        return returned.arrays()
    if not isinstance(returned, dict):
        raise TypeError(
            f"{function.__name__} must return what train returned, or a dictionary of numbers and"
            f" arrays by name; got {type(returned).__name__}"
        )
    arrays = {f"value/{name}": np.asarray(value) for name, value in returned.items()}
    objects = [
        name.removeprefix("value/") for name, array in arrays.items() if array.dtype == object
    ]
    if objects:
        raise TypeError(
            f"{function.__name__} must return numbers, texts and arrays; '{objects[0]}' is"
            f" {type(returned[objects[0]]).__name__}"
        )
    return arrays | {
        f"unit/{name}": np.array([value.dim.get_dimension(base) for base in BASES])
        for name, value in returned.items()
        if isinstance(value, Quantity) and not value.dim.is_dimensionless
    }


def returned_from(arrays):
    """Return the return value whose `arrays_of` these are."""
    if "losses" in arrays:
        return TrainingResult.from_arrays(arrays)
    return {
        name.removeprefix("value/"): value_of(name.removeprefix("value/"), arrays)
        for name in arrays
        if name.startswith("value/")
    }


def value_of(name, arrays):
    """Return a number, array or quantity by name."""
    values = arrays[f"value/{name}"]
    if f"unit/{name}" in arrays:
        return Quantity(values, dim=get_or_create_dimension(arrays[f"unit/{name}"]))
    return values if values.ndim else values.item()


def numbers_of(returned, parameters):
    """Return the numbers that the table lists for a network."""
    if is_result(returned):
        diverged = int((returned.diverged_in >= 0).sum())
        return {"final_loss": float(np.median(returned.final_loss))}, (
            f"{diverged} of {len(returned.losses)} diverged" if diverged else ""
        )
    names = free_names(returned, parameters)
    return {
        names[name]: value
        for name, value in returned.items()
        if isinstance(value, PLAIN) or is_scalar(value)
    }, ""


def free_names(returned, parameters):
    """Return new names for returned values, by their own names, that differ from parameters and
    from the table's columns.
    """
    names, taken = {}, {*returned, *parameters, *COLUMNS}
    for name in returned:
        names[name] = name
        while (
            names[name] in parameters
            or names[name] in COLUMNS
            or (names[name] != name and names[name] in taken)
        ):
            names[name] = f"returned_{names[name]}"
        taken.add(names[name])
    return names


def dataset_of(returned, parameters):
    """Return a function's return value as a dataset."""
    if is_result(returned):
        return returned.to_xarray()
    names = free_names(returned, parameters)
    return labelled.xarray().Dataset(
        {
            names[name]: (
                dimensions(name, np.ndim(value), {*names.values(), *parameters}),
                np.asarray(value),
                units_of(value),
            )
            for name, value in returned.items()
        }
    )


def dimensions(name, number, taken):
    """Return names of the dimensions of an array of which none is taken by an array."""
    return [
        f"{name}_{'axis_' if f'{name}_{axis}' in taken else ''}{axis}" for axis in range(number)
    ]


def units_of(value):
    """Return the unit of a quantity, as a dataset attribute."""
    return (
        {"units": repr(get_unit(value.dim))}
        if isinstance(value, Quantity) and not value.dim.is_dimensionless
        else {}
    )
