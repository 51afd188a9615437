"""Adaptive feedback: random weights that get the changes of the readout's, backwards, so that both
align.

Bellec et al. 2020, Nature Communications 11:3625, adaptive e-prop: dB_ik = dw_ki, and both lose a
little in each update.
"""

from dataclasses import dataclass

from ..brian.quantities import is_number
from ..synapses import AdaptiveFeedbackSynapses
from .base import CreditPath, Path

__all__ = ["AdaptiveFeedback"]


@dataclass(frozen=True)
class AdaptiveFeedback(CreditPath):
    """Feedback weights that change as the readout weights do (Bellec et al. 2020), with one switch
    for both.

    Parameters
    ----------
    decay : float
        Share of the feedback weights that each update takes away. Give the readout weights the
        same, ``readout=Linear(decay=...)``, and what both began with is forgotten.

    Raises
    ------
    ValueError
        If `decay` is not at least 0 and less than 1, or the readout weights do not learn by a rule
        that has a counterpart.
    """

    decay: float = 0.0

    is_aligned = True

    def __post_init__(self):
        if not is_number(self.decay) or not 0 <= self.decay < 1:
            raise ValueError(
                f"AdaptiveFeedback: decay must be at least 0 and less than 1; got {self.decay!r}"
            )

    @property
    def parameters(self):
        """None of its numbers changes between runs."""
        return {}

    def check(self, trained, output_rule):
        """Raise unless the readout weights learn, by a rule that has a counterpart."""
        if "output" not in trained:
            raise ValueError(
                "AdaptiveFeedback follows the changes of the readout weights, which must be"
                f" trained; got trained={trained!r}"
            )
        if not has_counterpart(output_rule):
            raise ValueError(
                "AdaptiveFeedback does to the feedback weights what Delta or LeakyDelta does to"
                f" the readout weights, and knows no counterpart of {type(output_rule).__name__};"
                " give that rule a method transposed()"
            )

    def build(self, credit):
        """Return the projection, which has the readout's switch."""
        path = Path(
            "pre",
            "post",
            "feedback",
            sends="error",
            rule=credit.output.rule.transposed(),
            initial="randn()",
        )
        constraint = f"w = {1 - self.decay!r}*w" if self.decay else ""
        return {
            "feedback": credit.projection(
                "feedback",
                path,
                AdaptiveFeedbackSynapses,
                output=credit.output,
                constraint=constraint,
            )
        }


def has_counterpart(rule):
    """Return whether a rule has a method `transposed` that is about its own strings, not about
    those of a rule it was made from.
    """
    owner = next((kind for kind in type(rule).__mro__ if "transposed" in vars(kind)), None)
    return owner is not None and all(
        getattr(rule, name) == getattr(owner, name) for name in ("traces", "advance", "update")
    )
