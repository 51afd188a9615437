"""What the function of a sweep returns, as arrays in a file, as numbers in the table, as a dataset."""

import numpy as np

from .. import labelled
from ..results import TrainingResult
from .words import PLAIN


def arrays_of(returned, function):
    """What a function has returned, as arrays by name.

    Raises
    ------
    TypeError
        If it is neither a `TrainingResult` nor a dictionary of numbers and arrays.
    """
    if isinstance(returned, TrainingResult):
        return returned.arrays()
    if not isinstance(returned, dict):
        raise TypeError(f"{function.__name__} must return what train returned, or a dictionary of numbers and arrays by name; got {type(returned).__name__}")
    arrays = {f"value/{name}": np.asarray(value) for name, value in returned.items()}
    objects = [name.removeprefix("value/") for name, array in arrays.items() if array.dtype == object]
    if objects:
        raise TypeError(f"{function.__name__} must return numbers, texts and arrays; '{objects[0]}' is {type(returned[objects[0]]).__name__}")
    return arrays


def returned_from(arrays):
    """The inverse of `arrays_of`."""
    if "losses" in arrays:
        return TrainingResult.from_arrays(arrays)
    return {name.removeprefix("value/"): values if values.ndim else values.item() for name, values in arrays.items() if name.startswith("value/")}


def numbers_of(returned):
    """What the table says of a network."""
    if isinstance(returned, TrainingResult):
        diverged = int((returned.diverged_in >= 0).sum())
        return {"final_loss": float(np.median(returned.final_loss))}, f"{diverged} of {len(returned.losses)} diverged" if diverged else ""
    return {name: value for name, value in returned.items() if isinstance(value, PLAIN)}, ""


def dataset_of(returned):
    """What a function returned as a dataset."""
    if isinstance(returned, TrainingResult):
        return returned.to_xarray()
    return labelled.xarray().Dataset({name: ([f"{name}_{axis}" for axis in range(np.ndim(value))], value) for name, value in returned.items()})
