"""Packages whose public names are those of their modules."""

import sys
from types import ModuleType


def names_of(room):
    """Return the sorted public names of a package: those in ``__all__`` of the modules imported in
    its ``__init__``. A new module thus takes one line there: ``from .bcm import *``.
    """
    inside = [thing for thing in vars(sys.modules[room]).values() if isinstance(thing, ModuleType)]
    files = [module for module in inside if module.__name__.rpartition(".")[0] == room]
    return sorted({name for module in files for name in getattr(module, "__all__", ())})
