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
