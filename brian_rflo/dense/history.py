"""Updates at the end of a trial in factorised form: no stored trace, and a matrix product in place
of a walk in each step.

With traces p of a synapse, p(t) = A(t) p(t-1) + f(t) g(t), where A (a small matrix) and f (a
vector) are of the postsynaptic and g (a number) is of the presynaptic neuron, and the update
h(t).p(t), h of the postsynaptic neuron, the change of a weight over the steps s0 to s1 is a sum
over products of neurons:

    sum_t h(t).p(t) = sum_s [e(s).f(s)] g(s) + [A(s0)' e(s0)].p(s0 - 1),
    e(s) = h(s) + A(s + 1)' e(s + 1)

So the neurons' histories are kept in each step, and the sum is taken when the trial or the run is
over; several sums over one history have an h each. Rules without a trace whose update is a product
f(t) g(t) are the same with A = 0 and h = 1. This is exact; only the order of additions differs.
"""

import ast
from dataclasses import dataclass

import numpy as np
import sympy
from brian2.core.variables import ArrayVariable
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.utils.stringtools import word_substitute
from sympy.core.function import AppliedUndef

from .. import schedule
from ..brian.statements import overwrites
from .choice import draws, problems_within_trials
from .code import POST, PRE
from .reading import Reading, read
from .runners import Completing, DenseRunner, pointer

LARGEST = 2**23  # steps times neurons, of which histories are kept
PRODUCT = "_product_"  # beginning of the name of what stands for a trace where a rule has none
PADDING = 32  # numbers; the widest tile of the matrix product
NOT_LINEAR = (AttributeError, NotImplementedError, SyntaxError, TypeError, ValueError)


@dataclass(frozen=True)
class Factors:
    """Updates that are sums of products, as sympy expressions: names of the traces, A, f, g of the
    equations above, and h of each sum.
    """

    traces: tuple
    A: list
    f: list
    g: object
    h: dict


def factors(synapses):
    """Return the factors of the synapses' late sums, or None if there are none; solved anew only
    where what decides them has changed.
    """
    dense, updater, found = synapses.dense, synapses.state_updater, read(synapses)
    sides_of = {
        name: index
        for name, index in synapses.variables.indices.items()
        if not name.startswith("_history_")
    }
    decisive = (
        found.kept,
        found.late,
        str(synapses.equations),
        updater and updater.method_choice,
        dense.trace_code,
        sides_of,
    )
    if getattr(dense, "solved", (None,))[0] != decisive:
        dense.solved = decisive, solve(synapses, found)
    return dense.solved[1]


def solve(synapses, found):
    """Return the factors, symbolically."""
    updates = {name: str_to_sympy(found.kept[name]) for name in found.late}
    traces, after = one_step(synapses)
    if not traces:
        traces, after = (
            tuple(sympy.Symbol(f"{PRODUCT}{name}", real=True) for name in updates),
            list(updates.values()),
        )
        updates = dict(zip(updates, traces))
    A, sources = linear(after, traces)
    rows, rests = linear(updates.values(), traces)
    parts = [separated(synapses, source) for source in sources]
    if any(rest != 0 for rest in rests) or None in parts:
        return None
    g = next((g for f, g in parts if f != 0), sympy.Integer(0))
    if g == 0:
        return None
    ratios = [sympy.simplify(other / g) if f != 0 else sympy.Integer(0) for f, other in parts]
    f = [f * ratio for (f, _), ratio in zip(parts, ratios)]
    if not all(
        is_postsynaptic(synapses, value)
        for value in [*f, *(entry for row in (*rows, *A) for entry in row)]
    ):
        return None
    return Factors(
        tuple(trace.name for trace in traces if not trace.name.startswith(PRODUCT)),
        A,
        f,
        g,
        dict(zip(updates, rows)),
    )


def one_step(synapses):
    """Return the traces, and what they are after a step, in terms of what they were."""
    equations, advancer = synapses.equations, synapses.dense.advancer
    if advancer is None:
        return (), []
    if advancer is not synapses.state_updater:
        return statements(synapses, advancer.abstract_code)
    dt, method = sympy.Symbol("dt", real=True), advancer.method_choice
    rates = {
        sympy.Symbol(name, real=True): sympy.expand(str_to_sympy(str(expression)))
        for name, expression in equations.diff_eq_expressions
    }
    return tuple(rates), [integrated(trace, rate, dt, method) for trace, rate in rates.items()]


