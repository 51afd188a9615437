"""A modulator of each step (the error of temporal differences), and a tag around a rule that it
pays.

    delta(t) = r(t) + discount V(t) - V(t-1)
    w += rate delta(t) tag(t-1),    tag <- discount tag + update(t)

The reward is minus the squared error; V is a decaying mean of it. Both are numbers of the network.
"""

from dataclasses import dataclass

from brian_rflo.readouts.linear import Readout
from brian_rflo.rules import Around
from brian_rflo.schedule import CLEAR, LEARN, MODULATE, RESET, TALLY
from brian_rflo.steps import Mechanism, Step


@dataclass(frozen=True)
class TDError(Mechanism):
    td_discount: float
    value_rate: float

    variables = {"network": "modulator : 1\nvalue : 1\nbefore : 1"}
    steps = (
        Step(
            "value += value_rate*(reward - value)\nmodulator = reward + td_discount*value -"
            " before\nbefore = value",
            MODULATE,
            "network",
        ),
        Step("before = 0; value = 0", RESET, "network", "trial_start"),
    )


class RewardingReadout(Readout):
    numbers = "reward : 1"
    steps = (
        *Readout.steps,
        Step("reward = 0", CLEAR, "network"),
        Step("reward_network += -error**2", TALLY),
    )


@dataclass(frozen=True)
class Tagged(Around):
    discount: float

    traces = property(lambda self: f"{self.rule.traces}\ntag : 1")
    reset = property(lambda self: f"{self.rule.reset}\ntag = 0")
    update = "modulator_network*tag"

    @property
    def more_steps(self):
        return Step(f"tag = discount*tag + {self.rule.update}", LEARN.behind()), Step(
            "tag = 0", RESET, when="trial_start"
        )
