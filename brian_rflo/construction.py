"""What holds for every object of this package from the first line of its constructor on.

A constructor that raises leaves its error and nothing else: Brian2 would warn, at a later garbage collection, of each object that was made on the way and
was never in a network. What a constructor has read is fixed once it is done: assigned later, it would change nothing, or one place of several.
"""

from contextlib import suppress
from functools import wraps
from textwrap import shorten

from brian2 import BrianObject, Network
from brian2.groups.group import VariableOwner
from brian2.groups.subgroup import Subgroup


class Refused:
    """Stands for what a group of the user's belongs to when a network with it was refused; Brian2 warns of what belongs to nothing."""

    name = "a network that was refused"


def constructed(init):
    """A constructor that leaves one error, or an object whose attributes are fixed."""

    @wraps(init)
    def construct(self, *args, **kwargs):
        before, theirs = set(BrianObject.__instances__()), set(vars(self))
        try:
            init(self, *args, **kwargs)
        except BaseException:
            abandon(*(reference() for reference in BrianObject.__instances__() - before))
            excuse(self, *args, *kwargs.values())
            raise
        if is_ours(init):
            fixed = vars(self).get("_fixed", frozenset()) | (set(vars(self)) - theirs - vars(self).get("_of_brian", set()))
            object.__setattr__(self, "_fixed", fixed)
        if type(self).__init__ is construct:
            object.__setattr__(self, "_is_constructed", True)

    return construct


def prepared(before_run):
    """A `before_run` whose error is not followed by a warning for each object of the network that could not run."""

    @wraps(before_run)
    def prepare(self, *args, **kwargs):
        try:
            before_run(self, *args, **kwargs)
        except BaseException:
            for network in [self] if isinstance(self, Network) else networks_with(self):
                excuse(*network.sorted_objects)
            raise

    return prepare


def networks_with(obj):
    """All networks that an object is in; Brian2 tells an object of its network only after the first run."""
    networks = [reference() for reference in Network.__instances__()]
    built = [network for network in networks if hasattr(network, "objects")]  # a refused network has none, and lives on in a traceback
    return [network for network in built if any(member is obj for member in network.sorted_objects)]


def abandon(*objects):
    """Let nobody collect objects that were made in vain, or warn of them."""
    for obj in objects:
        if obj is not None:
            object.__setattr__(obj, "add_to_magic_network", False)
    excuse(*objects)


def excuse(*objects):
    """Let Brian2 not warn of objects that were never in a network; those of the user may still come into one."""
    for obj in objects:
        with suppress(ReferenceError):  # a part of a group that is gone
            obj = obj.source.before_run.__self__ if isinstance(obj, Subgroup) else obj
        if isinstance(obj, Constructed):
            obj.settle(_is_excused=True)
        elif isinstance(obj, BrianObject) and vars(obj).get("group") is None:
            object.__setattr__(obj, "group", Refused)


def is_ours(thing):
    """Whether a class or function is of this package."""
    return thing.__module__.partition(".")[0] == __package__


class Constructed:
    """Mixed into a class of Brian2 objects: its constructors, and those of all subclasses, are `constructed`, and its `before_run` is `prepared`."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name, wrapped in (("__init__", constructed), ("before_run", prepared)):
            if name in vars(cls):
                setattr(cls, name, wrapped(vars(cls)[name]))

    def __init__(self, *args, **kwargs):
        """Brian2's constructor; what it sets is Brian2's, to be changed as Brian2 says."""
        before = set(vars(self))
        super().__init__(*args, **kwargs)
        object.__setattr__(self, "_of_brian", set(vars(self)) - before)

    def __del__(self):
        """As Brian2's, which warns of what was never in a network that ran; not of what is excused."""
        if "_is_excused" not in vars(self):
            getattr(super(), "__del__", lambda: None)()

    def settle(self, **values):
        """Set attributes that are known only when another part has been made; for this package alone."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def check_assignment(self, name, value):
        """Raise if a public attribute is assigned that was read by the constructor, or that nobody reads."""
        if "_is_constructed" in vars(self) and not name.startswith("_") and self._is_fixed(name, value):
            raise AttributeError(f"'{self.name}': {name} is read when a {type(self).__name__} is made, and assigning it later would change nothing. {self.in_place_of(name, value)}")

    def _is_fixed(self, name, value):
        if name in self._fixed or any(name in vars(kind) for kind in type(self).__mro__ if is_ours(kind)):
            return True
        is_known = hasattr(type(self), name) or name in vars(self)
        return not is_known and not isinstance(self, VariableOwner)  # of which Brian2 says what variables they have

    def in_place_of(self, name, value):
        """What to write in place of an assignment."""
        return f"Write {type(self).__name__}(..., {name}={shorten(repr(value), 60)}) where it is made, and build what is connected to it anew."
