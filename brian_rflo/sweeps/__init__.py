"""Parameter sweeps: one function over seeds and parameters, on all cores of a machine or on a
cluster; finished networks are never computed again.

Each network is a `Part`, computed by an executor (`brian_rflo.crews`) and saved as soon as it is
finished. It starts from a fresh Brian2, with a seed that follows from its settings, so that its
numbers do not depend on where and in which order networks are computed.
"""

from .sweeping import sweep
from .table import SweepTable

__all__ = ["SweepTable", "sweep"]
