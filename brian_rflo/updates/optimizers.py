"""Optimizers: formulas that turn a sum of updates into a change of the weights.

With g = total/window, the sum of updates divided by the number of steps, and
learning_rate(k) = learning_rate/(1 + k/decay) in update k = 0, 1, ...:

    SGD        dw = learning_rate(k) g
    Momentum   v <- momentum v + g,   dw = learning_rate(k) v
    Adam       m <- b1 m + (1 - b1) g,   s <- b2 s + (1 - b2) g^2
               dw = learning_rate(k) sqrt(1 - b2^(k+1))/(1 - b1^(k+1)) m/(sqrt(s) + epsilon)

Adam has the form of TensorFlow, where epsilon is what Kingma and Ba 2015 (arXiv 1412.6980, section
2) call epsilon hat: their algorithm 1 has epsilon sqrt(1 - b2^(k+1)) instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from brian2 import Equations

from ..brian.quantities import is_number
from ..steps import Mechanism

__all__ = ["Adam", "Momentum", "SGD"]


@dataclass(frozen=True)
class SGD(Mechanism):
    """Stochastic gradient descent, and the base of all optimizers.

    An optimizer is the formula `code`: statements that read `total`, `window` and `learning_rate`
    and write `dw`. The learning schedule leaves its synaptic variables unchanged where learning is
    off, and sets them to 0 in diverged networks. `updates` counts the updates, if `variables`
    declares it.

    Parameters
    ----------
    decay : float, optional
        Number of updates after which the learning rate has fallen to a half, as ``1/(1 +
        updates/decay)``; by default it is constant.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> SGD(decay=100).decay
    100
    """

    decay: float | None = None

    #: Equations of its own synaptic variables, defined by a subclass.
    memory: ClassVar[str] = ""

    def __post_init__(self):
        name = type(self).__name__
        if self.decay is not None and not (is_number(self.decay) and self.decay > 0):
            raise ValueError(
                f"{name}: decay must be a positive number of updates, or None; got {self.decay!r}"
            )
        if self.decay is not None and self.decay < 1:
            raise ValueError(
                f"{name}: decay must be at least 1, a number of updates; got {self.decay!r}. The"
                " learning rate itself belongs to the rule, for example"
                f" RFLO(learning_rate={self.decay!r}, tau=10*ms)"
            )

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: no number changes between runs."""
        return {}

    @property
    def variables(self) -> dict[str, str]:
        """Equations of the synapses: its memory, and the number of updates if needed."""
        counts = "updates : 1 (shared)" if self.decay or "updates" in self.code else ""
        return {"own": "\n".join(filter(None, [self.memory, counts]))}

    @property
    def rate(self) -> str:
        """Expression of the learning rate of the current update, which `updates` includes."""
        return f"_rate/(1 + (updates - 1)/{float(self.decay)!r})" if self.decay else "_rate"

    @property
    def code(self) -> str:
        """Statements of the formula."""
        return f"dw = {self.rate}/window*total"

    def change(self, total, window, rate, moments, count):
        """Return the change of weights in NumPy: the reference form of the formula.

        Parameters
        ----------
        total : ndarray
        window : float
        rate : float
            Learning rate of this update, divided by `window`.
        moments : dict
            Its memory by name, empty before the first update; changed in place.
        count : int
            Number of this update, from 1 on.
        """
        return rate * total

    @property
    def remembered(self) -> tuple[str, ...]:
        """Names of the synaptic variables of its memory."""
        return tuple(Equations(self.memory).names)

    @property
    def counts(self) -> str:
        """Statement that counts an update; first, since Brian2 requires shared variables there."""
        return "updates += int(plastic)" if "updates" in self.variables["own"] else ""


@dataclass(frozen=True)
class Momentum(SGD):
    """Gradient descent with momentum (Polyak 1964).

    Parameters
    ----------
    decay : float, optional
        As for `SGD`.
    momentum : float
        Fraction of the synaptic variable `velocity` that each update keeps.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    momentum: float = 0.9

    memory = "velocity : 1"

    def __post_init__(self):
        super().__post_init__()
        check_fraction("Momentum", "momentum", self.momentum)

    def change(self, total, window, rate, moments, count):
        """Return the change of weights in NumPy, see `SGD`."""
        moments["velocity"] = self.momentum * moments.get("velocity", 0.0) + total / window
        return rate * window * moments["velocity"]

    @property
    def code(self) -> str:
        """Statements of the formula."""
        return (
            f"velocity = {float(self.momentum)!r}*velocity + total/window\ndw ="
            f" {self.rate}*velocity"
        )


@dataclass(frozen=True)
class Adam(SGD):
    """Adam, with moments that are synaptic variables (Kingma and Ba 2015, in TensorFlow's form).

    Parameters
    ----------
    decay : float, optional
        As for `SGD`.
    beta_1, beta_2 : float
        Decay factors of the moments m and s, the synaptic variables `first_moment` and
        `second_moment`.
    epsilon : float
        Constant added to the root of the second moment (epsilon hat).

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> Adam(decay=100).beta_2
    0.999
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    memory = "first_moment : 1\nsecond_moment : 1"

    def __post_init__(self):
        super().__post_init__()
        check_fraction("Adam", "beta_1", self.beta_1)
        check_fraction("Adam", "beta_2", self.beta_2)
        if not is_number(self.epsilon) or self.epsilon <= 0:
            raise ValueError(f"Adam: epsilon must be positive and finite; got {self.epsilon!r}")

    def change(self, total, window, rate, moments, count):
        """Return the change of weights in NumPy, see `SGD`."""
        one, two, gradient = self.beta_1, self.beta_2, total / window
        m = one * moments.get("m", 0.0) + (1 - one) * gradient
        s = two * moments.get("s", 0.0) + (1 - two) * gradient**2
        moments.update(m=m, s=s)
        corrected = np.sqrt(1 - two**count) / (1 - one**count)
        return rate * window * corrected * m / (np.sqrt(s) + self.epsilon)

    @property
    def code(self) -> str:
        """Statements of the formula."""
        one, two = float(self.beta_1), float(self.beta_2)
        unbiased = f"sqrt(1 - {two!r}**updates)/(1 - {one!r}**updates + int(updates == 0))"
        return f"""_corrected = {self.rate}*{unbiased}
            _gradient = total/window
            first_moment = {one!r}*first_moment + {1 - one!r}*_gradient
            second_moment = {two!r}*second_moment + {1 - two!r}*_gradient**2
            dw = _corrected*first_moment/(sqrt(second_moment) + {float(self.epsilon)!r})"""


def check_fraction(kind, name, value):
    """Raise unless a number is at least 0 and less than 1."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{kind}: {name} must be at least 0 and less than 1; got {value!r}")
