"""SnAp-1 in NumPy (Menick et al. 2020, arXiv:2006.07232)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from .base import ForwardRule, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SnAp1"]


@dataclass(frozen=True)
class SnAp1(ForwardRule):
    """The influence of each weight on its own unit alone: RFLO whose trace also goes through the
    unit's weight onto itself, with symmetric feedback.

    m_ij(t) = J_ii(t) m_ij(t-1) + immediate_ij(t).
    """

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return an influence of 0."""
        return SimpleNamespace(influence=np.zeros((networks, n_units, n_sent)))

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance the influence; return feedback times influence."""
        own = np.einsum("kii->ki", now.jacobian)
        state.influence = own[..., None] * state.influence + now.immediate
        return now.signal[..., None] * state.influence
