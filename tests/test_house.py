"""The house: no circle of imports, no line that belongs elsewhere."""

import ast
from pathlib import Path

import brian_rflo
from brian_rflo.brian import borrowed

ROOT = Path(brian_rflo.__file__).parent


def modules():
    """Files by the names of their modules."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name, path, known):
    """The modules of ours that a module imports where it is read; not within its functions."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inside = f"{base}.{alias.name}"
                yield inside if inside in known else base


def circles(arrows):
    """Modules that lead back to themselves, in circles of which each is found once."""
    found, done = set(), set()

    def follow(name, path):
        if name in path:
            found.add(frozenset(path[path.index(name) :]))
        elif name not in done:
            for other in arrows.get(name, ()):
                follow(other, [*path, name])
            done.add(name)

    for name in arrows:
        follow(name, [])
    return found


def test_no_circle_of_imports():
    """Among files; that of a folder is its `__init__`, which imports from the files inside."""
    known = modules()
    files = {name: path for name, path in known.items() if path.name != "__init__.py"}
    arrows = {name: set(imports(name, path, known)) & set(files) for name, path in files.items()}
    assert sum(map(len, arrows.values())) > 200
    assert circles(arrows) == set()
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == {frozenset("abc")}


def test_what_is_borrowed_of_brian2_stands_in_one_place():
    """All else is what ``from brian2 import *`` brings; and nothing is borrowed for nothing."""
    brought, used = {}, set()
    exec("from brian2 import *", brought)
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            names = {alias.name for alias in node.names}
            if (node.module or "").endswith("borrowed"):
                used |= names
            elif node.level or name == borrowed.__name__:
                continue
            elif node.module.partition(".")[0] == "brian2":
                assert node.module == "brian2" and names <= set(brought), (name, names)
    assert used == set(borrowed.__all__)