def integrated(trace, rate, dt, method):
    """A trace after one time step, as Brian2's integrator takes it."""
    if method == "exponential_euler":
        slope = rate.coeff(trace)
        decay = sympy.exp(slope * dt)
        return decay * trace + sympy.simplify(rate - slope * trace) * (decay - 1) / slope
    return trace + dt * rate


def statements(synapses, code):
    """The same for statements: each sees what those before it have written."""
    values = {}
    for node in ast.parse("\n".join(line.strip() for line in code.splitlines())).body:
        if isinstance(node, ast.AugAssign):
            text = ast.unparse(ast.BinOp(ast.Name(node.target.id), node.op, node.value))
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            text = ast.unparse(node.value)
        else:
            raise ValueError("not a statement that assigns")
        name = (node.targets[0] if isinstance(node, ast.Assign) else node.target).id
        values[sympy.Symbol(name, real=True)] = str_to_sympy(text).subs(values, simultaneous=True)
    traces = tuple(name for name in values if name.name in synapses.variables)
    return traces, [values[trace] for trace in traces]


def linear(expressions, traces):
    """Coefficients of the traces in each expression, and what is left without them; ValueError if
    it is not linear.
    """
    coefficients, rests = [], []
    for expression in expressions:
        row = [sympy.diff(expression, trace) for trace in traces]
        rest = expression.subs(dict.fromkeys(traces, 0), simultaneous=True)
        if any(entry.free_symbols & set(traces) for entry in row):
            raise ValueError("not linear in the traces")
        coefficients.append([sympy.simplify(entry) for entry in row])
        rests.append(sympy.simplify(rest))
    return coefficients, rests


def has_factors(synapses):
    """Whether the rule's change is a sum of products; what cannot be rewritten symbolically is
    none.
    """
    try:
        return factors(synapses) is not None
    except NOT_LINEAR:
        return False


def separated(synapses, expression):
    """`expression` as a product of a postsynaptic and a presynaptic factor, or None."""
    presynaptic = [symbol for symbol in expression.free_symbols if sides(synapses, symbol) == {PRE}]
    f, g = sympy.factor(expression).as_independent(*presynaptic, as_Add=False)
    return (f, g) if is_postsynaptic(synapses, f) and sides(synapses, g) <= {PRE, "0"} else None


def is_postsynaptic(synapses, expression):
    """Whether an expression is of the postsynaptic neuron, or of none."""
    return sides(synapses, expression) <= {POST, "0"}


def is_constant(synapses, expression):
    """Whether an expression keeps its value for a run: constants, and shared variables that are no
    function of time.
    """
    variables = [
        synapses.variables[symbol.name]
        for symbol in expression.free_symbols
        if symbol.name in synapses.variables
    ]
    stored = all(
        isinstance(variable, ArrayVariable)
        and variable.scalar
        and variable.name not in ("t", "t_in_timesteps", "timestep")
        for variable in variables
    )
    return stored and not expression.atoms(AppliedUndef)


def sides(synapses, expression):
    """Indices of the variables in an expression; constants from outside count as shared."""
    return {
        synapses.variables.indices[symbol.name] if symbol.name in synapses.variables else "0"
        for symbol in expression.free_symbols
    }


def problems(parts, objects, run_namespace):
    """Yield what speaks against keeping histories in the coming run."""
    synapses = parts.synapses
    found = read(synapses) if parts.learner is not None else Reading()
    if not found.late or set(found.late) != set(found.kept) or synapses.trials is None:
        yield "weights do not change at the end of trials"
    elif not set(found.read_at) <= {"trial_start", "trial_end"}:
        yield "what it adds up is read within a trial"
    elif draws(parts, run_namespace):
        yield "it draws random numbers"
    elif not has_factors(synapses):
        yield "its update is no sum of products of neurons"
    elif synapses.geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif synapses.trial_length * (len(synapses.source) + len(synapses.target)) > LARGEST:
        yield f"a trial has more than {LARGEST} steps times neurons"
    else:
        yield from problems_of_others(parts, objects, found.late)


def problems_of_others(parts, objects, late):
    """Yield what other objects do with what is there only at the end of a trial, or with what must
    stay.
    """
    synapses = parts.synapses
    shared = {name for name in synapses.variables if synapses.variables.indices[name] == "0"}
    return problems_within_trials(
        parts, objects, {*late, *parts.trace_written}, parts.names & shared
    )


