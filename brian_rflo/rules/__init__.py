"""Learning rules: one a file, each a few Brian2 strings."""

from .around import Around
from .base import LearningRule
from .delta import Delta, FeedbackDelta, LeakyDelta, LeakyFeedbackDelta
from .derived import DerivedRule
from .eprop import AdaptiveEProp, EProp
from .hebbian import RewardHebbian
from .rflo import RFLO

__all__ = [
    "RFLO",
    "AdaptiveEProp",
    "Around",
    "Delta",
    "DerivedRule",
    "EProp",
    "FeedbackDelta",
    "LeakyDelta",
    "LeakyFeedbackDelta",
    "LearningRule",
    "RewardHebbian",
]
