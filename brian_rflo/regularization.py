"""Firing-rate regularisation: a penalty on rates far from a target, beside the error of the task.

Bellec et al. 2020, Nature Communications 11:3625, equation of E_reg: with n_j the spikes of neuron j in a trial of T steps of length dt,

    E_reg = strength/2 sum_j (n_j/T - target dt)^2
    change_ji = ... + strength (target dt - n_j/T)/T sum_t dz_j(t)/dw_ji

The last sum is the `rate_gradient` of the rule, summed over the trial. Where weights change in each step, n_j/T is the mean of the steps so far.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import Hz, Quantity, get_dimensions

from . import schedule
from .names import run_unseen
from .neurons.base import spikes, whole
from .quantities import check_number
from .rules.base import unit_string

#: What is summed over a trial: the rule's `rate_gradient`.
SUMMED = "summed_gradient"


@dataclass(frozen=True)
class FiringRate:
    """Holds the rates of neurons near a target (Bellec et al. 2020).

    Parameters
    ----------
    target : Quantity or float
        The rate, for example ``10*Hz``; of rate neurons the mean activity, a number.
    strength : float
        Weight of the penalty; 300 in Bellec et al. 2020. The errors of a trial add up over its steps, the penalty does not: for a trial twice as
        long, the same balance needs twice the strength.

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
        if not isinstance(self.target, (int, float, np.number, Quantity)) or get_dimensions(self.target) not in (Hz.dim, get_dimensions(1)) or np.ndim(self.target) or not np.isfinite(self.target):
            raise TypeError(f"FiringRate: target must be one rate, for example 10*Hz, or a number for rate neurons; got {self.target!r}")
        if get_dimensions(self.target) is Hz.dim and self.target < 0 * Hz:
            raise ValueError(f"FiringRate: target must not be negative; got {self.target!r}")
        check_number("FiringRate", "strength", self.strength, zero_allowed=True)

    def check(self, rule, target):
        """Raise unless it fits a rule and a group."""
        if not rule.rate_gradient:
            raise ValueError(f"FiringRate: {type(rule).__name__} does not say how weights change rates; leave regularization out, or give the rule a rate_gradient")
        has_unit = get_dimensions(self.target) is Hz.dim
        if has_unit != spikes(target):
            wanted = "spikes, so its target must be a rate, for example 10*Hz" if spikes(target) else "has rates, not spikes, so its target must be a number (the mean activity)"
            raise TypeError(f"FiringRate: group '{target.name}' {wanted}; got {self.target!r}")

    @property
    def parameters(self):
        """Shared variables of the synapses, by name."""
        return {"rate_target": self.target, "rate_strength": self.strength}

    @property
    def equations(self):
        """Variables of the synapses."""
        return "\n".join(f"{name} : {unit_string(value)} (shared)" for name, value in self.parameters.items())

    def pull(self, steps):
        """Expression of the factor of the gradient, after so many steps of a trial."""
        per_step = "rate_target*dt" if get_dimensions(self.target) is Hz.dim else "rate_target"
        return f"(rate_strength*({per_step} - sent_post/{steps})/trial_steps)"


def count_sent(group):
    """Let a group of rate neurons sum its activity in the variable `sent`, unless it does so by itself. Spikes are counted by a reset."""
    counter = whole(group)
    if "sent" not in counter.variables and not spikes(group) and "activity" in counter.variables:
        counter.variables.add_array("sent", size=len(counter))
        run_unseen(counter, "sent += activity", schedule.READOUT)
    if counter is not group and "sent" in counter.variables and "sent" not in group.variables:
        group.variables.add_reference("sent", counter, index="_sub_idx")