class Entries:
    """How the code of a run writes the factors: numbers and shared constants as they are, what
    changes from step to step as an array.
    """

    def __init__(self, synapses):
        self.synapses, found = synapses, factors(synapses)
        self.traces = found.traces
        self.arrays = {"g": found.g}  # expressions by the name of their history
        self.constants = {}  # expressions by the name that the code gives them
        self.f = [self.entry(f"f{k}", value) for k, value in enumerate(found.f)]
        self.h = {
            name: [self.entry(f"h{number}_{k}", value) for k, value in enumerate(row)]
            for number, (name, row) in enumerate(found.h.items())
        }
        self.A = [
            [self.entry(f"A{k}{column}", value) for column, value in enumerate(row)]
            for k, row in enumerate(found.A)
        ]

    def entry(self, name, value):
        """C++ for a value in the step `_row`; None for zero."""
        if value == 0:
            return None
        if is_constant(self.synapses, value):
            self.constants[f"_{name}"] = sympy_to_str(value)
            return f"_{name}"
        self.arrays[name] = value
        return f"_kept_{name}[_place]"


class HistoryRecord(DenseRunner):
    """Keeps the factors of a step, in place of the `DensePass`."""

    def __init__(self, synapses, learner, copies):
        super().__init__(synapses, "history", schedule.place_of(learner))
        self.copies = copies

    def compose(self, run_namespace):
        entries, shape = Entries(self.group), Shape(self.group)
        self.rows = f"{self.history('rows', 1, dtype=np.int32)}[0]"
        for name, value in entries.arrays.items():
            text = sympy_to_str(value)
            is_late = name[0] == "h" or not entries.traces  # read in the phase LEARN
            index, stride = (PRE, shape.pre) if name == "g" else (POST, shape.post)
            self.keep(
                name,
                text if is_late else word_substitute(text, self.copies.names),
                index,
                stride,
                shape.n_steps * shape.networks * stride,
                self.rows,
            )
        self.opening = f"if ({self.rows} >= {shape.n_steps}) {self.rows} = 0;"
        self.closing = f"{self.rows} += 1;"

    def keep(self, name, expression, index, stride, size, row):
        """Keep an expression of one side's neurons."""
        self.abstract_code[name] = f"_value_{name} = {expression}"
        self.kept[name] = dict(index=index, stride=stride, array=self.history(name, size), row=row)


class HistoryFlush(Completing):
    """Takes the sums over the history when a trial or a run is over: change, and traces and sums
    where somebody may need them.
    """

    def __init__(self, synapses):
        super().__init__(synapses, "flush")

    @property
    def reset(self):
        """Statements of the synapses at the beginning of a trial."""
        return "\n".join(
            step.code
            for step in self.group.placed
            if step.site == "own" and step.when == "trial_start"
        )

    def compose(self, run_namespace):
        entries, shape = Entries(self.group), Shape(self.group)
        width, order = shape.networks * shape.post, len(entries.f)
        sizes = {
            name: shape.n_steps * (shape.networks * shape.pre if name == "g" else width)
            for name in [*entries.arrays, "c"]
        } | {"e": width * order**2}
        arrays = {name: self.history(name, size) for name, size in sizes.items()}
        self.abstract_code = {
            "flush": "\n".join(
                [
                    "_on = int(plastic)",
                    *(f"{name} = {expression}" for name, expression in entries.constants.items()),
                ]
            )
        }
        self.flush = dict(
            arrays | self.boundaries(),
            arrays=arrays,
            entries=entries,
            shape=shape,
            traces=[pointer(self.variable(name)) for name in entries.traces],
            sums={pointer(self.variable(name)): row for name, row in entries.h.items()},
            finite=pointer(self.variable("finite_network")),
            keeps_traces=not all(overwrites(self.reset, name) for name in entries.traces),
        )


class Shape:
    """Sizes of the histories of a projection: neurons of a block on either side, padded."""

    def __init__(self, synapses):
        geometry = synapses.geometry
        self.networks, self.n_pre, self.n_post, self.first_post = (
            geometry.networks,
            geometry.n_pre,
            geometry.n_post,
            geometry.first_post,
        )
        self.n_steps, self.pre, self.post = (
            synapses.trial_length,
            padded(geometry.n_pre),
            padded(geometry.n_post),
        )


def padded(size):
    """The next multiple of the padding."""
    return -(-size // PADDING) * PADDING
