"""A readout whose output is a velocity: it is integrated, and the position is compared with the
target.

    position(t) = position(t-1) + dt/tau output(t)      error = mask (target - position)

The output of a step moves the position in all later steps of the trial. `Delta` follows the error
of the present step alone; the exact gradient (`TrialNetwork.gradient`) has all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brian2 import Quantity

from ..brian.quantities import check_tau, check_time
from ..tasks import Task
from .linear import Linear, Readout

__all__ = ["Position", "PositionReadout"]


class PositionReadout(Readout):
    """Readout units whose output is integrated, and compared as a position with the target.

    Parameters
    ----------
    task, networks, copies
        As for `Readout`.
    tau : Quantity
        Time in which an output of 1 moves the position by 1.
    name : str
        Name of the group.
    **neurongroup_args
        Arguments of `brian2.NeuronGroup` besides the model: ``dt``, ``clock``, ``namespace``,
        ``dtype``, ``events``, ``codeobj_class``.

    Attributes
    ----------
    output : state variable
        Sum of the projection with ``onto="output"``: the velocity.
    position : state variable
        The integral, 0 where a trial begins.
    target, error, loss : state variables
        As for `Readout`, of the position.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a time, or shorter than the time step; or as for `Readout`.
    """

    more_equations, trial_start = "position : 1", "loss = 0; position = 0"
    error_code = """position += output*dt/tau_position
               _weight = mask_of(t_in_timesteps, _trial)
               error = _weight*(target - position)
               loss += _weight*(target - position)**2/(2*n_steps)"""

    def __init__(
        self,
        task: Task,
        tau: Quantity,
        networks: int = 1,
        copies: int = 1,
        name: str = "positionreadout*",
        **neurongroup_args: Any,
    ):
        check_tau(type(self).__name__, tau, task.dt)
        given = neurongroup_args.pop("namespace", None) or {}
        super().__init__(
            task,
            networks,
            copies,
            name=name,
            namespace=given | {"tau_position": tau},
            **neurongroup_args,
        )


@dataclass(frozen=True)
class Position(Linear):
    """A readout whose output is integrated: the position is compared with the target.

    Parameters
    ----------
    tau : Quantity
        Time in which an output of 1 moves the position by 1.
    decay : float
        As for `Linear`.
    """

    tau: Quantity

    group = PositionReadout

    def __post_init__(self):
        super().__post_init__()
        check_time(f"{type(self).__name__}: tau", self.tau)

    @property
    def arguments(self) -> dict[str, Quantity]:
        """Arguments of the group besides task, networks, copies and name."""
        return {"tau": self.tau}
