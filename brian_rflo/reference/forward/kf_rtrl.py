"""KF-RTRL in NumPy (Mujika, Meier & Steger 2018, arXiv:1805.10842)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from .base import SignRule, Step, along, norm, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KFRTRL"]


@dataclass(frozen=True)
class KFRTRL(SignRule):
    """Kronecker-factored RTRL, right in the mean over random signs.

    M_kij ~ B_ki A_j.

    Parameters
    ----------
    seed : int
        Seed of the signs, two per step.
    """

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return factors that are 0."""
        state = super().start(networks, n_units, n_sent)
        state.A, state.B = np.zeros((networks, n_sent)), np.zeros((networks, n_units, n_units))
        return state

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance the factors; return the signal through B, times A."""
        first, second = self.signs(state, now.number, (len(now.gain), 2)).T
        forward, gain = now.jacobian @ state.B, now.gain / now.tau
        kept = ratio(norm(forward), norm(state.A))
        added = ratio(norm(gain), norm(now.sent))
        state.A = (
            along(first * kept, state.A) * state.A + along(second * added, now.sent) * now.sent
        )
        diagonal = gain[..., None] * np.eye(gain.shape[1])
        state.B = (
            along(first / kept, forward) * forward + along(second / added, diagonal) * diagonal
        )
        return (now.signal[:, None, :] @ state.B).swapaxes(1, 2) * state.A[:, None, :]
