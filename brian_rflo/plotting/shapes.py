"""Checks of what is to be drawn."""

from __future__ import annotations

import numpy as np


def arrays_of(function, **given):
    """Return the arrays ``name=(values, dimensions)``; raise unless each has its dimensions, and
    those of one name have one size.
    """
    sizes, found = {}, []
    for name, (values, dimensions) in given.items():
        values = np.asarray(values)
        known = ", ".join(
            f"{dimension} = {sizes[dimension]}" for dimension in dimensions if dimension in sizes
        )
        if values.ndim != len(dimensions) or any(
            sizes.setdefault(dimension, size) != size
            for dimension, size in zip(dimensions, values.shape)
        ):
            shape = f"({', '.join(dimensions)}{',' * (len(dimensions) == 1)})"
            raise ValueError(
                f"{function}: {name} must have the shape"
                f" {shape}{f' with {known}' if known else ''}; got {values.shape}"
            )
        if not values.size and dimensions != ("spikes",):
            raise ValueError(f"{function}: {name} is empty: its shape is {values.shape}")
        found.append(values)
    return found
