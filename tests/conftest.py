"""Every test starts from a clean Brian2: numpy target, 1 ms steps, nothing seen by the magic
network.
"""

import gc
import logging
from types import SimpleNamespace

import brian2
import matplotlib
import numpy as np
import pytest
from brian2 import BrianLogger, BrianObject, Clock, defaultclock, ms, prefs, start_scope
from brian2.codegen import codeobject, translation
from brian2.core import base

import brian_rflo  # noqa: F401 (before garbage is frozen)

matplotlib.use("Agg")
BrianLogger.suppress_name("unused_brian_object")
prefs["devices.cpp_standalone.extra_make_args_unix"] = [
    "-j2"
]  # Brian2's own default starts a compiler for each file at once


def pytest_configure(config):
    """Leave out, in the default set, what Brian2 does for messages and for its cache of statements,
    which takes two fifths of the time of a small network; the long set has it.
    """
    if is_default(config):
        # Statements are looked up by the values of all variables of a group: parsing is quicker,
        # once for the code of an object, which is its user's code too.
        translation.make_statements = translation.make_statements.__wrapped__
        codeobject.analyse_identifiers = not_twice(codeobject.analyse_identifiers)
        # Messages below INFO, to which each object adds its clock; where an object was made.
        logging.getLogger("brian2").setLevel(logging.INFO)
        Clock.__repr__ = object.__repr__
        base.traceback = SimpleNamespace(extract_stack=list)


def is_default(config):
    """Return whether the default set runs."""
    return config.getoption("markexpr") == "not model"


def not_twice(function):
    """Wrap a function of a text and an object so that a second call with both is answered by the
    first.
    """
    last = [None, None, None]

    def answer(text, thing, **more):
        if last[0] != text or last[1] is not thing:
            last[:] = text, thing, function(text, thing, **more)
        return last[2]

    return answer


#: Files whose programs are compiled as a user's are; in others of the default set compilers
#: optimize less, which takes half the time.
OPTIMIZED = ("test_dense", "test_exactness", "test_padding", "test_threads")
FLAGS = list(prefs["codegen.cpp.extra_compile_args_gcc"])


#: How many objects of Brian2 live for longer than a test.
KEPT = {"objects": 0}


@pytest.fixture(autouse=True)
def clean_brian(request):
    # Objects of earlier tests give their names back, and compiled code is found again. What stays
    # is frozen: each Network.run() collects garbage, and need not look at it.
    gc.collect()
    if len(BrianObject.__instances__()) > KEPT["objects"]:
        gc.unfreeze()  # what an earlier test kept alive for a while was frozen, and is garbage now
        gc.collect()
        KEPT["objects"] = len(BrianObject.__instances__())
    gc.freeze()
    start_scope()
    prefs.codegen.target = "numpy"
    is_quick = is_default(request.config) and request.module.__name__ not in OPTIMIZED
    prefs["codegen.cpp.extra_compile_args_gcc"] = [
        "-O1" if is_quick and flag == "-O3" else flag for flag in FLAGS
    ]
    defaultclock.dt = 1 * ms
    brian2.seed(1)


@pytest.fixture
def seeded():
    """The seeded case: initial weights, losses and final weights of five rules (Murray 2019,
    periodic task, 20 trials).
    """
    from pathlib import Path

    with np.load(Path(__file__).parent / "data" / "murray2019_periodic.npz") as data:
        return dict(data)


def pytest_collection_modifyitems(items):
    """Compiled tests last: what they leave in memory slows down every garbage collection after
    them.
    """
    items.sort(key=lambda item: item.get_closest_marker("compiled") is not None)
