"""Checks for components that you add: conformance of tasks, neurons, rules and credit paths, and
gradients of a simulation.
"""

from .conformance import check_neurons, check_rule, check_task
from .credit import check_credit

__all__ = ["check_credit", "check_neurons", "check_rule", "check_task"]
