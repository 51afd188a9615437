"""Decoupled neural interfaces (synthetic gradients) in NumPy (Jaderberg et al. 2017, PMLR 70:1627;
for networks of rates: Marschall, Cho & Savin 2020, J Mach Learn Res 21:1-34).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ...brian.quantities import check_count, check_number, check_seed
from ..products import product
from .base import ForwardRule, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DNI"]


@dataclass(frozen=True)
class DNI(ForwardRule):
    """Learn a linear function of activity and target that predicts how the loss, later steps
    included, depends on the activity; no influence of weights is kept.

    credit(t) = A [a(t), y(t), 1]. A learns that the credit of the step before be what the error
    brings at once, and what the credit now sends back through the Jacobian. As published, the
    credit that is sent back is that of a copy of A, which is renewed after every few steps.

    Parameters
    ----------
    credit_rate : float
        Learning rate of A.
    predictor_rate : float, optional
        Learning rate of a matrix that predicts the activity from that of the step before, in place
        of the exact Jacobian; the credit sent back is then bounded, by tanh, and random feedback
        brings the error: local DNI (Marschall, Cho & Savin 2019). By default the Jacobian is exact
        and feedback symmetric.
    every : int
        Steps after which the copy is renewed.
    seed : int
        Seed of A at the beginning, normal with variance 1/(N + n_outputs + 1).
    """

    credit_rate: float
    predictor_rate: float | None = None
    every: int = 5
    seed: int = 0

    kept: ClassVar[tuple[str, ...]] = ("A", "copy", "J", "count")

    def __post_init__(self):
        check_seed(f"{type(self).__name__}: seed", self.seed)
        check_number("DNI", "credit_rate", self.credit_rate)
        if self.predictor_rate is not None:
            check_number("DNI", "predictor_rate", self.predictor_rate, zero_allowed=True)
        check_count("DNI: every", self.every)

    @property
    def symmetric(self) -> bool:
        """True if the error comes back by the transposed output weights."""
        return self.predictor_rate is None

    def start(self, networks: int, n_units: int, n_sent: int) -> SimpleNamespace:
        """Return a state without A and J, which the first step draws and sets."""
        return SimpleNamespace(A=None, copy=None, J=None, signal=None, seen=None, count=0)

    def first(self, state: SimpleNamespace, now: Step) -> None:
        """Draw A and set its copy and J before the first step of all."""
        (networks, n_units), n_seen = now.after.shape, now.after.shape[1] + now.target.shape[1] + 1
        random = np.random.default_rng(self.seed)
        state.A = random.normal(0, n_seen**-0.5, (networks, n_units, n_seen))
        state.copy, state.J = state.A, now.weights["recurrent"].copy()

    def step(self, state: SimpleNamespace, now: Step) -> NDArray:
        """Learn J and A; return the credit times what each weight does at once."""
        if state.A is None:
            self.first(state, now)
        if state.seen is None:
            state.signal, state.seen = np.zeros_like(now.before), seen(now.before, now.target)
        after, before = seen(now.after, now.target), state.seen
        label = product(state.copy, after)
        if self.predictor_rate is None:
            jacobian = now.jacobian
        else:
            missed = now.after - product(state.J, now.before)
            state.J = state.J + self.predictor_rate * missed[..., None] * now.before[:, None, :]
            jacobian, label = state.J, np.tanh(label)
        sent_back = (label[:, None, :] @ jacobian)[:, 0]
        mismatch = product(state.A, before) - (state.signal + sent_back)
        state.A = state.A - self.credit_rate * mismatch[..., None] * before[:, None, :]
        state.count += 1
        if state.count % self.every == 0:
            state.copy = state.A
        state.signal, state.seen = now.signal, after
        return product(state.A, after)[..., None] * now.immediate


def seen(activity, target):
    """Return what the credit is a function of: activity, target and 1."""
    return np.concatenate([activity, target, np.ones((len(activity), 1))], axis=1)
