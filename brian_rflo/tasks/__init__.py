"""Tasks: one a file, NumPy inside, units outside; shared by rate and spiking networks."""

from .arrays import ArrayTask
from .base import Task
from .cursor import CursorMovements
from .digits import SequentialDigits
from .evidence import EvidenceAccumulation
from .interval import IntervalMatching
from .mnist1d import MNIST1D
from .neurogym import NeurogymTask
from .pattern import PatternGeneration
from .periodic import PeriodicOutput
from .recall import StoreRecall

__all__ = [
    "MNIST1D",
    "ArrayTask",
    "CursorMovements",
    "EvidenceAccumulation",
    "IntervalMatching",
    "NeurogymTask",
    "PatternGeneration",
    "PeriodicOutput",
    "SequentialDigits",
    "StoreRecall",
    "Task",
]
