"""Products of matrices and vectors, for many networks at once."""

import numpy as np


def product(matrices, vectors):
    """Return matrix times vector, for each network."""
    return (matrices @ vectors[..., None])[..., 0]


def outer(left, right):
    """Return the outer product ``[network, left, right]``."""
    return left[..., :, None] * right[..., None, :]


def sum_of_outer(left, right):
    """Return the outer products summed over time, the first axis."""
    return np.moveaxis(left, 0, 2) @ np.moveaxis(right, 0, 1)
