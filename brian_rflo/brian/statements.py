"""Names that statements in Brian2's language read and write."""

import ast
from functools import lru_cache

from brian2 import DEFAULT_FUNCTIONS


def parsed(code):
    """Return statements as Python's syntax tree."""
    return ast.parse("\n".join(line.strip() for line in code.splitlines()))


def assigned(tree):
    """Return the names that a syntax tree assigns to."""
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    targets += [
        target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets
    ]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def written(code):
    """Return the names that statements assign to; for code by block, those of all blocks."""
    blocks = code.values() if isinstance(code, dict) else [code]
    return set().union(*(assigned_in(block) for block in blocks))


@lru_cache(1000)
def assigned_in(block):
    """Return the names that statements assign to; the same strings are asked for again and
    again.
    """
    return frozenset(assigned(parsed(block)))


def loaded(code):
    """Return the names whose value statements use."""
    return {
        node.id
        for node in ast.walk(parsed(code))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def nested(code, *temporaries):
    """Return statements with temporaries that are assigned and read once inlined, unless their
    operands change in between or are random.

    NumPy reuses the memory of temporary operands of nested expressions, so fewer arrays are
    allocated and cached.
    """
    body = parsed(code).body
    for name in temporaries:
        places = [
            number
            for number, statement in enumerate(body)
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and node.id == name
        ]
        if len(places) == 2 and is_assignment(body[places[0]], name):
            value, between = body[places[0]].value, ast.Module(body[places[0] + 1 : places[1]], [])
            if not assigned(between) & loaded(ast.unparse(value)) and not draws(value):
                Written({name: value}).visit(body[places[1]])
                del body[places[0]]
    return "\n".join(map(ast.unparse, body))


def draws(node):
    """Return whether an expression may draw random numbers: whether it calls a function that is not
    known to be deterministic.
    """
    return bool(
        called(node)
        - {"where"}
        - {name for name, function in DEFAULT_FUNCTIONS.items() if function.stateless}
    )


def called(node):
    """Return the names of the functions that a node calls."""
    return {part.func.id for part in ast.walk(node) if isinstance(part, ast.Call)}


def may_draw(code):
    """Return whether statements may draw random numbers."""
    return draws(parsed(code))


def is_random(code):
    """Return whether statements call a function of Brian2 that draws random numbers."""
    random = {name for name, function in DEFAULT_FUNCTIONS.items() if not function.stateless}
    return bool(random & called(parsed(code)))


def is_assignment(statement, name):
    """Return whether a statement assigns to a name."""
    return isinstance(statement, ast.Assign) and statement.targets[0].id == name


class Written(ast.NodeTransformer):
    """Replace names by expressions."""

    def __init__(self, values):
        self.values = values

    def visit_Name(self, node):
        """Return the expression for a name, or the name itself if there is none."""
        return self.values.get(node.id, node)


def overwrites(code, name):
    """Return whether statements give a variable a new value without reading the old one."""
    adds = any(
        isinstance(node, ast.AugAssign) and getattr(node.target, "id", None) == name
        for node in ast.walk(parsed(code))
    )
    return name in written(code) and name not in loaded(code) and not adds


def varied(code):
    """Return the names to which statements assign more than a constant."""
    return {
        node.targets[0].id
        for node in parsed(code).body
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Constant)
    }


def divisors(code):
    """Return the names that statements divide by, alone or in a product."""
    nodes = ast.walk(parsed(code))
    divided = [
        node.right if isinstance(node, ast.BinOp) else node.value
        for node in nodes
        if isinstance(getattr(node, "op", None), ast.Div)
    ]
    return {name for node in divided for name in factors(node)}


def factors(node):
    """Return the names in a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return factors(node.left) | factors(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return factors(node.left)
    if isinstance(node, ast.UnaryOp):
        return factors(node.operand)
    return {node.id} if isinstance(node, ast.Name) else set()
