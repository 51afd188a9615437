"""When and how weights change: learning schedules, optimizers, what holds firing rates."""

from .constraints import DALE
from .firing_rate import FiringRate
from .learning import PerStep, PerTrial
from .optimizers import SGD, Adam, Momentum

__all__ = ["DALE", "SGD", "Adam", "FiringRate", "Momentum", "PerStep", "PerTrial"]
