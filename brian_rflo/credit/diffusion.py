"""Learning signals that spread in space, from the neurons that get them to those nearby.

As in the code LevinaLab/neuromodRNNs (diffusing neuromodulators for e-prop). Neurons sit on places
of a torus of w x h, at most one on a place, at random. With L what feedback brings, a field g on
all places first spreads, then is added to, then read, in each step:

    g <- keep times the mean of g over the 3 x 3 places around
    g at neuron j += L_j(t)
    feedback_j(t) = g at neuron j                                  g = 0 at the start of a trial
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from brian2 import BrianObject
from numpy.typing import NDArray

from .. import schedule
from ..brian.quantities import check_count, is_number
from ..steps import Step
from .base import Credit, CreditPath, Path
from .random import RandomFeedback
from .rewriting import Rewriting, in_networks

__all__ = ["Diffusion"]


@dataclass(frozen=True)
class Diffusion(Rewriting):
    """Learning signals that diffuse over a grid on which the neurons sit.

    Parameters
    ----------
    shape : tuple of int
        Width and height of the grid, at least 3 each; its opposite edges touch.
    keep : float
        Share of the field that is left after a step, from 0 to 1. With 0 it is the feedback itself,
        to the bit.
    seed : int
        Where neurons sit: ``default_rng(seed).permutation(w*h)[:N]``, the same in each network.
    feedback : CreditPath
        How the error comes back: `RandomFeedback`, `SymmetricFeedback` or `AdaptiveFeedback`.

    Raises
    ------
    TypeError, ValueError
        If the grid is too small, or a number out of its range.

    Notes
    -----
    The field is ``net.credit.cells["own"].g``, ``[network, x, y]`` in that order. The projections
    ``net.credit.projections["inward"]``, ``"spread"`` and ``"outward"`` have only the synapses of
    places that touch.

    Examples
    --------
    >>> Diffusion((6, 5)).units
    30
    """

    shape: tuple[int, int]
    keep: float = 0.75
    seed: int = 0
    feedback: CreditPath = field(default_factory=RandomFeedback)

    def __post_init__(self):
        super().__post_init__()
        is_text = isinstance(self.shape, str)
        if is_text or not np.iterable(self.shape) or len(tuple(self.shape)) != 2:
            raise TypeError(
                f"Diffusion: shape must be width and height of a grid; got {self.shape!r}. Write"
                " shape=(10, 10)"
            )
        for size in self.shape:
            check_count("Diffusion: shape", size, least=3)
        object.__setattr__(self, "shape", tuple(map(int, self.shape)))  # the dataclass is frozen
        check_count("Diffusion: seed", self.seed, least=0)
        if not is_number(self.keep) or not 0 <= self.keep <= 1:
            raise ValueError(f"Diffusion: keep must be from 0 to 1; got {self.keep!r}")

    @property
    def units(self) -> int:
        """One unit for each place."""
        return self.shape[0] * self.shape[1]

    @property
    def variables(self) -> dict[str, str]:
        """The field, what has spread to a place, and what is added there."""
        return {"own": "g : 1\nspread : 1\nadded : 1", "post": "heard : 1"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The field of this step, which takes the place of the feedback."""
        return (
            *self.resets,
            Step("g = spread + added", schedule.LABEL, "own"),
            Step("feedback = heard", schedule.CREDIT, "post"),
        )

    @property
    def resets(self) -> tuple[Step, ...]:
        """No field at the start of a trial."""
        return (Step("g = 0", schedule.RESET, "own", "trial_start"),)

    @property
    def paths(self) -> dict[str, Path]:
        """Paths from the neurons to their places, between places, and back to the neurons."""
        before, after = schedule.LABEL_SUM, schedule.CREDIT_DRIVE
        return {
            "inward": Path("post", "own", "added", sends="feedback", sum_at=before, initial="1"),
            "spread": Path(
                "own", "own", "spread", sends="g", sum_at=before, initial=f"{self.keep / 9!r}"
            ),
            "outward": Path("own", "post", "heard", sends="g", sum_at=after, initial="1"),
        }

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the projections, between places that touch."""
        n = len(credit.ends["post"]) // credit.networks
        if n > self.units:
            raise ValueError(
                f"Diffusion: shape must have a place for each of {n} neurons; got {self.shape!r}"
            )
        places = np.random.default_rng(self.seed).permutation(self.units)[:n]
        sits = np.arange(self.units)[:, None] == places
        for name, mask in (
            ("inward", sits),
            ("spread", touching(*self.shape)),
            ("outward", sits.T),
        ):
            credit.masks[name] = in_networks(mask, credit.networks)
        return super().build(credit)


def touching(width: int, height: int) -> NDArray:
    """Return for each pair of places of a torus whether they touch or are the same."""
    x, y = np.divmod(np.arange(width * height), height)
    apart = [
        np.minimum((a[:, None] - a) % size, (a - a[:, None]) % size)
        for a, size in ((x, width), (y, height))
    ]
    return (apart[0] <= 1) & (apart[1] <= 1)
