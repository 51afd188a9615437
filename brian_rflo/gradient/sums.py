"""Sums over synapses, run backwards.

With ``y_i = sum_j c_ij x_j`` for each synapse from j to i, where c does not change within a trial,

    adjoint(x_j) += sum_i c_ij adjoint(y_i)         d loss/dw = sum over steps of adjoint(y) dy/dw

Other expressions of the variables at both ends are differentiated for each synapse and step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy

from ..brian.borrowed import ArrayVariable
from ..derivation.calculus import Calculus, names, symbol
from ..neurons.base import parent_group
from .matrices import Connections, layout_of, room_of
from .operations import BLOCK, Operation, add, key_of, total
from .refusals import refuse_moving
from .text import FUNCTIONS, moving

if TYPE_CHECKING:
    from ..brian.borrowed import SummedVariableUpdater
    from .text import GroupText

#: Sides of a synapse by the index of a variable.
SIDES = {"_presynaptic_idx": "pre", "_postsynaptic_idx": "post", "_idx": "own", "0": "own"}


class Sum(Operation):
    """The sum of an expression of synapses into a variable of neurons.

    Parameters
    ----------
    runner : SummedVariableUpdater
    text : GroupText
        Names of the synapses.
    """

    def __init__(self, runner: SummedVariableUpdater, text: GroupText):
        super().__init__(runner)
        self.text, self.synapses = text, text.group
        self.target = key_of(runner.target_var)
        self.expression = text.neuron_text(str(runner.expression), {}).expression(
            str(runner.expression)
        )
        self.discrete = text.discrete(str(runner.expression))
        variables = self.synapses.variables
        is_back = runner.template_kwds["_index_var"] is variables["_synaptic_pre"]
        self.side = "pre" if is_back else "post"
        self.part = slice(runner.target.start, runner.target.stop)
        self.is_whole = len(runner.target) == len(parent_group(runner.target))

    @property
    def room(self):
        """Return the number of values for which it needs room on the way back."""
        return room_of(self.synapses)

    def side_of(self, name):
        """Return where a variable of the expression belongs."""
        index = self.synapses.variables.indices[name]
        if index not in SIDES:
            raise ValueError(
                f"gradient: '{self.runner.name}' sums '{self.runner.expression}', in which '{name}'"
                " is indexed in a way of its own; sum variables of the two groups and of the"
                " synapses"
            )
        return SIDES[index]

    def edges(self):
        """Return the sum, with all that is summed."""
        found = set(self.text.graded(str(self.runner.expression)).values())
        return {self.target: found | (set() if self.is_whole else {self.target})}

    def prepare(self, graph):
        """Differentiate the expression by what is active."""
        known = self.text.graded(str(self.runner.expression))
        active = {name: key for name, key in known.items() if key in graph.active}
        calculus = Calculus(self.text.derivatives, self.synapses.name)
        partials = calculus.partials(self.expression, active)
        self.values = {}
        self.inward = [
            (active[name], self.side_of(name), value, self._is_constant(value, known))
            for name, value in partials.items()
            if self.side_of(name) != "own" and not graph.is_cut(self.synapses)
        ]
        self.weights = [
            (active[name], value, self._linear(value))
            for name, value in partials.items()
            if self.side_of(name) == "own"
        ]
        values = [value for _, value, _ in self.weights]
        for value in (*values, *(value for *_, value, _ in self.inward)):
            for name in moving(value):
                refuse_moving(self.runner, self.expression, name)
        for value in (*values, *(v for *_, v, is_constant in self.inward if not is_constant)):
            for name in names(value) & set(self.synapses.variables):
                self._watch(name, graph)

    def _is_constant(self, value, known):
        """Return whether a derivative does not change within a trial."""
        variables = self.synapses.variables
        return all(
            name not in variables
            or not isinstance(variables[name], ArrayVariable)
            or self.side_of(name) == "own"
            or variables[name].constant
            for name in names(value)
        )

    def _linear(self, value):
        """Return the one variable of the other end, and its constant factor, if a derivative by
        weights is their product; else None.
        """
        sent = [n for n in names(value) if self.side_of_any(n) in ("pre", "post")]
        if len(sent) != 1:
            return None
        factor = sympy.diff(value, symbol(sent[0]))
        is_product = (
            sent[0] not in names(factor) and sympy.expand(value - factor * symbol(sent[0])) == 0
        )
        return (sent[0], factor) if is_product and self.side_of(sent[0]) != self.side else None

    def side_of_any(self, name):
        """Return the side of a variable; None for constants."""
        return self.side_of(name) if name in self.synapses.variables.indices else None

    def _watch(self, name, graph):
        """Record a variable of neurons, as it is when it is summed."""
        side = self.side_of(name)
        if side == "own" or name in self.values:
            return
        variable = self.synapses.variables[name]
        owner = graph.group_of(variable)
        code = f"gradient_0 = {variable.name}"
        recorded = graph.record(self, owner, code, ("gradient_0",))
        self.values[name] = recorded, self._part_of(name, side)

    def _part_of(self, name, side):
        """Return the part of a variable that belongs to the units at one end."""
        group = self.synapses.source if side == "pre" else self.synapses.target
        is_own = self.synapses.variables[name].owner.name == parent_group(group).name
        return slice(group.start, group.stop) if is_own else slice(None)

    def begin(self, tape):
        """Take weights, and make room for a block of steps."""
        self.links = Connections(self.synapses, layout_of(self.synapses, tape), self.side)
        self.rows = np.zeros((BLOCK, self.part.stop - self.part.start))
        ends = {"pre": self.synapses.source, "post": self.synapses.target}
        self.places = {
            side: (slice(group.start, group.stop), len(parent_group(group)))
            for side, group in ends.items()
        }
        self.recorded, self.found = {}, {}
        self.matrices = [
            self.links.matrix(self._by_synapse(value)) if is_constant else None
            for _, _, value, is_constant in self.inward
        ]
        self.factors = [
            self._by_synapse(linear[1]) if linear is not None else None
            for _, _, linear in self.weights
        ]

    def load(self, tape):
        """Take recorded values of a block of steps."""
        self.recorded = {
            name: tape.values(recorded, "gradient_0")[:, part]
            for name, (recorded, part) in self.values.items()
        }
        self.summed = self.rows[: tape.steps]
        self.summed[:] = 0

    def backward(self, step, adjoint):
        """Run backwards."""
        value = adjoint.get(self.target)
        if value is None:
            return
        if self.is_whole:
            del adjoint[self.target]
        else:
            adjoint[self.target] = value = value.copy()
        self.summed[step] = value[self.part]
        if not self.is_whole:
            value[self.part] = 0
        for (key, side, expression, _), matrix in zip(self.inward, self.matrices):
            if matrix is not None and side != self.side:
                found = self.links.back(matrix, self.summed[step])
            else:
                by_synapse = matrix if matrix is not None else self._by_synapse(expression, step)
                found = self.links.gathered(by_synapse, self.summed[step], side)
            add(adjoint, key, self._whole(found, side))

    def _whole(self, values, side):
        """Return values of a part of a group as those of all of it."""
        part, size = self.places[side]
        if len(values) == size:
            return values
        found = np.zeros(size)
        found[part] = values
        return found

    def _by_synapse(self, expression, step=None):
        """Return the values of an expression for each synapse."""
        found = sorted(names(expression))
        given = []
        for name in found:
            if name not in self.synapses.variables.indices:
                given.append(self.text.number(symbol(name)))
                continue
            variable, side = self.synapses.variables[name], self.side_of(name)
            if side == "own":
                given.append(np.asarray(variable.get_value(), dtype=float))
            else:
                values = (
                    self.recorded[name][step]
                    if name in self.recorded and step is not None
                    else np.asarray(variable.get_value(), dtype=float)[self._part_of(name, side)]
                )
                given.append(
                    np.broadcast_to(values, (1,))[0]
                    if variable.scalar
                    else values[self.links.ends[side]]
                )
        compute = sympy.lambdify([symbol(name) for name in found], expression, [FUNCTIONS, "numpy"])
        return np.broadcast_to(np.asarray(compute(*given), dtype=float), (self.links.size,))

    def collect(self):
        """Add up derivatives by variables of the synapses over the block."""
        for key, value, linear in self.weights:
            if linear is not None:
                found = self.links.outer(self.summed, self.recorded[linear[0]])
            else:
                found = self.links.by_synapse(self._added(value))
            self.found[key] = total(self.found.get(key), found)

    def _added(self, expression):
        """Return the sum over the block of an expression times what is sent back."""
        found = np.zeros(self.links.size)
        for step, values in enumerate(self.summed):
            found += values[self.links.ends[self.side]] * self._by_synapse(expression, step)
        return found

    def gradients(self):
        """Return the derivatives by variables of the synapses."""
        return {
            key: self.found[key] if factor is None else self.found[key].times(factor)
            for (key, *_), factor in zip(self.weights, self.factors)
            if key in self.found
        }
