"""Symmetric feedback: the error comes back through the readout weights themselves, backwards.

feedback_i = sum_k w_ki error_k
"""

from dataclasses import dataclass

from ..synapses import SymmetricFeedbackSum
from .base import CreditPath

__all__ = ["SymmetricFeedback"]


@dataclass(frozen=True)
class SymmetricFeedback(CreditPath):
    """The readout weights, backwards; they follow the readout as it learns."""

    is_aligned = is_symmetric = True

    def build(self, credit):
        """Return the sum, taken over the projection to the readout."""
        return {"feedback": SymmetricFeedbackSum(credit.output)}
