"""Tasks: one a file, NumPy inside, units outside; shared by rate and spiking networks."""

from ..brian.rooms import names_of
from .arrays import *
from .base import *
from .cursor import *
from .digits import *
from .evidence import *
from .interval import *
from .mnist1d import *
from .neurogym import *
from .pattern import *
from .periodic import *
from .recall import *

__all__ = names_of(__name__)
