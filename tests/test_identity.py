"""What decides a number, as text: different for different values, the same in every process."""

import ast
import cmath
import enum
import functools
import math
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from importlib import import_module

import brian2
import numpy as np
import pytest
import scipy.sparse
from brian2 import NeuronGroup, SpikeGeneratorGroup, TimedArray, ms, mV

from brian_rflo.crews.sending import dumps
from brian_rflo.identity import described, imports, opaque_part, sources
from brian_rflo.identity.code import code_of
from brian_rflo.identity.settings import constants_outside
from brian_rflo.identity.values import Description


class Kind(enum.Enum):
    A = 1
    B = 2


class Kept:
    """Its class has all of them."""

    everyone = []

    def __init__(self, k):
        self.k, self.others = k, Kept.everyone
        Kept.everyone.append(self)


class Whole(int):
    pass


class Text(str):
    pass


class Private:
    __slots__ = ("__k",)

    def __init__(self, k):
        self.__k = k


class Told:
    __slots__ = {"k": "documented"}

    def __init__(self, k):
        self.k = k


class Options:
    def __init__(self, k):
        self.k = k

    def value(self):
        return self.k


def closing_over(thing):
    return lambda: thing


def objects(*values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


PAIRS = {
    "numbers": (1, 1.0),
    "truth": (True, 1),
    "members of an enumeration": (Kind.A, Kind.B),
    "objects that know each other": (Kept(1), Kept(2)),
    "whole numbers with a class": (Whole(1), Whole(2)),
    "text with a class": (Text("a"), Text("b")),
    "private slots": (Private(1), Private(2)),
    "documented slots": (Told(1), Told(2)),
    "objects in objects": (Options([Options(1)]), Options([Options(2)])),
    "methods": (Options(1).value, Options(2).value),
    "sparse matrices": (scipy.sparse.csr_matrix(np.eye(3)), scipy.sparse.csr_matrix(2 * np.eye(3))),
    "arrays of objects": (objects(None, "a", (1, 2)), objects(None, "a", (1, 3))),
    "queues": (deque([1]), deque([2])),
    "closures over objects": (closing_over(Options(1)), closing_over(Options(2))),
    "closures over random numbers": (
        closing_over(np.random.default_rng(1)),
        closing_over(np.random.default_rng(2)),
    ),
    "random numbers": (np.random.default_rng(1), np.random.default_rng(2)),
    "random numbers of old": (np.random.RandomState(1), np.random.RandomState(2)),
    "functions of NumPy": (np.mean, np.median),
    "ufuncs": (np.tanh, np.sin),
    "functions of Brian2": (brian2.tanh, brian2.sin),
    "functions of one name": (math.sqrt, cmath.sqrt),
    "cached functions": (functools.lru_cache(math.sin), functools.lru_cache(math.cos)),
    "vectorized functions": (np.vectorize(math.sin), np.vectorize(math.cos)),
    "partial functions": (functools.partial(max, 1), functools.partial(max, 2)),
    "modules": (math, cmath),
    "timed arrays with units": (
        TimedArray([1, 2] * mV, dt=1 * ms),
        TimedArray([1e-3, 2e-3], dt=1 * ms),
    ),
    "functions as keys": ({closing_over: 1}, {objects: 1}),
}


@pytest.mark.parametrize("one, other", PAIRS.values(), ids=PAIRS)
def test_different_values_have_different_texts(one, other):
    assert described(one) != described(other) and described(one) == described(one)
    assert opaque_part(one) is None


@pytest.mark.parametrize(
    "value",
    [
        threading.Lock(),
        Options(threading.Lock()),
        [[threading.Lock()]],
        functools.partial(max, threading.Lock()),
    ],
)
def test_what_says_nothing_is_found_wherever_it_is(value):
    assert type(opaque_part(value)) is type(threading.Lock())


def test_many_objects_that_know_each_other():
    """Each is looked at once."""
    all_of_them = [Options(number) for number in range(60)]
    for one in all_of_them:
        one.others = all_of_them
    assert len(described(all_of_them[0])) < 50_000


def test_the_text_is_the_same_in_every_process(tmp_path):
    """No place in memory, and no order of a set, gets into it."""
    code = (
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); import test_identity as"
        " here; from brian_rflo.identity import described; print(*map(described, (pair[0] for pair"
        " in here.PAIRS.values())), described(set('abcdef')), sep='\\n')"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1 and " at 0x" not in texts.pop()


@pytest.mark.parametrize(
    "one, other",
    [
        (np.mean, np.median),
        (np.tanh, brian2.tanh),
        (math.sqrt, cmath.sqrt),
        (functools.lru_cache(math.sin), functools.lru_cache(math.cos)),
        (closing_over, objects),
    ],
)
def test_functions_under_a_name_are_code(one, other, monkeypatch):
    def use():
        return used(1)  # noqa: F821

    texts = []
    for function in (one, other):
        monkeypatch.setitem(globals(), "used", function)
        texts.append(code_of(use, Description()))
    assert texts[0] != texts[1]


def test_code_of_ones_own_package_is_in_the_text_of_its_objects(tmp_path, monkeypatch):
    """Where it is a package as much as where it is a single module."""
    package = tmp_path / "mine_for_identity"
    package.mkdir()
    (package / "__init__.py").touch()
    options = package / "options.py"
    options.write_text("class Options:\n    def value(self):\n        return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    from mine_for_identity.options import Options as Theirs

    before = described(Theirs())
    options.write_text(options.read_text().replace("return 1", "return 100"))
    assert described(Theirs()) != before


def test_constants_of_the_script():
    """Those that strings take from it, and not what they set themselves, what Brian2 has, or what a
    group has no strings for.
    """
    group = NeuronGroup(
        2,
        "dv/dt = (a - v)/tau_x + pi*Hz : 1",
        threshold="v > b",
        reset="v = c",
        method="euler",
        namespace={"c": 0},
    )
    group.run_regularly("passing = 2\nv = passing*d")
    outside = dict(a=1.0, tau_x=10 * ms, b=2, c=3, d=np.float64(4), passing=9, pi=3, v=5, unused=6)
    assert constants_outside([group, SpikeGeneratorGroup(1, [0], [1] * ms)], outside) == {
        "a": 1.0,
        "tau_x": 10 * ms,
        "b": 2,
        "d": 4.0,
    }


RESTATING = """
import enum, sys
from dataclasses import dataclass, field
from brian2 import *
from brian_rflo import *
from base_of_mine import InFolder

class First:
    k, large, real, text, unit = 3, 10**9, 0.1, "abc def", 1*ms
    items, array = [1, 2], np.arange(3.0)
    act = lambda self: 1
    def method(self): return 1
    @property
    def both(self): return 2
    @classmethod
    def of(cls): return cls()
    @staticmethod
    def free(): return 3

class Restates(First):
    k, large, real, text, unit = First.k, First.large, First.real, First.text, First.unit
    items, array, act, method, both = First.items, First.array, First.act, First.method, First.both
    of, free = vars(First)["of"], vars(First)["free"]

class Equal(First):
    k, large, real, text = 3, int("1000000000"), float("0.1"), "abc " + str("def")
    unit, items, array = 1*ms, [1, 2], np.arange(3.0)

class Between(First):
    pass

class OfGrandparent(Between):
    k, large, items, method, both = First.k, First.large, First.items, First.method, First.both

class Other:
    k = 3
    def method(self): return 4

class OfTwo(Between, Other):
    k, method = Other.k, First.method

class OfTask(Task):
    n_steps, n_outputs, n_inputs, random = 20, 1, Task.n_inputs, True
    trial = Task.trial
    def sample(self, rng): return np.zeros((20, 0)), np.ones((20, 1)), np.ones(20)

@dataclass(frozen=True, kw_only=True)
class DataTask(OfTask):
    delay: float = 1000.5
    n_outputs = 1
    random = True

@dataclass(frozen=True, kw_only=True)
class AgainDataTask(DataTask):
    delay: float = DataTask.delay
    more: list = field(default_factory=list)

@dataclass(frozen=True)
class OfRule(LearningRule):
    tau: float = 2.0
    traces = ""
    update = "feedback_post*activity_pre"
    reset = ""
    advance = LearningRule.advance

class OfNeurons(RateNeurons):
    trial_start = RateNeurons.trial_start if hasattr(RateNeurons, "trial_start") else ""
    def __init__(self, N): super().__init__(N, tau=10*ms)

class OfFolder(InFolder):
    k = 3
    method = InFolder.method

class Names(enum.Enum):
    A = 1

kinds = [Restates, Equal, OfGrandparent, OfTwo, OfTask, DataTask, AgainDataTask]
kinds += [OfRule, OfNeurons, OfFolder, Names]
functions = [lambda kind=kind: kind for kind in kinds]
"""


TELL = """
import pickle, sys
from brian_rflo.identity import described
from brian_rflo.identity.code import code_of
from brian_rflo.identity.values import Description
kinds, functions = pickle.load(sys.stdin.buffer)
texts = [code_of(kind, Description()) for kind in kinds] + list(map(described, functions))
sys.stdout.buffer.write(pickle.dumps(texts))
"""


def test_classes_that_restate_what_they_inherit_say_the_same_in_every_process(
    tmp_path, monkeypatch
):
    """Pickling by value leaves out of a class what its base has anyway."""
    (tmp_path / "base_of_mine.py").write_text(
        "class InFolder:\n    k = 3\n    def method(self):\n        return 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    script = {"__name__": "__main__"}
    exec(compile(RESTATING, str(tmp_path / "script.py"), "exec"), script)
    names = [kind.__name__ for kind in script["kinds"]]
    here = [code_of(kind, Description()) for kind in script["kinds"]] + list(
        map(described, script["functions"])
    )
    sent = dumps((script["kinds"], script["functions"]))
    there = pickle.loads(
        subprocess.run(
            [sys.executable, "-c", TELL],
            input=sent,
            capture_output=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
        ).stdout
    )
    assert [
        name for name, one, other in zip(names * 2, here, there, strict=True) if one != other
    ] == []


def test_what_a_class_restates_otherwise_counts():
    """Also None where nothing is inherited, and a number of another type."""

    class Base:
        k = 1

    def of(**attributes):
        return code_of(type("Kind", (Base,), {"__module__": __name__, **attributes}), Description())

    texts = [of(), of(k=2), of(k=True), of(k=1.0), of(k=None), of(other=None), of(k=lambda self: 1)]
    assert len(set(texts)) == len(texts) and of(k=1) == of()


def test_packages_of_another_interpreter_and_compiled_neighbours_are_told_apart(
    tmp_path, monkeypatch
):
    """What `pip install --user` or another environment has is installed; a compiled module beside
    one's own is known by its bytes.
    """
    from importlib import util

    from brian_rflo.identity.code import files_of, is_in_work

    def module(name, folder):
        (folder / f"{name}.py").write_text("k = 3")
        spec = util.spec_from_file_location(name, folder / f"{name}.py")
        made = util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, made)
        spec.loader.exec_module(made)
        return made

    packages = tmp_path / "lib" / "site-packages"
    packages.mkdir(parents=True)
    module("elsewhere_installed", packages)
    assert not is_in_work("elsewhere_installed")
    mine, neighbour = module("mine_of_now", tmp_path), module("compiled_of_now", tmp_path)
    assert is_in_work("mine_of_now")
    (tmp_path / "compiled_of_now.so").write_bytes(b"\xc0\xff")
    neighbour.__file__, mine.neighbour = str(tmp_path / "compiled_of_now.so"), neighbour
    before = files_of("mine_of_now")
    (tmp_path / "compiled_of_now.so").write_bytes(b"\xc0\xfe")
    assert files_of("mine_of_now") != before


#: What may be done to code without any number being another one.
HARMLESS = {
    "another docstring": lambda text: text.replace('"""', '"""Explained anew. ', 1),
    "a comment": lambda text: f"# explained\n{text}  # at length\n",
    "another format": lambda text: ast.unparse(ast.parse(text)),
}


def changed(monkeypatch, tmp_path, module, change):
    """Let a module of ours have other source for a while."""
    before = imports.file_of
    path = tmp_path / before(module).name
    path.write_text(change(before(module).read_text()))
    assert path.read_text() != before(module).read_text()
    monkeypatch.setattr(imports, "file_of", lambda name: path if name == module else before(name))


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
@pytest.mark.parametrize("module", ["rules.rflo", "neurons.lif", "network.assembly", "schedule"])
def test_what_explains_code_decides_no_number(module, change, tmp_path, monkeypatch):
    before = imports.source_of_package()
    changed(monkeypatch, tmp_path, f"brian_rflo.{module}", change)
    assert imports.source_of_package() == before


@pytest.mark.parametrize(
    "module, old, new",
    [
        ("rules.rflo", '"feedback_post*trace"', '"feedback_post*trace*1"'),
        ("neurons.lif", "Quantity = 1.0", "Quantity = 1.5"),
        ("schedule", '"before_resets", 1000', '"before_resets", 1001'),
        ("derivation.lines", "def ", "def _of_"),
    ],
)
def test_a_number_or_string_of_code_decides(module, old, new, tmp_path, monkeypatch):
    before = imports.source_of_package()
    changed(monkeypatch, tmp_path, f"brian_rflo.{module}", lambda text: text.replace(old, new, 1))
    assert imports.source_of_package() != before


def test_what_a_network_imports_is_in_its_identity_and_nothing_else():
    """All rooms of which it is made, with their templates; not what draws, sweeps or exports."""
    names = {name for name, _ in imports.files_with([imports.ALWAYS])}
    rooms = {name.split(".")[1].partition("/")[0] for name in names}
    assert rooms >= {"brian", "credit", "dense", "neurons", "rules", "steps", "tasks", "trials"}
    assert not rooms & {"cli", "comparison", "crews", "models", "nir", "plotting", "sweeps"}
    assert "brian_rflo.dense/dense.pyx" in names and "brian_rflo.rules.hebbian" in names


def test_what_a_function_names_is_in_its_identity(tmp_path, monkeypatch):
    """Its own module may import more: experiments draw, too."""
    from brian_rflo.models.murray2019 import fig3, trainings

    before = [sources(function)["brian_rflo"] for function in (fig3.train, trainings.rflo)]
    with monkeypatch.context() as patch:
        changed(patch, tmp_path, "brian_rflo.plotting", lambda text: f"{text}\nMORE = 1")
        after = [sources(function)["brian_rflo"] for function in (fig3.train, trainings.rflo)]
        assert after == before
    changed(monkeypatch, tmp_path, "brian_rflo.reference.rate", lambda text: f"{text}\nMORE = 1")
    after = [sources(function)["brian_rflo"] for function in (fig3.train, trainings.rflo)]
    assert after[0] != before[0] and after[1] == before[1]


NAMING = """
import brian_rflo
import brian_rflo as short
from brian_rflo import reference, RFLO
from brian_rflo.nir import to_nir as written

class Options:
    kind = RFLO
    def train(self): return reference.train

def direct(): return reference.train
def by_attribute(): return short.reference
def inside():
    from brian_rflo.reference import train
    return train
def inside_whole():
    import brian_rflo.reference
    return brian_rflo.reference
def in_a_class(): return Options().train
def through_another(): return direct()
def in_a_container(made={"a": [reference]}): return made
def unrelated(): return RFLO
"""


def test_what_functions_of_a_script_name():
    script = {"__name__": "__main__"}
    exec(compile(NAMING, "script_of_mine.py", "exec"), script)
    named = {
        name: imports.named_by(value, lambda module: module == "__main__")
        for name, value in script.items()
        if callable(value) and getattr(value, "__module__", None) == "__main__"
    }
    assert not any("brian_rflo.nir.writing" in modules for modules in named.values())
    with_reference = {name for name, modules in named.items() if "brian_rflo.reference" in modules}
    assert with_reference == set(named) - {"unrelated"}
    assert named["unrelated"] == {"brian_rflo.rules.rflo"}


SCRIPT = """
def helper():
    return 3
def use(x=0.5):
    '''Doc.'''
    class Inner:
        '''Of it.'''
        k = 2
    def inner(y):
        '''Within.'''
        return y, "Doc.", Inner
    return helper(), inner(1)
"""


def text_of_script(source):
    script = {"__name__": "__main__"}
    exec(compile(source, "script_of_mine.py", "exec"), script)
    return code_of(script["use"], Description())


@pytest.mark.parametrize(
    "old, new",
    [
        ("'''Doc.'''", "'''Another.'''"),
        ("'''Doc.'''\n", "# none\n"),
        ("'''Of it.'''", "'''Of another.'''"),
        ("'''Of it.'''\n", "# none\n"),
        ("'''Within.'''", "'''Without.'''"),
        ("'''Within.'''\n", "# none\n"),
        ("    return helper(), inner(1)", "    return (\n        helper(),\n        inner(1))"),
        ("return 3", "return 3  # three"),
    ],
)
def test_what_explains_a_script_decides_no_number(old, new):
    assert old in SCRIPT
    assert text_of_script(SCRIPT.replace(old, new, 1)) == text_of_script(SCRIPT)


@pytest.mark.parametrize(
    "old, new",
    [
        ("return 3", "return 4"),
        ('"Doc."', '"Dod."'),
        ("x=0.5", "x=0.25"),
        ("k = 2", "k = 3"),
        ("inner(1)", "inner(2)"),
        ("helper(), inner", "inner(0), inner"),
    ],
)
def test_what_a_script_does_decides(old, new):
    assert old in SCRIPT
    assert text_of_script(SCRIPT.replace(old, new, 1)) != text_of_script(SCRIPT)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_explains_a_module_of_ones_own_decides_no_number(change, tmp_path, monkeypatch):
    package = tmp_path / f"explained_{id(change)}"
    package.mkdir()
    (package / "__init__.py").touch()
    file = package / "trainings.py"
    text = '"""Mine."""\n\ndef train(progress):\n    return {"a": 1, "b": "c"}\n'
    file.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    function = import_module(f"{package.name}.trainings").train
    before = sources(function)
    file.write_text(change(text))
    assert sources(function) == before
    for old, new in (("1", "2"), ('"c"', '"d"')):
        file.write_text(text.replace(old, new, 1))
        assert sources(function) != before
