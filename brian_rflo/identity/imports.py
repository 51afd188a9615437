"""Modules of this package that decide a number: those that a network imports, and those that the
code of a function names.
"""

import ast
import dis
import hashlib
from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType

from .code import names_in
from .syntax import digest_of_file

ROOT = __package__.partition(".")[0]
#: What every training runs.
ALWAYS = f"{ROOT}.network"
#: Experiments, each of which imports by itself what it needs.
MODELS = f"{ROOT}.models"


def source_of_package(modules=()):
    """Return a digest of the source of this package that decides numbers: of what networks import,
    and of what the given modules do. Docstrings, comments and format do not count.
    """
    found = hashlib.sha256()
    for name, path in sorted(files_with({ALWAYS, *modules})):
        found.update(f"{name} {digest_of_file(path)}".encode())
    return found.hexdigest()


def files_with(modules):
    """Return the files of modules and of all of ours that they import, as pairs of name and path;
    templates of C++ and Cython belong to their folder.
    """
    files, waiting = {}, list(modules)
    while waiting:
        name = waiting.pop()
        path = file_of(name)
        if name in (ROOT, MODELS) or name in files or path is None:
            continue
        files[name] = path
        room = name.rpartition(".")[0]
        waiting += [*imported(name, path.read_bytes(), path.name == "__init__.py"), room]
        if path.name == "__init__.py":
            others = path.parent.glob("templates/*.[cp][py][px]")
            files |= {f"{name}/{other.name}": other for other in others}
    return files.items()


@lru_cache(maxsize=1024)
def file_of(name):
    """Return the file of a module of ours; None where there is no such module."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


@lru_cache(maxsize=4096)
def imported(name, source, is_folder):
    """Return the modules of ours that a module imports where it is read, within functions not:
    these are for who calls them.
    """
    package = name if is_folder else name.rpartition(".")[0]
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            found += taken(base, [alias.name for alias in node.names])
    return [module for module in found if is_ours(module)]


def taken(base, names):
    """Return the modules that names come from which are imported from a module or folder."""
    if not is_ours(base):
        return []
    room = import_module(base) if base == ROOT else None
    inside = [f"{base}.{name}" for name in names if file_of(f"{base}.{name}") is not None]
    others = [name for name in names if f"{base}.{name}" not in inside]
    places = [getattr(vars(room).get(name), "__module__", None) for name in others if room]
    return [*inside, *(place for place in places if place), *([base] if others else [])]


def is_ours(module):
    """Return whether a module is of this package."""
    return module is not None and module.partition(".")[0] == ROOT


def named_by(thing, follows, seen=None):
    """Return the modules of ours that the code of a function or class names.

    Parameters
    ----------
    thing : object
        A function, class, module, or what a module holds under a name.
    follows : callable
        Whether code of a module, told by its name, is looked at itself: where the function is from
        and what lies beside it.
    seen : set of int, optional
        What has been looked at already.
    """
    seen = set() if seen is None else seen
    thing = inner(thing)
    if id(thing) in seen:
        return set()
    seen.add(id(thing))
    if isinstance(thing, ModuleType):
        return set() if thing.__name__ == ROOT or follows(thing.__name__) else ours(thing.__name__)
    place = module_of(thing)
    if place is not None and not follows(place):
        return ours(place)
    if isinstance(thing, FunctionType):
        return named_by_function(thing, follows, seen)
    return set().union(*(named_by(part, follows, seen) for part in parts_of(thing)))


def inner(thing):
    """Return the function of a method, property or wrapper; else the thing itself."""
    if isinstance(thing, (MethodType, classmethod, staticmethod)):
        return thing.__func__
    if isinstance(thing, property):
        return thing.fget
    return (
        thing.__wrapped__ if isinstance(vars_of(thing).get("__wrapped__"), FunctionType) else thing
    )


def parts_of(thing):
    """Return what is looked at of a class, a container or an object."""
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, (list, tuple, set, frozenset)):
        return list(thing)
    if isinstance(thing, partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    kind = thing if isinstance(thing, type) else type(thing)
    own = () if kind is thing else vars_of(thing).values()
    return [*own, *kind.__bases__, *vars(kind).values()] if module_of(thing) else []


def vars_of(thing):
    """Return the attributes of an object by name; an empty dictionary where it has none."""
    found = getattr(thing, "__dict__", None)
    return found if isinstance(found, dict) else {}


def module_of(thing):
    """Return the name of the module of a function, class or object; None for plain values."""
    if type(thing).__module__ == "builtins" and not isinstance(thing, (FunctionType, type)):
        return None
    found = thing.__module__ if isinstance(thing, (FunctionType, type)) else type(thing).__module__
    return found if isinstance(found, str) else None


def ours(module):
    """Return a module in a set if it is of this package; an empty set else."""
    return {module} if is_ours(module) else set()


def named_by_function(function, follows, seen):
    """Return the modules of ours that a function names."""
    found, values = set(), [cell.cell_contents for cell in full(function.__closure__)]
    values += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    attributes = set()
    for code in codes(function.__code__):
        attributes |= set(code.co_names)
        found |= imports_of(code, function.__globals__.get("__package__") or "")
    names = names_in(function.__code__)
    values += [function.__globals__[name] for name in names & set(function.__globals__)]
    modules = [value for value in values if isinstance(value, ModuleType)]
    for module in modules + ([import_module(ROOT)] if ROOT in found else []):
        if module.__name__ == ROOT or follows(module.__name__):
            values += [vars(module)[name] for name in attributes & set(vars(module))]
    return found.union(*(named_by(value, follows, seen) for value in values))


def full(cells):
    """Return those of the cells of a closure that hold something."""
    for cell in cells or ():
        try:
            _ = cell.cell_contents
        except ValueError:
            continue
        yield cell


def codes(code):
    """Return code and all code within."""
    inside = [value for value in code.co_consts if isinstance(value, CodeType)]
    return [code, *(one for value in inside for one in codes(value))]


def imports_of(code, package):
    """Return the modules of ours that code imports when it runs."""
    found, steps = set(), list(dis.get_instructions(code))
    for number, step in enumerate(steps):
        if step.opname != "IMPORT_NAME":
            continue
        level, names = steps[number - 2].argval, steps[number - 1].argval
        if isinstance(level, int) and level and not package:
            continue
        base = resolve_name("." * int(level or 0) + step.argval, package)
        found |= {name for name in (base, *taken(base, names or ())) if is_ours(name)}
    return found
