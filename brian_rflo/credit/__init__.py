"""Credit paths: how an error reaches the neurons; values made of strings, one a file."""

from .adaptive import AdaptiveFeedback
from .base import Credit, CreditPath, Path
from .random import RandomFeedback
from .symmetric import SymmetricFeedback

__all__ = [
    "AdaptiveFeedback",
    "Credit",
    "CreditPath",
    "Path",
    "RandomFeedback",
    "SymmetricFeedback",
]
