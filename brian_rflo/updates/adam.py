"""Adam, in the form of TensorFlow.

With g and learning_rate(k) as in `SGD`:

    m <- b1 m + (1 - b1) g,   s <- b2 s + (1 - b2) g^2
    dw = learning_rate(k) sqrt(1 - b2^(k+1))/(1 - b1^(k+1)) m/(sqrt(s) + epsilon)

epsilon is what Kingma and Ba 2015 (arXiv 1412.6980, section 2) call epsilon hat: their algorithm 1
has epsilon sqrt(1 - b2^(k+1)) instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..brian.quantities import check_fraction, is_number
from .sgd import SGD

__all__ = ["Adam"]


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
        check_fraction("Adam: beta_1", self.beta_1)
        check_fraction("Adam: beta_2", self.beta_2)
        if not is_number(self.epsilon) or self.epsilon <= 0:
            raise ValueError(f"Adam: epsilon must be positive and finite; got {self.epsilon!r}")

    def change(
        self,
        total: NDArray,
        window: float,
        rate: float,
        moments: dict[str, NDArray],
        count: int,
    ) -> NDArray:
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
