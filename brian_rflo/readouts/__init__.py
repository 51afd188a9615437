"""Groups between task and network: inputs, and readouts that compare outputs with targets."""

from ..brian.rooms import names_of
from .actor_critic import *
from .constant import *
from .critic import *
from .leaky import *
from .linear import *
from .position import *
from .rewarding import *
from .softmax import *
from .spike_traces import *
from .task_input import *
from .winner_take_all import *

__all__ = names_of(__name__)
