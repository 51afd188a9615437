"""A neuron's model as plain strings and values, from which rules are derived."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from brian2 import DEFAULT_UNITS

from ..brian.borrowed import DIMENSIONLESS
from .calculus import Calculus, assignments, names, parsed
from .divisors import powers_of
from .linear import linearised

if TYPE_CHECKING:
    from sympy import Expr

    from .linear import Linear


@dataclass(frozen=True, eq=False)
class NeuronText:
    """A neuron model as text.

    Parameters
    ----------
    name : str
        Name of the neurons.
    code : str
        One time step, as Brian2's integrator writes it.
    units : dict
        Dimensions of the state variables by name.
    activity : str
        Transmitted quantity: an expression of state variables, or ``"spike"``.
    threshold, reset, surrogate : str
        Condition, statements, and the pseudo-derivative in ``u``, the distance from the threshold.
    subexpressions, kept : dict
        Subexpressions by name; and those that are constant over dt.
    constants : dict
        Scalars by name.
    shared : frozenset
        Constant shared variables.
    sums : tuple
        Variables that receive sums.
    events : dict
        Variables that receive spikes, and what one of weight 1 adds, as text.
    held : frozenset
        Variables that stay as they are while the neuron is refractory.
    detach, ignore : tuple
        State variables whose trace ignores the effect of the weight on the spike time, or ignores
        resets altogether.
    derivatives : dict
        Derivatives of functions that Brian2 does not know.
    is_refractory : bool
    distance_unit : Dimension
        Dimensions of the distance from the threshold.
    """

    name: str = field(metadata={"described": False})  # another group may have the same model
    code: str
    units: dict
    activity: str
    threshold: str = ""
    reset: str = ""
    surrogate: str = ""
    subexpressions: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    constants: dict = field(default_factory=dict)
    shared: frozenset = frozenset()
    sums: tuple = ()
    events: dict = field(default_factory=dict)
    held: frozenset = frozenset()
    detach: tuple = ()
    ignore: tuple = ()
    derivatives: dict = field(default_factory=dict)
    is_refractory: bool = False
    distance_unit: object = DIMENSIONLESS

    @cached_property
    def linear(self) -> Linear:
        """The differentiated time step."""
        return linearised(self)

    @cached_property
    def powers(self) -> list[Expr]:
        """Divisors and radicands of the step."""
        return powers_of(self.code)

    @cached_property
    def calculus(self) -> Calculus:
        """The differentiation of its expressions."""
        return Calculus(self.derivatives, self.name)

    @property
    def spikes(self) -> bool:
        """True if it has a threshold."""
        return bool(self.threshold)

    @cached_property
    def scalars(self) -> set[str]:
        """Names with one value for all neurons and times."""
        return {*DEFAULT_UNITS, *self.constants, *self.shared, "dt"} - set(self.units)

    def is_scalar(self, expression: Expr) -> bool:
        """Return whether an expression has one value for all neurons and times."""
        return names(expression) <= self.scalars

    def expression(self, text: str) -> Expr:
        """Return an expression with subexpressions substituted."""
        found = parsed(text)
        while inner := names(found) & set(self.subexpressions):
            found = found.xreplace(
                {
                    variable: parsed(self.subexpressions[str(variable)])
                    for variable in found.free_symbols
                    if str(variable) in inner
                }
            )
        return found

    @cached_property
    def resets(self) -> dict[str, Expr]:
        """Values of state variables after a reset, as expressions of those before."""
        values = {}
        for name, text in assignments(self.reset):
            values[name] = self.expression(text).xreplace(
                {
                    variable: values[str(variable)]
                    for variable in parsed(text).free_symbols
                    if str(variable) in values
                }
            )
        return {name: value for name, value in values.items() if name in self.units}

    @cached_property
    def conditions(self) -> tuple[str, list[str]]:
        """The threshold as the distance from it, and the other conditions of a spike as text."""
        tree = ast.parse(self.threshold, mode="eval").body
        parts = (
            tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
        )
        crossing = [part for part in parts if self._distance(part) is not None]
        if len(crossing) != 1:
            raise ValueError(
                f"{self.name}: a spike's condition '{self.threshold}' has {len(crossing)}"
                " comparisons of state variables, and a derivative needs exactly one, for example"
                " 'v > theta' (others may be joined to it with 'and', if they read no state"
                " variable)"
            )
        others = [ast.unparse(part) for part in parts if part is not crossing[0]]
        return self._distance(crossing[0]), [
            *others,
            *(["not_refractory"] if self.is_refractory else []),
        ]

    @property
    def distance(self) -> str:
        """Distance of a neuron above its threshold, as text."""
        return self.conditions[0]

    def _distance(self, part):
        if not isinstance(part, ast.Compare) or len(part.ops) != 1:
            return None
        left, right = (ast.unparse(side) for side in (part.left, part.comparators[0]))
        distance = (
            f"{left} - ({right})"
            if isinstance(part.ops[0], (ast.Gt, ast.GtE))
            else f"{right} - ({left})"
        )
        return distance if names(self.expression(distance)) & set(self.units) else None
