"""Names in strings: those of this package have one meaning, independent of the variables in the
user's script.

Brian2 also looks up every name in the script and warns if it finds it twice. That helps for strings
of the user, who may have meant the other one, but confuses for strings that the user has never
seen.
"""

from contextlib import nullcontext

from brian2 import get_local_namespace

from .borrowed import VariableView, get_identifiers


class Script(dict):
    """The namespace of strings that the user writes at the call; the names in them are
    `spelled`.
    """

    def __init__(self, namespace, *strings):
        super().__init__(namespace)
        self.spelled = names_in(*strings)


def names_in(*strings):
    """Return all names in the arguments that are strings."""
    return frozenset().union(*(get_identifiers(text) for text in strings if isinstance(text, str)))


class OwnNames:
    """Mixin for groups of this package: names of the group have no other meaning, except in strings
    of the user.
    """

    #: Names in strings that the user gave this object to run; and whether what it is given is the
    #: user's.
    _spelled, _is_constructed = frozenset(), False

    def spell(self, *strings):
        """Remember the names in strings of the user."""
        object.__setattr__(self, "_spelled", self._spelled | names_in(*strings))

    def resolve_all(
        self, identifiers, run_namespace, user_identifiers=None, additional_variables=None
    ):
        """Resolve as Brian2 does; look up the group's own names in the script only if the user
        wrote them, for Brian2's warning.
        """
        known = (
            {*self.variables, *(self.namespace or {}), *(additional_variables or {})}
            - self._spelled
            - getattr(run_namespace, "spelled", frozenset())
        )
        namespace = {
            name: run_namespace[name]
            for name in identifiers
            if name in run_namespace and name not in known
        }
        return super().resolve_all(
            identifiers,
            namespace,
            user_identifiers=user_identifiers,
            additional_variables=additional_variables,
        )

    def run_regularly(self, code, *args, **kwargs):
        """Run statements regularly, like `brian2.NeuronGroup.run_regularly`."""
        if self._is_constructed:
            self.spell(code)
        return super().run_regularly(code, *args, **kwargs)

    def state(self, name, use_units=True, level=0):
        """Return the view of a variable like `brian2.Group.state`, with checked values."""
        found = super().state(name, use_units, level=level + 1)
        return (
            OwnView(found.name, found.variable, self, found.dim)
            if type(found) is VariableView
            else found
        )


def spell(group, *strings):
    """Let a group of this package remember the names in strings of the user's; other groups look up
    all names anyway.
    """
    if isinstance(group, OwnNames):
        group.spell(*strings)


class OwnView(VariableView):
    """A state variable of a group of this package."""

    def get_item(self, item, level=0, namespace=None):
        """Index as Brian2 does; a string index is the user's."""
        namespace = get_local_namespace(level=level + 1) if namespace is None else namespace
        return super().get_item(item, namespace=Script(namespace, item))

    def set_item(self, item, value, level=0, namespace=None):
        """Assign as Brian2 does; strings are the user's, and values that the constructor would
        refuse are refused.
        """
        namespace = get_local_namespace(level=level + 1) if namespace is None else namespace
        with self._judged():
            super().set_item(item, value, namespace=Script(namespace, item, value))

    def _judged(self):
        try:
            return self.group.judged(self.name)
        except ReferenceError:  # a view outlives its group
            return nullcontext()
