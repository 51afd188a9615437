"""Partial derivatives of Brian2 expressions, including `clip` and functions of the user; steps,
comparisons and rounding are held fixed.
"""

import ast

import sympy
from brian2 import DEFAULT_FUNCTIONS
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

from ..brian.borrowed import str_to_sympy, sympy_to_str

#: Functions whose derivative is 0 wherever they have one.
STEPS = {"int_", "int", "floor", "ceil", "ceiling", "sign", "timestep"}


def symbol(name):
    """Return the symbol of a variable, as Brian2's parser makes it."""
    return sympy.Symbol(name, real=True)


def parsed(text):
    """Return an expression of Brian2's language as a sympy expression."""
    return sympy.sympify(str_to_sympy(str(text))).replace(
        lambda node: function_name(node) == "sqrt", lambda node: sympy.sqrt(*node.args)
    )


def to_code(expression):
    """Return an expression as text in Brian2's language."""
    return expression if isinstance(expression, str) else sympy_to_str(expression)


def names(expression):
    """Return the names of the variables in an expression."""
    return {str(found) for found in expression.free_symbols}


def assignments(code):
    """Yield the target and value of each assignment, as text; ``v += 1`` becomes ``v = v +
    (1)``.
    """
    for node in ast.parse("\n".join(line.strip() for line in code.splitlines())).body:
        if isinstance(node, ast.AugAssign):
            yield (
                node.target.id,
                ast.unparse(ast.BinOp(ast.Name(node.target.id), node.op, node.value)),
            )
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, ast.unparse(node.value)
        else:
            raise ValueError(f"'{ast.unparse(node)}' is not an assignment; write name = expression")


def function_name(node):
    """Return the name of the function that a node calls; empty if it is not a call."""
    return node.func.__name__ if isinstance(node, sympy.Function) else ""


class clip(sympy.Function):  # noqa: N801 (written so in expressions)
    """``clip(x, low, high)``, with derivative 1 within the bounds."""

    def fdiff(self, argindex=1):
        x, low, high = self.args
        return one_where((sympy.And(x > low, x < high), x <= low, x >= high)[argindex - 1])


class where(sympy.Function):  # noqa: N801 (written so in statements)
    """``where(condition, a, b)``, with the derivative of the branch that is taken."""

    def fdiff(self, argindex=1):
        taken = sympy.Function("int_")(self.args[0])
        return (sympy.Integer(0), taken, 1 - taken)[argindex - 1]


def one_where(condition):
    """Return an expression that is 1 where a condition holds, else 0."""
    return (
        sympy.Integer(bool(condition))
        if condition in (True, False)
        else sympy.Function("int_")(condition)
    )


def with_derivative(name, text):
    """Return a function of one argument with a given derivative, a text in `x`."""

    def fdiff(self, argindex=1):
        return parsed(text).subs(symbol("x"), self.args[0])

    return type(name, (sympy.Function,), dict(nargs=1, fdiff=fdiff))


class Calculus:
    """Differentiate expressions.

    Parameters
    ----------
    derivatives : dict
        For functions unknown to Brian2: their derivatives by name, as text in the argument ``x``.
    owner : str
        Name of the owner of the expressions, for errors.
    """

    def __init__(self, derivatives, owner):
        self.known = {"clip": clip, "where": where} | {
            name: with_derivative(name, text) for name, text in derivatives.items()
        }
        self.owner = owner

    def prepared(self, expression, held):
        """Return the expression with steps and comparisons as symbols, which are added to `held`,
        and with differentiable functions.
        """
        if (
            isinstance(expression, (Relational, BooleanFunction))
            or function_name(expression) in STEPS
        ):
            return held.setdefault(expression, sympy.Dummy(real=True))
        if not expression.args:
            return expression
        kind = self.known.get(function_name(expression), expression.func)
        return kind(*(self.prepared(part, held) for part in expression.args))

    def partials(self, expression, variables):
        """Return the non-zero derivatives by the names `variables`."""
        held = {}
        ready = self.prepared(expression, held)
        back = {dummy: kept for kept, dummy in held.items()}
        found = {}
        for name in sorted(names(ready) & set(variables)):
            self._check(ready, name)
            found[name] = ready.diff(symbol(name)).xreplace(back)
        return {name: value for name, value in found.items() if value != 0}

    def _check(self, expression, name):
        for call in expression.atoms(AppliedUndef):
            if name in names(call) and isinstance(call.func, UndefinedFunction):
                function = function_name(call)
                advice = (
                    f'derivatives={{"{function}": "..."}} with its derivative, in its argument x'
                    if len(call.args) == 1
                    else "an expression without it"
                )
                raise ValueError(
                    f"{self.owner}: '{call}' depends on '{name}', and the derivative of the"
                    f" function '{function}' is unknown; write {advice}"
                )


def is_random(expression):
    """Return whether an expression draws random numbers."""
    known = {function_name(node) for node in expression.atoms(sympy.Function)} & set(
        DEFAULT_FUNCTIONS
    )
    return any(not DEFAULT_FUNCTIONS[name].stateless for name in known) or any(
        name.split("_")[0] == "xi" for name in names(expression)
    )
