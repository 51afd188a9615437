"""Firing-rate regularisation: a penalty on rates far from a target, beside the error of the task.

Bellec et al. 2020, Nature Communications 11:3625, equation of E_reg: with n_j the spikes of neuron
j in a trial of T steps of length dt,

    E_reg = strength/2 sum_j (n_j/T - target dt)^2
    change_ji = ... + strength (target dt - n_j/T)/T sum_t dz_j(t)/dw_ji

The last sum is the `rate_gradient` of the rule, summed over the trial. Where weights change in each
step, n_j/T is the mean of the steps so far.
"""

from dataclasses import dataclass, replace

import numpy as np
from brian2 import Hz, Quantity, get_dimensions

from .. import schedule
from ..brian.quantities import check_number
from ..neurons.base import spikes
from ..rules.around import Around
from ..steps import Step

__all__ = ["FiringRate"]


@dataclass(frozen=True)
class FiringRate:
    """Holds the rates of neurons near a target (Bellec et al. 2020).

    Parameters
    ----------
    target : Quantity or float
        The rate, for example ``10*Hz``; of rate neurons the mean activity, a number.
    strength : float
        Weight of the penalty; 300 in Bellec et al. 2020. The errors of a trial add up over its
        steps, the penalty does not: for a trial twice as long, the same balance needs twice the
        strength.

    Raises
    ------
    TypeError, ValueError
        If the target is no rate, or the strength negative.

    Examples
    --------
    >>> from brian2 import Hz
    >>> FiringRate(target=10*Hz, strength=300).strength
    300
    """

    target: Quantity
    strength: float

    def __post_init__(self):
        if (
            not isinstance(self.target, (int, float, np.number, Quantity))
            or get_dimensions(self.target) not in (Hz.dim, get_dimensions(1))
            or np.ndim(self.target)
            or not np.isfinite(self.target)
        ):
            raise TypeError(
                "FiringRate: target must be one rate, for example 10*Hz, or a number for rate"
                f" neurons; got {self.target!r}"
            )
        if get_dimensions(self.target) is Hz.dim and self.target < 0 * Hz:
            raise ValueError(f"FiringRate: target must not be negative; got {self.target!r}")
        check_number("FiringRate", "strength", self.strength, zero_allowed=True)

    def around(self, rule):
        """Return a rule that learns as `rule` does, and holds the rates of the target near this
        one.
        """
        return Regulated(rule.learning_rate, rule.with_rate_gradient(), self.target, self.strength)


@dataclass(frozen=True)
class Regulated(Around):
    """A rule that also holds firing rates; `FiringRate.around` makes it.

    Parameters
    ----------
    learning_rate : float
    rule : LearningRule
        The rule inside; it must say how weights change rates (`rate_gradient`).
    rate_target : Quantity or float
        The rate of the neurons.
    rate_strength : float
        Weight of the penalty.
    counts_spikes, accumulates : bool
        Whether the target spikes, and whether updates wait for the end of a trial: known once it is
        bound to a projection.
    """

    rate_target: Quantity
    rate_strength: float
    counts_spikes: bool = False
    accumulates: bool = True

    def __post_init__(self):
        super().__post_init__()
        FiringRate(self.rate_target, self.rate_strength)  # which checks them

    @property
    def title(self):
        """What errors call it: as the rule inside, which is what the user wrote."""
        return self.rule.title

    def bind(self, target, onto, learn=None):
        """Return this rule for a projection; what is counted depends on the target, and when the
        penalty is paid on the schedule.
        """
        check_rate(self, target)
        bound = super().bind(target, onto, learn)
        return replace(
            bound, counts_spikes=spikes(target), accumulates=getattr(learn, "accumulates", True)
        )

    @property
    def summed(self):
        """The rate gradient, where the penalty is paid at the end of a trial."""
        return self.rule.rate_gradient if self.accumulates else ""

    @property
    def updates(self):
        """Those of the rule inside, and the penalty: at the end of a trial, or at each step from
        the mean of the steps so far.
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
        """Name of what is counted in a trial: spikes, or the sum of the activity."""
        return "n_spikes" if self.counts_spikes else "activity_sum"

    def rate_error(self, n_steps):
        """Return the expression of the firing-rate error after `n_steps` steps of the trial."""
        per_step = "rate_target*dt" if get_dimensions(self.rate_target) is Hz.dim else "rate_target"
        return f"(rate_strength*({per_step} - {self.counted}_post/{n_steps})/trial_steps)"

    @property
    def post_traces(self):
        """Those of the rule inside, and the count of each neuron: its spikes, or its summed
        activity.
        """
        return f"{self.rule.post_traces}\n{self.counted} : 1"

    @property
    def more_steps(self):
        """Count, and begin anew in each trial."""
        count = (
            Step("n_spikes += 1", schedule.OWN_SPIKES, "post", "spike")
            if self.counts_spikes
            else Step("activity_sum += activity", schedule.READOUT, "post")
        )
        return count, Step(f"{self.counted} = 0", schedule.RESET, "post", "trial_start")


def check_rate(rule, target):
    """Raise unless a rule that holds rates fits a group."""
    if not rule.rule.rate_gradient:
        raise ValueError(
            f"FiringRate: {rule.title} does not say how weights change rates; leave regularization"
            " out, or give the rule a rate_gradient"
        )
    has_unit = get_dimensions(rule.rate_target) is Hz.dim
    if has_unit != spikes(target):
        wanted = (
            "spikes, so its target must be a rate, for example 10*Hz"
            if spikes(target)
            else "has rates, not spikes, so its target must be a number (the mean activity)"
        )
        raise TypeError(f"FiringRate: group '{target.name}' {wanted}; got {rule.rate_target!r}")
