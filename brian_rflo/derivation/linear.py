"""Differentiation of one time step: the code of Brian2's integrator, line by line, so that the
result is exact for the integrator in use.

With the state s, the summed input I and s1 = F(s, I) one step later, the results are A = dF/ds and
b = dF/dI. Each line ``x = f(y, ...)`` of the code gets its derivatives by every variable z of s and
I, ``x_by_z = sum over y of df/dy y_by_z``: forward differentiation, without substituting anything.
"""

from dataclasses import dataclass

import sympy

from .calculus import assignments, is_random, names, parsed, symbol, to_code


@dataclass(frozen=True, eq=False)
class Linear:
    """The derivatives of a step: `A` ``{variable: {by: expression}}``, in terms of the state before
    the step and of the lines of code `lines`.
    """

    A: dict
    lines: dict


def linearised(text):
    """Differentiate one step of a `NeuronText`."""
    return Linearising(text).done()


#: Expression for "not refractory" in the code of Brian2's integrators.
FREE = sympy.Function("int_")(symbol("not_refractory"))


def ending_in(code, ends):
    """Return the names assigned in lines of code that only lines to `ends` read; a refractory
    neuron ignores their values, which may be 0/0.
    """
    only = set(ends)
    for number in range(len(code) - 1, -1, -1):
        name, readers = (
            code[number][0],
            {other for other, text in code[number + 1 :] if code[number][0] in names(parsed(text))},
        )
        if readers and readers <= only:
            only.add(name)
    return only


class Linearising:
    """Differentiation in progress: `by` are derivatives by name, `now` the expressions that names
    stand for.
    """

    def __init__(self, text):
        self.text, self.lines, self.now = text, {}, {}
        self.by = {name: {name: sympy.Integer(1)} for name in (*text.units, *text.sums)}
        self.only_held = ending_in(list(assignments(text.code)), text.held)

    def done(self):
        """Differentiate all lines; return the result."""
        for name in self.text.kept:
            self._keep(name)
        for name, value in assignments(self.text.code):
            self._line(name, value)
        end = {name: self.now.get(name, symbol(name)) for name in self.text.units}
        return Linear({name: self._chain(value) for name, value in end.items()}, self.lines)

    def _keep(self, name):
        """Keep a subexpression that is constant over a step as a name: it was evaluated before the
        step, from the same state.
        """
        value = self.text.expression(self.text.kept[name])
        received = sorted(names(value) & set(self.text.sums))
        if received:
            raise ValueError(
                f"{self.text.name}: the subexpression '{name}' is constant over dt and reads"
                f" '{received[0]}', of which it sees the value of the step before; leave out"
                " '(constant over dt)', or the input"
            )
        self.by[name] = self._derivatives(name, value)

    def _line(self, name, value):
        if name == "not_refractory":
            self.lines["_free"], self.now[name] = f"int({value})", symbol("_free")
            return
        value = self.text.expression(value).xreplace(
            {FREE: sympy.Integer(1)} if name in self.only_held else {}
        )
        value = value.xreplace({FREE: symbol("_free")} if "_free" in self.lines else {}).xreplace(
            {
                variable: self.now[str(variable)]
                for variable in value.free_symbols
                if str(variable) in self.now
            }
        )
        if name in self.text.units and name in self.text.held:
            free = self.now["not_refractory"]
            value = free * value + (1 - free) * symbol(name)
        if self.text.is_scalar(value) or value.is_Symbol:
            self.now[name] = value
            return
        own = f"_next_{name}" if name in self.text.units else name
        while own in self.lines:  # written before in the same statements
            own += "_then"
        self.lines[own], self.by[own], self.now[name] = (
            value,
            self._derivatives(own, value),
            symbol(own),
        )

    def _derivatives(self, name, value):
        """Return derivatives by each variable of state and input: scalars as they are, others as
        lines of their own.
        """
        return {
            by: self._stored(f"_{name.lstrip('_')}_by_{by}", found)
            for by, found in self._chain(value).items()
        }

    def _chain(self, value):
        total = {}
        known = {name for name, by in self.by.items() if by}
        for inner, partial in self.text.calculus.partials(value, known).items():
            for by, found in self.by[inner].items():
                total[by] = total.get(by, 0) + partial * found
        total = {by: found for by, found in total.items() if found != 0}
        for by, found in total.items():
            if is_random(found):
                raise ValueError(
                    f"{self.text.name}: random numbers are multiplied by something that depends on"
                    f" '{by}', and the trace would need the very numbers that the neuron drew; draw"
                    " them once a step into a variable of their own (noise : 1,"
                    " run_regularly('noise = randn()', **schedule.GAIN)), and name that"
                )
        return {
            by: shortest(found) if self.text.is_scalar(found) else found
            for by, found in total.items()
        }

    def _stored(self, name, value):
        if self.text.is_scalar(value) or value.is_Symbol:
            return value
        self.lines[name] = value
        return symbol(name)


def shortest(value):
    """Return the expression, expanded if that leaves fewer operations."""
    return min((sympy.expand(value), value), key=sympy.count_ops)


def needed_lines(lines, outputs):
    """Return the lines of code that compute `outputs`, expressions by name, without unused lines,
    and with lines that are read once inlined.
    """
    wanted, code = dict(outputs), dict(lines)
    for name in reversed(list(code)):
        readers = [other for other, value in wanted.items() if name in names_read(value)]
        if not readers:
            continue
        count = sum(
            list(sympy.preorder_traversal(wanted[reader])).count(symbol(name)) for reader in readers
        )
        if count == 1 and not isinstance(code[name], str):
            wanted[readers[0]] = wanted[readers[0]].xreplace({symbol(name): code[name]})
        else:
            wanted = {name: code[name]} | wanted
    return [f"{name} = {to_code(value)}" for name, value in wanted.items()]


def names_read(value):
    """Return the names that a line reads."""
    return set() if isinstance(value, str) else names(value)
