"""Amounts that spikes add to their targets, run backwards. With spikes z,

s'_i = s_i + c sum_j w_ij z_j(t - delay_ij)

adjoint(z_j(t)) += c sum_i w_ij adjoint(s_i(t + delay_ij))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy
from brian2 import Synapses

from ..derivation.calculus import Calculus, assignments, names, parsed, symbol
from ..neurons.base import parent_group
from .delays import Later
from .matrices import Connections, layout_of, room_of
from .operations import BLOCK, Operation, add, key_of, spikes_of, total
from .refusals import refuse_moving, refuse_spikes_in_flight
from .text import FUNCTIONS, moving

if TYPE_CHECKING:
    from ..brian.borrowed import SynapticPathway
    from .text import GroupText


class Arrival(Operation):
    """Amounts that the spikes of a group add to a variable of their targets.

    Parameters
    ----------
    runner : SynapticPathway
    text : GroupText
        Names of the synapses.
    name, added : str
        The variable, ``v_post``, and what is added for each synapse.
    """

    def __init__(self, runner: SynapticPathway, text: GroupText, name: str, added: str):
        super().__init__(runner)
        self.text, self.synapses, self.name = text, text.group, name
        self.added = text.neuron_text(added, {}).expression(added)
        self.discrete = text.discrete(added)
        self.target = key_of(self.synapses.variables[name])
        self.spikes = spikes_of(parent_group(self.synapses.source))
        group = self.synapses.target
        self.part = slice(group.start, group.stop)

    @property
    def room(self):
        """Return the number of values for which it needs room on the way back."""
        return room_of(self.synapses)

    def edges(self):
        """Return the target, with itself, the spikes and the weights."""
        found = set(self.text.graded(str(self.added)).values())
        return {self.target: found | {self.target, self.spikes}}

    def prepare(self, graph):
        """Differentiate what is added by the weights, and record spikes."""
        known = self.text.graded(str(self.added))
        active = {name: key for name, key in known.items() if key in graph.active}
        calculus = Calculus(self.text.derivatives, self.synapses.name)
        partials = calculus.partials(self.added, active)
        self.weights = [(active[name], value) for name, value in partials.items()]
        self.is_inward = self.spikes in graph.active and not graph.is_cut(self.synapses)
        if self.weights or self.is_inward:
            self._check_constant()
        self.sent = graph.record_spikes(parent_group(self.synapses.source))
        variable = self.synapses.variables[self.name]
        self.gate = None
        if getattr(variable, "conditional_write", None) is not None:
            code = "gradient_0 = int(not_refractory)"
            group = graph.group_of(variable)
            self.gate = graph.record(self, group, code, ("gradient_0",))

    def _check_constant(self):
        """Raise unless what a spike adds is the same in each step."""
        indices = self.synapses.variables.indices
        for name in moving(self.added):
            refuse_moving(self.runner, self.added, name)
        ends = sorted(n for n in names(self.added) if indices.get(n, "_idx") not in ("_idx", "0"))
        if ends:
            raise ValueError(
                f"gradient: a spike adds '{self.added}' to '{self.target.name}' of"
                f" '{self.target.owner}' ('{self.synapses.name}'), which depends on '{ends[0]}';"
                " let spikes add a weight times a constant, and write what depends on the neuron"
                " into its equations, where the variable is read"
            )

    def begin(self, tape):
        """Take weights and delays, and make room for a block of steps."""
        self.links = Connections(self.synapses, layout_of(self.synapses, tape))
        delay = np.asarray(self.runner.variables["delay"].get_value(), dtype=float)
        late = np.floor(delay / float(self.synapses.clock.dt) + 0.5).astype(int)
        late = np.broadcast_to(late, (self.links.size,))
        self.late = {int(d): late == d for d in np.unique(late)} if len(late) else {}
        if any(self.late) and getattr(self.synapses, "trial_length", None) is None:
            refuse_spikes_in_flight(self.synapses)
        self.values = Later(BLOCK, max(self.late, default=0), self.part.stop - self.part.start)
        source = self.synapses.source
        self.senders, self.size = slice(source.start, source.stop), len(parent_group(source))
        self.found = {}
        added = self._by_synapse(self.added) if self.is_inward else 0.0
        self.matrices = [
            (d, self.links.matrix(added if which.all() else np.where(which, added, 0.0)))
            for d, which in (self.late.items() if self.is_inward else ())
        ]

    def load(self, tape):
        """Take recorded values of a block of steps."""
        self.values.begin(tape.steps)
        self.z = tape.values(self.sent, "spiked_now")[:, self.senders]
        self.free = None if self.gate is None else tape.values(self.gate, "gradient_0")

    def _by_synapse(self, expression):
        found = sorted(names(expression))
        own = self.synapses.variables
        given = [
            np.asarray(own[name].get_value(), dtype=float)
            if name in own.indices
            else self.text.number(symbol(name))
            for name in found
        ]
        compute = sympy.lambdify([symbol(name) for name in found], expression, [FUNCTIONS, "numpy"])
        return np.broadcast_to(np.asarray(compute(*given), dtype=float), (self.links.size,))

    def backward(self, step, adjoint):
        """Run backwards."""
        value = adjoint.get(self.target)
        if value is not None:
            value = value if self.free is None else value * self.free[step]
            self.values[step] = value[self.part]
        if not self.is_inward:
            return
        sent = None
        for d, matrix in self.matrices:
            sent = total(sent, self.links.back(matrix, self.values[step + d]))
        if sent is None:
            return
        if len(sent) < self.size:
            found, sent = sent, np.zeros(self.size)
            sent[self.senders] = found
        add(adjoint, self.spikes, sent)

    def collect(self):
        """Add up products of what arrives and what was sent over the block."""
        for d in self.late if self.weights else ():
            found = self.links.outer(self.values[d : d + len(self.z)], self.z)
            self.found[d] = total(self.found.get(d), found)

    def gradients(self):
        """Return the derivatives by variables of the synapses."""
        result = {}
        for key, value in self.weights:
            factor = self._by_synapse(value)
            for d, which in self.late.items():
                found = self.found[d].times(factor if which.all() else np.where(which, factor, 0.0))
                result[key] = total(result.get(key), found)
        return result


def arrivals(runner: SynapticPathway, text: GroupText, code: str) -> list[Arrival]:
    """Return what the statements of a pathway add to variables of neurons.

    Raises
    ------
    ValueError
        If a statement does more than add.
    """
    own, found = {}, []
    for name, value in assignments(code):
        expression = parsed(value).xreplace({symbol(other): one for other, one in own.items()})
        if name not in text.group.variables:
            own[name] = expression
            continue
        if text.group.variables.indices[name] != "_postsynaptic_idx":
            continue
        added = sympy.expand(expression - symbol(name))
        if symbol(name) in added.free_symbols:
            raise ValueError(
                f"gradient: a spike sets '{name}' to '{value}' in '{text.group.name}'; let it add"
                f" to it, '{name} += w'"
            )
        found.append(Arrival(runner, text, name, str(added)))
    return found


def is_synapses(group) -> bool:
    """Return whether a group is synapses."""
    return isinstance(group, Synapses)
