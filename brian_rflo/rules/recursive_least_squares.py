"""Recursive least squares: the readout of FORCE learning (Sussillo & Abbott 2009, Neuron 63:544).

With the activity r of the neurons, the error e of an output, the inverse correlation matrix P,
which all outputs share, filtered = P r and spread = r^T P r:

    dw_j = learning_rate shrink e filtered_j              shrink = 1/(1 + spread)

It is equation 3 of the paper with equation 5, where the P of after its own change stands:
P(t) r = shrink P(t-1) r. P is a projection of its own, which `FORCE` makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import Group

from .. import schedule
from ..steps import Step
from .base import LearningRule

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["RecursiveLeastSquares"]


@dataclass(frozen=True)
class RecursiveLeastSquares(LearningRule):
    """Error times the activity as the inverse correlation matrix filters it; the rule of readout
    weights beside the credit path `FORCE`.

    It is not local: what a weight needs from its presynaptic neuron, ``filtered``, is a sum over
    all neurons. Updates are not divided by the steps of a trial, and weights change in each step
    (`PerStep`).

    Parameters
    ----------
    learning_rate : float
        With 1 the weights are those of least squares, with a ridge of `FORCE`'s ``alpha``.

    Raises
    ------
    ValueError
        If the learning rate is negative or above 2, where errors grow; at the projection, if
        its learning schedule is not ``PerStep()``.

    Examples
    --------
    >>> RecursiveLeastSquares().update
    'error_post*shrink_network*filtered_pre'
    """

    learning_rate: float = 1.0

    citation = (
        "Sussillo, D. & Abbott, L. F. (2009). Generating coherent patterns of activity from chaotic"
        " neural networks. Neuron 63:544-557"
    )
    pre_traces = "filtered : 1"
    update = "error_post*shrink_network*filtered_pre"
    averages_sum = False
    needs_numbers = {"shrink": "credit=FORCE()"}

    @property
    def variables(self) -> dict[str, str]:
        """Variables of the synapses and of the neurons, and r^T P r, a number of the network."""
        return super().variables | {"network": "spread : 1"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The sum over the neurons."""
        return (
            Step("spread = 0", schedule.CLEAR, "network"),
            Step("spread_network += activity*filtered", schedule.TALLY, "pre"),
        )

    def __post_init__(self):
        super().__post_init__()
        if self.learning_rate > 2:
            raise ValueError(
                "RecursiveLeastSquares: learning_rate must be at most 2, beyond which errors grow;"
                f" got {self.learning_rate!r}. Write 1 for least squares"
            )

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> RecursiveLeastSquares:
        """Return this rule; raise unless weights change in each step, by the update itself."""
        if learn is not None and not learn.is_plain:
            raise ValueError(
                f"RecursiveLeastSquares: learn must be PerStep(), since the errors that come next"
                f" are those of the changed weights; got {learn!r}"
            )
        return self
