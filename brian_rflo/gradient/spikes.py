"""Spikes and resets, run backwards.

With u the distance from the threshold, psi the pseudo-derivative, z the spikes and R the reset,

    threshold   adjoint(s) += du/ds psi adjoint(z)
    reset       s' = s + z (R(s) - s):  adjoint(s) += z (dR/ds - 1)^T adjoint(s')
                                        adjoint(z) += sum_k (R_k(s) - s_k) adjoint(s'_k)

The modes of a reset, by variable (the first three are those of derived rules):

    ignore      the variable as if it were not reset
    detach      resets at fixed spike times: no second line; the default of a reset to a value
    surrogate   all of it; the default of what a reset adds, and of DerivedNeurons' own choice
    attach      all of it, also of a reset to a value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy

from ..brian.borrowed import word_substitute
from ..brian.declared import declared
from ..derivation.calculus import Calculus, assignments, symbol
from ..derivation.linear import needed_lines
from .operations import Operation, add, key_of, spikes_of

if TYPE_CHECKING:
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
