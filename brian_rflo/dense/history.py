"""Updates at the end of a trial in factorised form: no stored trace, and a matrix product in place of a walk in each step.

With the trace p(t) = A p(t-1) + f(t) g(t), f of the postsynaptic and g of the presynaptic neuron, and the update h(t) p(t),
h of the postsynaptic neuron, the change of a weight over the steps s0 to s1 is a sum over products of neurons:

    sum_t h(t) p(t) = sum_s e(s) f(s) g(s) + A e(s0) p(s0 - 1),    e(s) = h(s) + A e(s + 1)

So the neurons' histories are kept in each step, and the sum is taken when the trial or the run is over. Rules without a trace
whose update is a product f(t) g(t) are the same with e = 1. This is exact; only the order of additions differs.
"""

from dataclasses import dataclass

import numpy as np
import sympy
from brian2.core.variables import ArrayVariable
from brian2.groups.group import CodeRunner
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.utils.stringtools import word_substitute
from sympy.core.function import AppliedUndef

from .. import schedule
from ..occasional import is_standalone
from .choice import MARK, draws, is_python, overwrites, touches
from .code import POST, PRE
from .runners import DenseRunner, pointer

LARGEST = 2**23  # steps times neurons, of which histories are kept
PADDING = 32  # numbers; the widest tile of the matrix product


@dataclass(frozen=True)
class Factors:
    """A rule whose change is a sum of products, as strings: `f`, `h` of the postsynaptic neuron, `g` of the presynaptic one."""

    f: str
    g: str
    h: str = ""
    decay: str = ""
    trace: str = ""


def factors(synapses):
    """The factors of the synapses' rule, or None if it has none."""
    equations, update = synapses.equations, str_to_sympy(synapses.rule.update)
    if not equations.diff_eq_names:
        return separated(synapses, update)
    if len(equations.diff_eq_names) > 1:
        return None
    (name, expression), *_ = equations.diff_eq_expressions
    trace, dt = sympy.Symbol(name, real=True), sympy.Symbol("dt", real=True)
    rate = sympy.expand(str_to_sympy(str(expression)))
    slope, h = rate.coeff(trace), sympy.expand(update).coeff(trace)
    decay, source = one_step(slope, sympy.simplify(rate - slope * trace), dt, synapses.state_updater.method_choice)
    if trace in source.free_symbols | decay.free_symbols | h.free_symbols or sympy.simplify(update - h * trace) != 0:
        return None
    found = separated(synapses, source)
    if found is None or not sides(synapses, h) <= {POST, "0"} or not is_constant(synapses, decay):
        return None
    return Factors(found.f, found.g, sympy_to_str(h), sympy_to_str(decay), name)


def one_step(slope, rest, dt, method):
    """Decay and increment of a trace in one time step: dp/dt = slope p + rest, as Brian2's integrator takes it."""
    if method == "exponential_euler":
        decay = sympy.exp(slope * dt)
        return decay, rest * (decay - 1) / slope
    return 1 + dt * slope, dt * rest


def has_factors(synapses):
    """Whether the rule's change is a sum of products; what cannot be rewritten symbolically is none."""
    try:
        return factors(synapses) is not None
    except (AttributeError, NotImplementedError, SyntaxError, TypeError, ValueError):
        return False


def separated(synapses, expression):
    """`expression` as a product of a postsynaptic and a presynaptic factor, or None."""
    presynaptic = [symbol for symbol in expression.free_symbols if sides(synapses, symbol) == {PRE}]
    f, g = sympy.factor(expression).as_independent(*presynaptic, as_Add=False)
    if not sides(synapses, f) <= {POST, "0"} or not sides(synapses, g) <= {PRE, "0"}:
        return None
    return Factors(sympy_to_str(f), sympy_to_str(g))


def is_constant(synapses, expression):
    """Whether an expression keeps its value for a run: constants, and shared variables that are no function of time."""
    variables = [synapses.variables[symbol.name] for symbol in expression.free_symbols if symbol.name in synapses.variables]
    stored = all(isinstance(variable, ArrayVariable) and variable.scalar and variable.name not in ("t", "t_in_timesteps", "timestep") for variable in variables)
    return stored and not expression.atoms(AppliedUndef)


def sides(synapses, expression):
    """Indices of the variables in an expression; constants from outside count as shared."""
    return {synapses.variables.indices[symbol.name] if symbol.name in synapses.variables else "0" for symbol in expression.free_symbols}


