"""Delays of graded signals, run backwards: ``y(t) = x(t - delay)``, 0 in the first steps."""

from __future__ import annotations

import numpy as np

from ..neurons.base import parent_group
from .operations import Operation, add, key_of


class Delayed(Operation):
    """What a delay line takes from the group beside it.

    Parameters
    ----------
    runner : CodeRunner
    line : DelayLine
    name : str
        The variable.
    """

    def __init__(self, runner, line, name: str):
        super().__init__(runner)
        self.line, self.steps = line, line.steps
        self.late = key_of(line.variables[name])
        self.source = key_of(parent_group(line.beside).variables[name])

    def edges(self):
        """Return the delayed values, with the present ones."""
        return {self.late: {self.source}}

    def load(self, tape):
        """Make room for a trial."""
        self.values = np.zeros((tape.steps, len(self.line)))

    def backward(self, step, adjoint):
        """Run backwards."""
        if self.late in adjoint:
            self.values[step] = adjoint.pop(self.late)
        if step + self.steps < len(self.values):
            group = self.line.beside
            found = np.zeros(len(parent_group(group)))
            found[group.start : group.stop] = self.values[step + self.steps]
            add(adjoint, self.source, found)
