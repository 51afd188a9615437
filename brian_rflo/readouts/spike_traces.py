"""Traces of spikes, for readouts of neurons that send spikes only.

tau dactivity/dt = -activity          a spike of the neuron adds 1
"""

from __future__ import annotations

from typing import Any

from brian2 import Group, NeuronGroup, Quantity

from .. import schedule
from ..brian.component import Component, OwnSynapses, namespace_with
from ..brian.quantities import check_tau
from ..neurons.base import check_group, parent_group, spikes

__all__ = ["SpikeTraces"]


class SpikeTraces(Component, NeuronGroup):
    """One unit per neuron of a group: its spikes, low-pass filtered, as ``activity``.

    Readouts of any neurons that spike, without ports of their own: weights from the traces onto a
    `Readout` learn by `Delta`. In the step of a spike the trace has it already.

    Parameters
    ----------
    source : group
        Neurons that spike; a subgroup has traces of its neurons.
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
        If the group does not spike, or `tau` is no positive time of at least the time step.

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
        group = parent_group(source)
        check_tau("SpikeTraces", tau, group.clock.dt)
        if not {"dt", "clock"} & set(neurongroup_args):
            neurongroup_args["clock"] = group.clock
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
        adding = OwnSynapses(source, self, on_pre="activity_post += 1", name=f"{self.name}_spikes")
        adding.connect(j="i")
        self.contained_objects.append(adding)
