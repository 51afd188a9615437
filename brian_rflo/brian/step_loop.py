"""Execution order within a step: objects with the same trial-boundary condition evaluate it once,
and run together.

Many objects of a network act only at the boundaries of trials, and each evaluates its condition in
every step. Before each run, consecutive objects with the same condition are grouped: the condition
is evaluated once, and all of them run in their order.

In C++ standalone there is a tight loop besides. Brian2's own asks for the processor time and looks
every object's clock up in a set, in every step: a quarter of a microsecond that a network of 30
neurons can use better. Where all objects of a network share one clock, the loop made here calls
them one after the other for a thousand steps, and hands back to Brian2's loop, which reports
progress and looks at the time.
"""

from itertools import groupby

from brian2 import BrianObject, get_device, get_logger, prefs

from .. import schedule
from . import modules, programs
from .conditional import Conditional, is_standalone
from .construction import networks_with

logger = get_logger(__name__)

LOOP = """
{{
    static const auto clock = {network}.objects[0].first;
    const codeobj_func loop = []()
    {{
        for (int steps = 1; ; steps++)
        {{
{calls}
            if (steps == {steps} || Network::_globally_stopped)
                return;
            const double now = clock->t[0];
            clock->tick();
            if (!clock->running())
            {{
                clock->timestep[0] -= 1;
                clock->t[0] = now;
                return;
            }}
        }}
    }};
    {network}.clear();
    {network}.add(clock, loop);
}}
"""


class StepLoop(BrianObject):
    """Arrange the steps of the networks of its owner, after everything else that prepares a run.

    Parameters
    ----------
    owner : Group
        Whose part it is.
    """

    add_to_magic_network = False

    def __init__(self, owner):
        BrianObject.__init__(
            self, clock=owner.clock, name=f"{owner.name}_loop*", **schedule.ARRANGED
        )
        self.lines = []

    def __del__(self):
        """Silence Brian2's unused-object warning; the owner already raises it."""

    def before_run(self, run_namespace):
        """Arrange the coming run; if a network has several step loops, the last one does. Leave
        objects alone that are in two networks or run after this one.
        """
        super().before_run(run_namespace)
        self._remove()
        networks = networks_with(self)
        if is_standalone():
            programs.install(networks)
            warn_of_openmp()
        modules.end([obj for network in networks for obj in network.sorted_objects])
        if len(networks) == 1:
            objects = networks[0].sorted_objects
            behind = objects[
                next(number for number, obj in enumerate(objects) if obj is self) + 1 :
            ]
            if not any(obj.active for obj in behind) and all(
                obj._network in (None, networks[0].id) for obj in objects
            ):
                self._arrange(networks[0], objects)

    def _arrange(self, network, objects):
        if not is_standalone():
            for condition, block in blocks(objects):
                if condition is not None:
                    block[0].lead(block[1:])
        elif has_loop(network, objects):
            self.lines = [LOOP.format(network=network.name, calls=calls(objects), steps=1000)]
            get_device().code_lines["before_network_run"].extend(self.lines)

    def after_run(self):
        """Restore Brian2's own loop for other networks."""
        self._remove()
        super().after_run()

    def _remove(self):
        if self.lines:
            lines = get_device().code_lines["before_network_run"]
            lines[:] = [line for line in lines if line not in self.lines]
            self.lines = []


def warn_of_openmp():
    """Warn of Brian2's own threads: small parallel regions, several in each step, wait for each
    other.
    """
    count = prefs["devices.cpp_standalone.openmp_threads"]
    if count:
        logger.warn(
            f"devices.cpp_standalone.openmp_threads = {count} makes networks that learn many times"
            f" slower. Write prefs['brian_rflo.threads'] = {count} instead.",
            "openmp",
            once=True,
        )


def without_loops(objects):
    """Return the objects that do not arrange the steps of a network."""
    return [obj for obj in objects if not isinstance(obj, StepLoop)]


def blocks(objects):
    """Return the active objects in order, grouped by consecutive objects with the same condition;
    the condition is None for those that always run.
    """
    working = [
        obj
        for obj in objects
        if obj.active and (obj._code_objects or type(obj).run is not BrianObject.run)
    ]
    return [(key and key[0], list(block)) for key, block in groupby(working, key=asked_by)]


def asked_by(obj):
    """Return the condition and clock of an object; None if it always runs, or overrides `run`."""
    is_ours = (
        isinstance(obj, Conditional) and type(obj).run is Conditional.run and "run" not in vars(obj)
    )
    return (obj.resolved, obj.clock.name) if is_ours else None


def has_loop(network, objects):
    """Return whether a network can run in the tight loop."""
    is_wanted = prefs["brian_rflo.step_loop"] and not prefs["devices.cpp_standalone.openmp_threads"]
    return (
        is_wanted
        and network in get_device().networks
        and len({obj.clock for obj in objects}) == 1
        and any(obj._code_objects for obj in objects)
    )


def calls(objects):
    """Return C++ that calls the code of all objects."""
    timestep = objects[0].clock.variables["timestep"]
    step = f"{get_device().get_array_name(timestep, access_data=False)}[0]"
    lines = []
    for condition, block in blocks(objects):
        called = [f"_run_{code.name}();" for obj in block for code in obj._code_objects]
        if condition is None or not called:
            lines += called
        else:
            lines += [
                f"if ({condition.format(step=step)})",
                "{",
                *(f"    {call}" for call in called),
                "}",
            ]
    return "\n".join(f"            {line}" for line in lines)
