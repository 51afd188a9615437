"""Learning rules: a few Brian2 strings each, one rule or family per file."""

from ..brian.rooms import names_of
from .active_weight_perturbation import *
from .around import *
from .base import *
from .contrastive import *
from .delta import *
from .derived import *
from .episodic_reinforce import *
from .eprop import *
from .exploration import *
from .hebbian import *
from .hybrid_perturbation import *
from .instantaneous import *
from .leaky_delta import *
from .modprop import *
from .node_perturbation import *
from .recursive_least_squares import *
from .reinforce import *
from .relayed import *
from .rewarded import *
from .rflo import *
from .scaling import *
from .snap import *
from .unfiltered_eprop import *
from .weight_perturbation import *

__all__ = names_of(__name__)
