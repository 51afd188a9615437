"""Guarantees for every object of this package, from the first line of its constructor on.

A constructor that raises leaves only its error; at a later garbage collection Brian2 would
otherwise warn of each object that was made before the error and was never in a network. Arguments
of a constructor are fixed afterwards: a later assignment would have no effect, or only a partial
one.
"""

import inspect
from contextlib import contextmanager, suppress
from functools import cache, wraps
from textwrap import shorten

from brian2 import BrianObject, Network, Subgroup, Synapses, VariableOwner

from .basics import check_basics
from .passed import check_passed, unknown_argument


class Refused:
    """Placeholder network of user groups whose network was refused; Brian2 would otherwise warn
    that they belong to no network.
    """

    name = "a network that was refused"


@contextmanager
def one_error(*involved, begun=None):
    """Context in which objects are made: if it raises, Brian2 does not warn of the objects
    involved, neither `begun`, nor others made within.
    """
    before = set(BrianObject.__instances__())
    try:
        yield
    except BaseException:
        abandon(begun, *(reference() for reference in BrianObject.__instances__() - before))
        excuse(*involved)
        raise


def constructed(init):
    """Wrap a constructor so that it leaves one error, or an object with fixed attributes."""

    @wraps(init)
    def construct(self, *args, **kwargs):
        before, is_whole = set(vars(self)), not self._is_begun
        self.settle(_is_begun=True)
        with one_error(*args, *kwargs.values(), begun=self):
            if is_whole:
                check_passed(self, init, kwargs)
                names = init.__code__.co_varnames[1 : init.__code__.co_argcount]
                check_basics(type(self).__name__, dict(zip(names, args)) | kwargs)
            try:
                init(self, *args, **kwargs)
            except TypeError as error:
                told = is_whole and unknown_argument(self, kwargs, error)
                if not told:
                    raise
                raise TypeError(told) from None
            if is_whole:
                refuse_hidden(self)
        self.settle(
            _fixed=self._fixed | set(vars(self)) - before - self._of_brian, _is_constructed=is_whole
        )

    return construct


def prepared(before_run):
    """Wrap a `before_run` so that its error is not followed by a warning for each object of the
    network that could not run.
    """

    @wraps(before_run)
    def prepare(self, *args, **kwargs):
        try:
            before_run(self, *args, **kwargs)
        except BaseException:
            for network in [self] if isinstance(self, Network) else networks_with(self):
                excuse(*network.sorted_objects)
            raise

    return prepare


def refuse_hidden(obj):
    """Raise if an attribute of a group of ours hides a variable of its equations, so that nobody
    could read it.
    """
    equations = getattr(obj, "equations", None) or {}
    hidden = sorted(set(equations) & (names_of_ours(type(obj)) | set(vars(obj))))
    if hidden:
        raise ValueError(
            f"variable '{hidden[0]}' has the name of an attribute of {type(obj).__name__}, which"
            " would hide it; rename the variable"
        )


@cache
def names_of_ours(kind):
    """Return the names of the attributes that a class has from this package."""
    return frozenset(name for one in kind.__mro__ if is_ours(one) for name in vars(one))


def networks_with(obj):
    """Return all networks that contain an object; Brian2 tells an object its network only after the
    first run.
    """
    networks = [reference() for reference in Network.__instances__()]
    built = [
        network for network in networks if hasattr(network, "objects")
    ]  # a refused network has none, and lives on in a traceback
    return [network for network in built if is_among(obj, network.objects)]


def is_among(obj, objects):
    """Return whether an object is one of some objects, or contained in one."""
    return any(member is obj or is_among(obj, member.contained_objects) for member in objects)


def abandon(*objects):
    """Exclude discarded objects from `collect` and from Brian2's warnings."""
    for obj in objects:
        if obj is not None:
            object.__setattr__(obj, "add_to_magic_network", False)
    excuse(*objects)


def abandoned(obj):
    """Return whether an object is gone, or was discarded by a constructor that raised."""
    try:
        return vars(obj).get("add_to_magic_network") is False
    except ReferenceError:
        return True


