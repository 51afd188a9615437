"""The error of temporal differences: what a step brought and promises, less what was promised
before it.

Sutton & Barto 2018, Reinforcement Learning, section 6.1; Bellec et al. 2020, Nature Communications
11:3625. With the reward r of a step and the value V, both numbers of the network:

    delta(t) = r(t) + discount V(t) - V(t-1)         0 in the first step of a trial

An `ActorCritic` readout says reward and value. Its value is 0 in the last step of a trial, after
which nothing comes, so that the reward of that step is compared with what was promised. In a stream
there is no last step.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..brian.quantities import check_discount
from ..schedule import BEGIN, MODULATE
from ..steps import Mechanism, Step

__all__ = ["TDError"]


@dataclass(frozen=True)
class TDError(Mechanism):
    """Error of temporal differences, the modulator of each step.

    It reads the numbers of the network `reward` and `value`, which an `ActorCritic` readout gives.

    Parameters
    ----------
    discount : float
        Factor of the value, from 0 to 1.

    Raises
    ------
    ValueError
        If `discount` is out of its range; where it is passed to a `Trials`, if no part gives a
        reward and a value.

    Examples
    --------
    >>> TDError(discount=0.99).parameters
    {'discount': 0.99}
    """

    discount: float = 0.99

    #: Numbers of the network that it sets anew in each step.
    each_step = ("modulator",)
    #: Numbers of the network that other parts must have, and what to write for them.
    needs_numbers = dict.fromkeys(("reward", "value"), "readout=ActorCritic()")
    variables = {"network": "modulator : 1\nvalue_before : 1\nhas_begun : 1"}
    resets = (Step("has_begun = 0", BEGIN, "network", "trial_start"),)
    steps = (
        *resets,
        Step(
            "modulator = has_begun*(reward + discount*value - value_before)\n"
            "value_before = value\nhas_begun = 1",
            MODULATE,
            "network",
        ),
    )

    def __post_init__(self):
        check_discount("TDError", self.discount)
