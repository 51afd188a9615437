"""Parameter sweeps: one function over seeds and parameters, on all cores of a machine or on a
cluster; finished networks are never computed again.

Each network is a `Part`, computed by a crew (`brian_rflo.crews`) and on disk as soon as it is
finished. It starts from a Brian2 in which nothing has happened, with random numbers that follow
from its settings, so that its numbers do not depend on who computes it, where, and after what.
"""

from .sweeping import sweep
from .table import SweepTable

__all__ = ["SweepTable", "sweep"]
