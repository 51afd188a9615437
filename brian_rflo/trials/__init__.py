"""Trials: a clock with named phases, and the numbers of each network."""

from .losses import LossMonitor
from .monitors import TrialMonitor
from .trials import Trials

__all__ = ["LossMonitor", "TrialMonitor", "Trials"]
