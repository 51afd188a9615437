"""Checks of the numbers that users type: times, time constants, rates, counts."""

import reprlib
from dataclasses import fields, replace

import numpy as np
from brian2 import Quantity, get_dimensions, get_unit, hertz, ms, second

from .borrowed import DIMENSIONLESS

#: The largest number in arrays.
LARGEST = float(np.finfo(float).max)


def dimensions_of(value):
    """Return the dimensions of a number or an array; None for anything else."""
    try:
        return get_dimensions(value)
    except TypeError:
        return None


def unit_text(dimensions):
    """Return the unit of dimensions, as Brian2 equations write it."""
    return "1" if dimensions is DIMENSIONLESS else repr(get_unit(dimensions))


def is_number(value):
    """Return whether `value` is one finite number without units."""
    if not isinstance(value, (int, float, np.number)) or isinstance(
        value, (bool, np.complexfloating)
    ):
        return False
    value = value.item() if isinstance(value, np.generic) else value  # of any precision
    return bool(abs(value) <= LARGEST)  # also of whole numbers of any size


def numbers(name, values, advice="give numbers"):
    """Return `values` as an array of floats, finite or not; raise if they are not numbers or have
    units.
    """
    if isinstance(values, Quantity) and values.dim is not DIMENSIONLESS:
        raise TypeError(
            f"{name} must have no units; divide by the unit, for example values/mV; got"
            f" {reprlib.repr(values)}"
        )
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise TypeError
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} must be a number or an array of numbers; got {reprlib.repr(values)}: {advice}"
        ) from None
    return array.astype(np.float64)


def per_neuron(name, values, N, advice="give numbers"):
    """Return `values` as finite numbers, one for all of `N` neurons or one for each; raise
    otherwise.
    """
    array = numbers(name, values, advice)
    if array.shape not in ((), (N,)):
        raise ValueError(
            f"{name} must be one number, or an array of shape ({N},), one for each neuron; got"
            f" shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite; got {reprlib.repr(values)}")
    return array


def check_time(name, value, zero_allowed=False):
    """Raise unless `value` is one positive (or, if allowed, zero) finite time."""
    if dimensions_of(value) is not second.dim:
        raise TypeError(f"{name} must be a time, for example 10*ms; got {value!r}")
    seconds = np.asarray(value, dtype=float)
    if (
        seconds.ndim
        or not np.isfinite(seconds)
        or seconds < 0
        or (seconds == 0 and not zero_allowed)
    ):
        raise ValueError(
            f"{name} must be one {'non-negative' if zero_allowed else 'positive'} time; got"
            f" {value!r}"
        )


def check_field(owner, made, name, value):
    """Raise, in the name of the object `owner`, unless the value object `made` could have been made
    with this value and the time step resolves it.
    """
    try:
        if any(field.name == name for field in fields(made)):
            replace(made, **{name: value})
        if name in getattr(made, "time_constants", ()):
            check_tau(type(made).__name__, value, owner.clock.dt, name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"'{owner.name}': {error}") from None


def whole_steps(name, value, dt):
    """Return the time `value` as a whole number of time steps `dt`; raise if it is not."""
    check_time(name, value, zero_allowed=True)
    ratio = float(value / dt)
    if abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(
            f"{name} = {value} is not a whole number of time steps of {dt}; write for"
            f" example {name.split()[-1]}={max(round(ratio), 1) * float(dt / ms):g}*ms"
        )
    return round(ratio)


def step_probability(name, rate, dt):
    """Return the probability of a spike in one time step at a rate; raise if it is not one."""
    if dimensions_of(rate) is not hertz.dim:
        raise TypeError(f"{name} must be a rate, for example 40*Hz; got {rate!r}")
    probability = np.asarray(rate * dt, dtype=float)
    if probability.ndim or not 0 <= probability <= 1:
        raise ValueError(
            f"{name} must be one rate between 0 Hz and a spike in each time step of {dt}; got"
            f" {rate!r}"
        )
    return float(probability)


def is_whole(value):
    """Return whether a value is a whole number; True and False are not."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def check_flag(name, value):
    """Raise unless `value` is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; got {value!r}")


def check_fraction(name, value, advice=""):
    """Raise unless a number is at least 0 and less than 1."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1; got {value!r}{advice}")


def check_discount(kind, discount):
    """Raise unless a discount is a number from 0 to 1."""
    if not is_number(discount) or not 0 <= discount <= 1:
        raise ValueError(f"{kind}: discount must be a number from 0 to 1; got {discount!r}")


def check_probability(name, value):
    """Raise unless `value` is a probability."""
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a probability, between 0 and 1; got {value!r}")


def check_count(name, value, least=1):
    """Raise unless `value` is a whole number of at least `least`."""
    if not is_whole(value) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}")


def check_absent(absent):
    """Raise unless a value can stand for pairs without a synapse; NaN can."""
    value = absent.item() if isinstance(absent, np.ndarray) and absent.ndim == 0 else absent
    is_nan = isinstance(value, (float, np.floating)) and np.isnan(value)
    if not (is_nan or is_number(value)) or isinstance(absent, Quantity):
        raise TypeError(
            f"absent must be a number that stands for no synapse, such as 0 or nan; got {absent!r}"
        )


def check_number(kind, name, value, zero_allowed=False):
    """Raise unless a number is finite and positive (or, if allowed, zero)."""
    if not is_number(value) or value < 0 or (value == 0 and not zero_allowed):
        raise ValueError(
            f"{kind}: {name} must be a finite"
            f" {'number and not negative' if zero_allowed else 'and positive number'}; got"
            f" {value!r}"
        )


def check_seed(name, value):
    """Raise unless `value` is a non-negative whole number."""
    if not is_whole(value) or value < 0:
        raise ValueError(f"{name} must be a non-negative whole number; got {value!r}")


def check_tau(owner, tau, dt, name="tau"):
    """Raise unless the time constant `name` of `owner` is a positive time that the time step `dt`
    can resolve.
    """
    check_time(f"{owner}: {name}", tau)
    if tau < dt:
        raise ValueError(
            f"{owner}: {name} = {tau} is shorter than the time step {dt}, which cannot follow it;"
            f" write a longer {name} or a shorter dt"
        )
