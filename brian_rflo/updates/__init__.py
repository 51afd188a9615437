"""Weight changes: learning schedules, optimizers, constraints, firing-rate regularisation."""

from ..brian.rooms import names_of
from .constraints import *
from .firing_rate import *
from .learning import *
from .optimizers import *

__all__ = names_of(__name__)
