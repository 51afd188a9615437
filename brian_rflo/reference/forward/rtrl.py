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
        units = np.arange(n_units)
        flat = state.influence.reshape(networks, n_units, -1)
        drive = (now.weights["recurrent"] @ flat).reshape(state.influence.shape)
        drive[:, units, units] += now.sent[:, None, :]
        gain = now.gain[..., None, None]
        state.influence = state.influence + (-state.influence + gain * drive) / now.tau
        change = now.signal[:, None, :] @ state.influence.reshape(networks, n_units, -1)
        return change.reshape(networks, n_units, n_sent)
