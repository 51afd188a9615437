"""Effect of one object of a time step, as an operation that can be run backwards.

An operation maps variables before it to variables after it, ``y = f(x)``. With the adjoint of a
variable, the derivative of the loss by its present value, its way back is

    adjoint(x) += (dy/dx)^T adjoint(y)          adjoint(y) = 0 before it, unless y is also an x

Variables are keyed by the Brian2 variable itself, whatever the names of references to it; the
spikes of a group and the values that a derivative was asked for have keys of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from weakref import WeakValueDictionary

import numpy as np

from ..brian.borrowed import ArrayVariable
from ..brian.declared import declared

if TYPE_CHECKING:
    from brian2 import BrianObject

#: Number of steps that go back together: products with weights are taken over all of them at once,
#: and segments begin with one, so that sums have the same order whatever the segments are.
BLOCK = 50
#: Variables of Brian2's own that say when and whether a neuron has spiked; they have no derivative.
DISCRETE = ("lastspike", "not_refractory")


class Key:
    """A variable, or something like one; equal keys are the same object.

    Parameters
    ----------
    owner : str
        Name of the group.
    name : str
        Name of the variable there.
    kind : str
        "" for a variable; "spike", "start" (the value with which a trial begins) or "constant".
    """

    __slots__ = ("__weakref__", "kind", "name", "owner")
    #: All keys in use: the way back looks adjoints up by them many times in each step.
    known: ClassVar[WeakValueDictionary] = WeakValueDictionary()

    def __new__(cls, owner: str, name: str, kind: str = ""):
        """Return the key."""
        found = cls.known.get((owner, name, kind))
        if found is None:
            found = super().__new__(cls)
            found.owner, found.name, found.kind = owner, name, kind
            cls.known[owner, name, kind] = found
        return found

    def __str__(self):
        return f"'{self.name}' of '{self.owner}'"


def key_of(variable: ArrayVariable) -> Key:
    """Return the key of a Brian2 variable."""
    return Key(variable.owner.name, variable.name)


def spikes_of(group) -> Key:
    """Return the key of the spikes of a group."""
    return Key(group.name, "spike", "spike")


def is_graded(variable, group) -> bool:
    """Return whether a variable has derivatives: an array of real numbers that is not a counter."""
    return (
        isinstance(variable, ArrayVariable)
        and np.issubdtype(variable.dtype, np.floating)
        and variable.name not in DISCRETE
        and variable.name not in ("t", "dt")
        and variable.name not in declared(group, "counters", ())
    )


class Operation:
    """Base of operations.

    Attributes
    ----------
    runner : BrianObject
        The object of the time step.
    part : slice, optional
        The units of what it writes, if these are not all.
    discrete : set of Key
        Variables of synapses without derivatives that its derivatives read.
    """

    part = None
    discrete: ClassVar[set] = set()
    #: The steps in which it runs: a function of the step of the trial; None for all.
    holds = None
    is_at_start = False
    #: Number of values for which it needs room on the way back.
    room = 0

    def __init__(self, runner: BrianObject):
        self.runner = runner

    @property
    def place(self):
        """Return its place in the step."""
        return self.runner.when, self.runner.order

    def edges(self) -> dict[Key, set[Key]]:
        """Return what it writes, each with all that the new value may depend on."""
        raise NotImplementedError

    def depends(self, name: str, by: str) -> bool:
        """Return whether its statements give a variable of the group a value that depends
        on another: such a dependence can be cut.
        """
        return False

    def prepare(self, graph) -> None:
        """Differentiate it as far as variables are active, and ask for what must be recorded."""

    def begin(self, tape) -> None:
        """Make room for the way back through a trial."""

    def load(self, tape) -> None:
        """Take what has been recorded of a block of steps."""

    def backward(self, step: int, adjoint: dict) -> None:
        """Run backwards, in a step of the block."""
        raise NotImplementedError

    def collect(self) -> None:
        """Add up derivatives by weights over the block."""

    def gradients(self) -> dict[Key, object]:
        """Return the derivatives by weights, after all steps."""
        return {}


def add(adjoint: dict, key: Key, value) -> None:
    """Add to an adjoint."""
    known = adjoint.get(key)
    adjoint[key] = value if known is None else known + value


def total(known, found):
    """Return the sum of what is known, if anything is, and what was found."""
    return found if known is None else known + found
