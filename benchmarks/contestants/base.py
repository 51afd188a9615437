"""The interface of a contestant."""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from ...brian.devices import has_compiler


@dataclass
class Run:
    """Result of a run: seconds of the time steps alone, and numbers by which contestants are
    compared.

    `memory` (peak, in bytes) and `program` (CPU seconds of everything, set-up included) are known
    of standalone programs only, `hertz`, the mean firing rate, of spiking networks whose contestant
    counts spikes.
    """

    cpu: float = 0.0
    wall: float = 0.0
    change: float = 0.0
    output: float = 0.0
    memory: int | None = None
    program: float | None = None
    hertz: float | None = None


class Contestant:
    """An implementation of a timed network.

    `prepare` builds, compiles and warms up, once; `run` computes a number of periods, from the
    initial weights each time, and times the steps alone. Both run in a process of their own.

    Attributes
    ----------
    name, title : str
        Name for its selection, and title in figures.
    packages : tuple of str
        Python packages that it needs; they are imported in `prepare`.
    compiler : bool
        Whether it needs a C++ compiler.
    kinds, modes, dtypes : tuple of str
        The cases that it can compute.
    networks : int
        Independent networks in one run; times are divided by it.
    quick : bool
        Whether `--quick` includes it.
    same_network : bool
        Whether it computes the timed network; else only its time per synapse is of interest.
    """

    name = title = ""
    packages = ()
    compiler = False
    kinds = ("rate",)
    modes = ("online", "trial")
    dtypes = ("float64", "float32")
    networks = 1
    quick = False
    same_network = True

    def can(self, problem):
        """Return whether it takes part in a case."""
        return (
            problem.has_one_result
            and problem.kind in self.kinds
            and problem.mode in self.modes
            and problem.dtype in self.dtypes
        )

    def obstacle(self):
        """Return the reason why it cannot run here; None if it can."""
        missing = [package for package in self.packages if find_spec(package) is None]
        if missing:
            return f"{', '.join(missing)} not installed"
        if self.compiler and not has_compiler():
            return "no C++ compiler found"
        return None

    def prepare(self, problem, folder):
        """Build for a problem; `folder` is for files and deleted afterwards."""
        raise NotImplementedError

    def run(self, periods):
        """Compute a number of periods; return a `Run`."""
        raise NotImplementedError


@contextmanager
def timed():
    """Measure the context: yield a `Run` that has its CPU and wall seconds afterwards."""
    run, wall, cpu = Run(), time.perf_counter(), time.process_time()
    yield run
    run.cpu, run.wall = time.process_time() - cpu, time.perf_counter() - wall
