"""Gradient descent whose changes of a single weight are limited (Miconi 2017, eLife 6:e20899).

With g = total/window, the sum of updates divided by the number of steps:

    dw = clip(learning_rate(k) g, -largest, largest)        in update k
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..brian.quantities import check_number
from .sgd import SGD

__all__ = ["ClippedSGD"]


@dataclass(frozen=True)
class ClippedSGD(SGD):
    """Stochastic gradient descent with a largest change of a weight.

    ``PerTrial(clip_norm=...)`` limits the norm of all changes of a network instead.

    Parameters
    ----------
    decay : float, Decay or str, optional
        As for `SGD`.
    largest : float
        The largest size of a change.

    Raises
    ------
    ValueError
        If `largest` is not positive and finite.

    Examples
    --------
    >>> ClippedSGD(largest=3e-4).code
    'dw = clip(_rate/window*total, -0.0003, 0.0003)'
    """

    largest: float = field(kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        check_number("ClippedSGD", "largest", self.largest)

    @property
    def code(self) -> str:
        """Statements of the formula."""
        size = repr(float(self.largest))
        return f"dw = clip({self.rate}/window*total, -{size}, {size})"

    def change(
        self,
        total: NDArray,
        window: float,
        rate: float,
        moments: dict[str, NDArray],
        count: int,
    ) -> NDArray:
        """Return the change of weights in NumPy, see `SGD`."""
        return np.clip(rate * total, -self.largest, self.largest)
