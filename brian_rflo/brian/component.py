"""The base class of every group and projection of this package."""

from contextlib import contextmanager

import numpy as np
from brian2 import NumpyCodeObject, Synapses

from .basics import check_assigned, named_expression
from .conditional import is_standalone
from .construction import Constructed
from .in_program import set_value
from .names import OwnNames
from .settable import Settable


class Component(Constructed, OwnNames, Settable):
    """Mixin for Brian2 groups: construction leaves one error or a fixed object, names in its
    strings are unambiguous, and assigned values are checked.
    """

    #: Whether a second projection onto a variable may add a variable of its own to the group.
    takes_more_sums = True

    def __setattr__(self, name, value, level=0):
        self.check_assignment(name, value)
        variable = self._variable_of(name)
        if variable is None:
            super().__setattr__(name, value, level=level + 1)
        elif isinstance(value, str):
            with named_expression(self, name, value):
                self.state(variable, use_units=name == variable).set_item(
                    slice(None), value, level=level + 1
                )
        else:
            check_assigned(self, name, self.variables[variable], value)
            with self.judged(variable):
                if is_standalone() and is_infinite(value):
                    size = self.variables[variable].size
                    set_value(self.variables[variable], np.full(size, value))
                else:
                    super().__setattr__(name, value, level=level + 1)

    def _variable_of(self, name):
        """Return the state variable that an attribute name refers to (``name``, or ``name_`` for
        values without units); None for other attributes.
        """
        if not self._is_constructed or name in vars(self) or hasattr(type(self), name):
            return None
        return next(
            (variable for variable in (name, name.removesuffix("_")) if variable in self.variables),
            None,
        )

    def integrate_what_is_there(self):
        """Remove Brian2's state updater if there are no differential equations; it would run idle
        in every step.
        """
        if not self.equations.diff_eq_names:
            self.contained_objects[:] = [
                obj for obj in self.contained_objects if obj is not self.state_updater
            ]


class OwnSynapses(OwnNames, Synapses):
    """Synapses inside an object of this package, hidden from the user."""

    def __del__(self):
        """Silence Brian2's warning of an unused object; the object that has them raises it."""

    def connect(self, *args, level=0, **connect_args):
        """Connect like `brian2.Synapses.connect`, without a compiler."""
        with without_compiler(self):
            super().connect(*args, level=level + 1, **connect_args)


def is_infinite(value):
    """Return whether a value is an infinite number."""
    return isinstance(value, (float, np.floating)) and bool(np.isinf(value))


@contextmanager
def without_compiler(group):
    """Run a group's code in NumPy on runtime targets, where one-time code takes longer to compile
    than to run; C++ standalone compiles it with the program.
    """
    if is_standalone() or group.codeobj_class is not None:
        yield
        return
    group.codeobj_class = NumpyCodeObject
    try:
        yield
    finally:
        group.codeobj_class = None


def namespace_with(arguments, **own):
    """Take the namespace out of a constructor's arguments; return it with our own constants."""
    return {**(arguments.pop("namespace", None) or {}), **own}
