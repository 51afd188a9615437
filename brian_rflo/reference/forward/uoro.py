"""UORO in NumPy (Tallec & Ollivier 2017, arXiv:1702.05043)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from ..products import product
from .base import SignRule, Step, along, norm, ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["UORO"]


@dataclass(frozen=True)
class UORO(SignRule):
    """Unbiased online recurrent optimization: the influence as a product of rank one, right in the
    mean over random signs.

    M_kij ~ A_k B_ij.

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
        """Advance the factors; return the signal through A, times B."""
        signs = self.signs(state, now.number, now.gain.shape)
        forward, mixed = product(now.jacobian, state.A), signs[..., None] * now.immediate
        kept = ratio(norm(state.B), norm(forward))
        added = ratio(norm(mixed), norm(signs))
        state.A = along(kept, forward) * forward + along(added, signs) * signs
        state.B = state.B / along(kept, mixed) + mixed / along(added, mixed)
        return along((now.signal * state.A).sum(axis=1), state.B) * state.B
