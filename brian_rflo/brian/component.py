"""What every group and projection of this package is, beside what Brian2 makes of it."""

from contextlib import contextmanager

from brian2 import NumpyCodeObject, Synapses

from .conditional import is_standalone
from .construction import Constructed
from .names import OwnNames
from .settable import Settable


class Component(Constructed, OwnNames, Settable):
    """Mixed in before a Brian2 group: its construction leaves one error or a fixed object, its
    strings mean one thing, and its values are checked.
    """

    def __setattr__(self, name, value, level=0):
        self.check_assignment(name, value)
        variable = self._variable_of(name)
        if variable is None:
            super().__setattr__(name, value, level=level + 1)
        elif isinstance(value, str):
            self.state(variable, use_units=name == variable).set_item(
                slice(None), value, level=level + 1
            )
        else:
            with self.judged(variable):
                super().__setattr__(name, value, level=level + 1)

    def _variable_of(self, name):
        """The state variable that an attribute stands for, with units or, with a line below behind
        it, without; None for others.
        """
        if not self._is_constructed or name in vars(self) or hasattr(type(self), name):
            return None
        return next(
            (variable for variable in (name, name.removesuffix("_")) if variable in self.variables),
            None,
        )

    def integrate_what_is_there(self):
        """Take Brian2's state updater out where there are no differential equations: it would do
        nothing, in each step.
        """
        if not self.equations.diff_eq_names:
            self.contained_objects[:] = [
                obj for obj in self.contained_objects if obj is not self.state_updater
            ]


class OwnSynapses(OwnNames, Synapses):
    """Synapses within an object of this package, that the user does not see."""

    def connect(self, *args, level=0, **connect_args):
        """Connect as Brian2 does, without a compiler."""
        with without_compiler(self):
            super().connect(*args, level=level + 1, **connect_args)


@contextmanager
def without_compiler(group):
    """Let a group's code run in NumPy on runtime targets, where it runs once and takes longer to
    compile; C++ standalone has it in the program.
    """
    if is_standalone() or group.codeobj_class is not None:
        yield
        return
    group.codeobj_class = NumpyCodeObject
    try:
        yield
    finally:
        group.codeobj_class = None
