"""Projections: plastic, fixed, and feedback of the error."""

from .copied import CopiedSynapses
from .feedback import AdaptiveFeedbackSynapses, SymmetricFeedbackSum
from .fixed import FeedbackSynapses, FixedSynapses
from .plastic import PlasticSynapses
from .projection import Projection

__all__ = [
    "AdaptiveFeedbackSynapses",
    "CopiedSynapses",
    "FeedbackSynapses",
    "FixedSynapses",
    "PlasticSynapses",
    "Projection",
    "SymmetricFeedbackSum",
]
