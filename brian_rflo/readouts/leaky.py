"""Leaky readouts: the group of units, and the value that describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brian2 import Quantity

from .. import schedule
from ..brian.component import namespace_with
from ..brian.quantities import check_tau, check_time
from ..rules import LeakyDelta, LearningRule
from ..tasks import Task
from ..updates.arguments import check_instance
from .base import TASK_EXAMPLE
from .linear import Linear, Readout

__all__ = ["Leaky", "LeakyReadout"]


class LeakyReadout(Readout):
    """Leaky readout units: the output is the low-pass filtered sum of its projection (Bellec et al.
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
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    drive : state variable
        Sum of the projection with ``onto="drive"``, whose rule is `LeakyDelta`.
    output, target, error, loss : state variables
        As for `Readout`.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a time, or shorter than the time step; or as for `Readout`.
    """

    trial_start, onto, more_equations = "loss = 0; output = 0; error = 0", "drive", "drive : 1"
    trace_phase, trace_method = schedule.READOUT_TRACE, "exponential_euler"
    #: Whether it can be without a time constant; its projection then sums into the output.
    may_lack_tau = False

    def __init__(
        self,
        task: Task,
        tau: Quantity | None,
        networks: int = 1,
        copies: int = 1,
        name: str = "leakyreadout*",
        **neurongroup_args: Any,
    ):
        check_instance(f"{type(self).__name__}: task", task, Task, TASK_EXAMPLE)
        is_leaky = tau is not None or not self.may_lack_tau
        if is_leaky:
            check_tau(type(self).__name__, tau, task.dt)
            neurongroup_args["namespace"] = namespace_with(neurongroup_args, tau_readout=tau)
        else:
            self.onto = Readout.onto
        self.tau = tau
        super().__init__(task, networks, copies, name=name, **neurongroup_args)
        if is_leaky:
            self._leak()

    def _leak(self):
        self.run_regularly(
            "_kappa = exp(-dt/tau_readout)\noutput = _kappa*output + (1 - _kappa)*drive",
            **schedule.READOUT_TRACE,
            name=f"{self.name}_leak",
        )


@dataclass(frozen=True)
class Leaky(Linear):
    """A leaky readout: its output is the low-pass filtered sum of its projection (Bellec et al.
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
    def arguments(self) -> dict[str, Quantity]:
        """Arguments of the group besides task, networks, copies and name."""
        return {"tau": self.tau}

    def default_rule(self, learning_rate: float) -> LearningRule:
        """Return the default learning rule of its weights."""
        return LeakyDelta(learning_rate, self.tau)
