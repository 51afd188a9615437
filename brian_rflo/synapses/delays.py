"""Delays of graded signals: a group beside the source that has its values of some steps ago.

A projection with a delay of k time steps sums, in each step, what it would have summed k steps
before without the delay; what has not been sent in the present trial is 0:

    onto_i(t) = sum_j w_ij sent_j(t - k)        sent_j(t - k) = 0 in the first k steps of a trial

Its rule reads the delayed values too, since they drove the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import NeuronGroup, Quantity

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.construction import networks_with
from ..brian.declared import declared
from ..brian.private import forget
from ..brian.quantities import whole_steps
from ..brian.where import where
from ..neurons.base import PSP, check_port, parent_group
from ..steps.cells import names_ending_in
from .ends import trace_phase

if TYPE_CHECKING:
    from brian2 import Group

    from .plastic import PlasticSynapses

#: The number of steps of a trial where there are no trials.
ENDLESS = 2**31 - 1
#: Places before a phase at which its values are taken.
BEFORE = -1


class DelayLine(Component, NeuronGroup):
    """The values of a group of some time steps ago, one unit per unit of the group.

    Parameters
    ----------
    source : group
    delay : Quantity
        A whole number of time steps, at least one.
    phases : dict of str to Phase
        The variables that are delayed, each with the phase before which its value is taken.
    constants : sequence of str
        Variables of the source that do not change; they are the same here.
    name : str
        Name of the group.

    Attributes
    ----------
    steps : int
        The delay in time steps.
    activity, ... : state variables
        The delayed values.

    Raises
    ------
    TypeError, ValueError
        If the delay is not a time, or not a whole number of time steps.
    """

    def __init__(
        self,
        source: Group,
        delay: Quantity,
        phases: dict[str, schedule.Phase],
        constants: tuple[str, ...] = (),
        name: str = "delayline*",
        **neurongroup_args: Any,
    ):
        group = parent_group(source)
        self.delay, self.beside, self.takers = delay, source, {}
        self.steps = whole_steps(f"'{group.name}': delay", delay, group.clock.dt)
        namespace = namespace_with(neurongroup_args, where=where, delay_steps=self.steps)
        super().__init__(
            len(source),
            "\n".join(f"{name} : 1" for name in phases),
            clock=group.clock,
            namespace=namespace,
            name=name,
            **neurongroup_args,
        )
        self.integrate_what_is_there()
        self.add_dependency(group)
        self._refer_to(source, group, [*(f"{name}_sent" for name in phases), *constants])
        self.variables.add_array("slot", size=len(source), dtype=np.int32, unique=True)
        self._run("slot = i + N*(t_in_timesteps % delay_steps)", schedule.BEGIN, "slot")
        for variable, phase in phases.items():
            line = f"{variable}_line"
            self.variables.add_array(line, size=self.steps * len(source), index="slot")
            in_trial = "t_in_timesteps % trial_steps >= delay_steps"
            self.takers[variable] = self._run(
                f"{variable} = where({in_trial}, {line}, 0)\n{line} = {variable}_sent",
                phase.behind(BEFORE),
                variable,
            )

    def _refer_to(self, source, group, names):
        """Add references to variables of the source; those that are delayed end in ``_sent``."""
        self.variables.add_array(
            "source_idx",
            size=len(source),
            dtype=np.int32,
            constant=True,
            read_only=True,
            values=np.arange(source.start, source.stop),
        )
        for name in names:
            original = name.removesuffix("_sent")
            is_whole = len(source) == len(group)  # synapses see variables of the own index alone
            index = "0" if group.variables[original].scalar else None if is_whole else "source_idx"
            self.variables.add_reference(name, group, original, index=index)

    def _run(self, code, phase, name):
        return self.run_regularly(code, **phase, name=f"{self.name}_{name}")

    def before_run(self, run_namespace: dict[str, Any]) -> None:
        """Check the delay again, since the clock may have changed, and look up the trials."""
        if whole_steps(f"'{self.name}': delay", self.delay, self.clock.dt) != self.steps:
            raise ValueError(
                f"'{self.name}' was made for a delay of {self.steps} time steps, but {self.delay}"
                f" has another number of steps of {self.clock.dt}; set defaultclock.dt before the"
                " network is built"
            )
        objects = [obj for network in networks_with(self) for obj in network.sorted_objects]
        lengths = [declared(obj, "reset_every") for obj in objects]
        lengths = [length for length in lengths if length is not None]
        forget(self.variables, "trial_steps")  # of an earlier run
        self.variables.add_constant("trial_steps", lengths[0] if lengths else ENDLESS)
        super().before_run(run_namespace)

    def take_before(self, name: str, phase: schedule.Phase) -> None:
        """Take the values of a variable before another phase."""
        schedule.move(self.takers[name], phase.behind(BEFORE))


def is_delayed(group):
    """Return whether a group has the earlier values of another one."""
    return isinstance(group, DelayLine)


def check_delay(delay: Quantity, kind: str) -> None:
    """Raise unless the delay of a projection that sums is one time."""
    if isinstance(delay, (str, dict)) or np.ndim(delay):
        raise ValueError(
            f"{kind}: a sum has one delay for all synapses, for example delay=5*ms; got {delay!r}."
            " For several delays make a projection for each; they may sum into one variable."
        )


def delayed(
    source: Group,
    delay: Quantity | None,
    sends: str,
    summed_at: schedule.Phase,
    kind: str,
    name: str,
) -> Group:
    """Return the group whose `sends` a projection with fixed weights sums: the source itself, or
    its delay line.
    """
    if delay is None or not is_late(source, delay, kind):
        return source
    return DelayLine(source, delay, {sends: summed_at}, name=line_name(name))


def delayed_for_rule(
    source: Group,
    target: Group,
    delay: Quantity | None,
    summed_at: schedule.Phase,
    synapses: PlasticSynapses,
    name: str,
) -> Group:
    """Return the same for a projection that learns, with all that its rule reads of the source."""
    rule, sends = synapses.rule, synapses.sends
    if delay is None or not is_late(source, delay, rule.title):
        return source
    read = {*rule.reads("pre"), *names_ending_in(synapses.constraint, "_pre")}
    read = {"activity" if name == PSP and name not in source.variables else name for name in read}
    read = sorted((read & set(source.variables)) - {sends})
    constants = tuple(name for name in read if source.variables[name].constant)
    phase = synapses.traces_at or trace_phase(target)
    phase = schedule.CELL_TRACE if phase == schedule.TRACE else phase  # cells read it there
    if constants and len(source) < len(parent_group(source)):
        raise ValueError(
            f"{rule.title} reads '{constants[0]}' of '{source.name}', a part of a group, and delays"
            " it; make that part a group of its own"
        )
    changing = {one: phase for one in read if one not in constants}
    for one in changing:
        check_port(source, one, f"{rule.title} with a delay")
    return DelayLine(source, delay, {sends: summed_at, **changing}, constants, name=line_name(name))


def is_late(source, delay, kind):
    """Return whether a delay is one step or longer; raise if it is not a whole number of steps."""
    check_delay(delay, kind)
    return whole_steps(f"{kind}: delay", delay, parent_group(source).clock.dt) > 0


def line_name(name):
    """Return the name of the delay line of a projection."""
    return f"{name.removesuffix('*')}_delay{'*' if name.endswith('*') else ''}"
