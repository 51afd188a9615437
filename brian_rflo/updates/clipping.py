"""Gradient clipping: changes of a network whose norm is too large are scaled down.

The norm is over all projections of a network. Squares are of changes in units of the sum of their
sizes, so that none overflows; a norm that is not finite scales nothing, and the network is found to
have diverged.
"""

from dataclasses import dataclass

from .. import schedule
from ..steps import Mechanism, Step


@dataclass(frozen=True)
class Clip(Mechanism):
    """The steps of gradient clipping.

    Parameters
    ----------
    largest : float
        The largest norm.
    window : int or str
        What a change is divided by.
    batch : int
        Trials that the changes are added up over.
    counts : str
        Expression that is 0 for synapses that do not count; ``"0"`` for a projection that is scaled
        and not counted.
    """

    largest: float
    window: int | str
    batch: int
    counts: str = "1"

    variables = {"network": "scale : 1\nsizes : 1\nunit : 1\nsquares : 1"}

    @property
    def parameters(self):
        """None of its numbers changes between runs."""
        return {}

    @property
    def steps(self):
        """Two sums over the synapses, one after the other, and the scale."""
        when, norm = dict(when="trial_end", every=self.batch), f"(unit*sqrt(squares)/{self.window})"
        factor = "" if self.counts == "1" else f"({self.counts})*"
        measure = (
            Step(f"sizes_network += {factor}abs(change)", schedule.MEASURE, **when),
            Step(f"squares_network += {factor}(change/unit_network)**2", schedule.SQUARES, **when),
        )
        return (
            *(measure if self.counts != "0" else ()),
            Step("unit = sizes + int(sizes == 0)\nsizes = 0", schedule.UNIT, "network", **when),
            Step(
                f"scale = where({norm} < inf and {norm} > {self.largest!r},"
                f" {self.largest!r}/{norm}, 1)\nsquares = 0",
                schedule.SCALE,
                "network",
                **when,
            ),
        )
