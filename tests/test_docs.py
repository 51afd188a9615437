"""The documentation: everything public is in it, nothing is written twice or out of place; and, on
request, it builds without warnings and its links lead somewhere.
"""

import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser
import pytest

import brian_rflo
from brian_rflo import plotting, rules

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {path.stem: path.read_text() for path in DOCS.glob("*.md")}


needs_chromium = pytest.mark.skipif(browser.chromium() is None, reason="needs Chromium")
#: Folders whose files are found by the documentation.
FOUND = ("rules", "tasks", "neurons", "credit", "readouts", "updates")


@pytest.fixture
def rooms(monkeypatch):
    """What makes lists of folders; of the folder of the documentation."""
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("rooms")


def listed(text):
    """Names in a text, without those of their folders."""
    return {name.rpartition(".")[2] for name in re.findall(r"[\w.]+", text)}


def test_the_reference_has_every_public_name(rooms):
    text = rooms.with_tables((DOCS / "api.rst").read_text())
    assert ".. room::" not in text and text.count(":toctree: made/api") > 10
    public = {*brian_rflo.__all__}
    for room in FOUND:
        public |= set(importlib.import_module(f"brian_rflo.{room}").__all__)
    assert public <= listed(text)


def test_every_rule_shows_its_strings(rooms):
    of = importlib.import_module("strings_of_rules")
    for name in set(rules.__all__) - {"LearningRule", "Around", "DerivedRule"}:
        text = of.strings_of(of.made(getattr(rules, name)))
        assert re.search(r"^update(, \w+)?:$", text, flags=re.M), name


def test_every_rule_stands_beside_its_equations(rooms):
    shown = set(re.findall(r"^:::\{rule\} (\w+)$", PAGES["rules"], flags=re.M))
    assert re.search(r"^:::\{further-rules\}$", PAGES["rules"], flags=re.M)
    further = rooms.further_rules(PAGES["rules"])
    assert shown | set(further) == set(rules.__all__) - {"LearningRule", "Around", "DerivedRule"}


@pytest.mark.parametrize("room", FOUND)
def test_what_a_new_file_brings_is_in_the_documentation(room, rooms, monkeypatch):
    """By itself, and once."""
    place = importlib.import_module(f"brian_rflo.{room}")
    text = (DOCS / "api.rst").read_text()
    before = rooms.with_tables(text)
    monkeypatch.setattr(place, "__all__", sorted([*place.__all__, "Fresh"]))
    added = rooms.with_tables(text).replace(f"   {room}.Fresh\n", "")
    assert added == before and rooms.with_tables(text).count("Fresh") == 1


def test_a_new_rule_is_on_the_page_of_rules(rooms, monkeypatch):
    class Fresh(rules.LearningRule):
        update = "activity_post*activity_pre"

    before = rooms.further_rules(PAGES["rules"])
    monkeypatch.setattr(rules, "Fresh", Fresh, raising=False)
    monkeypatch.setattr(rules, "__all__", [*rules.__all__, "Fresh"])
    assert rooms.further_rules(PAGES["rules"]) == [*before, "Fresh"]


def test_every_figure_is_in_the_gallery():
    scripts = "".join(path.read_text() for path in (DOCS / "figures").glob("*.py"))
    assert all(name in scripts for name in vars(plotting) if name.startswith("plot_"))


def test_examples_have_a_title_and_a_sentence_and_are_run_as_they_are(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    pages = importlib.import_module("pages")
    paths = sorted((ROOT / "examples").glob("*.py"))
    assert sorted(pages.EXAMPLES) == [path.stem for path in paths]
    for path in paths:
        text = path.read_text()
        assert len(re.match(r'"""(.*?)("""|\n\n)', text, flags=re.S)[1]) < 100, path
        heading = f"{pages.EXAMPLES[path.stem]}\n{'=' * len(pages.EXAMPLES[path.stem])}\n\n"
        assert pages.titled(path).replace(f"\n{heading}", "") == text.replace(', report="text"', "")


def test_every_field_of_the_reference_has_a_type_and_a_sentence(rooms, monkeypatch):
    """As the site shows them: a name each; of arguments that go on to Brian2 the sentence."""
    fields = importlib.import_module("fields")
    text = rooms.with_tables((DOCS / "api.rst").read_text())
    bare = []
    for name in re.findall(r"^   (?!:)([\w.]+)$", text, flags=re.M):
        for where, thing in shown_on(name):
            annotations = fields.annotations_of(thing)
            lines = (inspect.getdoc(thing) or "").splitlines()
            for section, field, kind, body in fields.fields(lines, annotations):
                is_whole = "".join(body).strip() and (kind or field.startswith("*"))
                if section and field and not is_whole:
                    bare.append(f"{where}: {field}")
    assert not bare, bare


def shown_on(name):
    """Yield what a page of the reference shows: an object, its methods, functions of a module."""
    thing = brian_rflo
    for part in name.split("."):
        thing = getattr(thing, part, None) or importlib.import_module(f"{thing.__name__}.{part}")
    yield name, thing
    if inspect.ismodule(thing):
        listed = getattr(thing, "__all__", ())
        yield from ((f"{name}.{one}", getattr(thing, one)) for one in listed)
    if inspect.isclass(thing):
        for one, method in vars(thing).items():
            if inspect.isfunction(method) and not one.startswith("_") and method.__doc__:
                yield f"{name}.{one}", method


def test_fields_are_split(rooms):
    fields = importlib.import_module("fields")
    lines = """Text, of two names.

    Parameters
    ----------
    a, b : int, float
        Both.
    c, d
        As before.
    *more : array, shape (n, m)
        Others.

    Returns
    -------
    x, y : int""".replace("\n    ", "\n").split("\n")
    found = fields.one_each(lines, {"c": "str"})
    heads = [line for line in found[4:] if line and not line.startswith((" ", "-"))]
    assert heads == [
        "a : int",
        "b : float",
        "c : str",
        "d",
        "*more : array, shape (n, m)",
        "Returns",
        "x, y : int",
    ]


@pytest.mark.parametrize("name", PAGES)
def test_links_of_the_repository_lead_to_files(name):
    """As the files are read on a web page of the repository, without Sphinx."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[name]):
        assert (DOCS / target).exists(), target


@pytest.mark.parametrize(
    "path", sorted((DOCS / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_notebooks_are_thin_and_without_outputs(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert sum(len(cell["source"]) for cell in code) <= 25


def test_the_readme_has_the_command():
    assert re.search(
        r"^python3 -m venv .venv && .venv/bin/pip install -q -e \"\.\[docs\]\" &&"
        r" .venv/bin/sphinx-build -W docs results/docs$",
        (ROOT / "README.md").read_text(),
        flags=re.M,
    )


class Page(HTMLParser):
    """What a page links to, and what can be linked to on it."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src"):
                self.links.add(value)
            elif name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)


