"""Learning rules: one a file, each a few Brian2 strings."""

from .base import LearningRule
from .delta import Delta
from .hebbian import RewardHebbian
from .rflo import RFLO

__all__ = ["Delta", "LearningRule", "RFLO", "RewardHebbian"]
