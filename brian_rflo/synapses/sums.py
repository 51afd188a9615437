"""Several projections that sum into one variable.

Brian2 lets one projection sum into a variable. In groups of this package, each further projection
onto a variable ``I`` sums into a variable of its own, ``I_2``, ``I_3``, ..., in the order in which
the projections are made; directly behind the phase of the sum, ``I += I_2`` completes the total,
which rules and neurons read. For other groups the second projection is refused.
"""

import gc

import numpy as np
from brian2 import BrianObject, CodeRunner, Equations

from .. import schedule
from ..brian.borrowed import SummedVariableUpdater
from ..brian.construction import abandoned, networks_with
from ..brian.declared import declared
from ..neurons.base import parent_group


def variable_for_sum(target, onto, described):
    """Return the variable of `target` into which a new projection sums: `onto`, or one that is
    added to the group if another projection sums into `onto`.

    Raises
    ------
    ValueError
        If the group is not one of this package; `described` names the new projection.
    """
    if target.variables[onto].constant:
        raise ValueError(
            f"{described} cannot sum into '{onto}' of '{parent_group(target).name}', which is"
            f" flagged (constant); write '{onto} : 1'."
        )
    if not sums_into(target, onto):
        return onto
    gc.collect()  # a projection that is gone must not decide
    others = sums_into(target, onto)
    if not others:
        return onto
    if not declared(parent_group(target), "takes_more_sums", False):
        raise ValueError(refusal(target, onto, others[0].group, described))
    number = 2
    while sums_into(target, f"{onto}_{number}"):
        number += 1
    add_variable(target, f"{onto}_{number}")
    return f"{onto}_{number}"


def sums_into(target, name):
    """Return the sums of living projections into a variable of `target`, an earlier one first."""
    variable = target.variables.get(name)
    found = [
        obj
        for obj in (reference() for reference in BrianObject.__instances__())
        if isinstance(obj, SummedVariableUpdater)
        and variable is not None
        and getattr(obj, "target_var", None) is variable  # one that was refused has none
        and overlap(obj.target, target)
        and not abandoned(obj)
        and not abandoned(obj.group)
    ]
    return sorted(found, key=lambda obj: obj.name)


def overlap(one, other):
    """Return whether two parts of one group have neurons in common."""
    return one.start < other.stop and other.start < one.stop


def add_variable(target, name):
    """Add a variable to the group of `target`, unless a projection that is gone has left it."""
    group = parent_group(target)
    if name not in group.variables:
        equations = group.equations
        group.variables.add_array(name, size=len(group))
        group.settle(  # subgroups refer to the equations that they found
            equations=equations + Equations(f"{name} : 1"),
            outgrown=(*getattr(group, "outgrown", ()), equations),
        )
    if target is not group and name not in target.variables:
        target.variables.add_reference(name, group)
    if target is not group:
        target.equations = group.equations


def refusal(target, onto, other, described):
    """Return the sentences that refuse a second sum into a variable of a user's group."""
    name = parent_group(target).name
    parts = f"{onto}_1", f"{onto}_2"
    total = (
        f"{name}.run_regularly('{onto} = {' + '.join(parts)}', **schedule.FEEDBACK.behind())"
        if onto == "feedback"
        else f"'{onto} = {' + '.join(parts)} : 1' in place of '{onto} : 1'"
    )
    return (
        f"{described} cannot sum into '{onto}' of '{name}', into which '{other.name}' sums: Brian2"
        f" adds up one projection per variable. Write '{parts[0]} : 1' and '{parts[1]} : 1' in the"
        f" equations of '{name}', and {total}; then onto='{parts[0]}' for '{other.name}', and"
        f" onto='{parts[1]}' here."
    )


class Addition(CodeRunner):
    """Add the sum of a further projection to the total, directly behind the phase of the sums.

    Parameters
    ----------
    owner : BrianObject
        The projection, of which it is a part.
    target : group
    onto, own : str
        The total, and the projection's own variable.
    phase : Phase
        The phase of the projection's sum.
    """

    add_to_magic_network = False

    def __init__(self, owner, target, onto, own, phase):
        self.onto, self.own, self.turn = onto, own, int(own.removeprefix(f"{onto}_")) - 1
        self.total, self.part = target.variables[onto], target
        super().__init__(
            target,
            "stateupdate",
            code=f"{onto} += {own}",
            clock=target.clock,
            name=f"{owner.name}_addition*",
        )
        self.place(phase)
        owner.contained_objects.append(self)

    def place(self, phase):
        """Run behind `phase` and behind the phases of the earlier projections onto the total."""
        places = [schedule.place_of(obj) for obj in sums_into(self.part, self.onto)]
        orders = [place.order for place in (phase, *places) if place.when == phase.when]
        schedule.move(self, schedule.Phase(phase.when, max(orders)).behind(self.turn))

    def before_run(self, run_namespace):
        """Add to the sums of the projections in this network, or begin the total without them."""
        objects = [obj for network in networks_with(self) for obj in network.sorted_objects]
        self.abstract_code = self.statement(objects)
        super().before_run(run_namespace)

    def statement(self, objects):
        """Return its statement among the objects of a network."""
        self._check_places(objects)
        summed = self._summed(objects)
        if summed.any() and not summed.all():
            raise ValueError(
                f"'{self.name}' adds to '{self.onto}' of '{self.part.name}', but other projections"
                " sum into a part of these neurons; use subgroups that are equal or apart"
            )
        return f"{self.onto} {'+=' if summed.any() else '='} {self.own}"

    def _check_places(self, objects):
        """Raise unless all sums of the total are complete before this addition, in its slot."""
        for obj in objects:
            if self._is_part(obj) and not (obj.when == self.when and obj.order < self.order):
                raise ValueError(
                    f"'{obj.name}' sums at when='{obj.when}', order={obj.order}, but '{self.name}'"
                    f" completes '{self.onto}' at when='{self.when}', order={self.order}. Write"
                    " schedule.move for both, so that the sums come first."
                )

    def _is_part(self, obj):
        """Return whether an object sums into the total, or into the variable that is added."""
        variables = (self.total, self.part.variables[self.own])
        return isinstance(obj, SummedVariableUpdater) and any(
            obj.target_var is variable for variable in variables
        )

    def _summed(self, objects):
        """Return for each neuron whether an earlier object of a step begins the total."""
        summed = np.zeros(len(parent_group(self.part)), dtype=bool)
        for obj in objects:
            begins = isinstance(obj, SummedVariableUpdater) and is_summing(obj)
            adds = isinstance(obj, Addition) and obj.active and obj.turn < self.turn
            if (begins and obj.target_var is self.total) or (adds and obj.total is self.total):
                part = obj.target if begins else obj.part
                summed[part.start : part.stop] = True
        return summed[self.part.start : self.part.stop]


def is_addition(obj):
    """Return whether an object adds the sum of a further projection to the total."""
    return isinstance(obj, Addition)


def is_summing(updater):
    """Return whether a sum runs, itself or by dense loops in its place."""
    dense = declared(updater.group, "dense")
    return updater.active or any(one.active for one in getattr(dense, "sums", ()))


def parts_of(name, group):
    """Return the variables of a group into which projections sum for a total: it, ``_2``, ..."""
    numbered = {f"{name}_{number}" for number in range(2, len(group.variables))}
    return sorted({name} & set(group.variables) | numbered & set(group.variables))
