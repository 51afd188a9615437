"""Every test starts from a clean Brian2: numpy target, 1 ms steps, nothing seen by the magic
network.
"""

import gc

import brian2
import matplotlib
import numpy as np
import pytest
from brian2 import BrianLogger, defaultclock, ms, prefs, start_scope

import brian_rflo  # noqa: F401 (before garbage is frozen)

matplotlib.use("Agg")
BrianLogger.suppress_name("unused_brian_object")
prefs["devices.cpp_standalone.extra_make_args_unix"] = [
    "-j2"
]  # Brian2's own default starts a compiler for each file at once
gc.collect()
gc.freeze()  # each Network.run() collects garbage; what was imported need not be looked at again


@pytest.fixture(autouse=True)
def clean_brian(request):
    if request.node.get_closest_marker("compiled"):
        # objects of earlier tests give their names back, and compiled code is found again
        gc.collect()
    start_scope()
    prefs.codegen.target = "numpy"
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
