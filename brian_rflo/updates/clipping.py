"""Gradient clipping: scale down changes of a network whose norm is too large.

The norm is over all projections of a network. Changes are divided by the sum of their sizes before
they are squared, so that no square overflows. A norm that is not finite scales nothing; the network
then counts as diverged.
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
        Divisor of a change: a number of steps, or an expression for it.
    batch : int
        Number of trials over which changes are summed.
    counts : str
        Expression that is 0 for synapses that do not contribute to the norm; ``"0"`` for a
        projection that is scaled but does not contribute.
    """

    largest: float
    window: int | str
    batch: int
    counts: str = "1"

    variables = {"network": "scale : 1\nsizes : 1\nunit : 1\nsquares : 1"}

    @property
    def parameters(self):
        """Empty: no number changes between runs."""
        return {}

    @property
    def steps(self):
        """Two successive sums over the synapses, and the scale."""
        when, norm = dict(when="trial_end", every=self.batch), f"(unit*sqrt(squares)/{self.window})"
        largest = repr(self.largest)
        factor = "" if self.counts == "1" else f"({self.counts})*"
        measure = (
            Step(f"sizes_network += {factor}abs(change)", schedule.MEASURE, **when),
            Step(f"squares_network += {factor}(change/unit_network)**2", schedule.SQUARES, **when),
        )
        return (
            *(measure if self.counts != "0" else ()),
            Step("unit = sizes + int(sizes == 0)\nsizes = 0", schedule.UNIT, "network", **when),
            Step(
                f"scale = where({norm} < inf, {largest}/clip({norm}, {largest}, inf), 1)"
                "\nsquares = 0",
                schedule.SCALE,
                "network",
                **when,
            ),
        )
