"""Variables that rules read of spikes that arrive in a target, in cells beside the source: the unit
postsynaptic potential `psp` of a source that only sends spikes, and `arriving`, what spikes add to
the drive of the target in this step for each unit of weight.
"""

from __future__ import annotations

from collections.abc import Mapping

from brian2 import Equations, Quantity

from .. import schedule
from ..steps import Mechanism, Step


class ArrivingSpikes(Mechanism):
    """Effect of spikes in neurons that receive them; a class of neurons has one as its attribute
    ``arriving``, which keeps their `psp`, and one as its attribute ``driving``, which keeps their
    `arriving`.

    Parameters
    ----------
    equations : str
        Variables of the cells; 0 at the beginning of each trial.
    advance : str
        Statements of a time step, in the phase STATE.
    at_spike : str
        Statements for a spike of the source.
    constants : dict
        Constants in these strings.
    """

    def __init__(
        self,
        equations: str,
        advance: str,
        at_spike: str,
        constants: Mapping[str, float | Quantity],
    ):
        reset = "; ".join(f"{name} = 0" for name in sorted(Equations(equations).names))
        steps = (
            Step(advance, schedule.STATE, "pre"),
            Step(at_spike, schedule.OWN_SPIKES, "pre", "spike"),
            Step(reset, schedule.RESET, "pre", "trial_start"),
        )
        for name, value in dict(
            variables={"pre": equations},
            steps=steps,
            resets=steps[-1:],
            constants=dict(constants),
        ).items():
            object.__setattr__(self, name, value)
