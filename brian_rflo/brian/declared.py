"""Declarations of groups. Brian2 gives the state variables of a group as its attributes, so that a
variable of the user's own could be taken for what a class of this package declares.
"""

from __future__ import annotations

from typing import Any

from brian2 import Group, Subgroup


def parent_group(group: Group) -> Group:
    """Return the parent group of a subgroup, or the group itself."""
    return group.source if isinstance(group, Subgroup) else group


def declares(obj: object, name: str) -> bool:
    """Return whether an object or its class has an attribute, other than a state variable."""
    kind = obj.__class__  # of what a weak reference refers to
    return hasattr(kind, name) or (name not in getattr(obj, "variables", ()) and hasattr(obj, name))


def declared(obj: object, name: str, default: Any = None) -> Any:
    """Return an attribute that an object or its class declares, other than a state variable."""
    return getattr(obj, name) if declares(obj, name) else default
