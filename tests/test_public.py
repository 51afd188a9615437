"""What the package says is public, what the README says is true, and that the examples run."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import brian2
import matplotlib.pyplot as plt
import pytest

import brian_rflo

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MODULES = [module.name for module in pkgutil.walk_packages(brian_rflo.__path__, "brian_rflo.") if not module.name.endswith("__main__")]


def shortened(source):
    """The same with three trials where a training has hundreds."""
    return re.sub(r"\b(200|300|500|800)\b(?=\)|, report| \* task|\) \+)", "3", source)


def test_all_is_sorted_and_complete():
    names = brian_rflo.__all__
    assert names == sorted(names, key=str)
    assert all(hasattr(brian_rflo, name) for name in names)
    assert not set(names) & set(dir(brian2)), "a name of ours shadows one of Brian2's"


def test_everything_public_is_documented():
    for name in brian_rflo.__all__:
        assert getattr(brian_rflo, name).__doc__.strip(), name


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, extraglobs=vars(brian_rflo)).failed == 0


def test_the_readme_prints_the_example():
    assert (ROOT / "examples" / "periodic.py").read_text().strip() in README


@pytest.mark.parametrize("path", [path for path in sorted((ROOT / "docs").glob("*.md")) if "```{code-cell}" in path.read_text() or "```python" in path.read_text()], ids=lambda path: path.stem)
def test_the_documentation_runs(path, tmp_path, monkeypatch):
    """All Python blocks of a page, one after the other, but for the number of trials; those of the page on speed are excerpts."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```(?:python|\{code-cell\} ipython3)\n(.*?)^```", path.read_text(), flags=re.M | re.S)
    assert blocks
    if path.stem != "speed":
        exec(compile(shortened("\n".join(blocks)), str(path), "exec"), {"__name__": "__main__"})
    plt.close("all")


def test_ci_runs_the_command_of_the_readme():
    (command,) = re.findall(r"^    (python3 -m venv .*pytest)$", README, flags=re.M)
    assert command in (ROOT / ".ci" / "run").read_text()


def test_versions_agree():
    version = re.search(r"^version = (.*)$", (ROOT / "setup.cfg").read_text(), flags=re.M)[1]
    assert f"version: {version}" in (ROOT / "CITATION.cff").read_text()
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, monkeypatch):
    """As printed, but for the number of trials."""
    monkeypatch.chdir(tmp_path)
    source = shortened(path.read_text())
    assert source != path.read_text() or path.stem == "watching_traces", "a long training is to be shortened here"  # that one runs a single trial as it is
    exec(compile(source, str(path), "exec"), {"__name__": "__main__"})
    assert plt.gcf().axes and all(ax.has_data() for ax in plt.gcf().axes)
    plt.close("all")
