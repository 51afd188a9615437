"""Evidence accumulation: report after a delay on which side there were more cues.

Bellec et al. 2020, Nature Communications 11:3625, figure 4; modelled on the experiments of
Morcos and Harvey 2016 with mice in a virtual corridor.
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Hz, Quantity, ms

from ..brian.quantities import check_count, check_probability
from .base import Arrays
from .spikes import SpikeTask

__all__ = ["EvidenceAccumulation"]


@dataclass(frozen=True, kw_only=True)
class EvidenceAccumulation(SpikeTask):
    """Report after a delay on which side, left or right, there were more cues (Bellec et al. 2020,
    figure 4).

    A trial consists of `n_cues` times a pause and a cue, then a delay, then a recall window, the
    only part in which the error counts. In each trial one side, drawn with equal probability, is
    the likely one; each cue is on it with probability `p_likely`. The target in the recall window
    is one-hot, ``(1, 0)`` for left and ``(0, 1)`` for right: the side on which there *were* more
    cues.

    The inputs are spikes of four groups of channels: left and right fire during cues of their side,
    recall fires in the recall window, noise throughout.

    Parameters
    ----------
    n_cues : int
        Number of cues in a trial; odd, so that one side has more.
    cue, pause, delay, recall : Quantity
        Durations of a cue, of the pause before it, of the delay and of the recall window.
    p_likely : float
        Probability that a cue is on the likely side.
    n_per_group : int
        Number of channels of each group.
    cue_rate, noise_rate : Quantity
        Firing rate of cue and recall channels while they are on, and of noise channels.
    dt, seed
        See `Task`.

    Raises
    ------
    ValueError
        If a time is not a whole number of steps, or a number is out of its range.

    Examples
    --------
    The task as published, and a quick one with one cue.

    >>> from brian2 import ms
    >>> task = EvidenceAccumulation()
    >>> task.n_steps, task.n_inputs, task.n_outputs
    (2250, 40, 2)
    >>> EvidenceAccumulation(n_cues=1, delay=200*ms).n_steps
    500
    """

    n_cues: int = 7
    cue: Quantity = field(default_factory=lambda: 100 * ms)
    pause: Quantity = field(default_factory=lambda: 50 * ms)
    delay: Quantity = field(default_factory=lambda: 1050 * ms)
    recall: Quantity = field(default_factory=lambda: 150 * ms)
    p_likely: float = 0.7
    n_per_group: int = 10
    cue_rate: Quantity = field(default_factory=lambda: 40 * Hz)
    noise_rate: Quantity = field(default_factory=lambda: 10 * Hz)

    random = True
    groups = ("left", "right", "recall", "noise")
    n_outputs = 2

    def __post_init__(self):
        super().__post_init__()
        check_count("EvidenceAccumulation: n_cues", self.n_cues)
        check_count("EvidenceAccumulation: n_per_group", self.n_per_group)
        check_probability("EvidenceAccumulation: p_likely", self.p_likely)
        if self.n_cues % 2 == 0:
            raise ValueError(
                f"EvidenceAccumulation: n_cues must be odd, so that one side has more cues; got"
                f" {self.n_cues}"
            )
        for name in ("cue", "recall"):
            if not self.steps(name):
                raise ValueError(
                    f"EvidenceAccumulation: {name} = {getattr(self, name)} must be at least one"
                    f" time step of {self.dt}"
                )
        self.trial()

    @property
    def n_inputs(self) -> int:
        return len(self.groups) * self.n_per_group

    @property
    def n_steps(self) -> int:
        return (
            self.n_cues * (self.steps("pause") + self.steps("cue"))
            + self.steps("delay")
            + self.steps("recall")
        )

    def sample(self, rng: np.random.Generator) -> Arrays:
        likely = rng.integers(2)
        sides = np.where(rng.random(self.n_cues) < self.p_likely, likely, 1 - likely)
        mask = np.arange(self.n_steps) >= self.n_steps - self.steps("recall")
        target = mask[:, None] * np.eye(2)[int(2 * sides.sum() > self.n_cues)]
        return self.draw(rng, self._probabilities(sides, mask)), target, mask

    def _probabilities(self, sides, mask):
        pause, cue, on = self.steps("pause"), self.steps("cue"), self.spike_probability("cue_rate")
        probabilities = np.zeros((self.n_steps, len(self.groups)))
        for number, side in enumerate(sides):
            first = number * (pause + cue) + pause
            probabilities[first : first + cue, side] = on
        probabilities[:, 2], probabilities[:, 3] = on * mask, self.spike_probability("noise_rate")
        return probabilities
