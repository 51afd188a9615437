"""Hybrid perturbation, HP: weights are perturbed, and what counts is what that brings a unit. Our
own derivation.

It lies between weight and node perturbation (Zuege, Klos & Memmesheimer 2023, Physical Review X
13:021006), and is derived here, not read there. With arriving_j(t) what enters the drive in step t
of the perturbed run for each unit of weight, as in `NodePerturbation`:

    pw_ij ~ N(0, sigma^2)                            once per trial; w + pw is sent
    brought_i(t) = sum_j pw_ij arriving_j(t)
    dw_ij = -learning_rate/(power sigma^2) (E' - E) sum_t brought_i(t) arriving_j(t)

The expected change is the gradient, stretched by the covariance S = sum_t x(t) x(t)^T/T of the
inputs. Weights move within the span of the inputs only, so that those of silent inputs stay. With
power = T tr(S^2)/tr(S) and active inputs of equal power without correlations it learns as
`ActiveWeightPerturbation`. Where the eigenvalues of S are unequal, weak components learn slower by
lambda tr(S)/tr(S^2): on a reservoir it is worse than weight perturbation.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..brian.quantities import is_number
from ..schedule import DRIVEN
from .weight_perturbation import WeightPerturbation

__all__ = ["HybridPerturbation"]


@dataclass(frozen=True)
class HybridPerturbation(WeightPerturbation):
    """Perturbed weights whose change is read in what they bring a unit, HP; derived here.

    Trials, copies and modulator are as with `WeightPerturbation`.

    Parameters
    ----------
    learning_rate, sigma : float
        As for `WeightPerturbation`.
    power : float
        ``T*trace(S @ S)/trace(S)`` for inputs with second moments ``S = X @ X.T/T`` over the `T`
        steps of a trial; for active inputs of equal mean square and without correlations, `T` times
        that mean square.

    Raises
    ------
    ValueError
        If `sigma` or `power` is not positive.

    Examples
    --------
    >>> HybridPerturbation(1e-3, sigma=1e-3, power=100.0).update
    'modulator_network*summed/(power*sigma**2)'
    """

    power: float

    traces = "pw : 1\nproduct : 1"
    post_traces = "brought : 1"
    brings = {"brought": "pw*arriving_pre"}
    advance = "product = brought_post*arriving_pre"
    reset = "pw = int(plastic)*perturbed_network*sigma*randn()\nproduct = 0"
    phase = DRIVEN
    summed = "product"
    averages_sum = False
    update = "modulator_network*summed/(power*sigma**2)"

    def __post_init__(self):
        super().__post_init__()
        if not is_number(self.power) or self.power <= 0:
            raise ValueError(
                f"HybridPerturbation: power must be a finite positive number; got {self.power!r}"
            )
