"""Symmetric feedback: the transposed readout weights project the error back.

feedback_i = sum_k w_ki error_k
"""

from dataclasses import dataclass

from brian2 import BrianObject

from ..synapses import SymmetricFeedbackSum
from .base import Credit, CreditPath

__all__ = ["SymmetricFeedback"]


@dataclass(frozen=True)
class SymmetricFeedback(CreditPath):
    """The transposed readout weights, which follow the readout as it learns."""

    is_aligned = is_symmetric = True

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the sum over the projection to the readout."""
        return {"feedback": SymmetricFeedbackSum(credit.output_of())}
