"""Spikes, resets and what spikes add to their targets, run backwards.

With u the distance from the threshold, psi the pseudo-derivative, z the spikes and R the reset,

    threshold   adjoint(s) += du/ds psi adjoint(z)
    reset       s' = s + z (R(s) - s):  adjoint(s) += z (dR/ds - 1)^T adjoint(s')
                                        adjoint(z) += sum_k (R_k(s) - s_k) adjoint(s'_k)
    arrival     s'_i = s_i + c sum_j w_ij z_j(t - delay_ij):
                                        adjoint(z_j(t)) += c sum_i w_ij adjoint(s_i(t + delay_ij))

The modes of a reset, by variable (the first three are those of derived rules):

    ignore      the variable as if it were not reset
    detach      resets at fixed spike times: no second line; the default of a reset to a value
    surrogate   all of it; the default of what a reset adds, and of DerivedNeurons' own choice
    attach      all of it, also of a reset to a value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy
from brian2 import Synapses

from ..brian.borrowed import word_substitute
from ..brian.declared import declared
from ..derivation.calculus import Calculus, assignments, names, parsed, symbol
from ..derivation.linear import needed_lines
from ..neurons.base import parent_group
from .matrices import Connections, layout_of
from .delays import Later
from .operations import BLOCK, Operation, add, key_of, spikes_of, total
from .refusals import refuse_spikes_in_flight

if TYPE_CHECKING:
    from ..brian.borrowed import SynapticPathway
    from .text import GroupText

MODES = ("ignore", "detach", "surrogate", "attach")


class Threshold(Operation):
    """The threshold of a group."""

    def __init__(self, runner, text: GroupText):
        super().__init__(runner)
        self.text, self.group = text, text.group
        self.spikes, self.condition = spikes_of(self.group), self.group.events["spike"]
        self.flag = key_of(self.group.variables["spiked"]) if self._has_flag else None

    @property
    def _has_flag(self):
        """Return whether the group has a variable that is 1 in the step of a spike."""
        return declared(self.group, "text", None) is not None and "spiked" in self.group.variables

    def edges(self):
        """Return the spikes, with all that the condition reads."""
        found = set(self.text.graded(self.condition).values())
        return {self.spikes: found} | ({} if self.flag is None else {self.flag: found})

    @property
    def is_differentiated(self):
        """Return whether spikes have a pseudo-derivative."""
        known = declared(self.group, "text", None)
        return bool(known.surrogate) if known is not None else "gain" in self.group.variables

    def prepare(self, graph):
        """Differentiate the distance from the threshold."""
        self.du, self.recorded = [], None
        if not self.is_differentiated:
            if declared(self.group, "text", None) is None:
                raise ValueError(
                    f"gradient: the loss depends on the spikes of '{self.group.name}', which have"
                    " no derivative. Give them a pseudo-derivative: DerivedNeurons(...,"
                    " surrogate='clip(1 - abs(u), 0, 1)'), or a variable gain that is set in"
                    " schedule.SLOPE."
                )
            return
        known = {n: k for n, k in self.text.graded(self.condition).items() if k in graph.active}
        text = self.text.neuron_text("", known, set(known), threshold=self.condition)
        partials = text.calculus.partials(text.expression(text.distance), known)
        wanted = {
            f"gradient_{name}": value
            for name, value in partials.items()
            if not text.is_scalar(value)
        }
        self.du = [
            (known[name], f"gradient_{name}" if f"gradient_{name}" in wanted else value)
            for name, value in partials.items()
        ]
        lines = ["gradient_gain = gain", *needed_lines({}, wanted)]
        outputs = ("gradient_gain", *wanted)
        self.recorded = graph.record(self, self.group, "\n".join(lines), outputs)

    def begin(self, tape):
        """Take numbers."""
        self.numbers = [
            (key, c if isinstance(c, str) else self.text.number(c)) for key, c in self.du
        ]

    def load(self, tape):
        """Take recorded values of a block of steps."""
        if self.recorded is None:
            return
        scale = float(declared(self.group, "slope_unit", 1.0))
        gain = tape.values(self.recorded, "gradient_gain")
        self.psi = gain if scale == 1 else gain / scale
        self.now = [
            (key, tape.values(self.recorded, c) if isinstance(c, str) else c)
            for key, c in self.numbers
        ]

    def backward(self, step, adjoint):
        """Run backwards."""
        found = [adjoint.pop(key) for key in (self.spikes, self.flag) if key in adjoint]
        if not found or self.recorded is None:
            return
        change = self.psi[step] * (found[0] if len(found) == 1 else found[0] + found[1])
        for key, c in self.now:
            add(adjoint, key, (c if isinstance(c, float) else c[step]) * change)


class Reset(Operation):
    """The reset of a group."""

    def __init__(self, runner, text: GroupText, threshold: Threshold):
        super().__init__(runner)
        self.text, self.group, self.threshold = text, text.group, threshold
        code = self.group.event_codes["spike"]
        aliases = {name: text.canonical(name) for name, _ in assignments(code)}
        self.code = word_substitute(code, {n: o for n, o in aliases.items() if n != o})

    def edges(self):
        """Return what is reset, with itself, the spikes, and all that is read."""
        found = {}
        for name, value in assignments(self.code):
            read = set(self.text.graded(value).values()) | {self.threshold.spikes}
            for key in self.text.graded(name).values():
                found[key] = found.get(key, {key}) | read
        for keys in found.values():  # a later line may read what an earlier one has set
            for key in list(keys):
                keys |= found.get(key, set())
        return found

    def modes(self, graph):
        """Return the mode of each variable that was chosen, by name."""
        known = declared(self.group, "text", None)
        found = {} if known is None else dict.fromkeys(known.detach, "detach")
        found |= {} if known is None else dict.fromkeys(known.ignore, "ignore")
        found |= dict.fromkeys(declared(self.group, "attached", ()), "attach")
        return found | graph.modes(self.group)

    def prepare(self, graph):
        """Differentiate the reset."""
        known = {n: k for n, k in self.text.graded(self.code).items() if k in graph.active}
        written = {name for name, _ in assignments(self.code)}
        text = self.text.neuron_text("", known, written, reset=self.code)
        calculus, chosen = Calculus(text.derivatives, text.name), self.modes(graph)
        self.rows, self.jumps, wanted = {}, {}, {}
        for name, after in text.resets.items():
            mode = chosen.get(name, "surrogate")
            if mode == "ignore":
                continue
            partials = calculus.partials(after, known)
            row = {name: sympy.Integer(0)} | partials
            row = {other: value - int(other == name) for other, value in row.items()}
            self.rows[known[name]] = [
                (known[other], self._coefficient(value, text, wanted))
                for other, value in row.items()
                if value != 0
            ]
            jumps = mode == "attach" or (mode == "surrogate" and name in partials)
            if jumps and self.threshold.is_differentiated:
                jump = sympy.expand(after - symbol(name))
                self.jumps[known[name]] = self._coefficient(jump, text, wanted)
        lines = needed_lines({}, wanted)
        self.recorded = graph.record(self, self.group, "\n".join(lines), tuple(wanted))
        self.spiked = graph.record_spikes(self.group)

    @staticmethod
    def _coefficient(value, text, wanted):
        if text.is_scalar(value):
            return value
        name = f"gradient_{len(wanted)}"
        wanted[name] = value
        return name

    def begin(self, tape):
        """Take numbers."""

        def number(c):
            return c if isinstance(c, str) else self.text.number(c)

        self.numbers = {key: [(by, number(c)) for by, c in row] for key, row in self.rows.items()}
        self.jumping = {key: number(c) for key, c in self.jumps.items()}

    def load(self, tape):
        """Take recorded values of a block of steps."""

        def now(c):
            return tape.values(self.recorded, c) if isinstance(c, str) else c

        self.z = tape.values(self.spiked, "spiked_now")
        self.has_spikes = self.z.any(axis=1)
        self.now = {key: [(by, now(c)) for by, c in row] for key, row in self.numbers.items()}
        self.jumps_now = {key: now(c) for key, c in self.jumping.items()}

    def backward(self, step, adjoint):
        """Run backwards; all rows at once."""
        after = [(key, adjoint[key]) for key in self.rows if key in adjoint]
        z, spikes = self.z[step], bool(self.has_spikes[step])
        for key, value in after:
            if key in self.jumps_now:
                c = self.jumps_now[key]
                jump = (c if isinstance(c, float) else c[step]) * value
                add(adjoint, self.threshold.spikes, jump)
            if spikes:
                for by, c in self.now[key]:
                    add(adjoint, by, z * (c if isinstance(c, float) else c[step]) * value)


class Arrival(Operation):
    """What the spikes of a group add to a variable of their targets.

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
        self.target = key_of(self.synapses.variables[name])
        self.spikes = spikes_of(parent_group(self.synapses.source))
        group = self.synapses.target
        self.part = slice(group.start, group.stop)

    @property
    def room(self):
        """Return the number of values for which it needs room on the way back."""
        ends = len(self.synapses.source), len(self.synapses.target)
        return 2 * BLOCK * sum(ends) + 3 * len(self.synapses)

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
        indices = self.synapses.variables.indices
        ends = sorted(n for n in names(self.added) if indices.get(n, "_idx") not in ("_idx", "0"))
        if ends:
            raise ValueError(
                f"gradient: a spike adds '{self.added}' to '{self.target.name}' of"
                f" '{self.target.owner}' ('{self.synapses.name}'), which depends on '{ends[0]}';"
                " let spikes add a weight times a constant, and write what depends on the neuron"
                " into its equations, where the variable is read"
            )
        self.weights = [(active[name], value) for name, value in partials.items()]
        self.is_inward = self.spikes in graph.active and not graph.is_cut(self.synapses)
        self.sent = graph.record_spikes(parent_group(self.synapses.source))
        variable = self.synapses.variables[self.name]
        self.gate = None
        if getattr(variable, "conditional_write", None) is not None:
            code = "gradient_0 = int(not_refractory)"
            group = graph.group_of(variable)
            self.gate = graph.record(self, group, code, ("gradient_0",))

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
        added = self._by_synapse(self.added)
        self.matrices = [
            (d, self.links.matrix(added if which.all() else np.where(which, added, 0.0)))
            for d, which in self.late.items()
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
        compute = sympy.lambdify([symbol(name) for name in found], expression, "numpy")
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
                found = self.found[d].times(
                    factor if which.all() else np.where(which, factor, 0.0)
                )
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
