"""Trials: a clock with named phases, and the numbers of each network."""

from .losses import LossMonitor
from .monitors import TrialMonitor
from .rewards import RewardMonitor
from .trials import Trials

__all__ = ["LossMonitor", "RewardMonitor", "TrialMonitor", "Trials"]
