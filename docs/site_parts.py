"""What this site needs of Sphinx beyond its extensions: links out of the folder, rules beside their
strings, equations without a network.
"""

import inspect
import re
import sys
from dataclasses import MISSING, fields

import pages
import rooms
from brian2 import ms
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util.docutils import SphinxDirective

from brian_rflo import rules

#: A letter with a bar and an index, as docutils writes it, and as it should stand: the index
#: belongs beside the letter and not under it.
BARRED = (
    re.compile(
        r"<munderover>\s*(<mi>\w</mi>)(.*?)(<mo stretchy=\"false\">ˉ</mo>)\s*</munderover>",
        flags=re.S,
    ),
    r"<msub><mover>\1\3</mover>\2</msub>",
)
#: Strings of a rule, in the order of a step.
STRINGS = (
    "pre_traces",
    "pre_advance",
    "post_traces",
    "post_advance",
    "traces",
    "advance",
    "update",
    "rate_gradient",
    "reset",
)


def made(kind):
    """A rule of a class, whatever the numbers; what they are is nowhere shown."""
    needed = [f.name for f in fields(kind) if f.default is f.default_factory is MISSING]
    return kind(**{name: 10 * ms if name.startswith("tau") else 0.03 for name in needed})


def strings_of(rule):
    """The strings of a rule as a reader wants to see them."""
    there = {name: getattr(rule, name).strip() for name in STRINGS if getattr(rule, name)}
    return "\n\n".join(
        f"{name}:\n"
        + "\n".join(f"    {line.strip()}" for line in text.replace("; ", "\n").splitlines())
        for name, text in there.items()
    )


class Rule(SphinxDirective):
    """``:::{rule} NAME``: the text on the left, the strings of the class on the right."""

    has_content, required_arguments = True, 1

    def run(self):
        equations = nodes.container(classes=["rule-equations"])
        self.state.nested_parse(self.content, self.content_offset, equations)
        return [beside(equations, made(getattr(rules, self.arguments[0])))]


class FurtherRules(SphinxDirective):
    """``:::{further-rules}``: each rule that has no place on the page, with the head of its file on
    the left.
    """

    def run(self):
        found = []
        for name in rooms.further_rules((pages.DOCS / "rules.md").read_text()):
            kind = getattr(rules, name)
            head = inspect.getdoc(sys.modules[kind.__module__])
            block = nodes.literal_block(head, head, language="none")
            equations = nodes.container("", block, classes=["rule-equations"])
            found += [nodes.rubric("", name), beside(equations, made(kind))]
        return found


def beside(equations, rule):
    """Return equations on the left, the strings of a rule on the right."""
    strings = nodes.literal_block(strings_of(rule), strings_of(rule), language="none")
    reads = nodes.paragraph(
        "",
        f"reads {', '.join(rule.reads('pre'))} of the source; {', '.join(rule.reads('post'))}"
        " of the target",
    )
    right = nodes.container("", strings, reads, classes=["rule-strings"])
    return nodes.container("", equations, right, classes=["rule"])


def fresh_brian(gallery_conf, where):
    """Each script of a gallery begins as in a new process, on the numpy target."""
    from brian2 import defaultclock, ms, prefs, seed, start_scope

    start_scope()
    prefs.codegen.target, defaultclock.dt = "numpy", 0.1 * ms
    seed(1)


def moved_links(app, docname, content):
    """Pages that are written here: links to files that are pages lead there."""
    page = pages.DOCS / f"{docname}.md"
    if page.exists() and pages.MADE not in page.parents:
        content[0] = pages.moved(content[0], page, page)


def tables_of_rooms(app, docname, content):
    """The reference lists what the folders have."""
    if docname == "api":
        content[0] = rooms.with_tables(content[0])


def own_arguments(app, what, name, thing, options, signature, annotation):
    """Brian2's objects are made by a function that hides the arguments of their constructors."""
    if what == "class" and signature == "(*args, **kw)":
        found = inspect.signature(thing.__init__)
        return str(found.replace(parameters=list(found.parameters.values())[1:])), annotation


def no_constants(app, what, name, thing, skip, options):
    """What a class tells the package about itself is no part of what a user reads."""
    return (
        skip or (what == "class" and not callable(thing) and not hasattr(thing, "__get__")) or None
    )


def plain_equations(app, what, name, thing, options, lines):
    """What is indented in the text of a module is shown as it stands: equations and strings."""
    if what != "module":
        return
    wanted, text = [], ""
    for number, line in enumerate(lines):
        if (
            line.startswith("    ")
            and not lines[number - 1].strip()
            and not text.startswith(" ")
            and not text.endswith("::")
        ):
            wanted += ["::", ""]
        text = line or text
        wanted.append(line)
    lines[:] = wanted


def several_errors(app, what, name, thing, options, lines):
    """``TypeError, ValueError`` under one description: napoleon would show the first one alone."""
    for number, line in enumerate(lines):
        if re.fullmatch(r"\w+Error(, \w+Error)+", line.strip()):
            indent, names = line[: len(line) - len(line.lstrip())], line.strip().split(", ")
            body = lines[number + 1 :]
            length = next(
                (
                    k
                    for k, text in enumerate(body)
                    if text.strip() and not text.startswith(indent + " ")
                ),
                len(body),
            )
            lines[number : number + 1 + length] = [
                text for error in names for text in (indent + error, *body[:length])
            ]
            return several_errors(app, what, name, thing, options, lines)


def visit_math(self, node):
    """Equations as MathML, which browsers draw by themselves."""
    block, (found, written) = isinstance(node, nodes.math_block), BARRED
    equation = found.sub(written, tex2mathml(node.astext(), as_block=block))
    self.body.append(f'<div class="math">{equation}</div>' if block else equation)
    raise nodes.SkipNode


def setup(app):
    app.add_directive("rule", Rule)
    app.add_directive("further-rules", FurtherRules)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("source-read", moved_links)
    app.connect("source-read", tables_of_rooms)
    app.connect("autodoc-process-signature", own_arguments)
    app.connect("autodoc-skip-member", no_constants)
    app.connect("autodoc-process-docstring", plain_equations, priority=0)
    app.connect("autodoc-process-docstring", several_errors, priority=0)
    return {"parallel_read_safe": True}
