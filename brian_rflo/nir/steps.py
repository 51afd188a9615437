"""The integrators of simulators, and the time constants that mean the same in them.

In a time step dt a value approaches what drives it by the share 1 - exp(-dt/tau), and by dt/tau in
a simulator that steps by forward Euler. So tau is dt/(1 - exp(-dt/tau)) there, and r, the effect of
a constant drive, remains; what spikes change at once, r dt/tau, remains if r grows like tau.
"""

import numpy as np

from ..brian.quantities import check_flag

INTEGRATORS = ("exact", "euler")
#: What a spike does to the membrane.
RESETS = ("to_value", "subtract", "subtract_later")
#: A time constant of fewer time steps is another one by Euler.
FEW = 5


def check_integrator(function, integrator):
    """Raise unless an integrator is one that there is, or None."""
    if integrator is not None and integrator not in INTEGRATORS:
        raise ValueError(
            f"{function}: integrator must be 'exact' or 'euler'; got {integrator!r}. Write 'euler'"
            " for simulators that step by forward Euler, such as snnTorch and Norse."
        )


def check_reset(reset, integrator):
    """Raise unless a reset is one that there is, or None, and the integrator knows it."""
    if reset is not None and reset not in RESETS:
        raise ValueError(
            f"from_nir: reset must be one of {', '.join(map(repr, RESETS))}; got {reset!r}. Write"
            " 'subtract_later' for the default of snnTorch."
        )
    if reset not in (None, "to_value") and integrator != "euler":
        raise ValueError(
            f"from_nir: reset={reset!r} is for simulators that step by Euler; write"
            " integrator='euler' too"
        )


def check_same_step(same_step):
    """Raise unless it is True, False or None."""
    if same_step is not None:
        check_flag("from_nir: same_step", same_step)


def euler_tau(tau, dt):
    """Return the time constant with which forward Euler decays as `tau` does, in seconds."""
    return dt / -np.expm1(-dt / tau)


def exact_tau(tau, dt):
    """Return the time constant that decays as forward Euler does with `tau`, in seconds; NaN where
    nothing decays so.
    """
    share = np.asarray(dt / tau, dtype=float)
    return np.where(share < 1, dt / -np.log1p(-np.where(share < 1, share, 0.5)), np.nan)
