"""Delays of graded signals, run backwards: ``y(t) = x(t - delay)``, 0 in the first steps."""

from __future__ import annotations

import numpy as np

from ..neurons.base import parent_group
from .operations import BLOCK, Operation, add, key_of


class Later:
    """Values of a block of steps, and of some steps behind it: 0 behind the end of the trial.

    Parameters
    ----------
    block, behind : int
        Largest number of steps of a block, and number of steps behind it.
    size : int
        Number of values in a step.
    """

    def __init__(self, block: int, behind: int, size: int):
        self.behind, self.rows = behind, np.zeros((block + behind, size))

    def begin(self, steps: int) -> None:
        """Go on to the block before the present one."""
        behind = self.rows[: self.behind].copy()
        self.rows[:steps] = 0
        self.rows[steps : steps + self.behind] = behind

    def __getitem__(self, steps):
        return self.rows[steps]

    def __setitem__(self, step, values):
        self.rows[step] = values


class Delayed(Operation):
    """Values that a delay line takes from the group beside it.

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

    def begin(self, tape):
        """Make room for a block of steps, and those behind it in which its values arrive."""
        self.values = Later(BLOCK, self.steps, len(self.line))

    def load(self, tape):
        """Go on to a block of steps."""
        self.values.begin(tape.steps)

    def backward(self, step, adjoint):
        """Run backwards."""
        if self.late in adjoint:
            self.values[step] = adjoint.pop(self.late)
        group = self.line.beside
        found = np.zeros(len(parent_group(group)))
        found[group.start : group.stop] = self.values[step + self.steps]
        add(adjoint, self.source, found)
