"""Where the documentation of other packages stands, written down from what is installed, so that
the build needs no network.

A file in the format of Sphinx's ``objects.inv`` (version 2): four lines, and compressed lines
``name role priority address title``. Brian2 has a page for each class and function,
``reference/MODULE.NAME.html``.
"""

import inspect
import zlib

import brian2

SITES = {
    "brian2": "https://brian2.readthedocs.io/en/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "xarray": "https://docs.xarray.dev/en/stable/",
}
ELSEWHERE = {
    "numpy": {"numpy.ndarray": "reference/generated/numpy.ndarray.html"},
    "matplotlib": {"matplotlib.axes.Axes": "api/_as_gen/matplotlib.axes.Axes.html"},
    "xarray": {"xarray.Dataset": "generated/xarray.Dataset.html"},
}


def of_brian2():
    """Classes and functions of Brian2, by full name and by ``brian2.NAME``, with their pages."""
    found = {}
    for name, thing in vars(brian2).items():
        module = getattr(thing, "__module__", None) or ""
        if (
            (inspect.isclass(thing) or inspect.isfunction(thing))
            and module.startswith("brian2.")
            and thing.__name__ == name
        ):
            found |= dict.fromkeys(
                (f"brian2.{name}", f"{module}.{name}"), f"reference/{module}.{name}.html"
            )
    return found


def write(path, project, pages):
    """An inventory of `pages`, address by name."""
    head = (
        f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# The remainder of this"
        " file is compressed using zlib.\n"
    )
    lines = "".join(f"{name} py:class 1 {address} -\n" for name, address in sorted(pages.items()))
    path.write_bytes(head.encode() + zlib.compress(lines.encode()))


def make(folder):
    """An inventory for each site."""
    for project, pages in (ELSEWHERE | {"brian2": of_brian2()}).items():
        write(folder / f"{project}.inv", project, pages)
