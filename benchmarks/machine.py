"""Hardware and software of the measurements."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..brian.devices import has_compiler

PACKAGES = ("brian_rflo", "brian2", "numpy", "Cython", "numba", "jax", "torch", "nest-simulator")


def describe():
    """Return processor, cores, compiler, flags and versions."""
    from .contestants import limit

    compiler = limit.compiler() if has_compiler() else None
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "compiler": first_line([compiler, "--version"]) if compiler else None,
        "flags": {"limit": list(limit.flags()), "brian2": brian_flags()},
        "packages": {name: installed(name) for name in PACKAGES},
    }


def processor():
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def brian_flags():
    """Return the flags with which Brian2 compiles."""
    from brian2.codegen.cpp_prefs import get_compiler_and_args

    return list(get_compiler_and_args()[1]) if has_compiler() else []


def first_line(command):
    """Return the first line that a command prints."""
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return lines[0] if lines else None


def installed(name):
    """Return the version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
