"""What statements in Brian2's language read and write."""

import ast


def parsed(code):
    """Return statements as Python's syntax tree."""
    return ast.parse("\n".join(line.strip() for line in code.splitlines()))


def assigned(tree):
    """Return the names that a syntax tree assigns to."""
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    targets += [target for node in ast.walk(tree) if isinstance(node, ast.Assign) for target in node.targets]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def written(code):
    """Return the names that statements assign to; of code by block, those of all blocks."""
    blocks = code.values() if isinstance(code, dict) else [code]
    return set().union(*(assigned(parsed(block)) for block in blocks))


def loaded(code):
    """Return the names whose value statements use."""
    return {node.id for node in ast.walk(parsed(code)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def overwrites(code, name):
    """Return whether statements give a variable a new value without looking at the old one."""
    adds = any(isinstance(node, ast.AugAssign) and getattr(node.target, "id", None) == name for node in ast.walk(parsed(code)))
    return name in written(code) and name not in loaded(code) and not adds


def divisors(code):
    """Return the names that statements divide by, alone or in a product."""
    nodes = ast.walk(parsed(code))
    divided = [node.right if isinstance(node, ast.BinOp) else node.value for node in nodes if isinstance(getattr(node, "op", None), ast.Div)]
    return {name for node in divided for name in factors(node)}


def factors(node):
    """Return the names that a product is made of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return factors(node.left) | factors(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return factors(node.left)
    if isinstance(node, ast.UnaryOp):
        return factors(node.operand)
    return {node.id} if isinstance(node, ast.Name) else set()
