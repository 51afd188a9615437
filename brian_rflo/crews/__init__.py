"""Executors of independent work: in new processes, in reused processes, on a user's executor, or in
this process.
"""

from .executors import executor_for
from .pieces import NO_ROOM, NOT_COMPUTED, Failure, InProcess, work
from .processes import THREADS, Processes, temporary
from .progress import Progress

__all__ = [
    "NOT_COMPUTED",
    "NO_ROOM",
    "THREADS",
    "Failure",
    "InProcess",
    "Processes",
    "Progress",
    "executor_for",
    "temporary",
    "work",
]
