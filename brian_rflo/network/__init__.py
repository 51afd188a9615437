"""Learning networks: any Brian2 network with a Trials, and the standard one for a task, neurons and
a rule.
"""

from .assembly import LearningNetwork
from .connectivity import AllToAll
from .training import TrialNetwork
from .weights import Murray2019, initial_weights

__all__ = ["AllToAll", "LearningNetwork", "Murray2019", "TrialNetwork", "initial_weights"]
