"""Recording of what the way back needs: derivatives and values, by statements that Brian2 compiles.

A recorder has one unit per unit of a group, and reads the group's variables. Its own variables have
one value per unit and step, ``x[step, unit]``, written through an index that moves on in each step;
so nothing runs in Python within a trial, on any target. Of a trial that is recorded in segments
they have the segment that has run last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from brian2 import CodeRunner, NeuronGroup

from .. import schedule
from ..brian.borrowed import get_identifiers_recursively, word_substitute
from ..brian.conditional import ConditionalRunner
from ..brian.names import OwnNames
from ..brian.private import WithoutState
from ..brian.where import where

if TYPE_CHECKING:
    from brian2 import BrianObject, Group
    from numpy.typing import NDArray

#: Just before an object of the step. Recorders are in a network for one run, so that the fractions
#: are in no table.
BEFORE = -0.25


@dataclass(frozen=True)
class Recorded:
    """Variables that a recorder keeps for an operation, by the operation's names for them: of each
    step, or of the first step of each trial.
    """

    recorder: Recorder
    names: dict
    is_at_start: bool


@dataclass
class Span:
    """Range of time steps that recorders keep.

    Attributes
    ----------
    steps, trials : int
        Numbers of steps of a trial, and of trials that are kept.
    first : int
        Number of the time step with which the first of them begins.
    segment : int
        Number of steps that are kept of a trial, where it is one trial.
    """

    steps: int
    trials: int = 1
    first: int = 0
    segment: int = 0

    @property
    def rows(self):
        """Return the number of steps that are kept."""
        return self.segment or self.steps * self.trials


class Recorder(OwnNames, WithoutState, NeuronGroup):
    """Values of a group in each step of a trial: no state, which networks store and save.

    Parameters
    ----------
    group : Group
    span : Span
    name : str
    """

    add_to_magic_network = False

    def __init__(self, group: Group, span: Span, name: str):
        self.of, self.span, self.wanted, self.raster = group, span, [], None
        self.arrays = {}
        super().__init__(
            len(group),
            "",
            clock=group.clock,
            namespace={"where": where} | dict(getattr(group, "namespace", None) or {}),
            name=name,
        )
        self.contained_objects[:] = []

    def __del__(self):
        """Silence Brian2's unused-object warning: where a gradient is refused, that is an error."""

    # ------------------------------------------------------------ what is asked for
    def record(
        self, before: BrianObject, code: str, names: tuple[str, ...], is_at_start: bool
    ) -> Recorded:
        """Keep the values of names that code sets, directly before an object runs."""
        renamed = {name: f"{name}_of_{len(self.wanted)}" for name in names}
        code = word_substitute(code, renamed)
        recorded = Recorded(self, renamed, is_at_start)
        self.wanted.append((recorded, lambda: self._record(before, code, recorded)))
        return recorded

    def record_spikes(self) -> Recorded:
        """Keep 1 in the steps in which a unit spikes, else 0."""
        if self.raster is None:
            self.raster = Recorded(self, {"spiked_now": "spiked_now"}, False)
            self.wanted.append((self.raster, self._record_spikes))
        return self.raster

    def size(self, is_at_start: bool) -> int:
        """Return the number of values that are kept of each step, or of each trial."""
        kept = [one for one, _ in self.wanted if one.is_at_start == is_at_start]
        return len(self) * sum(len(one.names) for one in kept)

    # ------------------------------------------------------------ recording
    def place(self) -> None:
        """Make room for all that was asked for, and the runners that record it."""
        of, rows = self.span, self.span.rows
        for name in ("_slot", "_trial_slot"):
            self.variables.add_array(name, size=len(self), dtype=np.int32, unique=True)
        step = f"((t_in_timesteps - {of.first}) % {of.steps * of.trials})"
        code = f"_slot = i + N*({step} % {rows})\n_trial_slot = i + N*({step}//{of.steps})"
        self._run(code, schedule.BEGIN)
        for recorded, make in self.wanted:
            for name in recorded.names.values():
                rows = of.trials if recorded.is_at_start else of.rows
                index = "_trial_slot" if recorded.is_at_start else "_slot"
                self.variables.add_array(name, size=rows * len(self), index=index)
            make()

    def _run(self, code, place, template="stateupdate", **given):
        """Run statements in each step."""
        runner = CodeRunner(
            self,
            template,
            code=code,
            clock=self.clock,
            name=f"{self.name}_record*",
            check_units=False,
            **place,
            **given,
        )
        self.contained_objects.append(runner)

    def _record(self, before, code, recorded):
        """Record values directly before an object runs."""
        self._borrow(code)
        place = dict(when=before.when, order=before.order + BEFORE)
        if recorded.is_at_start:
            ConditionalRunner(self, code, before.condition, place, f"{self.name}_record*")
        elif recorded.names:
            self._run(code, place)

    def _record_spikes(self):
        self.variables.add_reference("_spikespace", self.of)
        self._run("spiked_now = 0", dict(when="after_thresholds", order=0))
        self._run(
            "spiked_now = 1",
            dict(when="after_thresholds", order=1),
            "reset",
            needed_variables=["_spikespace"],
            template_kwds={"eventspace_variable": self.variables["_spikespace"]},
        )

    def _borrow(self, code):
        """Add references to the group's variables that code names."""
        for name in get_identifiers_recursively([code], self.of.variables):
            if name.startswith("_start_") and name not in self.variables:
                self.variables.add_constant(name, 0.0)
            elif name in self.of.variables and name not in self.variables:
                self.variables.add_reference(name, self.of)

    def values(self, recorded: Recorded, name: str, trial: int = 0) -> NDArray:
        """Return recorded values ``[step, unit]`` of a trial, or of the segment that has run last;
        of one step, ``[1, unit]``.
        """
        name = recorded.names[name]
        if name not in self.arrays:  # in C++ standalone a file
            self.arrays[name] = np.asarray(self.variables[name].get_value())
        return self.arrays[name].reshape(self.span.trials, -1, len(self))[trial]
