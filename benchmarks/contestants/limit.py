"""The reference: hand-written C++, one thread (`limit.cpp`, `limit_spiking.cpp`), compiled for the
size and the processor.
"""

import ctypes
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
from brian2 import prefs

from ..problem import (
    DT_MS,
    INITIAL,
    KINDS,
    MEMBRANE_MS,
    RATE,
    REFRACTORY_MS,
    RISE,
    STEPS,
    SYNAPSE_MS,
)
from .base import Contestant, Run

SOURCES = {"rate": "limit.cpp", "spiking": "limit_spiking.cpp"}
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffast-math", "-fPIC")


def compiler():
    """Return the command of the compiler: Brian2's, else the first one found."""
    return next(
        name
        for name in (prefs["codegen.cpp.compiler"], "g++", "clang++", "c++")
        if name and which(name)
    )


def flags():
    """Return flags for this processor, with 512-bit vectors if it has them."""
    try:
        wide = "avx512f" in Path("/proc/cpuinfo").read_text()
    except OSError:
        wide = False
    return (*FLAGS, *(("-mprefer-vector-width=512",) if wide else ()))


def parameters(problem):
    """Return the numbers that the library takes beside weights and target."""
    if not problem.is_spiking:
        return np.array([RISE, RATE, INITIAL])
    decays = np.exp([-DT_MS / MEMBRANE_MS, -DT_MS / SYNAPSE_MS])
    return np.concatenate(
        [decays, [problem.rate, REFRACTORY_MS // DT_MS - 1], *problem.membranes()]
    )


class Limit(Contestant):
    """Hand-written C++."""

    name, title, compiler, quick = "limit", "limit: C++ by hand", True, True
    kinds = KINDS

    def function_name(self, problem):
        """Return the name of the library's function."""
        return f"run_{problem.mode}"

    def prepare(self, problem, folder):
        """Compile for the size and precision."""
        real = {"float64": "double", "float32": "float"}[problem.dtype]
        library = Path(folder) / f"limit_{problem.size}_{real}.so"
        sizes = (
            f"-DNETWORKS={self.networks}",
            f"-DSIZE={problem.size}",
            f"-DREAL={real}",
            f"-DSTEPS={STEPS}",
        )
        # Linked without -ffast-math: with it the library would change the floating point unit of
        # the whole process.
        subprocess.run(
            [
                compiler(),
                *flags(),
                *sizes,
                "-c",
                str(Path(__file__).parent.parent / SOURCES[problem.kind]),
                "-o",
                f"{library}.o",
            ],
            check=True,
        )
        subprocess.run([compiler(), "-shared", f"{library}.o", "-o", str(library)], check=True)
        self.function = getattr(ctypes.CDLL(str(library)), self.function_name(problem))
        self.arrays = (*problem.weights(), problem.target(), parameters(problem))
        self.problem = problem
        self.run(1)

    def run(self, periods):
        """Run the library, which measures its own time, without copying weights in and out."""
        result = np.empty(5)
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*self.arrays, result)]
        self.function(ctypes.c_int64(periods * STEPS), *pointers)
        change, output, cpu, wall, spikes = map(float, result)
        hertz = (
            spikes / (self.problem.size * periods * STEPS * DT_MS * 1e-3)
            if self.problem.is_spiking
            else None
        )
        return Run(cpu, wall, change, output, hertz=hertz)


class LimitSideBySide(Limit):
    """Hand-written C++, nine networks side by side: time per network, including its cost in the
    caches.
    """

    name, title, networks, modes = "limit-9", "limit, 9 networks, each", 9, ("online",)
    kinds = ("rate",)


class LimitEvents(Limit):
    """Hand-written C++ that sums over the spikes of a trial instead of its steps: another, exact
    algorithm.
    """

    name, title, kinds, modes = (
        "limit-events",
        "by hand, sums over spikes",
        ("spiking",),
        ("trial",),
    )
    quick = False

    def function_name(self, problem):
        """Return the name of the library's function."""
        return "run_events"
