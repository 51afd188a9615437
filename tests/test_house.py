"""The house: no circle of imports, no line that belongs elsewhere, docstrings that name or tell."""

import ast
import importlib
import inspect
import re
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path

import brian2
from brian2 import Network, NeuronGroup, Synapses, all_devices, defaultclock

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


def trees():
    """Syntax trees of the package by file, seen from its folder."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
        for path in modules().values()
    }


def defined(tree):
    """Names that a file assigns to something, or defines."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.keyword) and node.arg:  # settle(_name=value)
            yield node.arg


def read(tree):
    """Attributes that a file reads, with their lines."""
    for node in ast.walk(tree):
        is_of_os = isinstance(getattr(node, "value", None), ast.Name) and node.value.id == "os"
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and not is_of_os:
            yield node.attr, node.lineno


BORROWED = {name.partition(".")[2] for name in borrowed.ATTRIBUTES}


def test_private_attributes_are_our_own():
    """Outside the ground; and there they stand in its table."""
    files = trees()
    ours = {name for tree in files.values() for name in defined(tree)} - BORROWED
    private = [
        (file, line, name)
        for file, tree in files.items()
        for name, line in read(tree)
        if name.startswith("_") and not name.startswith("__")
    ]
    assert len(private) > 200
    is_ground = {file: file.startswith("brian/") for file in files}
    known = {True: ours | BORROWED, False: ours}
    assert [place for place in private if place[2] not in known[is_ground[place[0]]]] == []


def test_what_is_borrowed_occurs_on_the_ground_alone_and_there():
    found = {"ground": set(), "elsewhere": set()}
    for file, tree in trees().items():
        names = {name for name, _ in read(tree)} | set(defined(tree)) | set(words_of(tree))
        found["ground" if file.startswith("brian/") else "elsewhere"] |= names & BORROWED
    assert found == {"ground": BORROWED, "elsewhere": set()}


