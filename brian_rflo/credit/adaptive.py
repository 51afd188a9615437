"""Adaptive feedback: feedback weights get the transposed changes of the readout weights and align
with them.

Bellec et al. 2020, Nature Communications 11:3625, adaptive e-prop: dB_ik = dw_ki, with weight decay
of both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from brian2 import BrianObject

from ..brian.declared import declares
from ..brian.quantities import is_number
from ..rules import LearningRule
from ..synapses import AdaptiveFeedbackSynapses
from .base import Credit, CreditPath, Path

__all__ = ["AdaptiveFeedback"]


@dataclass(frozen=True)
class AdaptiveFeedback(CreditPath):
    """Feedback weights that change with the readout weights (Bellec et al. 2020); both are frozen
    together.

    Parameters
    ----------
    decay : float
        Fraction of the feedback weights that each update subtracts. With the same decay of the
        readout weights, ``readout=Linear(decay=...)``, the initial weights of both decay to 0.

    Raises
    ------
    ValueError
        If `decay` is not in [0, 1), or the readout weights do not learn by a rule with a method
        `transposed`.
    """

    decay: float = 0.0

    is_aligned = follows_readout = True

    def __post_init__(self):
        if not is_number(self.decay) or not 0 <= self.decay < 1:
            raise ValueError(
                f"AdaptiveFeedback: decay must be at least 0 and less than 1; got {self.decay!r}"
            )

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: no number changes between runs."""
        return {}

    def check(self, trained: Collection[str], output_rule: LearningRule) -> None:
        """Raise unless the readout weights learn by a rule that can be transposed."""
        if "output" not in trained:
            raise ValueError(
                "AdaptiveFeedback follows the changes of the readout weights, which must be"
                f" trained; got trained={trained!r}"
            )
        if not is_transposable(output_rule):
            raise ValueError(
                "AdaptiveFeedback needs a readout rule that can be transposed, such as Delta or"
                f" LeakyDelta; got {type(output_rule).__name__}. Define its method transposed()"
            )

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the projection, which is frozen together with the readout's."""
        output = credit.output_of()
        path = Path(
            "pre",
            "post",
            "feedback",
            sends="error",
            rule=output.rule.transposed(),
            initial="randn()",
        )
        constraint = f"w = {1 - self.decay!r}*w" if self.decay else ""
        return {
            "feedback": credit.projection(
                "feedback",
                path,
                AdaptiveFeedbackSynapses,
                output=output,
                constraint=constraint,
            )
        }


def is_transposable(rule):
    """Return True if a rule has a method `transposed` for its own strings, not for those of a base
    class; of a rule around another that says so (`transposes`), if the inner one has.
    """
    if declares(rule, "transposes"):
        return is_transposable(rule.transposes)
    owner = next((kind for kind in type(rule).__mro__ if "transposed" in vars(kind)), None)
    return owner is not None and all(
        getattr(rule, name) == getattr(owner, name) for name in ("traces", "advance", "update")
    )
