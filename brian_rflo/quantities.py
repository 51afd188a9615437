"""Checks of the numbers that users type: times, time constants."""

import numpy as np
from brian2 import get_dimensions, second


def check_time(name, value, zero_allowed=False):
    """Raise unless `value` is one positive (or zero, where that makes sense) finite time."""
    if get_dimensions(value) is not second.dim:
        raise TypeError(f"{name} must be a time, for example 10*ms; got {value!r}")
    seconds = np.asarray(value, dtype=float)
    if seconds.ndim or not np.isfinite(seconds) or seconds < 0 or (seconds == 0 and not zero_allowed):
        raise ValueError(f"{name} must be one {'non-negative' if zero_allowed else 'positive'} time; got {value!r}")


def check_tau(owner, tau, dt, name="tau"):
    """Raise unless the time constant `name` of `owner` is a positive time that the time step `dt` can resolve."""
    check_time(f"{owner}: {name}", tau)
    if tau < dt:
        raise ValueError(f"{owner}: {name} = {tau} is shorter than the time step {dt}, and Euler integration would overshoot; write a longer {name} or a shorter dt")
