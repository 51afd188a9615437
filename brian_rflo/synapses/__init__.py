"""Projections: plastic ones that carry a learning rule, and those that bring the error back."""

from .feedback import AdaptiveFeedbackSynapses, SymmetricFeedbackSum
from .fixed import FeedbackSynapses, FixedSynapses
from .plastic import PlasticSynapses
from .projection import Projection

__all__ = [
    "AdaptiveFeedbackSynapses",
    "FeedbackSynapses",
    "FixedSynapses",
    "PlasticSynapses",
    "Projection",
    "SymmetricFeedbackSum",
]
