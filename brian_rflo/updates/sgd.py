"""Stochastic gradient descent, and what all optimizers have.

With g = total/window, the sum of updates divided by the number of steps:

    learning_rate(k) = learning_rate/(1 + k/decay)   in update k = 0, 1, ...
    dw = learning_rate(k) g
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brian2 import Equations
from numpy.typing import NDArray

from ..brian.quantities import is_number
from ..steps import Mechanism

__all__ = ["SGD"]


@dataclass(frozen=True)
class SGD(Mechanism):
    """Stochastic gradient descent, and the base of all optimizers.

    An optimizer is the formula `code`: statements that read `total`, `window` and `learning_rate`
    and write `dw`. The learning schedule leaves its synaptic variables unchanged where learning is
    off, and sets them to 0 in diverged networks. `updates` counts the updates, if `variables`
    declares it.

    Parameters
    ----------
    decay : float, optional
        Number of updates after which the learning rate has fallen to a half, as ``1/(1 +
        updates/decay)``; by default it is constant.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> SGD(decay=100).decay
    100
    """

    decay: float | None = None

    #: Equations of its own synaptic variables, defined by a subclass.
    memory: ClassVar[str] = ""

    def __post_init__(self):
        name = type(self).__name__
        if self.decay is not None and not (is_number(self.decay) and self.decay > 0):
            raise ValueError(
                f"{name}: decay must be a positive number of updates, or None; got {self.decay!r}"
            )
        if self.decay is not None and self.decay < 1:
            raise ValueError(
                f"{name}: decay must be at least 1, a number of updates; got {self.decay!r}. The"
                " learning rate itself belongs to the rule, for example"
                f" RFLO(learning_rate={self.decay!r}, tau=10*ms)"
            )

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: no number changes between runs."""
        return {}

    @property
    def variables(self) -> dict[str, str]:
        """Equations of the synapses: its memory, and the number of updates if needed."""
        counts = "updates : 1 (shared)" if self.decay or "updates" in self.code else ""
        return {"own": "\n".join(filter(None, [self.memory, counts]))}

    @property
    def rate(self) -> str:
        """Expression of the learning rate of the current update, which `updates` includes."""
        return f"_rate/(1 + (updates - 1)/{float(self.decay)!r})" if self.decay else "_rate"

    @property
    def code(self) -> str:
        """Statements of the formula."""
        return f"dw = {self.rate}/window*total"

    def change(
        self,
        total: NDArray,
        window: float,
        rate: float,
        moments: dict[str, NDArray],
        count: int,
    ) -> NDArray:
        """Return the change of weights in NumPy: the reference form of the formula.

        Parameters
        ----------
        total : ndarray
        window : float
        rate : float
            Learning rate of this update, divided by `window`.
        moments : dict
            Its memory by name, empty before the first update; changed in place.
        count : int
            Number of this update, from 1 on.
        """
        return rate * total

    @property
    def remembered(self) -> tuple[str, ...]:
        """Names of the synaptic variables of its memory."""
        return tuple(Equations(self.memory).names)

    @property
    def counts(self) -> str:
        """Statement that counts an update; first, since Brian2 requires shared variables there."""
        return "updates += int(plastic)" if "updates" in self.variables["own"] else ""
