"""A unit that always sends 1: a bias is a weight from it.

    drive_i = sum_j w_ij activity_j + b_i*1

So a bias has what weights have: a learning rule, a learning rate, an optimizer, and a place in
files and results.
"""

from __future__ import annotations

from typing import Any

from brian2 import NeuronGroup, Quantity

from ..brian.component import Component, namespace_with
from ..brian.declared import declared
from ..brian.quantities import check_count, check_number, check_tau
from ..neurons.base import PSP, parent_group

__all__ = ["ConstantUnit"]


class ConstantUnit(Component, NeuronGroup):
    """A unit whose activity is 1, for trainable biases: weights from it, onto a variable that
    receives sums.

    Parameters
    ----------
    networks : int
        Number of independent networks, copies included, with one unit each.
    tau : Quantity, optional
        Membrane time constant of the target neurons, if they have one (`LIFNeurons`). The constant
        filtered with it from the beginning of each trial is the variable `psp`, which traces read.
    scale : float
        Factor of `psp`; with 1, `psp` approaches 1 (see `TaskInput`).
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    activity : state variable
        1.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.readouts import ConstantUnit
    >>> defaultclock.dt = 1*ms
    >>> neurons, unit = RateNeurons(30, tau=10*ms), ConstantUnit()
    >>> bias = PlasticSynapses(unit, neurons, RFLO(0.03, tau=10*ms), onto="I_rec", name="bias")
    >>> bias.connect()
    """

    def __init__(
        self,
        networks: int = 1,
        tau: Quantity | None = None,
        scale: float = 1.0,
        name: str = "constantunit*",
        **neurongroup_args: Any,
    ):
        check_count("ConstantUnit: networks", networks)
        check_number("ConstantUnit", "scale", scale)
        self.is_filtered, filtered, own = tau is not None, "", {}
        if self.is_filtered:
            check_tau("ConstantUnit", tau, tau)
            filtered, own = "\ndpsp/dt = (scale*activity - psp)/tau : 1", dict(tau=tau, scale=scale)
        super().__init__(
            networks,
            f"activity : 1 (constant){filtered}",
            method="exponential_euler",
            namespace=namespace_with(neurongroup_args, **own),
            name=name,
            **neurongroup_args,
        )
        self.integrate_what_is_there()
        self.activity = 1

    @property
    def trial_start(self) -> str:
        """Statements at the beginning of a trial."""
        return "psp = 0" if self.is_filtered else ""


def is_constant(group):
    """Return whether a group is units that always send 1."""
    return isinstance(group, ConstantUnit)


def constant_for(neurons, networks, name="constantunit*"):
    """Return the constant units of networks, whose `psp` is filtered as `neurons` filter inputs."""
    group = parent_group(neurons)
    tau = getattr(group, "tau", None) if PSP in neurons.variables else None
    scale = declared(group, "input_scale", 1.0)
    return ConstantUnit(networks, tau, scale, name, clock=group.clock)
