"""Blocks of code on pages: those that are run as printed, and those that say that they are not.

- ``python`` blocks of a page run one after the other, as a reader would type them; one that begins
  with the comment `OWN` runs as a script, in a process of its own.
- ``sh`` blocks are run by ``tests/readme.sh``.
- Each line of an ``output`` block is printed by the Python blocks of its page.
- ``text`` is no code: pictures of letters, equations, what is printed and differs from run to run.
- A block that cannot be run says so in its first line, `NOT_RUN` and why.
"""

import json
import re
import sys
from pathlib import Path

OWN, NOT_RUN = "# a script of its own\n", "# not run by the tests: "
FENCE = re.compile(r"^(`{3,})([^\n]*)\n(.*?)^\1[ ]*$", flags=re.M | re.S)
PYTHON = ("python", "{code-cell} ipython3")
#: What is run, or shown as it stands; Sphinx's own begin with a brace.
KNOWN = (*PYTHON, "sh", "output", "text")


def fences(path):
    """Return pairs of language and text: all blocks of a page between fences."""
    return [(found[2].strip(), found[3]) for found in FENCE.finditer(path.read_text())]


def python_blocks(path):
    """Return the Python blocks of a page, or the cells of a notebook, that run in turn."""
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text())["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return [
        text
        for language, text in fences(path)
        if language in PYTHON and not text.startswith((OWN, NOT_RUN))
    ]


def scripts(path):
    """Return the blocks of a page that are scripts of their own."""
    return [text for _, text in fences(path) if text.startswith(OWN)]


def not_run(path):
    """Return the blocks of a page that say why they are not run."""
    return [text for _, text in fences(path) if text.startswith(NOT_RUN)]


def outputs(path):
    """Return the lines of a page that its Python blocks print."""
    return [
        line
        for language, text in fences(path)
        if language == "output"
        for line in text.splitlines()
    ]


def commands(path):
    """Return the commands of a page, without comments."""
    lines = "".join(text for language, text in fences(path) if language == "sh").splitlines()
    return [command for line in lines if (command := line.partition("  #")[0].strip())]


def indented(path):
    """Return the first lines of blocks that are code by their indentation alone."""
    text = FENCE.sub("", path.read_text())
    return re.findall(r"(?<=\n\n)    (\S.*)$", text, flags=re.M)


if __name__ == "__main__":  # commands of pages, for tests/readme.sh
    print("\n".join(command for page in sys.argv[1:] for command in commands(Path(page))))
