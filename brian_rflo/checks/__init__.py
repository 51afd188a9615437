"""Checks for components that you add: conformance of tasks, neurons, rules and credit paths, and
gradients of a simulation and of networks.
"""

from .conformance import check_neurons, check_rule, check_task
from .credit import check_credit
from .through_time import check_gradient

__all__ = ["check_credit", "check_gradient", "check_neurons", "check_rule", "check_task"]
