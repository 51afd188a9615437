"""The way back through a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .operations import BLOCK
from .refusals import refuse_crossing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .checkpoints import Checkpoints
    from .graph import Graph
    from .operations import Key
    from .recorder import Recorded, Span


class Tape:
    """Record of a trial, and its way back.

    Parameters
    ----------
    graph : Graph
    span : Span
    copies : int
        Copies of each network.
    ends : dict of Key to int
        The variables that add up to the loss, with their sizes.
    kept : set of Key
        Variables of which the adjoint at the beginning of the trial is a result.
    """

    def __init__(self, graph: Graph, span: Span, copies: int, ends: dict, kept: set):
        self.graph, self.span, self.copies, self.ends, self.kept = graph, span, copies, ends, kept
        self.trial, self.present, self.steps = 0, slice(0, 0), 0

    def values(self, recorded: Recorded, name: str) -> NDArray:
        """Return recorded values of the present block of steps, ``[step, unit]``; of the first step
        of the trial, ``[1, unit]``.
        """
        values = recorded.recorder.values(recorded, name, self.trial)
        return values if recorded.is_at_start else values[self.present]

    def backward(self, trial: int = 0, checkpoints: Checkpoints | None = None) -> dict[Key, object]:
        """Return the derivatives of the loss of a recorded trial: summed over the copies of each
        network for weights, of single units for others.

        Parameters
        ----------
        trial : int
            Number of the trial among those that are kept.
        checkpoints : Checkpoints, optional
            What runs earlier segments of the trial again.

        Raises
        ------
        ValueError
            If a state is not reset at the beginning of the trial.
        FloatingPointError
            If a derivative is not finite.
        """
        self.trial = trial
        for operation in self.graph.needed:
            operation.begin(self)
        active = self.graph.active
        adjoint = {key: np.ones(size) for key, size in self.ends.items() if key in active}
        length = self.span.segment or self.span.steps
        for segment in range((self.span.steps - 1) // length, -1, -1):
            begin = segment * length
            if checkpoints is not None:
                checkpoints.bring(segment)
            for first in range(begin, min(begin + length, self.span.steps), BLOCK)[::-1]:
                last = min(first + BLOCK, begin + length, self.span.steps)
                self._block(first, slice(first - begin, last - begin), adjoint)
        return self._result(adjoint)

    def _block(self, first, present, adjoint):
        """Go back through some steps, of which the first has a number."""
        self.present, self.steps = present, present.stop - present.start
        needed = self.graph.needed
        for operation in needed:
            operation.load(self)
        order = needed[::-1]
        for step in range(self.steps - 1, -1, -1):
            for operation in order:
                if operation.holds is None or operation.holds(first + step):
                    operation.backward(step, adjoint)
        for operation in needed:
            operation.collect()

    def _result(self, adjoint):
        """Return the derivatives."""
        result = {key: adjoint.pop(key) for key in self.kept if key in adjoint}
        for operation in self.graph.needed:
            result |= operation.gradients()
        for key, values in adjoint.items():
            if np.any(values) and np.any(values[self.graph.written(key, len(values))]):
                refuse_crossing(key)
        return result