def problems(parts, objects, run_namespace):
    """What speaks against keeping histories in the coming run."""
    synapses = parts.synapses
    if getattr(synapses, "update", "step") != "trial" or synapses.trials is None:
        yield "weights do not change at the end of trials"
    elif draws(parts, run_namespace):
        yield "it draws random numbers"
    elif not has_factors(synapses):
        yield "its update is no sum of products of neurons"
    elif synapses.geometry.inner == PRE:
        yield "it has too few postsynaptic neurons"
    elif synapses.trial_length * (len(synapses.source) + len(synapses.target)) > LARGEST:
        yield f"a trial has more than {LARGEST} steps times neurons"
    else:
        yield from problems_of_others(parts, objects)


def problems_of_others(parts, objects):
    """Other objects that look at what is there only at the end of a trial, or change what must stay."""
    synapses = parts.synapses
    momentary, constant = {"change", *parts.trace_written}, parts.names & {name for name in synapses.variables if synapses.variables.indices[name] == "0"}
    for obj in objects:
        if any(obj is own for own in parts.own) or not obj.active:
            continue
        if is_python(obj):
            yield f"'{obj.name}' runs Python code"
        if not isinstance(obj, CodeRunner) or getattr(obj, "reads_whole_changes", False) or str(obj.abstract_code).removeprefix(MARK) in (synapses.trial_start, synapses.trial_end, synapses.trial_restore):
            continue
        touched, changed = touches(obj, synapses)
        if touched & momentary or changed & constant:
            yield f"'{obj.name}' uses {', '.join(sorted(touched & momentary | changed & constant))}"


class HistoryRecord(DenseRunner):
    """Keeps the factors of a step, in place of the `DensePass`."""

    def __init__(self, synapses, learner, copies):
        super().__init__(synapses, "history", dict(when=learner.when, order=learner.order))
        self.copies = copies

    def compose(self, run_namespace):
        found, shape = factors(self.group), Shape(self.group)
        at_trace = self.copies.names if found.trace else {}
        expressions = {"f": word_substitute(found.f, at_trace), "g": word_substitute(found.g, at_trace), "h": found.h}
        for name, expression in expressions.items():
            if expression:
                self.abstract_code[name] = f"_value_{name} = {expression}"
                index, stride = (PRE, shape.pre) if name == "g" else (POST, shape.post)
                self.kept[name] = dict(index=index, stride=stride, array=self.history(name, shape.n_steps * shape.networks * stride))
        self.rows = f"{self.history('rows', 1, dtype=np.int32)}[0]"
        self.opening = f"if ({self.rows} >= {shape.n_steps}) {self.rows} = 0;"
        self.closing = f"{self.rows} += 1;"


class HistoryFlush(DenseRunner):
    """Takes the sums over the history when a trial or a run is over: change, and the trace where somebody may read it."""

    def __init__(self, synapses):
        super().__init__(synapses, "flush", schedule.FLUSH)

    def compose(self, run_namespace):
        synapses, found, shape = self.group, factors(self.group), Shape(self.group)
        whole = shape.n_steps * shape.networks * shape.post
        names = {"f": (whole, None), "g": (shape.n_steps * shape.networks * shape.pre, None), "c": (whole, None), "rows": (1, np.int32), "now": (1, np.int32), "end": (1, np.int64)}
        if found.trace:
            names |= {"h": (whole, None), "e": (shape.networks * shape.post, None)}
        arrays = {name: self.history(name, size, dtype=dtype) for name, (size, dtype) in names.items()}
        synapses.variables["_history_end"].set_value(int(self.clock._i_end))
        synapses.variables["_history_rows"].set_value(0)  # what an interrupted run has left
        self.abstract_code = {"flush": f"_on = int(plastic)\n_decay = {found.decay or '0.0'}"}
        self.flush = dict(
            arrays,
            shape=shape,
            trace=pointer(self.variable(found.trace)) if found.trace else "",
            change=pointer(self.variable("change")),
            sound=pointer(self.variable("_sound")),
            step=pointer(self.variable("t_in_timesteps")),
            keeps_trace=not overwrites(synapses.rule.reset, found.trace),
        )

    def after_run(self):
        """Nothing is left over when a run was stopped in the middle of a trial."""
        super().after_run()
        if not is_standalone():
            self.group.variables["_history_now"].set_value(1)
            self.run()
            self.group.variables["_history_now"].set_value(0)


class Shape:
    """Sizes of the histories of a projection: neurons of a block on either side, padded."""

    def __init__(self, synapses):
        geometry = synapses.geometry
        self.networks, self.n_pre, self.n_post, self.first_post = geometry.networks, geometry.n_pre, geometry.n_post, geometry.first_post
        self.n_steps, self.pre, self.post = synapses.trial_length, padded(geometry.n_pre), padded(geometry.n_post)


def padded(size):
    """The next multiple of the padding."""
    return -(-size // PADDING) * PADDING
