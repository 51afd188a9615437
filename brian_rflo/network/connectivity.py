"""Connectivity of the standard network's projections."""

from dataclasses import dataclass

from brian2 import Group

from ..neurons.base import check_group
from ..updates.arguments import check_instance

#: Projections whose connectivity can be given: "input" also takes the user's group in place of the
#: task's inputs, and "current" feeds the output back as a current, only if it is named.
PROJECTIONS = ("recurrent", "input", "current")


@dataclass(frozen=True)
class AllToAll:
    """All-to-all connectivity.

    Parameters
    ----------
    self_connections : bool
        Whether neurons have weights onto themselves; without, these are 0 and stay so. For
        recurrent connections.
    """

    self_connections: bool = True


def connectivity_of(connectivity):
    """Return the recurrent connectivity, the user's group of inputs, and whether the output enters
    the neurons.
    """
    given = (
        {"recurrent": connectivity} if isinstance(connectivity, AllToAll) else connectivity or {}
    )
    if not isinstance(given, dict) or not set(given) <= set(PROJECTIONS):
        raise TypeError(
            "connectivity must be AllToAll(...), or a dictionary of"
            f" {', '.join(map(repr, PROJECTIONS))}; got {connectivity!r}"
        )
    own = given.get("input")
    if own is not None and not isinstance(own, AllToAll):
        check_group("LearningNetwork: connectivity['input']", own)
    for projection in ("recurrent", "current"):
        check_instance(
            f"connectivity['{projection}']",
            given.get(projection, AllToAll()),
            AllToAll,
            "AllToAll()",
        )
    return (
        given.get("recurrent", AllToAll()),
        own if isinstance(own, Group) else None,
        "current" in given,
    )
