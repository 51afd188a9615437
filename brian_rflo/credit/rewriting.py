"""Credit paths that rewrite what another path brings to the neurons."""

from collections.abc import Collection

import numpy as np
from brian2 import BrianObject
from numpy.typing import NDArray

from ..rules.base import LearningRule
from ..updates.arguments import check_instance
from .base import Credit, CreditPath

__all__ = []


class Rewriting(CreditPath):
    """Base of paths between feedback and learning: `feedback` brings the error itself, and their
    steps write another ``feedback`` to the neurons.
    """

    def __post_init__(self):
        kind, inner = type(self).__name__, self.feedback
        check_instance(f"{kind}: feedback", inner, CreditPath, "RandomFeedback()")
        why = "cells of its own" if inner.variables or inner.steps else ""
        why = why or ("" if inner.brings_feedback else "no feedback")
        if why:
            raise ValueError(
                f"{kind}: feedback must bring the error itself, such as RandomFeedback(); got"
                f" {type(inner).__name__}, which has {why}"
            )

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: its numbers are in its weights and strings."""
        return {}

    @property
    def is_aligned(self) -> bool:
        """True if the alignment of the feedback with the readout is defined."""
        return self.feedback.is_aligned

    @property
    def is_symmetric(self) -> bool:
        """True if the readout weights, transposed, bring the error back."""
        return self.feedback.is_symmetric

    @property
    def follows_readout(self) -> bool:
        """True if the feedback gets the changes of the readout weights."""
        return self.feedback.follows_readout

    def check(self, trained: Collection[str], output_rule: LearningRule) -> None:
        """Raise unless the feedback fits."""
        self.feedback.check(trained, output_rule)

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the feedback and the path's own projections."""
        credit.projections |= self.feedback.build(credit)
        return super().build(credit)


def in_networks(matrix: NDArray, networks: int) -> NDArray:
    """Return a matrix ``[post, pre]`` for each of some networks side by side."""
    return np.repeat(matrix[None], networks, axis=0)


def check_matrix(role, matrix, shape):
    """Return a matrix as nested tuples, which can be compared; raise unless it fits."""
    values = np.asarray(matrix)
    is_real = values.dtype.kind in "biuf"
    if values.shape != shape or not is_real or not np.isfinite(values).all():
        raise ValueError(
            f"{role} must be a matrix of finite numbers of shape {shape}; got {matrix!r}"
        )
    return tuple(map(tuple, values.astype(float).tolist()))
