"""Cosine decay of the learning rate.

Loshchilov and Hutter 2017, SGDR, ICLR (arXiv 1608.03983), equation 5, without restarts: in update
k = 0, 1, ..., n, and from there on as in the last,

    learning_rate(k) = learning_rate (final + (1 - final)(1 + cos(pi k/n))/2)
"""

from __future__ import annotations

from dataclasses import dataclass

from ..brian.quantities import check_count, is_number
from .decay import Decay

__all__ = ["Cosine"]


@dataclass(frozen=True)
class Cosine(Decay):
    """Cosine decay of the learning rate (Loshchilov and Hutter 2017, without restarts).

    Parameters
    ----------
    updates : int
        Number n of updates until the last value: of trials or batches with `PerTrial`, of time
        steps with `PerStep` (``Cosine(1000*task.n_steps)`` for a thousand trials).
    final : float
        The last value, as a fraction of the learning rate.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> optimizer = SGD(decay=Cosine(1000, final=0.1))
    >>> [round(optimizer.rate_in(k, learning_rate=0.03), 4) for k in (0, 500, 1000, 2000)]
    [0.03, 0.0165, 0.003, 0.003]
    """

    updates: int
    final: float = 0.0

    def __post_init__(self):
        check_count("Cosine: updates", self.updates)
        if not is_number(self.final) or not 0 <= self.final <= 1:
            raise ValueError(
                f"Cosine: final must be a fraction of the learning rate, 0 to 1; got {self.final!r}"
            )

    @property
    def code(self) -> str:
        """Expression of the learning rate."""
        half = (1 - float(self.final)) / 2
        phase = f"pi*clip(update/{float(self.updates)!r}, 0, 1)"
        return f"rate*({float(self.final)!r} + {half!r}*(1 + cos({phase})))"
