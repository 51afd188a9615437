"""Presynaptic factors that are linear filters of the neuron's own spikes, found in the statements
of a step.

Between two readings of g, the variables y of a presynaptic neuron on which it depends are written
by statements with constant coefficients, and by its reset where it spikes (z = 1):

    y(t+1) = step y(t) + at_spike z(t) + drift        g(t) = read.y(t) + offset

Then a sum of c(t) g(t) needs g of no step but the first (blocked.py).
"""

import ast
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import sympy
from brian2 import CodeRunner

from ..brian.borrowed import ArrayVariable, Constant, str_to_sympy
from ..brian.conditional import is_conditional
from ..brian.statements import parsed, written
from .code import PRE
from .factors import NOT_LINEAR, linear
from .reading import with_values

SEEN = 20_000  # steps in which a condition is looked at
MOST = 6  # variables of a neuron; filters of more are not faster
SPIKE = sympy.Symbol("_spike", real=True)


class NotAFilterError(ValueError):
    """Reason why a factor is not a filter of spikes; it never leaves this file."""


@dataclass(frozen=True)
class Filter:
    """The filter: names of y in the synapses, and numbers of the equations above."""

    names: list
    step: list
    at_spike: list
    drift: list
    read: list
    offset: float


def filter_of(parts, objects, run_namespace, g):
    """Return the filter of spikes that an expression of the presynaptic neuron is; None if it is
    none.

    Parameters
    ----------
    parts : DenseParts
        `parts.copies` runs where the expression is read.
    objects : list of BrianObject
        The network's objects, in the order of a step.
    run_namespace : dict
    g : sympy.Expr
    """
    with suppress(KeyError, NotAFilterError, *NOT_LINEAR):  # KeyError: random functions
        return Filtering(parts, objects, run_namespace).solved(g)
    return None


