"""Steps, and mechanisms that consist of steps."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from itertools import takewhile
from typing import ClassVar

import numpy as np
from brian2 import Quantity

from ..brian.quantities import is_whole
from ..brian.statements import assigned, parsed, written
from ..schedule import Phase

#: Code of the step that integrates the differential equations of the site by Brian2.
INTEGRATE = "(integrate)"
#: Sites of the statements of a step: the units of the mechanism's owner (synapses, neurons, readout
#: units), the cells at either end of a projection, and the numbers of each network.
SITES = ("own", "pre", "post", "network")


@dataclass(frozen=True)
class Step:
    """Statements with their site, phase and time.

    Names without an ending are variables of the site. In synapses, ``x_pre`` and ``x_post`` are
    variables of the cells at either end, including the mechanism's own. At every site,
    ``x_network`` is a number of the network: read it, or add to it with ``+=``. ``x_first`` is the
    variable ``x`` in the first copy of a network.

    Parameters
    ----------
    code : str
        Statements, or `INTEGRATE`.
    phase : Phase
        A place in the time step, from `brian_rflo.schedule`.
    site : {"own", "pre", "post", "network"}
        The site of the statements.
    when : str
        ``"step"`` for each time step; ``"trial_start"``, ``"trial_end"``; ``"stream_start"``, the
        first step of all; a named phase of the
        trial, its ``_start`` or its ``_end``; at spikes ``"pre_spike"`` or ``"post_spike"`` (site
        "own") or ``"spike"`` (cells).
    every : int
        Run each `every`-th time only, for example once per batch.

    Raises
    ------
    TypeError
        If the code is not a string, or the phase not a `Phase`.
    ValueError
        If the site is unknown, or `every` is not a positive whole number.
    """

    code: str
    phase: Phase
    site: str = "own"
    when: str = "step"
    every: int = 1

    def __post_init__(self):
        for name, kind, example in (("code", str, "'w += 1'"), ("phase", Phase, "schedule.LEARN")):
            if not isinstance(getattr(self, name), kind):
                raise TypeError(
                    f"Step: {name} must be a {kind.__name__} such as {example}; got"
                    f" {getattr(self, name)!r}"
                )
        if self.site not in SITES:
            raise ValueError(f"Step: site must be one of {', '.join(SITES)}; got {self.site!r}")
        if not is_whole(self.every) or self.every < 1:
            raise ValueError(f"Step: every must be a positive whole number; got {self.every!r}")

    @property
    def place(self) -> tuple[Phase, str, str, int]:
        """Phase, site, `when` and `every`; steps with the same place are merged."""
        return self.phase, self.site, self.when, self.every


@dataclass(frozen=True)
class Mechanism:
    """Base of all parts of learning: strings and values, without a Brian2 object.

    Attributes
    ----------
    variables : dict of str to str
        Equations by site. Equal lines of several mechanisms define one variable.
    steps : tuple of Step
        Equal steps of several mechanisms run once.
    constants : dict
        Functions and arrays in the strings, by name; they do not change.
    parameters : dict
        Values that the user may change between runs, by name: numbers and quantities among the
        fields.
    resets : tuple of Step
        Those of its steps that reset state at the beginning of a trial. In a stream they run once,
        in its first step; all others of the beginning of a trial run in each window.
    """

    variables: ClassVar[dict[str, str]] = {}
    steps: ClassVar[tuple[Step, ...]] = ()
    resets: ClassVar[tuple[Step, ...]] = ()
    constants: ClassVar[dict[str, object]] = {}

    @property
    def parameters(self) -> dict[str, float | Quantity]:
        """Numbers and quantities among the fields, by name; they become shared variables."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if is_parameter(value)}


def is_mechanism(thing: object) -> bool:
    """Return whether a thing is a mechanism."""
    return isinstance(thing, Mechanism)


def is_parameter(value: object) -> bool:
    """Return whether a value can be a shared variable."""
    return isinstance(value, (int, float, np.number, Quantity)) and not isinstance(value, bool)


def equations_of(mechanisms: Iterable[Mechanism], site: str) -> str:
    """Return the equations of mechanisms at a site, without repeated lines."""
    lines = [
        line.strip()
        for mechanism in mechanisms
        for line in mechanism.variables.get(site, "").splitlines()
    ]
    return "\n".join(dict.fromkeys(line for line in lines if line))


def constants_of(mechanisms: Iterable[Mechanism]) -> dict[str, object]:
    """Return the constants of mechanisms by name."""
    return {name: value for mechanism in mechanisms for name, value in mechanism.constants.items()}


def steps_of(
    mechanisms: Iterable[Mechanism], *sites: str, resets_at: str = "trial_start"
) -> list[Step]:
    """Return the merged steps of mechanisms at some sites; `resets_at` is the `when` of those that
    reset state at the beginning of a trial.
    """
    steps = (
        replace(step, when=resets_at) if step in resets else step
        for mechanism in mechanisms
        for resets in [mechanism.resets]
        for step in mechanism.steps
        if step.site in sites
    )
    return merged(steps, frozenset().union(*(shared_in(mechanisms, site) for site in sites)))


def shared_in(mechanisms: Iterable[Mechanism], site: str) -> frozenset[str]:
    """Return the names of the shared variables of mechanisms at a site."""
    lines = (line.partition(":") for line in equations_of(mechanisms, site).splitlines())
    return frozenset(name.strip() for name, _, unit in lines if "(shared)" in unit)


def merged(steps: Iterable[Step], shared: frozenset[str] = frozenset()) -> list[Step]:
    """Merge steps of the same place, in the given order, and drop repeated ones. Statements that
    write to `shared` variables come first where a step begins with them: Brian2 requires that.
    """
    blocks = {}
    for step in dict.fromkeys(step for step in steps if step.code.strip()):
        blocks.setdefault(step.place, []).append(step.code)
    return [Step(joined(codes, shared), *place) for place, codes in blocks.items()]


def joined(codes: list[str], shared: frozenset[str]) -> str:
    """Return the statements of several steps as one text."""
    if len(codes) == 1 or not any(shared & written(code) for code in codes if code != INTEGRATE):
        return "\n".join(codes)
    first, rest = [], []
    for code in codes:
        body = parsed(code).body
        count = sum(1 for _ in takewhile(lambda line: assigned(line) <= shared, body))
        first += body[:count]
        rest += body[count:]
    return "\n".join(map(ast.unparse, first + rest))
