"""Weight changes: learning schedules, optimizers, constraints, firing-rate regularisation."""

from ..brian.rooms import names_of
from .adam import *
from .constraints import *
from .cosine import *
from .decay import *
from .firing_rate import *
from .learning import *
from .momentum import *
from .sgd import *

__all__ = names_of(__name__)
