"""Gradient descent with momentum.

With g and learning_rate(k) as in `SGD`:

    v <- momentum v + g,   dw = learning_rate(k) v
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray

from ..brian.quantities import check_fraction
from .sgd import SGD

__all__ = ["Momentum"]


@dataclass(frozen=True)
class Momentum(SGD):
    """Gradient descent with momentum (Polyak 1964).

    Parameters
    ----------
    decay : float, optional
        As for `SGD`.
    momentum : float
        Fraction of the synaptic variable `velocity` that each update keeps.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    momentum: float = 0.9

    memory = "velocity : 1"

    def __post_init__(self):
        super().__post_init__()
        check_fraction("Momentum: momentum", self.momentum)

    def change(
        self,
        total: NDArray,
        window: float,
        rate: float,
        moments: dict[str, NDArray],
        count: int,
    ) -> NDArray:
        """Return the change of weights in NumPy, see `SGD`."""
        moments["velocity"] = self.momentum * moments.get("velocity", 0.0) + total / window
        return rate * window * moments["velocity"]

    @property
    def code(self) -> str:
        """Statements of the formula."""
        return (
            f"velocity = {float(self.momentum)!r}*velocity + total/window\ndw ="
            f" {self.rate}*velocity"
        )
