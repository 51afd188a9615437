"""Cells: units parallel to those of a group, with variables of mechanisms, so that the user's group
does not change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import BrianObject, CodeRunner, Group, NeuronGroup

from ..brian.borrowed import get_identifiers
from ..brian.component import Component, namespace_with
from ..brian.conditional import ConditionalRunner
from ..brian.where import where
from ..neurons.base import parent_group
from ..schedule import move
from .step import INTEGRATE, Step

if TYPE_CHECKING:
    from ..trials import Trials
    from .clock import TrialClock

#: Functions that all strings may call.
FUNCTIONS = {"where": where}
#: Endings of names of numbers of the network, and of variables in its first copy.
NETWORK, FIRST = "_network", "_first"


def place(group: Group, step: Step, clock: TrialClock | None, name: str) -> BrianObject:
    """Run a step in a Brian2 group, in each time step or under the condition of the clock; return
    the object that runs it.
    """
    if step.code == INTEGRATE:
        move(group.state_updater, step.phase)
        return group.state_updater
    condition = (
        None if step.when == "step" and step.every == 1 else clock.condition(step.when, step.every)
    )
    if condition is None:
        return Group.run_regularly(group, step.code, **step.phase, name=f"{group.name}_{name}*")
    return ConditionalRunner(group, step.code, condition, step.phase, f"{group.name}_{name}*")


def names_ending_in(code: str, ending: str) -> list[str]:
    """Return the names in code with an ending, without that ending."""
    return sorted(
        name.removesuffix(ending) for name in get_identifiers(code) if name.endswith(ending)
    )


class Cells(Component, NeuronGroup):
    """One unit for each unit of a group. Statements may contain the cells' variables, the group's,
    and numbers of the network.

    Parameters
    ----------
    base : group
        The group of the cells; for a subgroup, its parent group.
    equations : str
        Variables of the cells.
    lenders : tuple of groups
        Further objects whose variables the statements may contain, such as the projection with the
        rule's parameters.
    partner : group, optional
        The group at the other end of the projection; statements may contain its shared variables.
    """

    #: The group whose cells these are for all mechanisms, and whose role names them in files; None
    #: for the cells of one projection.
    beside = None

    def __init__(
        self,
        base: Group,
        equations: str = "",
        lenders: tuple[Group, ...] = (),
        partner: Group | None = None,
        name: str = "cells*",
        **neurongroup_args: Any,
    ):
        self.lenders, self.partner = [parent_group(base), *lenders], partner
        namespace = namespace_with(neurongroup_args, **FUNCTIONS)
        super().__init__(
            len(parent_group(base)),
            equations,
            method="euler",
            namespace=namespace,
            clock=parent_group(base).clock,
            name=name,
            **neurongroup_args,
        )
        self.integrate_what_is_there()
        self.borrow(*self.equations.identifiers)

    def borrow(self, *names: str) -> None:
        """Add references to variables of the lenders, except for names that have a value in the
        namespace: those of the mechanism, such as its time constant.
        """
        for name in (name for name in names if name not in self.namespace):
            lender = next(
                (lender for lender in self.lenders if name in lender.variables),
                self._partner_with(name),
            )
            if name not in self.variables and lender is not None:
                self.variables.add_reference(name, lender)

    def _partner_with(self, name):
        """Return the partner if it has a shared variable `name`, else None."""
        is_shared = (
            self.partner is not None
            and name in self.partner.variables
            and self.partner.variables[name].scalar
        )
        return self.partner if is_shared else None

    def index_networks(self, trials: Trials) -> None:
        """Add the index from each cell to its network."""
        if "_network_idx" not in self.variables:
            if len(self) % len(trials):
                raise ValueError(
                    f"'{self.lenders[0].name}' has {len(self)} units, which do not divide into"
                    f" {len(trials)} equal networks, so its mechanisms cannot use numbers of the"
                    " network"
                )
            index = np.arange(len(self)) // (len(self) // len(trials))
            self.variables.add_array(
                "_network_idx",
                size=len(self),
                dtype=np.int32,
                constant=True,
                read_only=True,
                values=index,
            )

    def run_step(self, step: Step, trials: Trials | None = None, name: str = "step") -> BrianObject:
        """Run a step in the cells; `trials` has the conditions and the numbers of networks."""
        self.borrow(*get_identifiers(step.code))
        for number in names_ending_in(step.code, NETWORK):
            self.index_networks(trials)
            if number + NETWORK not in self.variables:
                self.variables.add_reference(
                    number + NETWORK, trials, trials.number(number), index="_network_idx"
                )
        if step.when == "spike":
            return self.run_at_spikes(step, name)
        return place(self, step, trials and trials.phases, name)

    def run_at_spikes(self, step: Step, name: str) -> BrianObject:
        """Run statements in the cells of neurons that have spiked, like a reset of the neurons."""
        self.borrow("_spikespace")
        return run_at_spikes(self, step, f"{self.name}_{name}*")


def run_at_spikes(group: Group, step: Step, name: str) -> BrianObject:
    """Run statements in the units of a group that have spiked according to its `_spikespace`, which
    may be a reference to that of another group of the same size.
    """
    space = {"eventspace_variable": group.variables["_spikespace"]}
    runner = CodeRunner(
        group,
        "reset",
        code=step.code,
        needed_variables=["_spikespace"],
        template_kwds=space,
        clock=group.clock,
        name=name,
        **step.phase,
    )
    group.contained_objects.append(runner)
    return runner


def is_cells(group):
    """Return whether a group is units beside another one."""
    return isinstance(group, Cells)
