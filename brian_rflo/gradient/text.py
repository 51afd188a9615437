"""The text of a group, as far as a piece of its code needs it: names, constants, subexpressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy
from brian2 import DEFAULT_FUNCTIONS, Function, Subgroup
from scipy.special import exprel
from sympy.core.function import AppliedUndef

from ..brian.borrowed import ArrayVariable, Constant, get_identifiers, get_identifiers_recursively
from ..brian.declared import declared
from ..derivation import NeuronText
from ..derivation.calculus import names, symbol
from .operations import is_graded, key_of

if TYPE_CHECKING:
    from brian2 import Group


def as_number(values):
    """Return values, 1 for True, as Brian2's ``int`` does for conditions."""
    return np.asarray(values, dtype=float)


#: Functions in expressions that are evaluated in NumPy.
FUNCTIONS = {
    name: getattr(np, name)
    for name in (
        *("exp", "log", "log10", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sqrt"),
        *("sign", "floor", "ceil", "clip", "arcsin", "arccos", "arctan", "where"),
    )
} | {
    "abs": np.abs,
    "Abs": np.abs,
    "int_": as_number,
    "int": as_number,
    "ceiling": np.ceil,
    "exprel": exprel,
}


#: Names of the time, and of when a synapse was last updated.
TIMES = {"t", "t_in_timesteps", "lastupdate"}


def moving(expression) -> list[str]:
    """Return what makes an expression change from step to step beside its variables, or cannot be
    evaluated afterwards: the time, and functions that are drawn, recorded or the user's own.
    """
    functions = {node.func.__name__ for node in expression.atoms(AppliedUndef)}
    return sorted(functions - set(FUNCTIONS) | names(expression) & TIMES)


class GroupText:
    """Names in the code of a group.

    Parameters
    ----------
    group : Group
    namespace : dict
        The namespace of the run.
    asked : dict of str to Key
        Constants of the namespace by which derivatives were asked for.
    """

    def __init__(self, group: Group, namespace: dict, asked: dict):
        self.group, self.namespace, self.asked = group, namespace, asked
        self.subexpressions = {
            name: str(variable.expr)
            for name, variable in group.variables.items()
            if hasattr(variable, "expr") and not isinstance(variable, ArrayVariable)
        }
        known = declared(group, "text", None)
        self.derivatives = known.derivatives if known is not None else {}

    def names(self, code: str) -> set[str]:
        """Return all names in code, also those in subexpressions."""
        found = get_identifiers_recursively([code], self.group.variables)
        return set(found) | get_identifiers(code)

    def graded(self, code: str) -> dict[str, object]:
        """Return the keys of variables with derivatives in code, by name."""
        variables = self.group.variables
        found = {
            name: key_of(variables[name])
            for name in self.names(code)
            if name in variables and is_graded(variables[name], self.group)
        }
        return found | {name: self.asked[name] for name in self.names(code) & set(self.asked)}

    def discrete(self, code: str) -> set:
        """Return the keys of the group's own variables in code that have no derivatives, such as
        counters.
        """
        variables = self.group.variables
        return {
            key_of(variables[name])
            for name in self.names(code)
            if isinstance(variables.get(name), ArrayVariable)
            and variables[name].owner.name == self.group.name
            and not is_graded(variables[name], self.group)
        }

    def followed(self, lines: list[tuple[str, str]]) -> dict[str, set]:
        """Return the keys that each name may depend on to which statements give a value, with its
        own: line by line, where a variable also keeps what it had, and what was written before.
        """
        found = {}
        for name, value in lines:
            by = set(self.graded(value).values())
            by = by.union(*(found[other] for other in self.names(value) & set(found)))
            if name in self.group.variables:
                by |= found.get(name, set(self.graded(name).values()))
            found[name] = by
        return found

    def canonical(self, name: str) -> str:
        """Return one name for all references to a variable."""
        variable = self.group.variables.get(name)
        if variable is None or not isinstance(variable, ArrayVariable):
            return name
        own = self.group.variables.get(variable.name)
        return variable.name if own is variable else name

    def constants(self, code: str) -> dict[str, object]:
        """Return the constants in code, by name."""
        wanted = {
            name
            for name in self.names(code) - set(self.asked)
            if name not in self.group.variables or name in ("N", "dt")
        }
        found = {}
        for name in sorted(wanted - set(DEFAULT_FUNCTIONS)):
            try:
                known = self.group.resolve_all({name}, self.namespace, user_identifiers=set())[name]
            except KeyError:  # a name that the code itself defines
                continue
            if isinstance(known, Constant):
                found[name] = known.get_value()
        return found

    def shared(self, code: str) -> frozenset[str]:
        """Return the constant shared variables in code."""
        variables = self.group.variables
        return frozenset(
            name
            for name in self.names(code)
            if name in variables
            and isinstance(variables[name], ArrayVariable)
            and variables[name].scalar
            and variables[name].constant
            and name not in self.asked
        )

    def neuron_text(self, code: str, known: dict, written=(), **fields) -> NeuronText:
        """Return the text of code, with the variables `known` that have derivatives, of which those
        in `written` are set by it.
        """
        every = "\n".join((code, *map(str, fields.values())))
        units = {name: self.group.variables[name].dim for name in known if name in written}
        return NeuronText(
            name=self.group.name,
            code=code,
            units=units,
            activity="",
            subexpressions={
                name: text
                for name, text in self.subexpressions.items()
                if name in self.names(every)
            },
            constants={
                name: value for name, value in self.constants(every).items() if name not in known
            },
            shared=frozenset(self.shared(every) - set(known)),
            sums=tuple(name for name in known if name not in units),
            derivatives=self.derivatives,
            **fields,
        )

    def number(self, expression) -> float:
        """Return the value of a scalar expression."""
        if expression.is_number:
            return float(expression)
        found = sorted(names(expression))
        values = {}
        for name in found:
            variable = self.group.variables.get(name)
            if isinstance(variable, ArrayVariable):
                values[name] = float(np.ravel(variable.get_value())[0])
            else:
                known = self.group.resolve_all({name}, self.namespace, user_identifiers=set())
                values[name] = float(known[name].get_value())
        compute = sympy.lambdify([symbol(name) for name in found], expression, [FUNCTIONS, "numpy"])
        return float(compute(*(values[name] for name in found)))


def has_random(code: str) -> bool:
    """Return whether code draws random numbers."""
    found = get_identifiers(code)
    drawn = {
        name
        for name in found & set(DEFAULT_FUNCTIONS)
        if isinstance(DEFAULT_FUNCTIONS[name], Function) and not DEFAULT_FUNCTIONS[name].stateless
    }
    return bool(drawn) or any(name.split("_")[0] == "xi" for name in found)


def is_part(group) -> bool:
    """Return whether a group is a part of another one."""
    return isinstance(group, Subgroup)