def words_of(tree):
    """Names that a file gives to `getattr` and its kind as texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("attr"):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def test_what_is_borrowed_is_there():
    """Each attribute of the table, in the release of Brian2 at hand."""
    group = NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0")
    synapses = Synapses(group, group, on_pre="v += 1")
    synapses.connect()
    Network(group, synapses).run(defaultclock.dt)
    given = {
        "Clock": defaultclock,
        "BrianObject": synapses.pre,
        "Group": synapses,
        "SpikeQueue": synapses.pre.queue,
        "Variables": synapses.variables,
        "CPPStandaloneDevice": all_devices["cpp_standalone"],
        "RuntimeDevice": all_devices["runtime"],
    }
    for name in borrowed.ATTRIBUTES:
        kind, _, attribute = name.partition(".")
        assert hasattr(given[kind], attribute), name
    assert ".".join(brian2.__version__.split(".")[:2]) in borrowed.SEEN


@cache
def classes():
    """All classes of ours."""
    return {
        kind
        for name in modules()
        for kind in vars(importlib.import_module(name)).values()
        if inspect.isclass(kind) and kind.__module__.startswith("brian_rflo.")
    }


#: Modules that do nothing but look at arguments, and raise or warn.
LOOKERS = ("arguments", "checks", "refusals")


def room_of(name):
    """The room of a module: the folder, or the flat module."""
    return name.split(".")[1] if name.startswith("brian_rflo.") else None


def kinds_asked_for(tree):
    """What ``isinstance``, ``issubclass`` and comparisons with a type or its name ask for, with the
    number of the line; nothing within functions called ``check_...`` or ``_check...`` that return
    nothing.
    """
    if isinstance(tree, ast.FunctionDef) and tree.name.startswith(("check_", "_check")):
        returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
        if not any(node.value for node in returns):
            return
    if isinstance(tree, ast.Call) and getattr(tree.func, "id", "") in ("isinstance", "issubclass"):
        yield tree.lineno, tree.args[1]
    if isinstance(tree, ast.Compare) and "type(" in ast.unparse(tree.left):
        yield from ((tree.lineno, right) for right in tree.comparators)
    for child in ast.iter_child_nodes(tree):
        yield from kinds_asked_for(child)


def strangers(name, source, namespace):
    """Lines of a module that ask whether something is of a class of another room, or compare the
    name of a class.
    """
    room = room_of(name)
    if room == "checks" or name.rpartition(".")[2] in LOOKERS:
        return
    ours = {kind.__name__ for kind in classes()}
    for number, node in kinds_asked_for(ast.parse(source)):
        try:
            kinds = eval(ast.unparse(node), dict(namespace))
        except NameError:
            continue  # an argument of the function
        waiting = [kinds]
        while waiting:
            kind = waiting.pop()
            if isinstance(kind, tuple):
                waiting += kind
            elif isinstance(kind, str) and kind in ours:
                yield f"{name}:{number} compares the name {kind!r}"
            elif room_of(getattr(kind, "__module__", "")) not in (None, room):
                yield f"{name}:{number} asks for {kind.__name__}"


def test_no_room_asks_for_classes_of_another():
    """A class says what others ask of it, or its room has a function for the question."""
    found = []
    for name, path in modules().items():
        found += strangers(name, path.read_text(), vars(importlib.import_module(name)))
    assert found == []


def test_a_class_of_another_room_is_found():
    names = {"RFLO": brian_rflo.RFLO, "BOTH": (int, brian_rflo.RFLO)}
    for line in (
        "isinstance(x, RFLO)",
        "issubclass(x, (str, RFLO))",
        "isinstance(x, BOTH)",
        "type(x) is RFLO",
        "type(x).__name__ in ('RFLO', 'EProp')",
    ):
        source = f"def train(x):\n    return {line}"
        assert list(strangers("brian_rflo.trials.trials", source, names)), line
        for name in ("rules.own", "checks.own", "trials.refusals"):
            if "__name__" not in line:
                assert not list(strangers(f"brian_rflo.{name}", source, names)), (name, line)
        source = source.replace("train", "check_training")
        assert list(strangers("brian_rflo.trials.trials", source, names)), line
        source = f"def check_training(x):\n    if {line}:\n        raise TypeError"
        assert not list(strangers("brian_rflo.trials.trials", source, names)), line
    assert not list(strangers("brian_rflo.trials.trials", "isinstance(x, int)", names))


#: Arguments of a constructor, beside those that Brian2's own has.
MOST = 14


def arguments_of(kind):
    """Names of the arguments of a constructor of ours, but for those of the classes of Brian2 that
    it is made of.
    """
    constructors = [
        vars(base)["__init__"]
        for base in kind.__mro__
        if base.__module__.partition(".")[0] == brian2.__name__ and "__init__" in vars(base)
    ]
    of_brian = {name for init in constructors for name in inspect.signature(init).parameters}
    return [
        name
        for name, parameter in inspect.signature(kind).parameters.items()
        if name not in of_brian
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def too_many(kinds):
    """Those of some classes whose constructors have more arguments than anybody remembers."""
    found = {kind.__qualname__: len(arguments_of(kind)) for kind in kinds}
    return {name: number for name, number in found.items() if number > MOST}


def test_constructors_have_few_arguments():
    """Those of dataclasses, where they are public: others are records that we alone fill."""
    rooms = [
        brian_rflo,
        *(importlib.import_module(f"brian_rflo.{room}") for room in brian_rflo.MOVED),
    ]
    public = [getattr(room, name) for room in rooms for name in room.__all__]
    kinds = {
        kind
        for kind in classes()
        if inspect.isfunction(kind.__init__) and (not is_dataclass(kind) or kind in public)
    }
    assert len(kinds) > 100
    assert too_many(kinds) == {}
    many = "self, " + ", ".join(f"a{number}" for number in range(MOST + 1))
    namespace = {}
    exec(f"class Greedy:\n    def __init__({many}): pass", namespace)
    assert too_many([namespace["Greedy"]]) == {"Greedy": MOST + 1}


#: Words that begin a clause in the place of a noun.
CLAUSES = ("What", "Whether", "How", "Those", "That", "Nothing", "Where")


def clauses(tree):
    """Beginnings of the docstrings of a file that are clauses, by line."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            said = ast.get_docstring(node) or ""
            if re.match(rf"({'|'.join(CLAUSES)})\b", said):
                yield node.body[0].lineno, said.partition("\n")[0]


def test_docstrings_begin_with_a_noun_or_a_verb():
    """In the package and in the models: no clause."""
    paths = [path for folder in (ROOT, ROOT.parent / "models") for path in folder.rglob("*.py")]
    assert len(paths) > 300
    found = {path: list(clauses(ast.parse(path.read_text()))) for path in paths}
    assert {path: lines for path, lines in found.items() if lines} == {}
    one = 'def f():\n    """Whether it is."""\n    def g():\n        """Howl."""'
    assert list(clauses(ast.parse(one))) == [(2, "Whether it is.")]
