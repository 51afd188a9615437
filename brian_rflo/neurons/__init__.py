"""Neuron models, one per file, with the ports through which they are trained."""

from ..brian.rooms import names_of
from .alif import *
from .conductance import *
from .derived import *
from .discrete import *
from .lif import *
from .potential import *
from .rate import *
from .relaxation import *

__all__ = names_of(__name__)
