"""The standard assembly: a task, neurons and a rule become a network that trains."""

from .assembly import LearningNetwork
from .weights import initial_weights

__all__ = ["LearningNetwork", "initial_weights"]
