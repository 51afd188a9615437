"""RFLO in NumPy (Murray 2019, eLife 8:e43299)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..products import outer
from .base import ForwardRule, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RFLO"]


@dataclass(frozen=True)
class RFLO(ForwardRule):
    """Random-feedback local online learning, equations 3 and 5 of Murray 2019.

    p(t) = (1 - 1/tau) p(t-1) + 1/tau tanh'(u_a(t)) h_b(t-1), and with x_b(t) for inputs; the change
    is [B eps]_a p_ab.
    """

    symmetric: ClassVar[bool] = False

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return traces that are 0."""
        return SimpleNamespace(trace=np.zeros((networks, n_units, n_sent)))

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance the traces; return feedback times trace."""
        state.trace = state.trace + (-state.trace + outer(now.gain, now.sent)) / now.tau
        return now.signal[..., None] * state.trace
