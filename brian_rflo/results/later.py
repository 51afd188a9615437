"""A result of a program that is not yet built: it is read when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .training import TrainingResult

if TYPE_CHECKING:
    from collections.abc import Callable


class LaterResult(TrainingResult):
    """The result of one of several runs of a C++ standalone program.

    Parameters
    ----------
    read : callable
        Returns the `TrainingResult`, or raises if the program has not run.
    """

    def __init__(self, read: Callable[[], TrainingResult]):
        object.__setattr__(self, "_read", read)

    def __getattr__(self, name: str):
        if name.startswith("_") or "_read" not in vars(self):
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")
        result = vars(self)["_read"]()
        vars(self).clear()
        vars(self).update(vars(result))
        return getattr(self, name)
