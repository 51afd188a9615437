"""Lists made from the rooms: what a new file of a folder brings stands in them by itself."""

import re
from importlib import import_module

import brian_rflo
from brian_rflo import rules

#: ``.. room:: FOLDER`` in the reference, and the names below it.
ROOM = re.compile(r"^\.\. room:: (\w+)\n((?:[ \t]+\S.*\n|[ \t]*\n)*)", flags=re.M)
#: Names that stand in lists, or by themselves with what they hold.
LISTED = re.compile(r"^(?:[ \t]+|\.\. autodata:: )([\w.]+)[ \t]*$", flags=re.M)
TABLE = """.. autosummary::
   :toctree: made/api

   {names}

"""


def names_of(room, written, text):
    """Return the names that the reference lists of a folder: those that are written there, in their
    order, then what else the folder makes public and that stands nowhere on the page.
    """
    known = {name.rpartition(".")[2] for name in LISTED.findall(text)}
    others = [name for name in import_module(f"brian_rflo.{room}").__all__ if name not in known]
    at_top = brian_rflo.__all__
    return [*written, *(name if name in at_top else f"{room}.{name}" for name in others)]


def with_tables(text):
    """Return the text of the reference with a table in place of each folder."""

    def table(match):
        names = names_of(match[1], match[2].split(), text)
        return TABLE.format(names="\n   ".join(names))

    return ROOM.sub(table, text)


def further_rules(text):
    """Return the names of rules that can run as they are and have no equations on the page."""
    shown = set(re.findall(r"^:::\{rule\} (\w+)$", text, flags=re.M))
    return [name for name in rules.__all__ if name not in shown and runs(getattr(rules, name))]


def runs(rule):
    """Return whether a class is a rule with strings, and not made of another one or of neurons."""
    is_written = isinstance(rule.update, str | dict) and bool(rule.update)
    return is_written and not issubclass(rule, rules.Around)
