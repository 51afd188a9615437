"""Stochastic gradient descent, and what all optimizers have.

With g = total/window, the sum of updates divided by the number of steps:

    learning_rate(k) = learning_rate/(1 + k/decay)   in update k = 0, 1, ..., or another decay
    dw = learning_rate(k) g
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brian2 import Equations
from numpy.typing import NDArray

from ..steps import Mechanism
from .decay import Decay, decay_of

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
    decay : float, Decay or str, optional
        How the learning rate falls with the number of updates: the number of updates after which
        it has fallen to a half, as ``1/(1 + updates/decay)``; a `Cosine` or another `Decay`; or an
        expression of `update`, the number of the update, counted from 0, by which it is multiplied
        (negative values count as 0). By default it is constant.

    Raises
    ------
    ValueError
        If a number is out of its range, or the expression is not one.

    Examples
    --------
    >>> SGD(decay=100).rate_in(100, learning_rate=0.03)
    0.015
    >>> SGD(decay="0.5**(update//1000)").rate_in(2500, learning_rate=0.04)
    0.01
    """

    decay: float | Decay | str | None = None

    #: Equations of its own synaptic variables, defined by a subclass.
    memory: ClassVar[str] = ""

    def __post_init__(self):
        decay_of(type(self).__name__, self.decay)  # checks it

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: no number changes between runs."""
        return {}

    @property
    def variables(self) -> dict[str, str]:
        """Equations of the synapses: its memory, and the number of updates if needed."""
        counts = "updates : 1 (shared)" if self.decay is not None or "updates" in self.code else ""
        return {"own": "\n".join(filter(None, [self.memory, counts]))}

    @property
    def rate(self) -> str:
        """Expression of the learning rate of the current update, which `updates` includes: that
        of the first where weights do not learn, and no update has been counted.
        """
        update = "clip(updates - 1, 0, inf)"
        return decay_of(type(self).__name__, self.decay).in_synapses("_rate", update)

    def rate_in(self, update: int, learning_rate: float) -> float:
        """Return the learning rate in an update, counted from 0."""
        return decay_of(type(self).__name__, self.decay).in_numpy(learning_rate, update)

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
            Sum of the updates.
        window : float
            What the sum is divided by.
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
