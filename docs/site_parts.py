"""What this site needs of Sphinx beyond its extensions: links out of the folder, rules beside their
strings, equations without a network.
"""

import inspect
import re
import sys
from pathlib import Path

import fields
import pages
import rooms
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode
from strings_of_rules import made, strings_of

import brian_rflo
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


class Rule(SphinxDirective):
    """``:::{rule} NAME``: the text on the left, the strings of the class on the right."""

    has_content, required_arguments = True, 1

    def run(self):
        equations = nodes.container(classes=["rule-equations"])
        self.state.nested_parse(self.content, self.content_offset, equations)
        return [beside(equations, made(getattr(rules, self.arguments[0])))]


class Drawn(SphinxDirective):
    """``:::{drawn} examples NAME``: the picture that a script of a gallery drew, which leads there;
    the text is its caption. Nothing where the galleries were not run.
    """

    has_content, required_arguments = True, 2

    def run(self):
        gallery = {"examples": "gallery"}.get(self.arguments[0], self.arguments[0])
        page = f"made/{gallery}/{self.arguments[1]}"
        picture = f"made/{gallery}/images/sphx_glr_{self.arguments[1]}_001_2_00x.png"
        if not (pages.DOCS / picture).exists():
            return []
        image = nodes.image(uri=f"/{picture}", alt=self.content[0])
        path = self.env.relfn2path(f"/{picture}")[0]
        image["uri"] = path
        link = nodes.reference("", "", image, internal=True, refuri=f"{page}.html")
        caption = nodes.caption()
        text = nodes.Element()
        self.state.nested_parse(self.content, self.content_offset, text)
        caption += [child for part in text for child in part]
        return [nodes.figure("", link, caption, classes=["drawn"])]


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


class Tables(SphinxPostTransform):
    """Tables say what they hold: ``numbers`` may scroll on a narrow screen; the rows of the others,
    ``words``, become blocks there, in which each cell has the heading of its column as a label.
    """

    default_priority = 400
    #: Letters of a cell from which on it is read as a sentence.
    SENTENCE = 25
    #: Letters of a name above which it may be broken at underscores: names of tests.
    WORD = 36

    def run(self):
        for table in self.document.findall(nodes.table):
            body = [list(row) for part in table.findall(nodes.tbody) for row in part]
            heads = [list(row) for part in table.findall(nodes.thead) for row in part]
            words = [cell.astext().strip() for cell in (heads[-1] if heads else ())]
            longest = max((len(cell.astext()) for row in body for cell in row), default=0)
            table["classes"] += ["words" if longest > self.SENTENCE else "numbers"]
            if heads and not any(words):
                table["classes"] += ["unheaded"]
            if longest > self.SENTENCE:
                self.label(body, words)
            for literal in table.findall(nodes.literal):
                if max(map(len, literal.astext().split()), default=0) > self.WORD:
                    self.breakable(literal)

    def breakable(self, literal):
        """Let a long name break behind its underscores."""
        parts = re.split(r"(?<=[_:])(?=[^_:])", literal.astext())
        literal.children = []
        for part in parts:
            literal += nodes.Text(part)
            literal += nodes.raw("", "<wbr>", format="html")

    def label(self, body, words):
        """Put the headings of columns into their cells, but for the first, which is the row's."""
        for row in body:
            for cell, word in list(zip(row, words))[1:]:
                if word and cell.astext().strip():
                    label = nodes.inline("", f"{word}: ", classes=["cell-label"])
                    first = cell[0] if isinstance(cell[0], nodes.paragraph) else cell
                    first.insert(0, label)


class Pictures(SphinxPostTransform):
    """Pictures of the models are as wide as the text, and open in their own size."""

    default_priority = 400

    def run(self):
        if self.env.current_document.docname.startswith(("made/models", "made/benchmarks")):
            for image in self.document.findall(nodes.image):
                image.setdefault("width", "100%")


def in_order(name):
    """Scripts of a gallery in the order of `pages.EXAMPLES`, others by name."""
    order = list(pages.EXAMPLES)
    return order.index(Path(name).stem) if Path(name).stem in order else len(order), name


def fresh_brian(gallery_conf, where):
    """Each script of a gallery begins as in a new process, on the numpy target."""
    from brian2 import defaultclock, ms, prefs, seed, start_scope

    start_scope()
    prefs.codegen.target, defaultclock.dt = "numpy", 0.1 * ms
    seed(1)


def moved_links(app, docname, content):
    """Pages that are written here: links to files that are pages lead there."""
    page = pages.DOCS / f"{docname}.md"
    if docname == "index":
        content[0] = pages.further(content[0])
    if page.exists() and pages.MADE not in page.parents:
        content[0] = pages.moved(content[0], page, page)


def tables_of_rooms(app, docname, content):
    """The reference lists what the folders have."""
    if docname == "api":
        content[0] = rooms.with_tables(content[0])


def own_arguments(app, what, name, thing, options, signature, annotation):
    """Brian2's objects are made by a function that hides the arguments of their constructors. Types
    stand with the fields.
    """
    if what == "class" and signature == "(*args, **kw)":
        found = inspect.signature(thing.__init__)
        kept = [
            one.replace(annotation=inspect.Parameter.empty) for one in found.parameters.values()
        ]
        return str(found.replace(parameters=kept[1:])), annotation


def no_constants(app, what, name, thing, skip, options):
    """What a class tells the package about itself is no part of what a user reads; nor is a
    property that its list of attributes has.
    """
    is_constant = what == "class" and not callable(thing) and not hasattr(thing, "__get__")
    return skip or is_constant or (isinstance(thing, property) and is_listed(thing, name)) or None


def is_listed(thing, name):
    """Return whether the class of a property has an entry for it among its attributes."""
    place = sys.modules.get(getattr(thing.fget, "__module__", ""))
    for part in getattr(thing.fget, "__qualname__", name).split(".")[:-1]:
        place = getattr(place, part, None)
    lines = (inspect.getdoc(place) or "").splitlines()
    return any(
        section == "Attributes" and field == name
        for section, field, _, _ in fields.fields(lines, {})
    )


def entries(app, what, name, thing, options, lines):
    """An entry for each field, with the type that its signature has where none is written."""
    if what in ("class", "function", "method"):
        lines[:] = fields.one_each(lines, fields.annotations_of(thing))


def public_name(app, env, node, words):
    """A public name without its folder, as docstrings have it, leads to its page."""
    known = env.get_domain("py").objects
    full = [
        name
        for room in ("", *(f"{one}." for one in sorted(brian_rflo.MOVED)))
        if (name := f"brian_rflo.{room}{node.get('reftarget')}") in known
    ]
    if node.get("refdomain") != "py" or not full:
        return None
    place = known[full[0]]
    here = node.get("refdoc", env.current_document.docname)
    return make_refnode(app.builder, here, place.docname, place.node_id, words, full[0])


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
    app.add_post_transform(Tables)
    app.add_post_transform(Pictures)
    app.add_directive("rule", Rule)
    app.add_directive("drawn", Drawn)
    app.add_directive("further-rules", FurtherRules)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("source-read", moved_links)
    app.connect("source-read", tables_of_rooms)
    app.connect("missing-reference", public_name)
    app.connect("autodoc-process-signature", own_arguments)
    app.connect("autodoc-skip-member", no_constants)
    app.connect("autodoc-process-docstring", plain_equations, priority=0)
    app.connect("autodoc-process-docstring", several_errors, priority=0)
    app.connect("autodoc-process-docstring", entries, priority=1)
    return {"parallel_read_safe": True}
