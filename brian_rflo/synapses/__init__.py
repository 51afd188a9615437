"""Projections: plastic, fixed, and feedback of the error."""

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
