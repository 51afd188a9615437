"""Contrastive learning: the product of the activities at both ends, with the sign of the teacher
(Baldi & Pineda 1991, Neural Comput 3:526).

    dw_ij = learning_rate sum_t modulator(t) a_i(t) a_j(t)

With the modulator of `TwoPhases` it is contrastive Hebbian learning, taught less free, and with a
weak teacher equilibrium propagation (Scellier & Bengio 2017, Front Comput Neurosci 11:24); with
that of `Oscillation` the correlation with a wave. Weights must be symmetric, and stay so:
only then do neurons descend an energy, whose gradient by a weight is the product.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import LearningRule

__all__ = ["Contrastive"]


@dataclass(frozen=True)
class Contrastive(LearningRule):
    """Product of both activities times the modulator of the teacher; no trace, error or feedback.

    The change of a trial is not divided by its steps. Learn with `PerTrial`. Weights within a group
    that are not symmetric, or a mask, are refused.

    Parameters
    ----------
    learning_rate : float
        The paper's eta.

    Examples
    --------
    >>> Contrastive(learning_rate=1).summed
    'modulator_network*activity_pre*activity_post'
    """

    citation = (
        "Baldi, P. & Pineda, F. (1991). Contrastive learning and neural oscillations. Neural"
        " Computation 3:526-545"
    )
    summed = "modulator_network*activity_pre*activity_post"
    averages_sum = False
    symmetric = True
    update = "summed"
