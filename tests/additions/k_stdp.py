"""Not in the list: reward-modulated spike-timing-dependent plasticity, event-driven, with traces on
the cells at either end.

    at a presynaptic spike  tag -= a_minus post_i,   pre_j += 1
    at a postsynaptic one   tag += a_plus pre_j,     post_i += 1
    once a trial            dw = rate modulator tag
"""

from dataclasses import dataclass

from brian_rflo.rules import LearningRule
from brian_rflo.schedule import ARRIVAL, OWN_SPIKES
from brian_rflo.steps import Step


@dataclass(frozen=True)
class RewardedSTDP(LearningRule):
    tau: object
    a_plus: float = 1.0
    a_minus: float = 0.9

    pre_traces = "dearly/dt = -early/tau : 1"
    post_traces = "dlate/dt = -late/tau : 1"
    pre_reset, post_reset = "early = 0", "late = 0"
    traces, reset = "tag : 1", "tag = 0"
    update = {"trial_end": "modulator_network*tag"}

    @property
    def steps(self):
        return (
            *super().steps,
            Step("tag -= a_minus*late_post", ARRIVAL, when="pre_spike"),
            Step("tag += a_plus*early_pre", ARRIVAL, when="post_spike"),
            Step("early += 1", OWN_SPIKES, "pre", "spike"),
            Step("late += 1", OWN_SPIKES, "post", "spike"),
        )
