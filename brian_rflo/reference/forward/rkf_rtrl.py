"""R-KF-RTRL in NumPy (Marschall, Cho & Savin 2020, J Mach Learn Res 21:1-34)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from .base import SignRule, Step, along, norm, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RKFRTRL"]


@dataclass(frozen=True)
class RKFRTRL(SignRule):
    """KF-RTRL with the roles of its factors reversed, right in the mean over random signs.

    M_kij ~ A_i B_kj.

    Parameters
    ----------
    seed : int
        Seed of the signs.
    """

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return factors that are 0."""
        state = super().start(networks, n_units, n_sent)
        state.A, state.B = np.zeros((networks, n_units)), np.zeros((networks, n_units, n_sent))
        return state

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance the factors; return A times the signal through B."""
        signs = self.signs(state, now.number, now.gain.shape)
        forward, mixed = now.jacobian @ state.B, signs[..., None] * now.immediate
        kept = ratio(norm(forward), norm(state.A))
        added = ratio(norm(mixed), norm(signs))
        state.A = along(kept, state.A) * state.A + along(added, signs) * signs
        state.B = forward / along(kept, forward) + mixed / along(added, mixed)
        return state.A[..., None] * (now.signal[:, None, :] @ state.B)
