"""Checks for components that you add: conformance of tasks, neurons and rules, and gradients of a
simulation.
"""

from .conformance import check_neurons, check_rule, check_task

__all__ = ["check_neurons", "check_rule", "check_task"]
