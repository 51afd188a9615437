"""Firing-rate regularisation: a penalty on deviations from a target rate.

Bellec et al. 2020, Nature Communications 11:3625, equation of E_reg: with n_j the spikes of neuron
j in a trial of T steps of length dt,

    E_reg = strength/2 sum_j (n_j/T - target dt)^2
    change_ji = ... + strength (target dt - n_j/T)/T sum_t dz_j(t)/dw_ji

The last sum is that of the rule's `rate_gradient` over the trial. If weights change in each step,
n_j/T is the mean over the steps so far.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from brian2 import Group, Hz, Quantity, get_dimensions

from .. import schedule
from ..brian.quantities import check_number, is_number
from ..neurons.base import spikes
from ..rules.around import Around, check_inside
from ..steps import Step

if TYPE_CHECKING:
    from ..rules import LearningRule
    from .learning import PerStep

__all__ = ["FiringRate"]


@dataclass(frozen=True)
class FiringRate:
    """Hold the rates of neurons near a target (Bellec et al. 2020).

    Parameters
    ----------
    target : Quantity or float
        The rate, for example ``10*Hz``; for rate neurons the mean activity, a number.
    strength : float
        Weight of the penalty; 300 in Bellec et al. 2020. Errors are summed over the steps of a
        trial, the penalty is not: a trial twice as long needs twice the strength for the same
        balance.

    Raises
    ------
    TypeError, ValueError
        If the target is not a rate, or the strength is negative.

    Examples
    --------
    >>> from brian2 import Hz
    >>> FiringRate(target=10*Hz, strength=300).strength
    300
    """

    target: Quantity | float
    strength: float

    def __post_init__(self):
        if (
            not isinstance(self.target, (int, float, np.number, Quantity))
            or get_dimensions(self.target) not in (Hz.dim, get_dimensions(1))
            or np.ndim(self.target)
            or not is_number(np.asarray(self.target).item())
        ):
            raise TypeError(
                "FiringRate: target must be one rate, for example 10*Hz, or a number for rate"
                f" neurons; got {self.target!r}"
            )
        if get_dimensions(self.target) is Hz.dim and self.target < 0 * Hz:
            raise ValueError(f"FiringRate: target must not be negative; got {self.target!r}")
        check_number("FiringRate", "strength", self.strength, zero_allowed=True)

    def around(self, rule: LearningRule) -> LearningRule:
        """Return a rule that learns as `rule` does and also regularises the neurons' rates."""
        check_inside("FiringRate", rule)
        return Regulated(rule.learning_rate, rule.with_rate_gradient(), self.target, self.strength)


@dataclass(frozen=True)
class Regulated(Around):
    """A rule with firing-rate regularisation; `FiringRate.around` makes it.

    Parameters
    ----------
    learning_rate : float
        Learning rate; see `LearningRule`.
    rule : LearningRule
        The inner rule, with a `rate_gradient`.
    rate_target : Quantity or float
        Target rate of the neurons.
    rate_strength : float
        Weight of the penalty.
    counts_spikes, accumulates : bool
        True if the target spikes, and if updates are applied at the end of a trial; set when the
        rule is bound to a projection.
    """

    rate_target: Quantity | float
    rate_strength: float
    counts_spikes: bool = False
    accumulates: bool = True

    def __post_init__(self):
        super().__post_init__()
        FiringRate(self.rate_target, self.rate_strength)  # checks both

    @property
    def title(self):
        """Name in error messages: that of the inner rule, which the user wrote."""
        return self.rule.title

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return this rule for a projection: the target determines what is counted, the learning
        schedule when the penalty is applied.
        """
        check_rate(self, target)
        bound = super().bind(target, onto, learn)
        return replace(
            bound, counts_spikes=spikes(target), accumulates=getattr(learn, "accumulates", True)
        )

    @property
    def summed(self):
        """The rate gradient, if the penalty is applied at the end of a trial."""
        return self.rule.rate_gradient if self.accumulates else ""

    @property
    def needs_trials(self):
        """True if updates in a step contain a mean over the trial so far."""
        return not self.accumulates

    @property
    def updates(self):
        """Updates of the inner rule plus the penalty: at the end of a trial, or in each step from
        the mean over the steps so far.
        """
        inside = self.rule.updates
        if self.accumulates:
            return inside | {
                "trial_end": " + ".join(
                    filter(
                        None,
                        [inside.get("trial_end", ""), f"{self.rate_error('trial_steps')}*summed"],
                    )
                )
            }
        rate_error = self.rate_error("(t_in_timesteps % trial_steps + 1)")
        return inside | {"step": f"{inside['step']} + {rate_error}*({self.rule.rate_gradient})"}

    @property
    def counted(self):
        """Name of the variable with the spikes, or the sum of activity, of this trial."""
        return "n_spikes" if self.counts_spikes else "activity_sum"

    def rate_error(self, n_steps):
        """Return the expression of the firing-rate error after `n_steps` steps of the trial."""
        per_step = "rate_target*dt" if get_dimensions(self.rate_target) is Hz.dim else "rate_target"
        return f"(rate_strength*({per_step} - {self.counted}_post/{n_steps})/trial_steps)"

    @property
    def post_traces(self):
        """Traces of the inner rule, and the count of each neuron."""
        return f"{self.rule.post_traces}\n{self.counted} : 1"

    @property
    def more_steps(self):
        """Steps that count, and reset the count in each trial."""
        count = (
            Step("n_spikes += 1", schedule.OWN_SPIKES, "post", "spike")
            if self.counts_spikes
            else Step("activity_sum += activity", schedule.READOUT, "post")
        )
        return count, Step(f"{self.counted} = 0", schedule.RESET, "post", "trial_start")


def check_rate(rule, target):
    """Raise unless a regularised rule fits a group."""
    if not rule.rule.rate_gradient:
        raise ValueError(
            f"FiringRate: {rule.title} has no rate_gradient; define it in the rule, or omit"
            " regularization"
        )
    has_unit = get_dimensions(rule.rate_target) is Hz.dim
    if has_unit != spikes(target):
        wanted = (
            "spikes, so its target must be a rate, for example 10*Hz"
            if spikes(target)
            else "has rates, not spikes, so its target must be a number (the mean activity)"
        )
        raise TypeError(f"FiringRate: group '{target.name}' {wanted}; got {rule.rate_target!r}")
