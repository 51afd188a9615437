"""Statements of a synapse in the vector types of the compiler: one synapse in each lane.

Vector types know + - * /, comparisons, choices between two values, and what is made of these; a
statement of variables of the synapses or of their neurons that needs more (another function, a
power that is not a small number) has no such form. What is shared by all synapses may be anything.
The text is the one of Brian2's generator, with other types: so are the numbers.
"""

import ast
import re

import numpy as np
from brian2 import prefs

from ..brian.borrowed import (
    ArrayVariable,
    Constant,
    c_data_type,
    get_identifiers,
    word_substitute,
)

#: What an expression is: the same for all synapses, a number of each, or a condition of each.
SHARED, NUMBER, CONDITION = "shared", "number", "condition"
#: Functions that have a form in vector types, and their names in C++, Brian2's and ours
#: (templates/vectors.cpp).
FUNCTIONS = {
    "abs": ("_brian_abs", "_magnitude"),
    "clip": ("_clip", "_clipped"),
    "sqrt": ("sqrt", "_root"),
    "where": ("_where", "_choose"),
}
OURS = dict(FUNCTIONS.values()) | {"_brian_pow": "_power"}
POWERS = range(1, 9)
ARITHMETIC = ast.Add, ast.Sub, ast.Mult, ast.Div


class NoVectors(Exception):
    """An expression or a line has no form in vector types."""


class Kinds(ast.NodeVisitor):
    """Tell what expressions are, by the kinds of the names in them."""

    def __init__(self, kinds):
        self.kinds = kinds

    def of(self, expression):
        """Return the kind of an expression in Brian2's syntax."""
        return self.visit(ast.parse(expression.strip(), mode="eval").body)

    def visit(self, node):
        """Return the kind of a part: shared if all names in it are."""
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        if all(self.kinds.get(name, SHARED) == SHARED for name in names):
            return SHARED
        return super().visit(node)

    def visit_Name(self, node):
        return self.kinds[node.id]

    def visit_BinOp(self, node):
        power = getattr(node.right, "value", None) if isinstance(node.op, ast.Pow) else None
        if not isinstance(node.op, ARITHMETIC) and power not in POWERS:
            raise NoVectors
        self.expect((SHARED, NUMBER), node.left, node.right)
        return NUMBER

    def visit_UnaryOp(self, node):
        kind = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            raise NoVectors
        return kind

    def visit_Compare(self, node):
        self.expect((SHARED, NUMBER), node.left, *node.comparators)
        return CONDITION

    def visit_BoolOp(self, node):
        self.expect((CONDITION,), *node.values)
        return CONDITION

    def visit_Call(self, node):
        name, values = node.func.id, list(node.args)
        if name not in FUNCTIONS:
            raise NoVectors
        if name == "where":
            self.expect((SHARED, NUMBER, CONDITION), values.pop(0))
        self.expect((SHARED, NUMBER), *values)
        return NUMBER

    def generic_visit(self, node):
        """Refuse everything else."""
        raise NoVectors

    def expect(self, allowed, *nodes):
        """Raise unless the parts have one of some kinds."""
        for node in nodes:
            if self.visit(node) not in allowed:
                raise NoVectors


def in_vectors(generator, shared, statements, blocks):
    """Return the blocks in vector types, and new names of the numbers in them that all synapses
    share; None if there is no such form.

    Parameters
    ----------
    generator : CPPCodeGenerator
        Which knows the variables and their indices.
    shared : dict of str to str
        C++ types of what is declared for all synapses.
    statements : dict
        Brian2's statements by block.
    blocks : list of (str, str)
        Names of blocks and their C++, as the generator wrote it.
    """
    try:
        kinds = kinds_of(generator)
        written = [(name, block_of(statements[name], text, dict(kinds))) for name, text in blocks]
    except NoVectors:
        return None
    types = shared | {
        name: c_data_type(variable.dtype)
        for name, variable in generator.variables.items()
        if isinstance(variable, Constant)
    }
    used = get_identifiers("\n".join(block for _, block in written))
    numbers = {
        name: f"_number_{name}"
        for name in sorted(used & set(types))
        if types[name] not in ("char", "bool")
    }
    return [(name, word_substitute(block, numbers)) for name, block in written], numbers


def kinds_of(generator):
    """Return the kinds of all variables that are not shared; None for those of the synapses that
    the lanes cannot hold.
    """
    return {
        name: NUMBER if generator.variable_indices[name] != "_idx" or fits(variable.dtype) else None
        for name, variable in generator.variables.items()
        if isinstance(variable, ArrayVariable) and not variable.scalar
    }


def fits(dtype):
    """Return whether the lanes hold all values of a type."""
    number = prefs["core.default_float_dtype"]
    return dtype == number or (number == np.float64 and np.dtype(dtype).itemsize <= 4)


def block_of(statements, text, kinds):
    """Return a block in vector types."""
    reading = Kinds(kinds)
    for statement in statements:
        found = reading.of(statement.expr)
        if found is None or (found == CONDITION and statement.op != ":="):
            raise NoVectors
        if statement.op == ":=":
            kinds[statement.var] = found if found == CONDITION else NUMBER
        elif kinds.get(statement.var) != NUMBER or not np.issubdtype(statement.dtype, np.floating):
            raise NoVectors
    return "\n".join(line_of(line, kinds) for line in text.splitlines() if line.strip())


def line_of(line, kinds):
    """Return a line of C++ in vector types; raise for one of unknown form."""
    line = re.sub(r"(\w+)\[_idx\]", r"_of\1", line.partition(" //")[0].strip())
    line = re.sub(r"\b\w+(?=\()", lambda called: OURS.get(called[0], called[0]), line)
    if match := re.fullmatch(r"(const )?\w+ (\w+) = (.*);", line):
        const, name, value = match.groups()
        if kinds.get(name) == CONDITION:
            return f"const auto {name} = {value};"
        return f"{const or ''}_Lanes {name} = _spread({value});"
    if match := re.fullmatch(r"\w+ (\w+);", line):
        return f"_Lanes {match[1]};"
    if match := re.fullmatch(r"(\w+) (=|[-+*/]=) (.*);", line):
        name, how, value = match.groups()
        return f"{name} {how} _spread({value});"
    raise NoVectors
