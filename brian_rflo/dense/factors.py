"""Updates as sums of products of presynaptic and postsynaptic factors, derived symbolically from a
rule's strings (history.py).
"""

import ast
from dataclasses import dataclass

import sympy
from sympy.core.function import AppliedUndef

from ..brian.borrowed import ArrayVariable, str_to_sympy
from .code import POST, PRE

PRODUCT = "_product_"  # prefix of the pseudo-trace of a rule without traces


NOT_LINEAR = (AttributeError, NotImplementedError, SyntaxError, TypeError, ValueError)


@dataclass(frozen=True)
class Factors:
    """Updates that are sums of products, as sympy expressions: names of the traces, A, f and g of
    the equations above, and h of each sum.
    """

    traces: tuple
    A: list
    f: list
    g: object
    h: dict


def factors(synapses, updates):
    """Return the factors of sums, or None if there are none; the solution is cached until its
    inputs change.

    Parameters
    ----------
    synapses : PlasticSynapses
    updates : dict of str to str
        What is added to each sum in a step.
    """
    dense, updater = synapses.dense, synapses.state_updater
    sides_of = {
        name: index
        for name, index in synapses.variables.indices.items()
        if not name.startswith("_history_")
    }
    decisive = (
        updates,
        str(synapses.equations),
        updater and updater.method_choice,
        dense.trace_code,
        sides_of,
    )
    if getattr(dense, "solved", (None,))[0] != decisive:
        dense.solved = decisive, solve(synapses, updates)
    return dense.solved[1]


def solve(synapses, updates):
    """Return the factors, symbolically."""
    updates = {name: str_to_sympy(value) for name, value in updates.items()}
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
    """Return the traces, and their values after a step in terms of those before."""
    equations, advancer = synapses.equations, synapses.dense.advancer
    if advancer is None:
        return (), []
    if advancer is not synapses.state_updater:
        return advanced_by_statements(synapses, advancer.abstract_code)
    dt, method = sympy.Symbol("dt", real=True), advancer.method_choice
    rates = {
        sympy.Symbol(name, real=True): sympy.expand(str_to_sympy(str(expression)))
        for name, expression in equations.diff_eq_expressions
    }
    return tuple(rates), [integrated(trace, rate, dt, method) for trace, rate in rates.items()]


def integrated(trace, rate, dt, method):
    """Return a trace after one time step, as Brian2's integrator computes it."""
    if method == "exponential_euler":
        slope = rate.coeff(trace)
        decay = sympy.exp(slope * dt)
        return decay * trace + sympy.simplify(rate - slope * trace) * (decay - 1) / slope
    if method != "euler":
        raise NotImplementedError(f"the integrator {method!r} has no formula here")
    return trace + dt * rate


def advanced_by_statements(synapses, code):
    """Return the same for statements, each of which sees the values assigned by those before it."""
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
    """Return the coefficients of the traces in each expression, and the remainder without them;
    raise ValueError if an expression is not linear.
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


def has_factors(synapses, updates):
    """Return whether the rule's change is a sum of products; False if it cannot be rewritten
    symbolically.
    """
    try:
        return factors(synapses, updates) is not None
    except NOT_LINEAR:
        return False


def separated(synapses, expression):
    """Return `expression` as a product of a postsynaptic and a presynaptic factor, or None."""
    presynaptic = [symbol for symbol in expression.free_symbols if sides(synapses, symbol) == {PRE}]
    f, g = sympy.factor(expression).as_independent(*presynaptic, as_Add=False)
    return (f, g) if is_postsynaptic(synapses, f) and sides(synapses, g) <= {PRE, "0"} else None


def is_postsynaptic(synapses, expression):
    """Return whether an expression depends on no neuron but the postsynaptic one."""
    return sides(synapses, expression) <= {POST, "0"}


def is_constant(synapses, expression):
    """Return whether an expression is constant during a run: made of constants, and of shared
    variables that do not depend on time.
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
    """Return the indices of the variables in an expression; external constants count as shared."""
    return {
        synapses.variables.indices[symbol.name] if symbol.name in synapses.variables else "0"
        for symbol in expression.free_symbols
    }
