"""L1 penalty on weights: the sum of their sizes.

    penalty strength sum |w|,   update <- update - strength sign(w)

(Tibshirani 1996, J. R. Stat. Soc. B 58:267; see penalty.py for how it scales.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..brian.quantities import check_number
from ..rules.around import check_inside
from .penalty import Penalised

if TYPE_CHECKING:
    from ..rules import LearningRule

__all__ = ["L1"]


@dataclass(frozen=True)
class L1:
    """Penalise the sizes of weights, ``strength*abs(w)``, so that unneeded ones come to 0.

    Weights change by ``-learning_rate*strength*sign(w)`` in a trial, and so fluctuate about 0 by as
    much.

    Parameters
    ----------
    strength : float
        Weight of the penalty, relative to the loss of a trial; the shared variable `l1` of the
        synapses.

    Raises
    ------
    ValueError
        If the strength is negative.

    Examples
    --------
    >>> from brian2 import ms
    >>> L1(1e-4).around(RFLO(learning_rate=0.03, tau=10*ms)).updates["trial_end"]
    '- (l1*sign(w))*trial_steps'
    """

    strength: float

    def __post_init__(self):
        check_number("L1", "strength", self.strength, zero_allowed=True)

    def around(self, rule: LearningRule) -> LearningRule:
        """Return a rule that learns as `rule` does, with the penalty."""
        check_inside("L1", rule)
        return WithL1(rule.learning_rate, rule, self.strength)


@dataclass(frozen=True)
class WithL1(Penalised):
    """A rule with the L1 penalty; `L1.around` makes it."""

    l1: float

    penalty = "l1*sign(w)"

    def __post_init__(self):
        super().__post_init__()
        L1(self.l1)  # checks it
