"""Traces of a weight: their number, their treatment of resets, and where each is stored.

A trace belongs to a state variable that the input affects and that the activity depends on. It is
stored per presynaptic cell, N values instead of N^2, if nothing in its recursion belongs to the
postsynaptic neuron: its rows of A and b have the same value for all neurons, no reset changes it,
and it reads only traces of that kind.
"""

from dataclasses import dataclass

import sympy

from .calculus import names, symbol
from .linear import Linear


@dataclass(frozen=True, eq=False)
class Placement:
    """Traces of a weight onto one variable, and their components.

    Parameters
    ----------
    on_cells, on_synapses : tuple of str
        State variables whose trace is stored per cell and per synapse.
    linear : Linear
        The step, differentiated.
    distance : dict
        Derivatives of the distance from the threshold.
    rows, jumps : dict
        For each state variable that a reset changes: ``dR/ds - 1``, row by row, and ``R - s`` where
        the time of a spike counts.
    activity : dict
        Derivatives of the activity; empty if that is the spike.
    """

    on_cells: tuple
    on_synapses: tuple
    linear: Linear
    distance: dict
    rows: dict
    jumps: dict
    activity: dict


def placement_of(text, onto):
    """Return the traces of a weight onto the variable `onto` of a `NeuronText`."""
    found = Placing(text, onto)
    components = found.components()
    if not components:
        raise ValueError(
            f"{text.name}: the activity '{text.activity}' does not depend on '{onto}', so no weight"
            " onto it can learn; name the variable that the activity reads"
            + (
                ""
                if text.surrogate or not text.spikes
                else ", or give a surrogate: through spikes nothing is differentiated without one"
            )
        )
    cells = found.on_cells(components)
    return Placement(
        cells,
        tuple(name for name in components if name not in cells),
        found.linear,
        found.distance,
        found.rows,
        found.jumps,
        found.activity,
    )


class Placing:
    """Dependency graph of the state variables."""

    def __init__(self, text, onto):
        self.text, self.onto, self.linear = text, onto, text.linear
        self.distance = (
            self._partials("threshold", text.expression(text.conditions[0]))
            if text.spikes and text.surrogate
            else {}
        )
        self.activity = (
            {}
            if text.activity == "spike"
            else self._partials("activity", text.expression(text.activity))
        )
        self.rows, self.jumps = {}, {}
        for name, after in text.resets.items():
            if name not in text.ignore:
                self._reset(name, after, self._partials(f"reset of '{name}'", after))

    def _partials(self, kind, expression):
        """Return the derivatives by the state variables; raise if the input or an earlier state
        enters elsewhere.
        """
        found, text = names(expression), self.text
        if self.onto in text.sums and self.onto in found:
            raise ValueError(
                f"{text.name}: the {kind} must read state variables; got the input '{self.onto}'"
                " itself, which no trace follows there. Write a state variable that follows it,"
                f" for example dx/dt = ({self.onto} - x)/tau : 1, and read that."
            )
        stale = sorted(name for name in found & set(text.kept) if self._sees_state(name))
        if stale:
            raise ValueError(
                f"{text.name}: the {kind} must read the state as it is; got '{stale[0]}', which is"
                " constant over dt and so a step behind. Leave out '(constant over dt)'."
            )
        return text.calculus.partials(expression, text.units)

    def _sees_state(self, name):
        """Return whether a subexpression that is constant over a step depends on state or input."""
        kept = self.text.kept
        behind = closure(
            {name},
            lambda known: {
                other
                for one in known & set(kept)
                for other in names(self.text.expression(kept[one]))
            },
        )
        return bool(behind & {*self.text.units, *self.text.sums})

    def _reset(self, name, after, partials):
        row = {
            other: value - int(other == name)
            for other, value in ({name: sympy.Integer(0)} | partials).items()
        }
        self.rows[name] = {other: value for other, value in row.items() if value != 0}
        if name in partials and name not in self.text.detach and self.text.surrogate:
            self.jumps[name] = sympy.expand(after - symbol(name))

    def reads(self, name):
        """Return the other variables that a variable's trace reads."""
        through = self.distance if name in self.jumps else {}
        return {*self.linear.A[name], *self.rows.get(name, {}), *through} - {*self.text.sums}

    def components(self):
        """Return the variables that the input affects and the activity depends on, in the order of
        the model.
        """
        reached = (
            {self.onto}
            if self.onto in self.text.events
            else {name for name in self.text.units if self.onto in self.linear.A[name]}
        )
        reached = closure(
            reached, lambda known: {name for name in self.text.units if self.reads(name) & known}
        )
        ends = (
            set(self.activity)
            if self.text.activity != "spike"
            else set(self.distance)
            if self.text.surrogate
            else set()
        )
        wanted = closure(
            ends, lambda known: {other for name in known for other in self.reads(name)}
        )
        return tuple(name for name in self.text.units if name in reached & wanted)

    def on_cells(self, components):
        """Return the state variables whose trace can be stored per presynaptic cell."""
        cells = {name for name in components if self._is_shared(name, components)}
        while strangers := {name for name in cells if (self.reads(name) & set(components)) - cells}:
            cells -= strangers
        return tuple(name for name in components if name in cells)

    def _is_shared(self, name, components):
        entries = [
            value
            for other, value in self.linear.A[name].items()
            if other in (*components, self.onto)
        ]
        return (
            not self.rows.get(name)
            and name not in self.jumps
            and name not in self.text.held
            and all(self.text.is_scalar(value) for value in entries)
        )


def closure(known, more):
    """Return a set, extended by the results of `more` until it no longer grows."""
    while not more(known) <= known:
        known = known | more(known)
    return known


def diverging(text, placement):
    """Return variables whose trace may grow without bounds: the reset is ignored, and the factor of
    a step depends on the state.
    """
    states = {*text.units, *placement.linear.lines}
    ignored = [
        name
        for name in text.ignore
        if name in text.resets and name in (*placement.on_cells, *placement.on_synapses)
    ]
    return [
        name
        for name in ignored
        if names(placement.linear.A[name].get(name, sympy.Integer(0))) & states
    ]
