"""Where a task meets a network: its input goes in, the output is compared with its target."""

from .groups import LeakyReadout, Readout, SoftmaxReadout, TaskInput
from .values import Leaky, Linear, Softmax
from .winner_take_all import ChoiceMonitor, WinnerTakeAll

__all__ = [
    "ChoiceMonitor",
    "Leaky",
    "LeakyReadout",
    "Linear",
    "Readout",
    "Softmax",
    "SoftmaxReadout",
    "TaskInput",
    "WinnerTakeAll",
]
