"""What the package says is public, what the README says is true, and that the examples run."""

import ast
import configparser
import doctest
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import brian2
import matplotlib.pyplot as plt
import pytest
from blocks import KNOWN, commands, fences, indented, not_run, outputs, python_blocks, scripts
from pictures import faults_of
from processes import warnings_in

import brian_rflo
from brian_rflo import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
#: But for the one that the README prints.
FIGURES = sorted((ROOT / "docs" / "figures").glob("*.py"))
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path.stem != "periodic")
#: What is run as it is printed, and its blocks, one after the other: those of the README each by
#: itself and in turn; by default in turn, with a tenth of the trials.
SCRIPTS = [
    ("README.md", (0, 1)),
    ("README.md", (0,)),
    ("README.md", (1,)),
    ("docs/index.md", (0,)),
    ("docs/tutorial.md", tuple(range(10))),
]
MODULES = [
    module.name
    for module in pkgutil.walk_packages(brian_rflo.__path__, "brian_rflo.")
    if not module.name.endswith("__main__")
]


def shortened(source):
    """The same with three trials where a training has hundreds."""
    long = r"\b(?:[1-9]\d0|60)\b"
    return re.sub(rf"{long}(?=, report| \* task|\) \+)|(?<=train\()[1-8]00\b", "3", source)


#: All public names: those at the top, and those of the rooms in which there are more.
ROOMS = sorted(brian_rflo.MOVED)
PUBLIC = {
    name: getattr(place, name)
    for place in (brian_rflo, *(importlib.import_module(f"brian_rflo.{room}") for room in ROOMS))
    for name in place.__all__
}


@pytest.mark.parametrize("room", ROOMS)
def test_names_that_moved_say_where_they_are(room):
    for name in brian_rflo.MOVED[room].split():
        assert name in importlib.import_module(f"brian_rflo.{room}").__all__
        with pytest.raises(AttributeError, match=f"from brian_rflo.{room} import {name}"):
            getattr(brian_rflo, name)
        with pytest.raises(ImportError, match=f"from brian_rflo.{room} import {name}"):
            exec(f"from brian_rflo import {name}")
    assert not hasattr(brian_rflo, "no_such_name")


@pytest.mark.parametrize("name", brian_rflo.RENAMED)
def test_names_of_before_say_what_they_are_now(name):
    module, now = brian_rflo.RENAMED[name]
    assert hasattr(importlib.import_module(module), now)
    with pytest.raises(ImportError, match=f"write from {module} import {now}"):
        exec(f"from brian_rflo import {name}")


@pytest.mark.parametrize(("name", "now"), brian_rflo.SYNAPSES.items())
def test_synapses_that_were_credit_say_so(name, now):
    assert hasattr(brian_rflo.synapses, now)
    with pytest.raises(ImportError, match=f"from brian_rflo.synapses import {now}"):
        exec(f"from brian_rflo import {name}")


def test_all_is_sorted_and_complete():
    names = brian_rflo.__all__
    assert names == sorted(names, key=str)
    assert all(hasattr(brian_rflo, name) for name in names)
    assert not set(names) & set(dir(brian2)), "a name of ours shadows one of Brian2's"


def test_everything_public_is_documented():
    for name, thing in PUBLIC.items():
        assert thing.__doc__.strip(), name


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, extraglobs=PUBLIC).failed == 0


def test_the_readme_prints_the_example():
    assert (ROOT / "examples" / "periodic.py").read_text().strip() in README


@pytest.mark.parametrize(
    "name, blocks",
    [
        pytest.param(
            name,
            numbers,
            id="-".join((name, *map(str, numbers))),
            marks=pytest.mark.model,
        )
        for name, numbers in SCRIPTS
    ],
)
def test_a_script_runs_as_printed(name, blocks, tmp_path):
    """In a process of its own, in which nothing warns: no Python warning, and none of Brian2's."""
    printed = python_blocks(ROOT / name)
    run_as_script("\n".join(printed[number] for number in blocks), tmp_path)


def test_the_readme_runs(tmp_path):
    """As printed, but for a tenth of the trials, in a process in which nothing warns; the second
    script also by itself.
    """
    printed = python_blocks(ROOT / "README.md")
    shorter = (
        "\n".join(printed).replace("200, report", "20, report").replace("200 * task", "20 * task")
    )
    assert len(printed) == 2 and shorter.count("20, report") == shorter.count("20 * task") == 1
    run_as_script(shorter, tmp_path)
    exec(compile(shortened(printed[1]), "README.md", "exec"), {"__name__": "__main__"})
    plt.close("all")


