"""Values of rate neurons, one for all or one for each: bias, steepness, time constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from brian2 import Quantity, second
from numpy.typing import ArrayLike

from ..brian.conditional import is_standalone
from ..brian.quantities import check_tau, dimensions_of, per_neuron
from . import noise


def given_values(kind: str, N: int, **values: ArrayLike | None) -> dict[str, ArrayLike]:
    """Return the values that are given, by name; raise unless they are finite numbers, one for all
    neurons or one for each.
    """
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in given.items():
        per_neuron(f"{kind}: {name}", value, N)
    return given


def is_per_neuron(tau: Quantity) -> bool:
    """Return whether each neuron has a time constant of its own."""
    return np.ndim(tau) > 0


def check_taus(kind: str, tau: Quantity, N: int) -> None:
    """Raise unless `tau` is a positive time, or an array of one for each neuron."""
    if not is_per_neuron(tau):
        check_tau(kind, tau, tau)
        return
    if dimensions_of(tau) is not second.dim:
        raise TypeError(
            f"{kind}: tau must be a time, or an array of times such as [5, 10]*ms; got {tau!r}"
        )
    if np.shape(tau) != (N,):
        raise ValueError(
            f"{kind}: tau must be one time, or an array of shape ({N},), one for each neuron; got"
            f" shape {np.shape(tau)}"
        )
    check_each(kind, tau)


def check_each(owner, taus, dt=None):
    """Raise unless all time constants are positive, finite, and not shorter than the time step."""
    seconds = np.asarray(taus, dtype=float)
    wrong = ~np.isfinite(seconds) | (seconds <= 0)
    if wrong.any():
        raise ValueError(
            f"{owner}: tau must be positive and finite for each neuron; got"
            f" {seconds[np.argmax(wrong)] * second} for neuron {np.argmax(wrong)}"
        )
    if dt is not None:
        check_tau(owner, seconds.min() * second, dt)


def check_time_step(neurons) -> None:
    """Raise if the time step cannot resolve the time constants of neurons, which may have been
    changed; C++ standalone knows those of single neurons only after a run.
    """
    owner = f"{type(neurons).__name__} '{neurons.name}'"
    if "tau" not in neurons.variables:
        check_tau(owner, neurons.tau, neurons.clock.dt)
    elif not is_standalone():
        check_each(owner, neurons.variables["tau"].get_value(), neurons.clock.dt)


def present_tau(neurons) -> Quantity:
    """Return the time constant of neurons, or an array of those of each."""
    return neurons.tau[:] if "tau" in neurons.variables else neurons.tau


def checks_of(neurons) -> dict[str, Callable]:
    """Return checks of values that are assigned later, by name."""
    kind, N = f"'{neurons.name}'", len(neurons)
    numbers = ("initial", "bias", "steepness")
    found = {name: partial(per_neuron, f"{kind}: {name}", N=N) for name in numbers}
    stds = noise.checks_of_stds(neurons, neurons.noise_given)
    return found | stds | {"tau": partial(check_each, kind)}


def check_excitatory(kind: str, N: int, excitatory: ArrayLike) -> None:
    """Raise unless `excitatory` has True or False for each neuron."""
    excitatory = np.asarray(excitatory)
    if excitatory.dtype != bool or excitatory.shape != (N,):
        raise ValueError(
            f"{kind}: excitatory must be an array of True and False of shape ({N},), for"
            f" example signs > 0; got {excitatory.dtype} of shape {excitatory.shape}"
        )


def assign(neurons, values: Mapping[str, ArrayLike]) -> None:
    """Set variables of neurons that are being made."""
    for name, value in values.items():
        setattr(neurons, name, value)
