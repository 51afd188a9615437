"""Traces of spikes, for readouts of neurons that send spikes only.

tau dactivity/dt = -activity          a spike of the neuron adds 1
"""

from __future__ import annotations

from typing import Any

from brian2 import Group, NeuronGroup, Quantity

from .. import schedule
from ..brian.component import Component, namespace_with
from ..brian.quantities import check_tau
from ..neurons.base import check_group, parent_group, spikes
from ..steps import Step
from ..steps.cells import run_at_spikes

__all__ = ["SpikeTraces"]


class SpikeTraces(Component, NeuronGroup):
    """One unit per neuron of a group: its spikes, low-pass filtered, as ``activity``.

    Readouts of any neurons that spike, without ports of their own: weights from the traces onto a
    `Readout` learn by `Delta`. In the step of a spike the trace has it already.

    Parameters
    ----------
    source : group
        Neurons that spike; traces of a part of them are a part: ``SpikeTraces(mine, tau)[:10]``.
    tau : Quantity
        Time constant.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    activity : state variable
        The traces, 0 at the beginning of each trial: pass the group to `Trials`.

    Raises
    ------
    TypeError, ValueError
        If the group does not spike or is a subgroup, or `tau` is not a positive time of at least
        the time step.

    Examples
    --------
    >>> from brian2 import Hz, PoissonGroup, defaultclock, ms
    >>> task = PeriodicOutput(period=200*ms)
    >>> defaultclock.dt = task.dt
    >>> noise = PoissonGroup(50, rates=20*Hz)
    >>> traces, readout = SpikeTraces(noise, tau=20*ms), Readout(task)
    >>> weights = PlasticSynapses(traces, readout, Delta(0.03), onto="output")
    >>> weights.connect()
    >>> trials = Trials(task, traces, readout, weights)
    """

    trial_start = "activity = 0"

    def __init__(
        self, source: Group, tau: Quantity, name: str = "spiketraces*", **neurongroup_args: Any
    ):
        check_group("SpikeTraces: source", source)
        if not spikes(source):
            raise ValueError(
                f"SpikeTraces: source must be a group that spikes; got '{source.name}', without"
                " spikes. Write a projection from its activity."
            )
        if parent_group(source) is not source:
            raise ValueError(
                "SpikeTraces: source must be a whole group; got a part of"
                f" '{parent_group(source).name}'. Write SpikeTraces(group, tau)[:10] for traces of"
                " its first ten."
            )
        check_tau("SpikeTraces", tau, source.clock.dt)
        if not {"dt", "clock"} & set(neurongroup_args):
            neurongroup_args["clock"] = source.clock
        self.tau = tau
        super().__init__(
            len(source),
            "dactivity/dt = -activity/tau_trace : 1",
            method="exponential_euler",
            namespace=namespace_with(neurongroup_args, tau_trace=tau),
            name=name,
            **neurongroup_args,
        )
        schedule.take_part(self)
        self.variables.add_reference("_spikespace", source)
        step = Step("activity += 1", schedule.OWN_SPIKES, when="spike")
        run_at_spikes(self, step, f"{self.name}_spikes*")
