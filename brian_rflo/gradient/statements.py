"""Statements of a group, run backwards: integration, functions and slopes, resets at the beginning
of a trial, losses, and statements of the user.

The code is differentiated line by line (`brian_rflo.derivation`). Derivatives that are the same for
all units are numbers; all others are computed by Brian2 itself, by statements that run directly
before these in the state that these will find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from brian2 import DEFAULT_FUNCTIONS

from ..brian.borrowed import get_identifiers, word_substitute
from ..derivation.calculus import assignments
from ..derivation.linear import needed_lines
from .operations import Key, Operation, add
from .text import has_random

if TYPE_CHECKING:
    from brian2 import CodeRunner

    from .text import GroupText

#: What keeps the statements of a refractory neuron from its variables.
GATE = "not_refractory = not_refractory\n"


class Statements(Operation):
    """Statements of a group, or of a part of it.

    Parameters
    ----------
    runner : CodeRunner
    code : str
    text : GroupText
        Names of the whole group.
    part : slice, optional
        The part.
    """

    def __init__(self, runner: CodeRunner, code: str, text: GroupText, part: slice | None = None):
        super().__init__(runner)
        self.text, self.group, self.part = text, text.group, part
        aliases = {name: text.canonical(name) for name in get_identifiers(code)}
        aliases = {name: other for name, other in aliases.items() if name != other}
        self.code = word_substitute(code, aliases) if aliases else code
        self.lines = list(assignments(self.code))
        overrides = getattr(runner, "override_conditional_write", None) or ()
        self.held = {
            name
            for name, _ in self.lines
            if name in self.group.variables
            and getattr(self.group.variables[name], "conditional_write", None) is not None
            and "not_refractory" not in overrides
        }
        self.starts = {}

    def edges(self):
        """Return what is written, with all that it may depend on; followed line by line."""
        depends = {}
        for name, value in self.lines:
            keys = set()
            for other, key in self.text.graded(value).items():
                keys |= depends.get(other, {key})
            for other in get_identifiers(value) & set(depends):
                keys |= depends[other]
            keys |= {self.starts[other] for other in get_identifiers(value) & set(self.starts)}
            if name in self.held:
                keys |= depends.get(name, set(self.text.graded(name).values()))
            depends[name] = keys
        found = {}
        for name, keys in depends.items():
            for key in self.text.graded(name).values() if name in self.group.variables else ():
                found[key] = keys if self.part is None else keys | {key}
        return found

    def depends(self, name, by):
        """Return whether they give a variable a value that depends on another."""
        keys = self.text.graded(f"{name} + {by}")
        return keys.get(by) in self.edges().get(keys.get(name), ())

    def start_from(self, name: str, key: Key) -> None:
        """Treat the value that is given to a variable as one by which to differentiate."""
        self.starts[f"_start_{name}"] = key
        self.lines = [
            line
            for target, value in self.lines
            for line in (
                (target, value),
                *([(name, f"{name} + _start_{name}")] if target == name else []),
            )
        ]

    def prepare(self, graph):
        """Differentiate the code by what is active."""
        code = "\n".join(f"{name} = {value}" for name, value in self.lines)
        known = {
            name: key for name, key in self.text.graded(code).items() if key in graph.active
        } | self.starts
        written = {name for name, _ in self.lines}
        prelude, rest = self._split(set(known) | written)
        code = "\n".join(f"{name} = {value}" for name, value in rest)
        held = frozenset(self.held & set(known))
        if held and not any(name == "not_refractory" for name, _ in rest):
            code = GATE + code
        fields = dict(held=held, is_refractory=bool(held))
        text = self.text.neuron_text(code, known, written, **fields)
        linear = text.linear
        self.rows, wanted, cut = {}, {}, graph.cuts(self.group)
        for name, row in linear.A.items():
            entries = {by: value for by, value in row.items() if (name, by) not in cut}
            self.rows[known[name]] = [
                (known[by], self._coefficient(value, text, wanted)) for by, value in entries.items()
            ]
        lines = needed_lines(linear.lines, wanted) if wanted else []
        lines = [*self._needed(prelude, lines), *lines]
        self._refuse_random(lines)
        self.recorded = graph.record(self, self.group, "\n".join(lines), tuple(wanted))

    def _coefficient(self, value, text, wanted):
        """Return a scalar expression, or the name under which the values are recorded."""
        if text.is_scalar(value):
            return value
        for name, other in wanted.items():
            if other == value:
                return name
        name = f"gradient_{len(wanted)}"
        wanted[name] = value
        return name

    def _split(self, changing):
        """Return the lines that define names of their own from what has no derivative, which run as
        they are, and the others.
        """
        prelude, rest, moving = [], [], set(changing)
        scalars = self.text.neuron_text(self.code, {}).scalars
        for name, value in self.lines:
            read = self.text.names(value) - set(DEFAULT_FUNCTIONS)
            is_own = (
                name not in self.group.variables and [n for n, _ in self.lines].count(name) == 1
            )
            if is_own and not read & moving and not read <= scalars:
                prelude.append((name, value))
            else:
                rest.append((name, value))
                moving.add(name)
        return prelude, rest

    @staticmethod
    def _needed(prelude, lines):
        """Return the lines of the prelude that other lines read."""
        found, wanted = [], get_identifiers("\n".join(lines))
        for name, value in reversed(prelude):
            if name in wanted:
                found.insert(0, f"{name} = {value}")
                wanted |= get_identifiers(value)
        return found

    def _refuse_random(self, lines):
        if has_random("\n".join(lines)):
            raise ValueError(
                f"gradient: the derivative of '{self.runner.name}' of '{self.group.name}' needs the"
                f" random numbers that it draws ({self._shown}). Draw them into a variable of their"
                " own (noise : 1, run_regularly('noise = randn()', **schedule.DRIVE)), and name"
                " that."
            )

    def _taken(self, key, adjoint):
        """Return the adjoint of what is written, and leave that of all other units."""
        value = adjoint.pop(key)
        if self.part is None:
            return value
        found, adjoint[key] = np.zeros_like(value), value.copy()
        found[self.part] = value[self.part]
        adjoint[key][self.part] = 0
        return found

    @property
    def _shown(self):
        return "; ".join(f"{name} = {value}" for name, value in self.lines)

    def begin(self, tape):
        """Take numbers."""
        self.numbers = {
            key: [(by, c if isinstance(c, str) else self.text.number(c)) for by, c in row]
            for key, row in self.rows.items()
        }

    def load(self, tape):
        """Take recorded values of a block of steps."""
        self.now = {
            key: [(by, tape.values(self.recorded, c) if isinstance(c, str) else c) for by, c in row]
            for key, row in self.numbers.items()
        }

    def backward(self, step, adjoint):
        """Run backwards."""
        outputs = [
            (row, self._taken(key, adjoint)) for key, row in self.now.items() if key in adjoint
        ]
        for row, value in outputs:
            for by, c in row:
                if isinstance(c, float):
                    add(adjoint, by, value if c == 1.0 else c * value)
                else:
                    add(adjoint, by, c[step if len(c) > 1 else 0] * value)
