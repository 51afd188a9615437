"""Reward-modulated learning of any rule: its updates are summed over a trial, and paid by the loss
below what was expected.

    modulator = expected - loss,    expected += rate (loss - expected)
    dw = learning_rate modulator sum_t update(t)
"""

from dataclasses import dataclass

from brian_rflo.rules import Around
from brian_rflo.schedule import MODULATE
from brian_rflo.steps import Mechanism, Step


@dataclass(frozen=True)
class RunningBaseline(Mechanism):
    baseline_rate: float

    variables = {"network": "modulator : 1\nexpected : 1"}
    steps = (
        Step(
            "modulator = expected - loss\nexpected += baseline_rate*(loss - expected)",
            MODULATE,
            "network",
            "trial_end",
        ),
    )


@dataclass(frozen=True)
class Rewarded(Around):
    update = {"trial_end": "modulator_network*summed"}
    summed = property(lambda self: self.rule.update)
