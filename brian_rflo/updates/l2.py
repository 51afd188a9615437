"""L2 penalty on weights: half the sum of their squares.

    penalty strength/2 sum w^2,   update <- update - strength w

(Krogh and Hertz 1991, NIPS 4:950; see penalty.py for how it scales.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..brian.quantities import check_number
from ..rules.around import check_inside
from .penalty import Penalised

if TYPE_CHECKING:
    from ..rules import LearningRule

__all__ = ["L2"]


@dataclass(frozen=True)
class L2:
    """Penalise the squares of weights, ``strength*w**2/2``, so that they stay small.

    The optimizer reads it as part of the gradient; the `decay` of a readout is subtracted from the
    weights themselves.

    Parameters
    ----------
    strength : float
        Weight of the penalty, relative to the loss of a trial; the shared variable `l2` of the
        synapses.

    Raises
    ------
    ValueError
        If the strength is negative.

    Examples
    --------
    >>> from brian2 import ms
    >>> L2(1e-4).around(RFLO(learning_rate=0.03, tau=10*ms)).updates["trial_end"]
    '- (l2*w)*trial_steps'
    """

    strength: float

    def __post_init__(self):
        check_number("L2", "strength", self.strength, zero_allowed=True)

    def around(self, rule: LearningRule) -> LearningRule:
        """Return a rule that learns as `rule` does, with the penalty."""
        check_inside("L2", rule)
        return WithL2(rule.learning_rate, rule, self.strength)


@dataclass(frozen=True)
class WithL2(Penalised):
    """A rule with the L2 penalty; `L2.around` makes it."""

    l2: float

    penalty = "l2*w"

    def __post_init__(self):
        super().__post_init__()
        L2(self.l2)  # checks it
