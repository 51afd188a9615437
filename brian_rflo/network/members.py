"""The objects of a network: what may be added and removed, and what the others need."""

from __future__ import annotations

from collections.abc import Iterable
from reprlib import repr as shortened

from brian2 import BrianObject, Network
from numpy import ndarray

from ..brian.construction import name_of_id
from ..brian.private import needed_by
from ..trials.trials import trials_of


class Members(Network):
    """A `brian2.Network` that says in one sentence what it cannot contain."""

    def add(self, *objs: BrianObject | Iterable[BrianObject]) -> None:
        """Add objects like `brian2.Network.add`.

        Raises
        ------
        TypeError
            For anything else than Brian2 objects.
        ValueError
            For a second Trials.
        """
        added, present = members_in(objs, f"{self.name}.add"), trials_of(self.objects)
        for other in trials_of(added):
            if present and other is not present[0]:
                raise ValueError(
                    f"'{self.name}' has one Trials, '{present[0].name}', and cannot take"
                    f" '{other.name}' besides; put all parts into one Trials"
                )
        super().add(*added)

    def remove(self, *objs: BrianObject | Iterable[BrianObject]) -> None:
        """Remove objects like `brian2.Network.remove`.

        Raises
        ------
        TypeError
            For anything else than Brian2 objects.
        ValueError
            For an object that is not in the network.
        """
        for obj in members_in(objs, f"{self.name}.remove"):
            if obj not in self.objects:
                raise ValueError(
                    f"'{obj.name}' is not in '{self.name}', or is a part of another object; got"
                    f" {', '.join(sorted(repr(one.name) for one in self.objects))}"
                )
            if self.is_own(obj):
                raise ValueError(
                    f"'{obj.name}' records what the results of '{self.name}' contain, and cannot"
                    " be removed"
                )
            super().remove(obj)

    def check_members(self) -> None:
        """Raise unless each object is there that another one needs."""
        objects = {obj.id: obj for obj in self.sorted_objects}
        for obj in sorted(objects.values(), key=lambda obj: obj.name):
            for missing in sorted(needed_by(obj) - set(objects)):
                name, user = self._called(missing), self._called(obj.id)
                user = "what train() records" if self.is_own(obj) else user
                raise ValueError(
                    f"'{self.name}' lacks {name}, which {user} needs; write net.add({name}) if you"
                    " removed it, or build another network without it"
                )

    def _called(self, number):
        """Return what the user calls an object: an attribute of the network, or its name."""
        roles = (role for role, part in vars(self).items() if getattr(part, "id", None) == number)
        role = next(roles, None)
        return name_of_id(number) if role is None else f"net.{role}"

    def is_own(self, obj: BrianObject) -> bool:
        """Return whether an object is none of the user's."""
        return False


def members_in(objs, call):
    """Return the Brian2 objects among objects and containers of them, in order."""
    found = []
    for obj in objs:
        if isinstance(obj, BrianObject):
            found.append(obj)
        elif isinstance(obj, dict):
            found += members_in(obj.values(), call)
        elif isinstance(obj, Iterable) and not isinstance(obj, (str, bytes, ndarray)):
            found += members_in(obj, call)
        else:
            raise TypeError(
                f"{call} takes Brian2 objects, such as a monitor, or lists of them; got"
                f" {shortened(obj)}"
            )
    return found