def run_as_script(script, folder):
    """Run a script in a new process, and ask that nothing warns."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-W",
        "ignore::DeprecationWarning",
        "-W",
        "error::DeprecationWarning:brian_rflo",
        "-",
    ]
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(
        command, input=script, text=True, capture_output=True, cwd=folder, env=environment
    )
    assert done.returncode == 0 and not warnings_in(done.stderr), done.stderr


def test_all_printed_scripts_are_run():
    for name in {name for name, _ in SCRIPTS}:
        run = {number for other, numbers in SCRIPTS for number in numbers if other == name}
        assert run == set(range(len(python_blocks(ROOT / name)))), name


#: Pages and examples that are run by default; the others with ``-m model``.
BY_DEFAULT = ("index", "own", "own_network", "periodic", "tutorial")


def mostly_rarely(paths):
    """Paths as parameters, of which a few are run by default."""
    marks = [() if path.stem in BY_DEFAULT else pytest.mark.model for path in paths]
    return [pytest.param(path, marks=mark, id=path.stem) for path, mark in zip(paths, marks)]


#: Pages with Python blocks; of home page and tutorial those as printed are above.
PAGES = [path for path in sorted((ROOT / "docs").glob("*.md")) if python_blocks(path)]
#: All pages with blocks that a reader may type.
TYPED = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "models").glob("*/README.md")),
]


@pytest.mark.parametrize("path", mostly_rarely(PAGES))
def test_the_documentation_runs(path, tmp_path, monkeypatch, capsys):
    """All Python blocks of a page, one after the other, but for the number of trials; they print
    what the page shows.
    """
    monkeypatch.chdir(tmp_path)
    exec(
        compile(shortened("\n".join(python_blocks(path))), str(path), "exec"),
        {"__name__": "__main__"},
    )
    shown = outputs(path) if path.suffix == ".md" else ()
    assert set(shown) <= set(capsys.readouterr().out.splitlines())
    assert not [fault for number in plt.get_fignums() for fault in faults_of(plt.figure(number))]
    plt.close("all")


@pytest.mark.model
@pytest.mark.parametrize("path", [path for path in TYPED if scripts(path)], ids=lambda p: p.stem)
def test_scripts_of_the_documentation_run(path, tmp_path):
    for script in scripts(path):
        run_as_script(script, tmp_path)


@pytest.mark.parametrize("path", TYPED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_block_is_run_or_says_why_not(path):
    assert not indented(path), "write a block between fences, with its language"
    for language, text in fences(path):
        assert language in KNOWN or language.startswith("{"), (path, language, text[:80])


def test_few_blocks_are_not_run():
    assert sum(len(not_run(path)) for path in TYPED) <= 4


def test_commands_of_pages_are_known():
    """`tests/readme.sh` runs them; here that the command line takes them."""
    known = cli.parser()
    for path in TYPED:
        for command in commands(path):
            words = shlex.split(command.rpartition("brian-rflo ")[2])
            if "brian-rflo" in command:
                known.parse_args(words)


def test_ci_runs_the_command_of_the_readme():
    (command,) = re.findall(r"^(python3 -m venv .*pytest)$", README, flags=re.M)
    assert command in (ROOT / ".ci" / "run").read_text()


def imports_of(path):
    """Names of packages that a module imports: with the module itself; and when a function is
    called, or for type checkers alone.
    """
    tree = ast.parse(path.read_text())
    later = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.FunctionDef)
        or (isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING")
        for node in ast.walk(block)
    }
    names = {
        node: [alias.name for alias in node.names]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
    }
    names |= {
        node: [node.module]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
    }
    found = {True: set(), False: set()}
    for node, modules in names.items():
        found[node in later] |= (
            {module.partition(".")[0] for module in modules}
            - sys.stdlib_module_names
            - {"brian_rflo"}
        )
    return found[False], found[True]


def required(text):
    """Names of the distributions of a list of requirements."""
    return {re.match(r"[\w-]+", line)[0].lower() for line in text.split("\n") if line}


@pytest.mark.parametrize("folder", ["brian_rflo", "models", "benchmarks"])
def test_what_is_imported_is_required(folder):
    """With the package itself what it always needs; in functions, and by contestants of the
    benchmarks, also what an extra installs. NEST is in no registry.
    """
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    always = required(setup["options"]["install_requires"])
    extras = set.union(*map(required, setup["options.extras_require"].values()))
    for path in (ROOT / folder).rglob("*.py"):
        at_once, later = imports_of(path)
        assert at_once <= (always | extras if path.parent.name == "contestants" else always), path
        assert later <= always | extras | {"nest"}, path


def test_versions_agree():
    version = re.search(r"^version = (.*)$", (ROOT / "setup.cfg").read_text(), flags=re.M)[1]
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.model
@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_figure_of_the_pages_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plt.close("all")
    exec(compile(path.read_text(), str(path), "exec"), {"__name__": "__main__"})
    assert plt.get_fignums()
    assert not [fault for number in plt.get_fignums() for fault in faults_of(plt.figure(number))]
    plt.close("all")


#: Examples of a few short trials.
AS_THEY_ARE = {"force", "local_dni", "watching_traces"}


@pytest.mark.parametrize("path", mostly_rarely(EXAMPLES))
def test_example_runs(path, tmp_path, monkeypatch):
    """As printed, but for the number of trials."""
    monkeypatch.chdir(tmp_path)
    source = shortened(path.read_text())
    assert source != path.read_text() or path.stem in AS_THEY_ARE, (
        "a long training is to be shortened here"
    )
    exec(compile(source, str(path), "exec"), {"__name__": "__main__"})
    assert plt.gcf().axes and all(ax.has_data() for ax in plt.gcf().axes)
    assert not faults_of(plt.gcf())
    plt.close("all")
