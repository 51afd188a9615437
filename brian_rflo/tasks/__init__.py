"""Tasks for rate and spiking networks: one per file, with units outside and NumPy inside."""

from ..brian.rooms import names_of
from .add import *
from .arrays import *
from .base import *
from .conditioning import *
from .context import *
from .cursor import *
from .delayed_xor import *
from .digits import *
from .empty import *
from .evidence import *
from .flip_flop import *
from .interval import *
from .mimic import *
from .mnist1d import *
from .neurogym import *
from .non_match import *
from .pattern import *
from .patterns import *
from .periodic import *
from .recall import *

__all__ = names_of(__name__)
