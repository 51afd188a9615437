"""Credit paths, which bring an error to the neurons: values made of strings, one per file."""

from ..brian.rooms import names_of
from .adaptive import *
from .base import *
from .diffusion import *
from .error_module import *
from .force import *
from .leak_dni import *
from .local_dni import *
from .oscillation import *
from .pair_difference import *
from .random import *
from .relay import *
from .reward_baseline import *
from .running_baseline import *
from .scaled_baseline import *
from .symmetric import *
from .synthetic_signal import *
from .td_error import *
from .two_phases import *
from .type_signals import *
from .weight_mirror import *

__all__ = names_of(__name__)
