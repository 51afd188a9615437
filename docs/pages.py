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
#: An example in the text, which leads to its page in the gallery.
EXAMPLE = re.compile(r"(?<!\[)`examples/(\w+)\.py`")
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#:\s]+)(#[^)\s]*)?\)")
#: Titles of the gallery by example, in its order: what one wants to see first.
EXAMPLES = {
    "watching_traces": "From spikes to weight changes",
    "periodic": "A rate network, part by part",
    "own_data": "My own data",
    "rate_and_spiking": "Rate and spiking neurons, one rule",
    "own_rule": "A rule of my own",
    "reward": "Choices learned from reward",
    "own_network": "My own neurons, in millivolts",
    "own_spiking_neuron": "My own spiking neuron, with conductances",
    "two_populations": "Excitatory and inhibitory neurons",
    "changed_decoder": "Adapting to another decoder",
    "perturbation": "Learning from one number",
    "local_dni": "A credit path that learns",
    "force": "A chaotic network that learns by FORCE",
    "contrastive": "Learning without an error",
    "scaling": "Firing in order, by scaling",
    "freezing": "Train, freeze, test",
    "digits": "Handwritten digits, row by row",
    "sweep": "Twelve networks on all cores",
}
GALLERY = """Examples
========

The scripts in the folder ``examples``, run as they are when these pages were made.
Each is complete: copy one, and change it.
"""
#: Sections of the README that are parts of pages, with the files that they become.
SECTIONS = {"What you can do": "do.inc", "Can I trust the numbers?": "numbers.inc"}


def moved(text, source, page):
    """The text of the file `source` as it has to be at `page`: links to files lead to their pages,
    pictures to where they are.
    """

    def link(match):
        words, target, anchor = match[1], match[2], match[3] or ""
        path = (source.parent / target).resolve()
        if path == DOCS / "figures":
            path = MADE / "figures" / "index.rst"
        if path not in PAGES and DOCS not in path.parents and not words.startswith("!"):
            return (
                f"{words[1:-1]} (`{path.relative_to(ROOT)}`)"
                if words[1:-1] != str(path.relative_to(ROOT))
                else f"`{path.relative_to(ROOT)}`"
            )
        return f"{words}({os.path.relpath(PAGES.get(path, path), page.parent)}{anchor})"

    def example(match):
        return f"[{match[0]}]({os.path.relpath(MADE / 'gallery', page.parent)}/{match[1]}.rst)"

    return EXAMPLE.sub(example, LINK.sub(link, text))


def section(text, title):
    """The text under a heading of the second level."""
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)[1]


def titled(path):
    """An example with its title, and without progress report."""
    source, title = path.read_text().replace(', report="text"', ""), EXAMPLES[path.stem]
    return source.replace('"""', f'"""\n{title}\n{"=" * len(title)}\n\n', 1)


def further(text):
    """The home page, with the pages in its contents that it does not name."""
    named = set(re.findall(r"^(\w+)$", text, flags=re.M))
    others = sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index")
    return text.replace("(further)", "\n".join(name for name in others if name not in named))


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
    for title, name in SECTIONS.items():
        text = moved(section(readme, title), ROOT / "README.md", DOCS / "index.md")
        (MADE / name).write_text(text)
    (MADE / "examples" / "GALLERY_HEADER.rst").write_text(GALLERY)
    for path in sorted((ROOT / "examples").glob("*.py")):
        (MADE / "examples" / path.name).write_text(titled(path))
