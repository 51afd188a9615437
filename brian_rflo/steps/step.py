"""A step, and a mechanism that has some."""

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from brian2 import Quantity

from ..schedule import Phase

#: In place of code: the differential equations of the site, as Brian2 integrates them.
INTEGRATE = "(integrate)"
#: Where the statements of a step run: in the units of whoever has the mechanism (synapses, neurons,
#: readout units), in the cells at either end of a projection, in the numbers of each network.
SITES = ("own", "pre", "post", "network")


@dataclass(frozen=True)
class Step:
    """Statements, and where, in which phase and when they run.

    Names without an ending are variables of the site. From synapses, ``x_pre`` and ``x_post`` lead
    to the cells at either end, and to the mechanism's own variables there. From anywhere,
    ``x_network`` leads to the number of the network: read it, or add to it with ``+=``. ``x_first``
    leads to the same thing in the first of the copies of a network.

    Parameters
    ----------
    code : str
        Statements, or `INTEGRATE`.
    phase : Phase
        A place in the time step, from `brian_rflo.schedule`.
    site : {"own", "pre", "post", "network"}
        Whose statements they are.
    when : str
        ``"step"`` for each time step; ``"trial_start"``, ``"trial_end"``; a named phase of the
        trial, its ``_start`` or its ``_end``; at spikes ``"pre_spike"`` or ``"post_spike"`` (site
        "own") or ``"spike"`` (cells).
    every : int
        Each so many-th time only: batches, slow copies.

    Raises
    ------
    ValueError
        If the site is not one of the four, or `every` is not a positive whole number.
    """

    code: str
    phase: Phase
    site: str = "own"
    when: str = "step"
    every: int = 1

    def __post_init__(self):
        if self.site not in SITES:
            raise ValueError(f"Step: site must be one of {', '.join(SITES)}; got {self.site!r}")
        if (
            isinstance(self.every, bool)
            or not isinstance(self.every, (int, np.integer))
            or self.every < 1
        ):
            raise ValueError(f"Step: every must be a positive whole number; got {self.every!r}")

    @property
    def place(self):
        """Where and when it runs; steps of one object in one place become one piece of code."""
        return self.phase, self.site, self.when, self.every


@dataclass(frozen=True)
class Mechanism:
    """Anything that takes part: strings and values, and no Brian2 object.

    Attributes
    ----------
    variables : dict of str to str
        Equations by site. Equal lines of several mechanisms are one variable.
    steps : tuple of Step
        Equal steps of several mechanisms are one.
    constants : dict
        Functions and arrays that the strings name, and that nobody changes.
    parameters : dict
        Values that the user may change between runs, by name: numbers and quantities among the
        fields.
    """

    variables: ClassVar[dict] = {}
    steps: ClassVar[tuple] = ()
    constants: ClassVar[dict] = {}

    @property
    def parameters(self):
        """Numbers and quantities among the fields, by name; they become shared variables."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if is_parameter(value)}


def is_mechanism(thing):
    """Return whether a thing is a mechanism."""
    return isinstance(thing, Mechanism)


def is_parameter(value):
    """Return whether a value can be a shared variable."""
    return isinstance(value, (int, float, np.number, Quantity)) and not isinstance(value, bool)


def equations_of(mechanisms, site):
    """Return the equations that mechanisms ask for at a site; a line that several ask for stands
    once.
    """
    lines = [
        line.strip()
        for mechanism in mechanisms
        for line in mechanism.variables.get(site, "").splitlines()
    ]
    return "\n".join(dict.fromkeys(line for line in lines if line))


def constants_of(mechanisms):
    """Return what the strings of mechanisms name, by name."""
    return {name: value for mechanism in mechanisms for name, value in mechanism.constants.items()}


def steps_of(mechanisms, *sites):
    """Return the steps at some sites, merged."""
    return merged(
        step for mechanism in mechanisms for step in mechanism.steps if step.site in sites
    )


def merged(steps):
    """Return steps of which those of one place are one, in the order given, and equal ones are
    there once.
    """
    blocks = {}
    for step in dict.fromkeys(step for step in steps if step.code.strip()):
        blocks.setdefault(step.place, []).append(step.code)
    return [Step("\n".join(codes), *place) for place, codes in blocks.items()]
