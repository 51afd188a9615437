"""Learning networks: any Brian2 network with a Trials, and the standard one for a task, neurons and
a rule.
"""

from .assembly import LearningNetwork
from .connectivity import AllToAll, Masked, Sparse
from .initial import Murray2019, balanced, initial_weights
from .training import TrialNetwork

__all__ = [
    "AllToAll",
    "LearningNetwork",
    "Masked",
    "Murray2019",
    "Sparse",
    "TrialNetwork",
    "balanced",
    "initial_weights",
]
