"""Learning rules: one a file, each a few Brian2 strings."""

from .base import LearningRule
from .delta import Delta, FeedbackDelta, LeakyDelta, LeakyFeedbackDelta
from .eprop import AdaptiveEProp, EProp
from .hebbian import RewardHebbian
from .rflo import RFLO

__all__ = ["AdaptiveEProp", "Delta", "EProp", "FeedbackDelta", "LeakyDelta", "LeakyFeedbackDelta", "LearningRule", "RFLO", "RewardHebbian"]
