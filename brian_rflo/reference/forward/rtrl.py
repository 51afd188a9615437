"""Real-time recurrent learning in NumPy (Williams & Zipser 1989, Neural Comput 1:270)."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from .base import ForwardRule, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RTRL"]


@dataclass(frozen=True)
class RTRL(ForwardRule):
    """The exact gradient, forward in time: all of the influence, ``[network, unit, post, pre]``.

    dh/dW(t) = (1 - 1/tau) dh/dW(t-1) + tanh'(u(t))/tau [W dh/dW(t-1) + immediate part].
    """

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return an influence of 0."""
        return SimpleNamespace(influence=np.zeros((networks, n_units, n_units, n_sent)))

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance the influence; return the gradient of the loss of this step, signs reversed."""
        networks, n_units, _, n_sent = state.influence.shape
        units, flat = np.arange(n_units), state.influence.reshape(networks, n_units, -1)
        state.influence = (now.jacobian @ flat).reshape(state.influence.shape)
        state.influence[:, units, units] += now.immediate
        change = now.signal[:, None, :] @ state.influence.reshape(networks, n_units, -1)
        return change.reshape(networks, n_units, n_sent)
