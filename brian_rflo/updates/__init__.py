"""Weight changes: learning schedules, optimizers, decays of the learning rate, constraints,
regularisation of rates and weights.
"""

from ..brian.rooms import names_of
from .adam import *
from .clipped_sgd import *
from .constraints import *
from .cosine import *
from .decay import *
from .firing_rate import *
from .l1 import *
from .l2 import *
from .learning import *
from .momentum import *
from .sgd import *

__all__ = names_of(__name__)
