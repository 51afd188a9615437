"""Trials: a clock of named phases, and the numbers of each network."""

from .trials import LossMonitor, Trials

__all__ = ["LossMonitor", "Trials"]
