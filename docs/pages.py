"""Pages made of what stands elsewhere in the repository: models, benchmarks, examples, lists of the
README; nothing is written twice.

They go into `MADE`, anew in each build, with links that lead to pages of the site where those
exist.
"""

import os
import re
import shutil
from pathlib import Path

import rooms

DOCS = Path(__file__).parent.resolve()
ROOT, MADE = DOCS.parent, DOCS / "made"
#: Where the text of a file of the repository is a page.
PAGES = {
    ROOT / "CHANGELOG.md": MADE / "changelog.md",
    ROOT / "CONTRIBUTING.md": MADE / "contributing.md",
    ROOT / "benchmarks" / "README.md": MADE / "benchmarks.md",
}
PAGES |= {
    path: MADE / "models" / f"{path.parent.name}.md"
    for path in sorted((ROOT / "models").glob("*/README.md"))
}
#: The reference with its tables, from which Sphinx makes the pages of names.
REFERENCE = "made/reference.rst"
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#:\s]+)(#[^)\s]*)?\)")
#: Examples, and what is made smaller so that a build takes minutes: all of them, or a build stops.
SHORTER = {
    "changed_decoder": [("train(600", "train(150"), ("train(400", "train(100")],
    "digits": [("copies * 500", "copies * 30"), ("copies * 20", "copies * 4")],
    "freezing": [("300", "120"), ("320", "140")],
    "own_data": [("train(600", "train(120")],
    "own_network": [("400", "150")],
    "own_rule": [("train(300", "train(70")],
    "own_spiking_neuron": [("100 * task", "15 * task")],
    "periodic": [],
    "rate_and_spiking": [("train(100", "train(30")],
    "sweep": [("train(500)", "train(60)")],
    "two_populations": [("train(200", "train(60")],
    "watching_traces": [],
}
GALLERY = """Examples
========

The scripts in the folder ``examples``, run when these pages were made, for fewer trials than they
have there.
"""


def moved(text, source, page):
    """The text of the file `source` as it has to be at `page`: links to files lead to their pages,
    pictures to where they are.
    """

    def link(match):
        words, target, anchor = match[1], match[2], match[3] or ""
        path = (source.parent / target).resolve()
        if path not in PAGES and DOCS not in path.parents and not words.startswith("!"):
            return (
                f"{words[1:-1]} (`{path.relative_to(ROOT)}`)"
                if words[1:-1] != str(path.relative_to(ROOT))
                else f"`{path.relative_to(ROOT)}`"
            )
        return f"{words}({os.path.relpath(PAGES.get(path, path), page.parent)}{anchor})"

    return LINK.sub(link, text)


def section(text, title):
    """The text under a heading of the second level."""
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)[1]


def shorter(path):
    """An example with a heading, fewer trials and no progress report."""
    source = path.read_text().replace(', report="text"', "")
    for long, short in SHORTER[path.stem]:
        if long not in source:
            raise ValueError(f"{path} has no {long!r}: docs/pages.py shortens its training so")
        source = source.replace(long, short)
    title = path.stem.replace("_", " ").capitalize()
    return source.replace('"""', f'"""\n{title}\n{"=" * len(title)}\n\n', 1)


def make():
    """All of it."""
    shutil.rmtree(MADE, ignore_errors=True)
    (MADE / "models").mkdir(parents=True)
    (MADE / "examples").mkdir()
    for source, page in PAGES.items():
        page.write_text(moved(source.read_text(), source, page))
    tables = rooms.with_tables((DOCS / "api.rst").read_text())
    (DOCS / REFERENCE).write_text(tables.replace(":toctree: made/", ":toctree: "))
    readme = (ROOT / "README.md").read_text()
    for title in ("What there is", "Can I trust the numbers?", "Limits"):
        page = MADE / f"{title.split()[-1].strip('?').lower()}.inc"
        page.write_text(moved(section(readme, title), ROOT / "README.md", DOCS / "index.md"))
    (MADE / "examples" / "GALLERY_HEADER.rst").write_text(GALLERY)
    for path in sorted((ROOT / "examples").glob("*.py")):
        (MADE / "examples" / path.name).write_text(shorter(path))
