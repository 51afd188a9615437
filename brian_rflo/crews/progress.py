"""How far a piece of work is, as its process tells it."""

from contextlib import suppress
from pathlib import Path

from brian2 import second

REPORT_PERIOD = 1 * second


class Progress:
    """How far a part is, told to whoever waits for it through a small file.

    Call it with a fraction, or hand `report` to `brian2.Network.run` or `LearningNetwork.train`.
    """

    def __init__(self, path, first=0.0, last=1.0):
        self.path, self.first, self.last = path, first, last

    def __call__(self, fraction):
        with suppress(OSError):  # a full disk, where the part itself may still find room
            Path(self.path).write_text(repr(self.first + (self.last - self.first) * fraction))

    def between(self, first, last):
        """The progress of a stage that takes the part from the fraction `first` to `last`."""
        return Progress(self.path, first, last)

    def report(self, device):
        """Arguments of `Network.run`: a function, or in C++ standalone the code of one."""
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
