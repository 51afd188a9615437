"""Fields of docstrings: each name has an entry with a type and a sentence.

Sections ``Parameters`` and ``Attributes`` in numpydoc's form may list several names on a line. A
reader of a page wants one entry for each; a type that is not written down is that of the signature.
"""

import inspect
import re

#: A section's heading and its rule, for which the text is searched.
RULE = re.compile(r"-{3,}\s*$")
LISTED = ("Parameters", "Attributes")


def split(head):
    """Return the names and the type of the first line of a field: ``a, b : int``."""
    names, _, kind = (part.strip() for part in head.partition(" : "))
    return [name.strip() for name in names.split(",")], kind


def annotations_of(thing):
    """Return the annotations of a signature and of a class, as text."""
    found = {}
    for kind in reversed(getattr(thing, "__mro__", ())):
        found |= inspect.get_annotations(kind) if isinstance(kind, type) else {}
    function = thing.__init__ if inspect.isclass(thing) else thing
    found |= getattr(function, "__annotations__", {})
    return {
        name: hint if isinstance(hint, str) else inspect.formatannotation(hint)
        for name, hint in found.items()
    }


def kinds(head, annotations):
    """Return pairs of name and type of a field: several types, ``a, b : int, float``, belong to the
    names in turn.
    """
    names, kind = split(head)
    in_turn = [part.strip() for part in kind.split(",")]
    if len(names) == 1 or len(in_turn) != len(names) or re.search(r"shape|[{(]", kind):
        in_turn = [kind] * len(names)
    return [(name, one or annotations.get(name, "")) for name, one in zip(names, in_turn)]


def fields(lines, annotations):
    """Yield the lines of a docstring as pieces ``(section, name, kind, text)``: a field each, or,
    with no name, lines that are none.
    """
    section, k = "", 0
    while k < len(lines):
        is_heading = k + 1 < len(lines) and RULE.match(lines[k + 1].strip()) and lines[k].strip()
        if is_heading:
            section = lines[k].strip()
            yield section, "", "", lines[k : k + 2]
            k += 2
            continue
        end = k + 1
        if section in LISTED and lines[k].strip() and not lines[k].startswith(" "):
            while end < len(lines) and (lines[end].startswith(" ") or not lines[end].strip()):
                end += 1
            for name, kind in kinds(lines[k], annotations):
                yield section, name, kind, lines[k + 1 : end]
        else:
            yield section, "", "", lines[k:end]
        k = end


def one_each(lines, annotations):
    """Return the lines of a docstring with an entry for each name."""
    found = []
    for _, name, kind, text in fields(lines, annotations):
        if not name:
            found += text
        elif name != "...":
            found += [f"{name} : {kind}" if kind else name, *text]
    return found
