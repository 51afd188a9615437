"""Statements of a synapse in the vector types of the compiler: one synapse in each lane.

Vector types know + - * /, comparisons, and choices between two values; a statement of variables of
the synapses or of their neurons that needs more than these (a function, a power, a variable that
is no floating-point number) has no such form. What is shared by all synapses may be anything. The
text is the one of Brian2's generator, with other types: so are the numbers.
"""

import ast
import re

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
ARITHMETIC = ast.Add, ast.Sub, ast.Mult, ast.Div


class NoVectors(Exception):
    """An expression or a line has no form in vector types."""


class Kinds(ast.NodeVisitor):
    """Tells what expressions are, by the kinds of the names in them."""

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
        if not isinstance(node.op, ARITHMETIC):
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
        if getattr(node.func, "id", "") != "where" or len(node.args) != 3:
            raise NoVectors
        condition, *values = node.args
        self.expect((SHARED, CONDITION), condition)
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
    """Return the kinds of all variables that are not shared; raise for those of another type."""
    kinds, number = {}, prefs["core.default_float_dtype"]
    for name, variable in generator.variables.items():
        if isinstance(variable, ArrayVariable) and not variable.scalar:
            is_stored = generator.variable_indices[name] == "_idx"
            kinds[name] = NUMBER if not is_stored or variable.dtype == number else None
    return kinds


def block_of(statements, text, kinds):
    """Return a block in vector types."""
    reading = Kinds(kinds)
    for statement in statements:
        found = reading.of(statement.expr)
        if found is None or (found == CONDITION and statement.op != ":="):
            raise NoVectors
        if statement.op == ":=":
            kinds[statement.var] = found if found == CONDITION else NUMBER
        elif kinds.get(statement.var) != NUMBER:
            raise NoVectors
    return "\n".join(line_of(line, kinds) for line in text.splitlines() if line.strip())


def line_of(line, kinds):
    """Return a line of C++ in vector types; raise for one of unknown form."""
    line = re.sub(r"(\w+)\[_idx\]", r"_of\1", line.partition(" //")[0].strip())
    line = re.sub(r"\b_where\(", "_choose(", line)
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
