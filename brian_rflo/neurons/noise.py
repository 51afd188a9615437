"""Noise of neurons: variables that are drawn anew in each step, before anything reads them.

    x(t) = x_std randn()        independent for each neuron and step, with Brian2's seed

The variable itself is the port into which other parts may draw: with a standard deviation of 0 it
exists and nothing here draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from .. import schedule
from ..brian.quantities import dimensions_of, unit_text

ENDING = "_std"


def checked(kind: str, N: int, stds: Mapping[str, ArrayLike | None]) -> dict[str, ArrayLike]:
    """Return the standard deviations that are given, by the name of the noise; raise unless each is
    one number, or one for each neuron, finite and not negative.
    """
    given = {name: std for name, std in stds.items() if std is not None}
    for name, std in given.items():
        check_std(f"{kind}: {name}{ENDING}", std)
        if np.shape(std) not in ((), (N,)):
            raise ValueError(
                f"{kind}: {name}{ENDING} must be one number, or an array of shape ({N},), one for"
                f" each neuron; got shape {np.shape(std)}"
            )
    return given


def check_std(name, std):
    """Raise unless standard deviations are numbers, finite and not negative."""
    if dimensions_of(std) is None or isinstance(std, str):
        raise TypeError(f"{name} must be a number or an array of numbers; got {std!r}")
    values = np.asarray(std, dtype=float)
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"{name} must be finite and not negative; got {std!r}")


def drawn(given):
    """Return the names of what is drawn: those with a standard deviation that is not 0."""
    return tuple(name for name, std in given.items() if np.any(std))


def equations(given: Mapping[str, ArrayLike], known=()) -> str:
    """Return the equations of noise, without those of variables that are `known`."""
    lines = [f"{name} : {unit_of(std)}" for name, std in given.items() if name not in known]
    lines += [f"{name}{ENDING} : {unit_of(given[name])}" for name in drawn(given)]
    return "".join(f"{line}\n" for line in lines)


def unit_of(std):
    """Return the unit of standard deviations, as text."""
    return unit_text(dimensions_of(std))


def names_of_stds(given: Mapping[str, ArrayLike]) -> tuple[str, ...]:
    """Return the names of the variables with standard deviations."""
    return tuple(f"{name}{ENDING}" for name in drawn(given))


def checks_of_stds(neurons, given: Mapping[str, ArrayLike]) -> dict[str, Callable]:
    """Return checks of standard deviations that are assigned later, by name."""
    names = names_of_stds(given)
    return {name: partial(check_std, f"'{neurons.name}': {name}") for name in names}


def draw(neurons, given: Mapping[str, ArrayLike]) -> None:
    """Let neurons draw their noise in the phase DRIVE of each step."""
    names = drawn(given)
    for name in names:
        setattr(neurons, f"{name}{ENDING}", given[name])
    if names:
        code = "\n".join(f"{name} = {name}{ENDING}*randn()" for name in names)
        neurons.run_regularly(code, **schedule.DRIVE, name=f"{neurons.name}_noise")


def refuse_exploration(neurons, rule) -> None:
    """Raise if a rule draws into a variable that the neurons draw themselves."""
    for name in sorted(set(rule.noises) & set(drawn(neurons.noise_given))):
        raise ValueError(
            f"{rule.title} draws the variable '{name}' of '{neurons.name}', which the neurons draw"
            f" themselves; make them with {name}{ENDING}=0"
        )