def broken_links(folder):
    """Links within a site that lead nowhere: ``(page, link)``; and those that a browser would need
    a network for to show the page.
    """
    pages = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (
                target in pages and unquote(parts.fragment) not in pages[target].anchors
            ):
                broken.append((str(path.relative_to(folder.resolve())), link))
    return len(pages), broken


def fetched(folder):
    """Scripts, styles and pictures of pages that come from elsewhere."""
    return {
        match
        for path in folder.rglob("*.html")
        for match in re.findall(
            r"<(?:script|img|link)[^>]+(?:src|href)=\"(https?://[^\"]+)\"",
            path.read_text(encoding="utf-8"),
        )
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built without a warning."""
    if shutil.which("sphinx-build", path=Path(sys.executable).parent) is None:
        pytest.skip("needs pip install 'brian_rflo[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [Path(sys.executable).parent / "sphinx-build", "-W", "--keep-going"]
    done = subprocess.run(
        [*command, "-d", folder / "trees", DOCS, folder / "html"],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return folder / "html"


@pytest.mark.model
@pytest.mark.published
def test_it_builds_without_warnings_and_its_links_lead_somewhere(site):
    count, broken = broken_links(site)
    assert count > 70 and not broken, broken
    assert not fetched(site)
    assert (
        "brian2.readthedocs.io/en/stable/reference/brian2.groups.neurongroup.NeuronGroup.html"
        in (site / "made" / "api" / "brian_rflo.RateNeurons.html").read_text()
    )
    network = (site / "made" / "api" / "brian_rflo.LearningNetwork.html").read_text()
    assert 'id="brian_rflo.LearningNetwork.recurrent"' in network


@pytest.mark.model
@pytest.mark.published
@needs_chromium
def test_pages_fit_a_phone_and_a_screen_and_nothing_complains(site):
    """No error on the console, and no text that one must scroll to the side to read."""
    seen = browser.look_at(site, (400, 1280))
    assert len(seen) > 140
    faults = [page for page in seen if page["complaints"] or page["wide"] or page["scrolling"]]
    assert not faults, faults


@pytest.mark.model
@needs_chromium
def test_the_browser_sees_what_is_wrong(tmp_path):
    """Errors, missing pictures, wide pages and boxes that scroll; numbers and code may scroll."""
    long = "<p style='white-space: nowrap'>" + "long " * 100
    box = "<div style='overflow-x: auto'>"
    pages = {
        "complaint": "<script>console.error('ours')</script>",
        "error": "<script>nowhere()</script>",
        "picture": "<img src='nowhere.png'>",
        "wide": long,
        "box": f"{box}{long}</p></div>",
        "code": f"<pre style='overflow-x: auto'>{'long ' * 100}</pre>",
        "numbers": f"<div class='numbers' style='overflow-x: auto'>{long}</p></div>",
        "fine": "<p>short",
    }
    for name, body in pages.items():
        text = f"<!doctype html><html><head></head><body><article>{body}</article></body></html>"
        (tmp_path / f"{name}.html").write_text(text)
    seen = {page["address"][1:-5]: page for page in browser.look_at(tmp_path, (400,))}
    assert {name for name, page in seen.items() if page["complaints"]} == {
        "complaint",
        "error",
        "picture",
    }
    assert {name for name, page in seen.items() if page["wide"]} == {"wide"}
    assert {name for name, page in seen.items() if page["scrolling"]} == {"box"}
