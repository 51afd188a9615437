"""Progress of a part, reported by its process, and how often the user hears of it."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from brian2 import second

if TYPE_CHECKING:
    from os import PathLike


REPORT_PERIOD = 1 * second
SAY_EVERY_S = 20


class Pace:
    """Pace at which the user hears of long work: every `SAY_EVERY_S` seconds.

    Attributes
    ----------
    elapsed : float
        Seconds since the work began.
    """

    def __init__(self):
        self.began = self.said = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    @property
    def silence(self) -> float:
        """Seconds since the user last heard of it."""
        return time.monotonic() - self.said

    def is_due(self) -> bool:
        """Return whether to report now; then the silence begins anew."""
        if self.silence < SAY_EVERY_S:
            return False
        self.said = time.monotonic()
        return True

    def hurry(self) -> None:
        """Let the next report be due."""
        self.said = -SAY_EVERY_S


class Progress:
    """Progress of a part, written to a small file that the parent process reads.

    Call it with a fraction, or hand `report` to `brian2.Network.run` or `LearningNetwork.train`.
    """

    def __init__(self, path: str | PathLike[str], first: float = 0.0, last: float = 1.0):
        self.path, self.first, self.last = path, first, last

    def __call__(self, fraction):
        with suppress(OSError):  # a full disk, where the part itself may still find room
            Path(self.path).write_text(str(float(self.first + (self.last - self.first) * fraction)))

    def between(self, first: float, last: float) -> Progress:
        """Return the progress of a stage that goes from the fraction `first` to `last` of the
        part.
        """
        return Progress(self.path, first, last)

    def report(self, device: str) -> dict[str, object]:
        """Return arguments of `Network.run` that report progress: a function, or in C++ standalone
        its code.
        """
        if device == "cpp_standalone":
            code = (
                f'std::ofstream("{Path(self.path).as_posix()}") << {self.first!r} +'
                f" completed*{self.last - self.first!r};"
            )
            return dict(report=code, report_period=REPORT_PERIOD)
        return dict(
            report=lambda elapsed, completed, start, duration: self(completed),
            report_period=REPORT_PERIOD,
        )
