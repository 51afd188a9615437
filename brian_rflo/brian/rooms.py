"""Rooms: folders whose public names are those of their files."""

import sys
from types import ModuleType


def names_of(room):
    """Return the public names of a folder, sorted: those in ``__all__`` of the files that its
    ``__init__`` has imported from. So a new file takes one line there: ``from .bcm import *``.
    """
    inside = [thing for thing in vars(sys.modules[room]).values() if isinstance(thing, ModuleType)]
    files = [module for module in inside if module.__name__.rpartition(".")[0] == room]
    return sorted({name for module in files for name in getattr(module, "__all__", ())})
