"""Where a task meets a network: its input goes in, the output is compared with its target."""

from ..brian.rooms import names_of
from .leaky import *
from .linear import *
from .softmax import *
from .task_input import *
from .winner_take_all import *

__all__ = names_of(__name__)