class Filtering:
    """Follow the variables of a neuron through a step."""

    def __init__(self, parts, objects, run_namespace):
        self.synapses, self.run_namespace = parts.synapses, run_namespace
        here = next(number for number, obj in enumerate(objects) if obj is parts.copies)
        self.objects, self.later = [*objects[here + 1 :], *objects[:here]], objects[here + 1 :]
        self.replaced = {id(one) for obj in objects for one in getattr(obj, "switched", ())}
        self.symbols = {}  # of the variables by their ids
        self.read = {}  # expressions in numbers, by group and text

    def solved(self, g):
        """Return the filter."""
        reading = self.in_numbers(g, self.synapses)
        after, known = {}, -1
        while known != len(self.symbols):  # statements may read further variables
            known = len(self.symbols)
            after = self.after_step({})
        fixed = {symbol: value for symbol, value in after.items() if not value.free_symbols}
        after = self.after_step(fixed) if fixed else after
        states = [symbol for symbol in after if symbol not in fixed]
        if not states:
            raise NotAFilterError("it is constant")
        rows, rests = linear([after[one].subs(fixed) for one in states], [*states, SPIKE])
        (read,), (offset,) = linear([reading.subs(fixed)], states)
        return Filter(
            [self.name_of(one) for one in states],
            [[float(value) for value in row[:-1]] for row in rows],
            [float(row[-1]) for row in rows],
            [float(value) for value in rests],
            [float(value) for value in read],
            float(offset),
        )

    def name_of(self, symbol):
        """Return the name that a variable has in the synapses."""
        variables = self.synapses.variables
        for name, variable in variables.items():
            if self.symbols.get(id(variable)) == symbol and variables.indices[name] == PRE:
                return name
        raise NotAFilterError("it is not of the presynaptic neuron")

    def after_step(self, fixed):
        """Return the variables after a step, by their symbols, in terms of those before."""
        values = {symbol: fixed.get(symbol, symbol) for symbol in self.symbols.values()}
        for obj in self.objects:
            runs = obj.active or id(obj) in self.replaced  # its stand-in writes the same
            if isinstance(obj, CodeRunner) and runs and self.writes(obj):
                self.run(obj, values)
        return {symbol: sympy.expand(value) for symbol, value in values.items()}

    def writes(self, obj):
        """Return whether an object writes any of the variables."""
        variables = obj.group.variables
        if not any(id(variable) in self.symbols for variable in variables.values()):
            return False
        if not obj.abstract_code:
            obj.update_abstract_code(run_namespace=self.run_namespace)
        target = getattr(obj, "target_varname", None)
        names = written(obj.abstract_code or "") | ({target} if target else set())
        return any(id(variables[name]) in self.symbols for name in names if name in variables)

    def run(self, obj, values):
        """Replace values by those after an object."""
        if is_conditional(obj):
            if not self.is_at_trial_start(obj):
                raise NotAFilterError(f"'{obj.name}' changes it in some steps")
            return
        if obj.template not in ("stateupdate", "reset") or obj.clock is not self.synapses.clock:
            raise NotAFilterError(f"'{obj.name}' changes it")
        if obj.template == "reset":
            self.check_reset(obj)
        before = dict(values)
        for variable, text in self.assigned(obj):
            value = self.read_once(text, obj.group).xreplace(before)
            symbol = self.symbols[id(variable)]
            if obj.template == "reset":
                value = before.get(symbol, symbol) + SPIKE * (value - before.get(symbol, symbol))
            values[symbol] = sympy.expand(value)

    def check_reset(self, obj):
        """Raise unless statements are those of the neurons that spike, behind the reading of g."""
        space = (obj.template_kwds or {}).get("eventspace_variable")
        if space is not self.synapses.variables["_spikes_of_source"]:
            raise NotAFilterError("other events change it")
        if not any(obj is one for one in self.later):
            raise NotAFilterError("it is read behind the reset")

    def assigned(self, obj):
        """Return the variables that an object assigns to, with the text of their values in terms of
        those before it.
        """
        variables, texts = obj.group.variables, {}
        for node in parsed(obj.abstract_code).body:
            target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
            value = (
                ast.BinOp(ast.Name(target.id), node.op, node.value)
                if isinstance(node, ast.AugAssign)
                else node.value
            )
            texts[target.id] = f"({with_values(value, texts)})"
        ours = [
            (variables[name], text)
            for name, text in texts.items()
            if name in variables and id(variables[name]) in self.symbols
        ]
        if any(variable.conditional_write is not None for variable, _ in ours):
            raise NotAFilterError(f"'{obj.name}' changes it unless the neuron is refractory")
        return ours

    def read_once(self, text, group):
        """Return the text of an expression as `in_numbers` does."""
        if (group.name, text) not in self.read:
            self.read[group.name, text] = self.in_numbers(str_to_sympy(text), group)
        return self.read[group.name, text]

    def in_numbers(self, expression, group):
        """Return an expression with constants as numbers and variables of neurons as symbols."""
        values = {symbol: self.value(symbol.name, group) for symbol in expression.free_symbols}
        return sympy.expand(expression.xreplace(values))

    def value(self, name, group):
        """Return the number or symbol for a name in the statements of a group."""
        variable = group.resolve_all({name}, self.run_namespace, user_identifiers=set())[name]
        if isinstance(variable, Constant):
            return sympy.Float(float(variable.get_value()), 30)
        if variable is group.variables.get("dt"):
            return sympy.Float(self.synapses.clock.dt_, 30)
        if not isinstance(variable, ArrayVariable) or variable.scalar:
            raise NotAFilterError(f"'{name}' is not constant")
        if not np.issubdtype(variable.dtype, np.floating):
            raise NotAFilterError(f"'{name}' is rounded")
        if id(variable) not in self.symbols and len(self.symbols) == MOST:
            raise NotAFilterError("it depends on too many variables")
        new = sympy.Symbol(f"_state{len(self.symbols)}", real=True)
        return self.symbols.setdefault(id(variable), new)

    def is_at_trial_start(self, obj):
        """Return whether a conditional object runs in the first step of each trial alone, when no
        block goes on.
        """
        n_steps = self.synapses.trial_length
        holds = eval(f"lambda step: {obj.condition.format(step='step', **obj.numbers())}")
        return (
            n_steps > 0
            and obj.when in ("start", "before_start")
            and not any(holds(step) for step in range(max(2 * n_steps, SEEN)) if step % n_steps)
        )
