"""The way back through a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .refusals import refuse_crossing

if TYPE_CHECKING:
    from .graph import Graph
    from .operations import Key


class Tape:
    """What has been recorded of a trial, and its way back.

    Parameters
    ----------
    graph : Graph
    steps, copies : int
        Steps of a trial, and copies of each network.
    ends : dict of Key to int
        The variables that add up to the loss, with their sizes.
    kept : set of Key
        Variables of which the adjoint at the beginning of the trial is a result.
    """

    def __init__(self, graph: Graph, steps: int, copies: int, ends: dict, kept: set):
        self.graph, self.steps, self.copies, self.ends, self.kept = graph, steps, copies, ends, kept
        self.trial = 0

    def values(self, recorded, name):
        """Return recorded values of the trial, ``[step, unit]``."""
        return recorded.recorder.values(recorded, name, self.trial)

    def backward(self, trial: int = 0) -> dict[Key, object]:
        """Return the derivatives of the loss of a recorded trial: summed over the copies of each
        network for weights, of single units for others.

        Raises
        ------
        ValueError
            If a state is not reset at the beginning of the trial.
        FloatingPointError
            If a derivative is not finite.
        """
        self.trial = trial
        needed = self.graph.needed
        for operation in needed:
            operation.load(self)
        adjoint = {key: np.ones(size) for key, size in self.ends.items()}
        order = needed[::-1]
        for step in range(self.steps - 1, -1, -1):
            for operation in order:
                if operation.holds is None or operation.holds(step):
                    operation.backward(step, adjoint)
        result = {key: adjoint.pop(key) for key in self.kept if key in adjoint}
        for operation in needed:
            result |= operation.gradients(self)
        for key, values in adjoint.items():
            if np.any(values) and np.any(values[self.graph.written(key, len(values))]):
                refuse_crossing(key)
        return result
