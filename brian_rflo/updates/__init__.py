"""When and how weights change: learning schedules, optimizers, what holds firing rates."""

from ..brian.rooms import names_of
from .constraints import *
from .firing_rate import *
from .learning import *
from .optimizers import *

__all__ = names_of(__name__)