def excuse(*objects):
    """Silence Brian2's warning that an object was never in a network; the user may still add the
    object to one.
    """
    for obj in objects:
        if isinstance(obj, (dict, list, tuple)):
            excuse(*(obj.values() if isinstance(obj, dict) else obj))
            continue
        with suppress(ReferenceError):  # a part of a group that is gone
            obj = obj.source.before_run.__self__ if isinstance(obj, Subgroup) else obj
        if isinstance(obj, Constructed):
            obj.settle(_is_excused=True)
        elif isinstance(obj, BrianObject) and vars(obj).get("group") is None:
            object.__setattr__(obj, "group", Refused)
        if isinstance(obj, Synapses):
            excuse(vars(obj).get("source"), vars(obj).get("target"))


def is_ours(thing):
    """Return whether a class or function belongs to this package."""
    return thing.__module__.partition(".")[0] == __package__.partition(".")[0]


def is_in_constructor(obj):
    """Return whether a constructor of an object is running, including that of a user's subclass,
    which may set any attribute.
    """
    frame = inspect.currentframe()
    while frame is not None:
        if (
            frame.f_code.co_name == "__init__"
            and frame.f_locals.get(frame.f_code.co_varnames[0]) is obj
        ):
            return True
        frame = frame.f_back
    return False


class Constructed:
    """Mixin for classes of Brian2 objects: wraps the constructors of this package's classes in
    `constructed` and their `before_run` in `prepared`.
    """

    _is_begun = _is_constructed = _is_excused = False
    #: Names of attributes set by constructors of this package, and by Brian2's.
    _fixed = _of_brian = frozenset()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name, wrapped in (("__init__", constructed), ("before_run", prepared)):
            if name in vars(cls) and is_ours(cls):
                setattr(cls, name, wrapped(vars(cls)[name]))

    def __init__(self, *args, **kwargs):
        """Call Brian2's constructor; the attributes that it sets remain assignable as Brian2
        says.
        """
        before = set(vars(self))
        super().__init__(*args, **kwargs)
        self.settle(_of_brian=set(vars(self)) - before)

    def __del__(self):
        """Warn as Brian2 does of an object that was in no network that ran, unless it is
        excused.
        """
        if not self._is_excused:
            getattr(super(), "__del__", lambda: None)()

    def settle(self, **values):
        """Set attributes that are known only after another part has been made; for use within this
        package.
        """
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def check_assignment(self, name, value):
        """Raise if a public attribute is assigned that the constructor has read, or that nothing
        reads.
        """
        is_read = name in self._fixed or name in names_of_ours(type(self))
        is_lost = (
            not isinstance(self, VariableOwner)
            and not hasattr(type(self), name)
            and name not in vars(self)
        )  # groups are checked by Brian2
        if (
            not self._is_constructed
            or name.startswith("_")
            or not (is_read or is_lost)
            or is_in_constructor(self)
        ):
            return
        what = (
            "is a part of it, and cannot be replaced"
            if isinstance(vars(self).get(name), BrianObject)
            else "is read when it is made, and assigning it later would change nothing"
            if is_read
            else "cannot be set"
        )
        raise AttributeError(
            f"'{self.name}', a {type(self).__name__}: {name} {what}."
            f" {self.in_place_of(name, value)}"
        )

    def __delattr__(self, name):
        """Refuse to delete attributes of this package, which its methods read."""
        if self._is_constructed and (name in self._fixed or name in names_of_ours(type(self))):
            raise AttributeError(
                f"'{self.name}', a {type(self).__name__}: {name} cannot be deleted. Build another"
                " one without it."
            )
        super().__delattr__(name)

    def __reduce_ex__(self, protocol):
        """Refuse to be copied or pickled: Brian2's objects belong to one process and have unique
        names.
        """
        raise TypeError(f"'{self.name}' cannot be copied or pickled; {self.in_place_of_a_copy}")

    #: What to do in place of copying.
    in_place_of_a_copy = "build it again where you need it, and copy the values of its variables"

    def in_place_of(self, name, value):
        """Return the advice that replaces an assignment."""
        kind = type(self).__name__
        if any(
            name in inspect.signature(one.__init__).parameters
            for one in type(self).__mro__
            if is_ours(one)
        ):
            return (
                f"Write {kind}(..., {name}={shorten(repr(value), 60)}) where it is made, and build"
                " again what is connected to it."
            )
        return f"Make another {kind} in its place, and build again what is connected to it."


def name_of_id(number):
    """Return the name of the Brian2 object with a number (`id`)."""
    found = (reference() for reference in BrianObject.__instances__())
    return next((obj.name for obj in found if obj is not None and obj.id == number), "an object")


def constructed_of(objects):
    """Return the objects of this package among some objects."""
    return [obj for obj in objects if isinstance(obj, Constructed)]
