"""Projections: plastic ones that carry a learning rule, and those that bring the error back."""

from .feedback import AdaptiveFeedbackSynapses, SymmetricFeedbackSum
from .fixed import FeedbackSynapses, FixedSynapses
from .plastic import DALE, PlasticSynapses
from .projection import Projection

__all__ = [
    "DALE",
    "AdaptiveFeedbackSynapses",
    "FeedbackSynapses",
    "FixedSynapses",
    "PlasticSynapses",
    "Projection",
    "SymmetricFeedbackSum",
]
