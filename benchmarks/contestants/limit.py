"""The yardstick: C++ by hand, one thread (`limit.cpp`), compiled for the size and the processor."""

import ctypes
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
from brian2 import prefs

from ..problem import INITIAL, RATE, RISE, STEPS
from .base import Contestant, Run

SOURCE = Path(__file__).parent.parent / "limit.cpp"
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffast-math", "-fPIC")


def compiler():
    """The command of the compiler: Brian2's, else the first that is there."""
    return next(name for name in (prefs["codegen.cpp.compiler"], "g++", "clang++", "c++") if name and which(name))


def flags():
    """Flags for this processor; 512-bit vectors where it has them."""
    try:
        wide = "avx512f" in Path("/proc/cpuinfo").read_text()
    except OSError:
        wide = False
    return (*FLAGS, *(("-mprefer-vector-width=512",) if wide else ()))


class Limit(Contestant):
    """By hand, in C++."""

    name, title, compiler, quick = "limit", "limit: C++ by hand", True, True

    def prepare(self, problem, folder):
        """Compile for the size and precision."""
        real = {"float64": "double", "float32": "float"}[problem.dtype]
        library = Path(folder) / f"limit_{problem.size}_{real}.so"
        sizes = (f"-DNETWORKS={self.networks}", f"-DSIZE={problem.size}", f"-DREAL={real}", f"-DSTEPS={STEPS}")
        # Linked without -ffast-math: with it the library would change the floating point unit of the whole process.
        subprocess.run([compiler(), *flags(), *sizes, "-c", str(SOURCE), "-o", f"{library}.o"], check=True)
        subprocess.run([compiler(), "-shared", f"{library}.o", "-o", str(library)], check=True)
        self.function = getattr(ctypes.CDLL(str(library)), f"run_{problem.mode}")
        self.arrays = (*problem.weights(), problem.target(), np.array([RISE, RATE, INITIAL]))
        self.run(1)

    def run(self, periods):
        """The library measures its own time, without copying weights in and out."""
        result = np.empty(4)
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*self.arrays, result)]
        self.function(ctypes.c_int64(periods * STEPS), *pointers)
        change, output, cpu, wall = map(float, result)
        return Run(cpu, wall, change, output)


class LimitSideBySide(Limit):
    """By hand, nine networks side by side: time per network, with what that costs in the caches."""

    name, title, networks, modes = "limit-9", "limit, 9 networks, each", 9, ("online",)
