"""Tasks: one a file, NumPy inside, units outside; shared by rate and spiking networks."""

from .arrays import ArrayTask
from .base import Task
from .cursor import CursorMovements
from .evidence import EvidenceAccumulation
from .interval import IntervalMatching
from .pattern import PatternGeneration
from .periodic import PeriodicOutput
from .recall import StoreRecall

__all__ = ["ArrayTask", "CursorMovements", "EvidenceAccumulation", "IntervalMatching", "PatternGeneration", "PeriodicOutput", "StoreRecall", "Task"]
