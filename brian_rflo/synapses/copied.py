"""Projections whose weights are copies of another one's, renewed now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import schedule
from ..brian.conditional import ConditionalRunner, is_standalone
from ..brian.quantities import check_count
from .fixed import FixedSynapses

if TYPE_CHECKING:
    from brian2 import Group

    from .projection import Projection

__all__ = ["CopiedSynapses"]


class CopiedSynapses(FixedSynapses):
    """A projection with the weights that another one had: a copy, made in the first step of all and
    after every few steps.

    Parameters
    ----------
    source, target, sends, onto, name, **synapses_args
        As for `FixedSynapses`.
    original : Projection
        The projection whose weights are copied. Connect both in the same way.
    every : int
        Steps after which the copy is renewed, at the end of steps `every`, ``2*every``, ...
    copied_at : Phase
        Phase in which it is renewed.

    Raises
    ------
    ValueError
        If `every` is not a positive whole number; at the run, if both are not connected in the same
        way.
    """

    #: The projection whose weights it copies.
    original = None

    def __init__(
        self,
        source: Group,
        target: Group,
        original: Projection,
        every: int = 1,
        copied_at: schedule.Phase = schedule.LEARN,
        name: str = "copiedsynapses*",
        **synapses_args: Any,
    ):
        check_count("CopiedSynapses: every", every)
        super().__init__(source, target, name=name, **synapses_args)
        self.original = original
        self.variables.add_reference("original_w", original, "w")
        for at, phase in (("{step} == 0", schedule.RESET), (last_of(every), copied_at)):
            ConditionalRunner(self, "w = original_w", at, phase, f"{self.name}_copy*")
        self._leave_source()

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Raise unless both are connected in the same way."""
        if pattern_of(self) != pattern_of(self.original) or self._differs():
            raise ValueError(
                f"'{self.name}' must be connected like '{self.original.name}', whose weights it"
                " copies. Write the same connect(...) for both"
            )
        super().before_run(run_namespace)

    def _differs(self):
        """Return whether synapses connect other pairs than those of the original; in C++ standalone
        they are not known.
        """
        if is_standalone():
            return False
        ends = zip((self.i, self.j), (self.original.i, self.original.j))
        return not all(np.array_equal(own, other) for own, other in ends)


def pattern_of(projection):
    """Return how a projection was connected, as far as it is known before a run."""
    return projection._connected, projection._in_blocks, projection._count


def last_of(every):
    """Return the condition of the last step of each few steps."""
    return f"({{step}} + 1) % {every} == 0"
