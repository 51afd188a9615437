"""Tasks: one a file, NumPy inside, units outside; shared by rate and spiking networks."""

from .arrays import ArrayTask
from .base import Task
from .cursor import CursorMovements
from .interval import IntervalMatching
from .periodic import PeriodicOutput

__all__ = ["ArrayTask", "CursorMovements", "IntervalMatching", "PeriodicOutput", "Task"]
