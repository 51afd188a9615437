"""KeRNL in NumPy (Roth, Kanitscheider & Fiete 2019, International Conference on Learning
Representations).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...brian.quantities import check_number, check_seed
from ..products import product
from .base import ForwardRule, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KeRNL"]


@dataclass(frozen=True)
class KeRNL(ForwardRule):
    """Kernel RNN learning: a learned sensitivity K times traces that decay at learned rates.

    M_kij ~ K_ki B_ij. K and the decays are learned from how a second, noisy course of the activity
    differs from the first. Decays are held in [0, 1].

    Parameters
    ----------
    deviation : float
        Standard deviation of the noise in each step.
    rate : float, optional
        Learning rate of K and the decays; by default ``1/deviation``. 0 keeps them as they are: K
        is 1, decays are ``1/tau``, and the rule is `RFLO` with symmetric feedback.
    seed : int
        Seed of the noise.
    """

    deviation: float = 1e-7
    rate: float | None = None
    seed: int = 0

    kept: ClassVar[tuple[str, ...]] = ("random", "K", "decay")

    def __post_init__(self):
        check_seed(f"{type(self).__name__}: seed", self.seed)
        check_number("KeRNL", "deviation", self.deviation)
        if self.rate is not None:
            check_number("KeRNL", "rate", self.rate, zero_allowed=True)

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return traces that are 0, and K = 1."""
        zeros = np.zeros((networks, n_units))
        return SimpleNamespace(
            random=np.random.default_rng(self.seed),
            K=np.tile(np.eye(n_units), (networks, 1, 1)),
            B=np.zeros((networks, n_units, n_sent)),
            decay=None,
            noisy=None,
            summed_noise=zeros,
            by_decay=zeros,
        )

    def noise(self, state: SimpleNamespace, number: int, shape: tuple[int, ...]) -> NDArray:
        """Return the noise of step `number`."""
        return self.deviation * state.random.standard_normal(shape)

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Advance traces and the noisy course, learn K and the decays; return the signal through K,
        times B.
        """
        if state.decay is None:
            state.decay = np.full(now.gain.shape, 1 / now.tau)
        if state.noisy is None:
            state.noisy = now.before
        noise = self.noise(state, now.number, now.gain.shape)
        state.noisy = noisy_step(state.noisy + noise, now)
        keep = 1 - state.decay
        state.by_decay = keep * state.by_decay - state.summed_noise
        state.summed_noise = keep * state.summed_noise + noise
        state.B = keep[..., None] * state.B + now.immediate
        self._learn(state, state.noisy - now.after)
        return (now.signal[:, None, :] @ state.K).swapaxes(1, 2) * state.B

    def _learn(self, state, difference):
        rate = 1 / self.deviation if self.rate is None else self.rate
        missed = product(state.K, state.summed_noise) - difference
        by_decay = (missed[:, None, :] @ state.K)[:, 0] * state.by_decay
        state.K = state.K - rate * missed[..., None] * state.summed_noise[:, None, :]
        state.decay = np.clip(state.decay - rate * by_decay, 0, 1)


def noisy_step(activity, now):
    """Return another activity after a step with the inputs and biases of `now`."""
    n_units, weights = activity.shape[1], now.weights
    n_inputs = weights["input"].shape[2]
    drive = product(weights["recurrent"], activity)
    drive = drive + product(weights["input"], now.sent[:, n_units : n_units + n_inputs])
    if "bias" in weights:
        drive = drive + weights["bias"][..., 0]
    return activity + (np.tanh(drive) - activity) / now.tau
