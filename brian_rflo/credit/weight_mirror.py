"""A weight mirror: noise teaches feedback weights what the readout weights are.

Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019, Adv Neural Inf Process Syst 32, as used by
Portes, Schmid & Murray 2022, Adv Neural Inf Process Syst 35. In each of the T steps of a trial,
with independent noise s of each neuron, which the readout weights W_out bring to the readout:

    s ~ N(0, noise^2)                                y = W_out s
    dM += rate (s y^T - decay M)                     at the end of the trial M += dM

Since the mean of s y^T is noise^2 W_out^T, the feedback M goes to (noise^2/decay) W_out^T, by the
fraction T rate decay in a trial; the slower, the nearer to it.

As published, the mirror has trials of its own, in which the network does not run. Here the noise is
in cells beside the neurons, and what it brings in cells beside the readout, so the same happens
while the network does its task, and does not disturb it.
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import BrianObject

from .. import schedule
from ..brian.quantities import check_number
from ..rules.base import LearningRule
from ..steps import Step
from ..synapses import CopiedSynapses
from ..updates import PerStep
from .base import Credit, CreditPath, Path

__all__ = ["WeightMirror"]


@dataclass(frozen=True)
class Mirror(LearningRule):
    """Correlate noise with what it brings, and forget."""

    decay: float

    summed = "drawn_post*heard_pre"
    update = "summed - trial_steps*decay*w"


@dataclass(frozen=True)
class WeightMirror(CreditPath):
    """Feedback weights that noise makes a copy of the readout weights, transposed (Akrout et al.
    2019).

    Parameters
    ----------
    rate : float
        The paper's eta, of one step. In a trial of T steps weights go the fraction ``T*rate*decay``
        of the way, which must be small beside 1: 0.005 averages the noise away.
    decay : float
        How much of the weights each step takes away, in units of the rate. The weights go to
        ``noise**2/decay`` times those of the readout.
    noise : float
        Standard deviation of the noise.

    Raises
    ------
    ValueError
        If a number is out of its range.
    TypeError
        At `Credit`, if it is not told the projection to the readout.

    Notes
    -----
    The feedback learns at the end of each trial by this rule alone, whatever the network's learning
    schedule is, and also where the readout weights are frozen; ``net.feedback.plastic = False``
    freezes it. ``net.credit.projections["mirror"]`` has the readout weights of the present step.
    """

    rate: float
    decay: float = 1.0
    noise: float = 1.0

    is_aligned = True
    connected_like = {"mirror": "output"}
    variables = {"pre": "heard : 1", "post": "drawn : 1\nmirrored : 1"}

    def __post_init__(self):
        check_number("WeightMirror", "rate", self.rate, zero_allowed=True)
        check_number("WeightMirror", "decay", self.decay)
        check_number("WeightMirror", "noise", self.noise)

    @property
    def parameters(self) -> dict[str, float]:
        """The size of the noise; the others are parameters of the feedback."""
        return {"noise": self.noise}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The noise, and what takes the place of the feedback."""
        return (
            Step("drawn = noise*randn()", schedule.FILTER, "post"),
            Step("feedback = mirrored", schedule.CREDIT, "post"),
        )

    @property
    def paths(self) -> dict[str, Path]:
        """The readout weights for the noise, and the feedback."""
        return {
            "mirror": Path(
                "post",
                "pre",
                "heard",
                sends="drawn",
                sum_at=schedule.LABEL_SUM,
                learns_at=schedule.FILTER,
            ),
            "feedback": Path(
                "pre",
                "post",
                "mirrored",
                sends="error",
                rule=Mirror(self.rate, self.decay),
                initial="randn()",
                learn=PerStep(),
            ),
        }

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the projections; the noise goes through a copy of the readout weights."""
        made, paths, output = credit.projections, self.paths, credit.output_of()
        made["mirror"] = credit.projection(
            "mirror",
            paths["mirror"],
            CopiedSynapses,
            original=output,
            copied_at=paths["mirror"].learns_at,
        )
        made["feedback"] = credit.projection("feedback", paths["feedback"])
        return made
