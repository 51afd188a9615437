"""Checks of the numbers that users type: times, time constants, rates, counts."""

import numpy as np
from brian2 import Quantity, get_dimensions, hertz, second


def check_time(name, value, zero_allowed=False):
    """Raise unless `value` is one positive (or zero, where that makes sense) finite time."""
    if get_dimensions(value) is not second.dim:
        raise TypeError(f"{name} must be a time, for example 10*ms; got {value!r}")
    seconds = np.asarray(value, dtype=float)
    if seconds.ndim or not np.isfinite(seconds) or seconds < 0 or (seconds == 0 and not zero_allowed):
        raise ValueError(f"{name} must be one {'non-negative' if zero_allowed else 'positive'} time; got {value!r}")


def same_value(value, other):
    """Whether two things are the same number, with the same units."""
    numbers = all(isinstance(one, (int, float, np.number, Quantity)) for one in (value, other))
    return numbers and get_dimensions(value) is get_dimensions(other) and np.array_equal(value, other)


def whole_steps(name, value, dt):
    """The time `value` as a whole number of time steps `dt`; an error if it is none."""
    check_time(name, value, zero_allowed=True)
    ratio = float(value / dt)
    if abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(f"{name} = {value} is no whole number of time steps of {dt}; write for example {name.split()[-1]}={round(ratio) * dt}")
    return round(ratio)


def step_probability(name, rate, dt):
    """The probability of a spike in one time step at a rate; an error if it is none."""
    if get_dimensions(rate) is not hertz.dim:
        raise TypeError(f"{name} must be a rate, for example 40*Hz; got {rate!r}")
    probability = np.asarray(rate * dt, dtype=float)
    if probability.ndim or not 0 <= probability <= 1:
        raise ValueError(f"{name} must be one rate between 0 Hz and a spike in each time step of {dt}; got {rate!r}")
    return float(probability)


def check_probability(name, value):
    """Raise unless `value` is a probability."""
    if isinstance(value, bool) or not np.isscalar(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a probability, between 0 and 1; got {value!r}")


def check_count(name, value, least=1):
    """Raise unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}")


def check_tau(owner, tau, dt, name="tau"):
    """Raise unless the time constant `name` of `owner` is a positive time that the time step `dt` can resolve."""
    check_time(f"{owner}: {name}", tau)
    if tau < dt:
        raise ValueError(f"{owner}: {name} = {tau} is shorter than the time step {dt}, and Euler integration would overshoot; write a longer {name} or a shorter dt")
