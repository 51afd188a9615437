"""Conditioning: a cue announces a reward, in a stream without trials or actions.

After Tsurumi, Kato, Kumar & Morita 2025, eLife 14:RP104101: a cue, the reward three steps later,
then three to six empty steps, all with equal probability, then the next cue. What is learned is the
value, the discounted sum of rewards to come. With a reward probability p after the cue, and the
mean D of discount^(steps from one cue to the next), its true mean k steps after a cue is

    value_k = discount^(delay - k) (p + D mean(p)/(1 - D))        k = 0, ..., delay
"""

from dataclasses import dataclass, field

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from ..brian.quantities import check_count, check_fraction, check_probability
from .base import Arrays, Task

__all__ = ["Conditioning"]


@dataclass(frozen=True, kw_only=True)
class Conditioning(Task):
    """A stream of cues and rewards, whose value is learned (Tsurumi et al. 2025).

    Inputs are the cues, one each, then the reward: 1 in the steps in which they come, else 0. The
    target is the reward of the step, which a `Critic` pays. The trials of `Trials` are windows of
    the stream, in which each interval from a reward to the next cue occurs `repeats` times, in
    random order.

    Parameters
    ----------
    delay : Quantity
        Time from a cue to its reward.
    shortest, longest : Quantity
        Least and largest time between the step of a reward and the next cue; all whole numbers of
        steps between them are equally frequent.
    probability : float
        Probability that a reward comes. A network that has learned with 1 shows the omission of
        rewards with ``net.record(..., task=Conditioning(probability=0.9))``.
    n_cues : {1, 2}
        With 2, each trial has one of two cues with equal probability, and no reward follows the
        second.
    repeats : int
        How often each interval occurs in a window.
    dt, seed
        See `Task`.

    Raises
    ------
    ValueError
        If a time is not a whole number of steps, or a number is out of its range.

    Examples
    --------
    >>> task = Conditioning()
    >>> task.n_steps, task.n_inputs
    (68, 2)
    >>> task.value(discount=0.8).round(3)
    array([0.606, 0.757, 0.946, 1.183])
    """

    delay: Quantity = field(default_factory=lambda: 3 * ms)
    shortest: Quantity = field(default_factory=lambda: 3 * ms)
    longest: Quantity = field(default_factory=lambda: 6 * ms)
    probability: float = 1.0
    n_cues: int = 1
    repeats: int = 2

    random = True
    continuous = True

    def __post_init__(self):
        super().__post_init__()
        check_probability("Conditioning: probability", self.probability)
        check_count("Conditioning: n_cues", self.n_cues)
        check_count("Conditioning: repeats", self.repeats)
        if self.n_cues > 2:
            raise ValueError(f"Conditioning: n_cues must be 1 or 2; got {self.n_cues}")
        if not self.steps("delay"):
            raise ValueError("Conditioning: delay must be at least one time step")
        if self.steps("longest") < self.steps("shortest"):
            raise ValueError(
                f"Conditioning: longest = {self.longest} must not be less than shortest ="
                f" {self.shortest}"
            )

    @property
    def intervals(self) -> NDArray:
        """Numbers of empty steps from a reward to the next cue."""
        return np.arange(self.steps("shortest"), self.steps("longest") + 1)

    @property
    def n_inputs(self) -> int:
        return self.n_cues + 1

    @property
    def n_steps(self) -> int:
        return self.repeats * int((self.intervals + self.steps("delay") + 1).sum())

    def sample(self, rng: np.random.Generator) -> Arrays:
        intervals = rng.permutation(np.repeat(self.intervals, self.repeats))
        begins = np.cumsum([0, *(intervals[:-1] + self.steps("delay") + 1)])
        cues = rng.integers(self.n_cues, size=len(begins))
        comes = (cues == 0) & (rng.random(len(begins)) < self.probability)
        inputs = np.zeros((self.n_steps, self.n_inputs))
        inputs[begins, cues] = 1
        inputs[begins[comes] + self.steps("delay"), -1] = 1
        return inputs, inputs[:, -1:], np.ones(self.n_steps)

    def value(self, discount: float, cue: int = 0) -> NDArray:
        """Return the true value in the step of a cue and in those up to the time of its reward: the
        mean discounted sum of the rewards from that step on.

        Parameters
        ----------
        discount : float
            Factor of a reward per step, at least 0 and less than 1.
        cue : int
            Number of the cue.

        Returns
        -------
        ndarray, shape (delay + 1,)
            A network that has seen the cue in a step promises what comes from the next step on:
            entry ``k + 1`` belongs to its output `k` steps after the cue.

        Raises
        ------
        ValueError
            If the discount is out of its range, or there is no such cue.
        """
        check_fraction("Conditioning: discount", discount)
        if cue not in range(self.n_cues):
            raise ValueError(f"Conditioning: cue must be less than {self.n_cues}; got {cue!r}")
        delay, after = self.steps("delay"), self.probability * np.eye(self.n_cues)[0]
        until = (float(discount) ** (self.intervals + delay + 1)).mean()
        total = after[cue] + until * after.mean() / (1 - until)
        return discount ** np.arange(delay, -1, -1.0) * total
