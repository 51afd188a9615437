"""Units beside those of a group: what mechanisms keep for each cell, without a change of the user's
own group.
"""

import numpy as np
from brian2 import CodeRunner, Group, NeuronGroup

from ..brian.borrowed import get_identifiers
from ..brian.component import Component
from ..brian.occasional import OccasionalRunner
from ..brian.where import where
from ..neurons.base import parent_group
from ..schedule import move
from .step import INTEGRATE

#: Functions that all strings may name.
FUNCTIONS = {"where": where}
#: Endings of names that lead to the number of the network, and to the first of its copies.
NETWORK, FIRST = "_network", "_first"


def place(group, step, clock, name):
    """Let a Brian2 group run a step: each time, or where the clock says. Return the object that
    does.
    """
    if step.code == INTEGRATE:
        move(group.state_updater, step.phase)
        return group.state_updater
    condition = (
        None if step.when == "step" and step.every == 1 else clock.condition(step.when, step.every)
    )
    if condition is None:
        return Group.run_regularly(group, step.code, **step.phase, name=f"{group.name}_{name}*")
    return OccasionalRunner(group, step.code, condition, step.phase, f"{group.name}_{name}*")


def named(code, ending):
    """Return the names in a code that have an ending, without it."""
    return sorted(
        name.removesuffix(ending) for name in get_identifiers(code) if name.endswith(ending)
    )


class Cells(Component, NeuronGroup):
    """One unit for each of a group's. Their statements name their own variables, the group's, and
    ``_network`` numbers.

    Parameters
    ----------
    base : group
        The group that they stand beside; the whole of it, where a subgroup is given.
    equations : str
        Their own variables.
    lenders : tuple of groups
        Whose variables are known by their names too: the projection whose parameters these are.
    partner : group, optional
        The group at the other end of the projection, whose shared variables are known.
    """

    #: The group whose units they stand beside for all who ask, and by whose role they are known in
    #: files; None for cells of one projection.
    beside = None

    def __init__(
        self, base, equations="", lenders=(), partner=None, name="cells*", **neurongroup_args
    ):
        self.lenders, self.partner = [parent_group(base), *lenders], partner
        namespace = FUNCTIONS | (neurongroup_args.pop("namespace", None) or {})
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

    def borrow(self, *names):
        """Make variables of the lenders known here."""
        for name in names:
            lender = next(
                (lender for lender in self.lenders if name in lender.variables),
                self._partner_with(name),
            )
            if name not in self.variables and lender is not None:
                self.variables.add_reference(name, lender)

    def _partner_with(self, name):
        """The partner, where it has a shared variable of this name."""
        is_shared = (
            self.partner is not None
            and name in self.partner.variables
            and self.partner.variables[name].scalar
        )
        return self.partner if is_shared else None

    def network_of(self, trials):
        """Know the network that each cell is in."""
        if "_network_idx" not in self.variables:
            if len(self) % len(trials):
                raise ValueError(
                    f"'{self.lenders[0].name}' has {len(self)} units, which do not fall into"
                    f" {len(trials)} equal networks; numbers of a network are known to groups that"
                    " have a part for each"
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

    def run_step(self, step, trials=None, name="step"):
        """Run a step here; `trials` knows when, and the numbers of networks."""
        self.borrow(*get_identifiers(step.code))
        for number in named(step.code, NETWORK):
            self.network_of(trials)
            if number + NETWORK not in self.variables:
                self.variables.add_reference(
                    number + NETWORK, trials, trials.number(number), index="_network_idx"
                )
        if step.when == "spike":
            return self.run_at_spikes(step, name)
        return place(self, step, trials and trials.phases, name)

    def run_at_spikes(self, step, name):
        """Run statements of the cells whose neuron has spiked, as a reset of the neurons would."""
        self.borrow("_spikespace")
        space = {"eventspace_variable": self.variables["_spikespace"]}
        runner = CodeRunner(
            self,
            "reset",
            code=step.code,
            needed_variables=["_spikespace"],
            template_kwds=space,
            clock=self.clock,
            name=f"{self.name}_{name}*",
            **step.phase,
        )
        self.contained_objects.append(runner)
        return runner
