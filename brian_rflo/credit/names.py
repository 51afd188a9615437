"""Checks of the cells of a credit path: that they stand beside a whole group, and that all names in
their statements are known there.
"""

from brian2 import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS, Subgroup

from ..brian.borrowed import get_identifiers
from ..brian.declared import declared
from ..brian.statements import written
from ..steps import steps_of
from ..steps.cells import FIRST, NETWORK

__all__ = []

#: Names that all statements know.
KNOWN = {*DEFAULT_CONSTANTS, *DEFAULT_FUNCTIONS, *DEFAULT_UNITS, "trial_steps"}


def check_is_whole(path, group):
    """Raise if a path has cells beside a part of a group: they are beside each of its units, and
    would do with the others what is meant for this part.
    """
    if isinstance(group, Subgroup):
        raise ValueError(
            f"{type(path).__name__} has cells beside each unit of a group, so it needs a whole"
            f" group; got '{group.name}', {len(group)} of {len(group.source)} units. Make them a"
            " group of their own"
        )


def check_names(path, site, cells):
    """Raise unless all names in the steps of a path at a site are known there; neurons may have
    their slope by another name than `gain`.
    """
    steps, group = steps_of([path], site), cells.lenders[0]
    read = {name for step in steps for name in get_identifiers(step.code)}
    if any(step.when == "spike" for step in steps) and "_spikespace" not in group.variables:
        raise ValueError(
            f"{type(path).__name__} reads the spikes of '{group.name}', a {type(group).__name__},"
            " which does not spike. Write sends='activity' for a group with an activity"
        )
    slope = declared(group, "slope_of_activity")
    if "gain" in read and "gain" not in cells.variables and slope in group.variables:
        group.differentiate()
        cells.variables.add_reference("gain", group, slope)
    own = {name for step in steps for name in written(step.code)}
    known = {*KNOWN, *own, *cells.variables, *group.variables, *cells.namespace}
    missing = sorted(name for name in read - known if not name.endswith((NETWORK, FIRST)))
    if missing:
        raise ValueError(
            f"{type(path).__name__} reads '{missing[0]}', which '{group.name}', a"
            f" {type(group).__name__}, does not have. Write a group that has it, or"
            f" '{missing[0]} : 1' in the equations of your own"
        )
