"""Code that runs in selected time steps only, such as at the boundaries of trials.

Clocks whose step is a trial drift apart from the common clock in C++ standalone, and strings that
do nothing in most steps still loop over every synapse. An object made here runs on the common clock
and first evaluates a condition on integer steps. The condition is one string, valid in Python and
in C++: "({step} + 1) % 200 == 0".
"""

import numpy as np
from brian2 import CodeRunner, Function, StateMonitor, get_device, prefs

from .borrowed import (
    ArrayVariable,
    AuxiliaryVariable,
    Constant,
    CPPStandaloneCodeObject,
    CPPStandaloneDevice,
)
from .private import check_device


class ConditionalStandaloneCodeObject(CPPStandaloneCodeObject):
    """A standalone code object that also finds the templates of this package."""

    templater = CPPStandaloneCodeObject.templater.derive(__package__)


def is_standalone():
    """Return whether the active device is C++ standalone."""
    return isinstance(get_device(), CPPStandaloneDevice)


def first_step(n_steps):
    """Return the condition that holds in the first step of a trial of `n_steps`."""
    return f"{{step}} % {n_steps} == 0"


def last_step(n_steps):
    """Return the condition that holds in the last step of a trial of `n_steps`."""
    return f"({{step}} + 1) % {n_steps} == 0"


class Conditional:
    """Mixin for `CodeRunner`: run only in steps in which `condition` holds.

    Runtime targets evaluate the condition in Python and use Brian2's own templates; standalone
    evaluates it in C++, in a template of this package.
    """

    standalone_template, template_kwds = "conditional_stateupdate", None
    #: The condition in the coming run, with ``{step}``.
    resolved = None
    #: Later objects with the same condition, which this one runs too in the coming run; and whether
    #: another object runs this one, until the run begins.
    led, is_led = (), False

    def run_when(self, condition):
        """Set the condition, a string in which ``{step}`` is the number of the time step. Call it
        before ``__init__``.
        """
        self.condition, self.timestep, self.holds = condition, None, None

    def before_run(self, run_namespace):
        """Translate the condition for the target of this run."""
        check_device(self)
        self.lead(())
        self.resolved = self.condition.format(step="{step}", **self.numbers())
        timestep = self.clock.variables["timestep"]
        if is_standalone():
            step = f"{get_device().get_array_name(timestep, access_data=False)}[0]"
            self.template_kwds = {
                **(self.template_kwds or {}),
                "_condition": self.resolved.format(step=step),
                "_step": step,
            }
            self.codeobj_class, self.template = (
                ConditionalStandaloneCodeObject,
                self.standalone_template,
            )
        else:
            self.timestep = timestep.get_value()
            self.holds = eval(f"lambda step: {self.resolved.format(step='step')}")
        super().before_run(run_namespace)

    def numbers(self):
        """Return the values of the other names in the condition, for the coming run."""
        return {}

    @property
    def active(self):
        """Return whether Brian2 runs this object. While the objects of a run are being collected,
        return False once if another object runs this one.
        """
        if self.is_led:
            self.is_led = False
            return False
        return self._active

    @active.setter
    def active(self, value):
        self._set_active(value)

    def lead(self, others):
        """Run other objects together with this one in the coming run."""
        self.led = tuple(others)
        for other in self.led:
            other.is_led = True

    def run(self):
        """Run the code, and that of the objects led by this one, if the condition holds; runtime
        targets only.
        """
        if self.holds(self.timestep[0]):
            self.work()
            for other in self.led:
                other.work()

    def work(self):
        """Run the code."""
        super().run()


def is_conditional(obj):
    """Return whether an object runs in some time steps only."""
    return isinstance(obj, Conditional)


class ConditionalRunner(Conditional, CodeRunner):
    """Statements of a group that run only where the condition holds; otherwise like
    `run_regularly`.
    """

    def __init__(self, group, code, condition, phase, name):
        self.run_when(condition)
        CodeRunner.__init__(
            self, group, "stateupdate", code=code, clock=group.clock, name=name, **phase
        )
        self.origin = None
        group.contained_objects.append(self)

    def create_code_objects(self, run_namespace):
        """Reuse the code of the last run if nothing that it was made from has changed; runtime
        targets only.
        """
        if is_standalone() or self.origin is None or self._made_from(run_namespace) != self.origin:
            super().create_code_objects(run_namespace)
            self.origin = (
                None if is_standalone() or self.codeobj is None else self._made_from(run_namespace)
            )

    def _made_from(self, run_namespace):
        """Return everything that the code of the coming run depends on."""
        names = sorted(
            name
            for name, variable in self.codeobj.variables.items()
            if not isinstance(variable, AuxiliaryVariable)
        )
        variables = self.group.resolve_all(names, run_namespace, user_identifiers=set())
        kind = get_device().code_object_class(self.codeobj_class or self.group.codeobj_class)
        return [
            kind,
            self.abstract_code,
            dict(prefs.prefs),
            {name: state_of(variable, kind, self.group) for name, variable in variables.items()},
        ]


def state_of(variable, kind, group):
    """Return what generated code depends on in a variable: its identity, its memory, and the value
    of a constant.
    """
    if isinstance(variable, Constant):
        return variable.get_value(), variable.dim
    if isinstance(variable, Function):
        return id(variable), variable.implementations[kind].get_code(group)
    if not isinstance(variable, ArrayVariable):
        return id(variable)
    values = variable.get_value()
    return (
        id(variable),
        values.__array_interface__["data"][0],
        values.shape,
        values.item() if variable.scalar and variable.constant else None,
    )


class ConditionalMonitor(Conditional, StateMonitor):
    """A StateMonitor that records only when the condition holds."""

    standalone_template = "conditional_statemonitor"

    def __init__(self, source, variables, record, condition, phase, **statemonitor_args):
        self.run_when(condition)
        StateMonitor.__init__(self, source, variables, record, **phase, **statemonitor_args)

    def as_code(self, **numbers):
        """Return code for whole numbers of the coming run: literals, or in standalone variables
        that hold them, so that the code of another run is the same.
        """
        if not is_standalone():
            return numbers
        for name, number in numbers.items():
            if name not in self.variables:
                self.variables.add_array(name, size=1, dtype=np.int64)
            self.variables[name].set_value(number)
        return {
            name: f"{get_device().get_array_name(self.variables[name], access_data=False)}[0]"
            for name in numbers
        }
