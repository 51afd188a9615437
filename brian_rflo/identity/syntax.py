"""Source as text that says what it does: its syntax tree, without docstrings, comments, format."""

import ast
import hashlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from warnings import catch_warnings, simplefilter


def meaning(source):
    """Return the syntax tree of Python source as text, the same for every version of Python.

    Strings that stand alone, as docstrings do, are left out.
    """
    with catch_warnings():
        simplefilter("ignore")
        return text_of(ast.parse(source))


def text_of(node):
    """Return a part of a syntax tree as text; what is empty is left out, since versions of Python
    differ in what may be.
    """
    if isinstance(node, ast.JoinedStr):
        return f"JoinedStr[{''.join(text_of(item) for item in node.values if says(item))}]"
    if isinstance(node, ast.AST):
        parts = [
            f"{name}={text_of(value)}"
            for name, value in ast.iter_fields(node)
            if name not in ("ctx", "kind", "type_comment") and value is not None and value != []
        ]
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(text_of(item) for item in node if not stands_alone(item))}]"
    return repr(node)


def says(node):
    """Return whether a piece of a formatted string is more than the empty string."""
    return not isinstance(node, ast.Constant) or node.value != ""


def stands_alone(node):
    """Return whether a statement is a string and nothing else."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def digest_of_file(path):
    """Return a digest of what a file says: of Python its `meaning`, of others their bytes."""
    return digest_of(Path(path).read_bytes(), Path(path).suffix == ".py")


@lru_cache(maxsize=4096)
def digest_of(content, is_python):
    """Return the digest of the content of a file; what is not Python yet stands as it is."""
    with suppress(SyntaxError):
        content = meaning(content).encode() if is_python else content
    return hashlib.sha256(content).hexdigest()
