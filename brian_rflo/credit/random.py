"""Random feedback: fixed random weights project the error back.

Murray 2019, eLife 8:e43299, equation 5: feedback_a = [B eps]_a, B ~ N(0, 1).
"""

from dataclasses import dataclass

from .base import CreditPath, Path

__all__ = ["RandomFeedback"]


@dataclass(frozen=True)
class RandomFeedback(CreditPath):
    """Fixed random weights from the readout's error to the neurons, from a standard normal
    distribution (Murray 2019).
    """

    paths = {"feedback": Path("pre", "post", "feedback", sends="error", initial="randn()")}
    is_aligned = True
