"""Readouts that leak: the group of units, and the value that asks for it."""

from dataclasses import dataclass

from brian2 import Quantity

from .. import schedule
from ..brian.quantities import check_tau, check_time
from ..rules import LeakyDelta
from ..tasks import Task
from ..updates.arguments import check_instance
from .base import TASK_EXAMPLE
from .linear import Linear, Readout

__all__ = ["Leaky", "LeakyReadout"]


class LeakyReadout(Readout):
    """Readout units that leak: the output is the sum of its projection, low-passed (Bellec et al.
    2020, equation 11).

        output(t) = kappa output(t-1) + (1 - kappa) drive(t),   kappa = exp(-dt/tau)

    Parameters
    ----------
    task, networks, copies
        As for `Readout`.
    tau : Quantity
        Time constant.
    name : str
        Name of the group.
    **neurongroup_args
        Any other argument of `brian2.NeuronGroup`.

    Attributes
    ----------
    drive : state variable
        What a projection with ``onto="drive"`` sums into it; its rule is `LeakyDelta`.
    output, target, error, loss : state variables
        As for `Readout`.

    Raises
    ------
    TypeError, ValueError
        If `tau` is no time, or shorter than the time step; or as for `Readout`.
    """

    trial_start, onto, more_equations = "loss = 0; output = 0; error = 0", "drive", "drive : 1"
    trace_phase, trace_method = schedule.READOUT_TRACE, "exponential_euler"

    def __init__(self, task, tau, networks=1, copies=1, name="leakyreadout*", **neurongroup_args):
        check_instance(f"{type(self).__name__}: task", task, Task, TASK_EXAMPLE)
        check_tau(type(self).__name__, tau, task.dt)
        self.tau = tau
        super().__init__(
            task, networks, copies, name=name, namespace={"tau_readout": tau}, **neurongroup_args
        )
        self.run_regularly(
            "_kappa = exp(-dt/tau_readout)\noutput = _kappa*output + (1 - _kappa)*drive",
            **schedule.READOUT_TRACE,
            name=f"{self.name}_leak",
        )


@dataclass(frozen=True)
class Leaky(Linear):
    """A readout that leaks: its output is the sum of its projection, low-passed (Bellec et al.
    2020, equation 11).

    Parameters
    ----------
    tau : Quantity
        Time constant.
    decay : float
        As for `Linear`.
    """

    tau: Quantity

    group = LeakyReadout

    def __post_init__(self):
        super().__post_init__()
        check_time(f"{type(self).__name__}: tau", self.tau)

    @property
    def arguments(self):
        """Arguments of the group beside the task and the numbers of networks and copies."""
        return {"tau": self.tau}

    def default_rule(self, learning_rate):
        """Return the rule by which its weights learn unless another one is given."""
        return LeakyDelta(learning_rate, self.tau)
