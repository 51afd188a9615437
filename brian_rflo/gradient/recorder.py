"""Recording of what the way back needs: derivatives and values, by statements that Brian2 compiles.

A recorder has one unit per unit of a group, and reads the group's variables. Its own variables have
one value per unit and step of the trial, ``x[step, unit]``, written through an index that moves on
in each step; so nothing runs in Python within a trial, on any target.
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
from ..brian.where import where

if TYPE_CHECKING:
    from brian2 import BrianObject, Group
    from numpy.typing import NDArray

#: Just before an object of the step. Recorders are in a network for one run, so that the fractions
#: are in no table.
BEFORE = -0.25


@dataclass(frozen=True)
class Recorded:
    """What a recorder keeps for an operation: variables by the operation's names for them, of each
    step, or of the first step of each trial.
    """

    recorder: Recorder
    names: dict
    is_at_start: bool


class Recorder(OwnNames, NeuronGroup):
    """Values of a group in each step of a trial.

    Parameters
    ----------
    group : Group
    steps, trials : int
        Numbers of steps of a trial, and of trials that are kept.
    first : int
        Number of the time step with which the first of them begins.
    name : str
    """

    add_to_magic_network = False

    def __init__(self, group: Group, steps: int, trials: int, first: int, name: str):
        self.of, self.steps, self.trials, self.number = group, steps, trials, 0
        self.raster = None
        super().__init__(
            len(group),
            "",
            clock=group.clock,
            namespace={"where": where} | dict(getattr(group, "namespace", None) or {}),
            name=name,
        )
        self.contained_objects[:] = []
        rows = steps * trials
        for name in ("_slot", "_trial_slot"):
            self.variables.add_array(name, size=len(group), dtype=np.int32, unique=True)
        step = f"((t_in_timesteps - {first}) % {rows})"
        code = f"_slot = i + N*{step}\n_trial_slot = i + N*({step}//{steps})"
        self._run(code, schedule.BEGIN)

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

    def record(
        self, before: BrianObject, code: str, names: tuple[str, ...], is_at_start: bool
    ) -> Recorded:
        """Keep the values of names that code sets, directly before an object runs."""
        number, self.number = self.number, self.number + 1
        renamed = {name: f"{name}_of_{number}" for name in names}
        code = word_substitute(code, renamed)
        rows = self.trials if is_at_start else self.trials * self.steps
        index = "_trial_slot" if is_at_start else "_slot"
        for name in renamed.values():
            self.variables.add_array(name, size=rows * len(self), index=index)
        self._borrow(code)
        place = dict(when=before.when, order=before.order + BEFORE)
        if is_at_start:
            ConditionalRunner(self, code, before.condition, place, f"{self.name}_record*")
        elif names:
            self._run(code, place)
        return Recorded(self, renamed, is_at_start)

    def record_spikes(self) -> Recorded:
        """Keep 1 in the steps in which a unit spikes, else 0."""
        if self.raster is None:
            rows = self.trials * self.steps
            self.variables.add_array("spiked_now", size=rows * len(self), index="_slot")
            self.variables.add_reference("_spikespace", self.of)
            self._run("spiked_now = 0", dict(when="after_thresholds", order=0))
            self._run(
                "spiked_now = 1",
                dict(when="after_thresholds", order=1),
                "reset",
                needed_variables=["_spikespace"],
                template_kwds={"eventspace_variable": self.variables["_spikespace"]},
            )
            self.raster = Recorded(self, {"spiked_now": "spiked_now"}, False)
        return self.raster

    def _borrow(self, code):
        """Add references to the group's variables that code names."""
        for name in get_identifiers_recursively([code], self.of.variables):
            if name.startswith("_start_") and name not in self.variables:
                self.variables.add_constant(name, 0.0)
            elif name in self.of.variables and name not in self.variables:
                self.variables.add_reference(name, self.of)

    def values(self, recorded: Recorded, name: str, trial: int = 0) -> NDArray:
        """Return recorded values ``[step, unit]`` of a trial; of one step, ``[1, unit]``."""
        values = self.variables[recorded.names[name]].get_value()
        return np.asarray(values).reshape(self.trials, -1, len(self))[trial]
