"""Where a simulation runs: numpy, Cython or C++ standalone, by one name."""

import shutil
import sys
import tempfile
from contextlib import contextmanager

from brian2 import device as brian_device
from brian2 import prefs, set_device

DEVICES = ("auto", "numpy", "cython", "cpp_standalone")


def has_compiler():
    """Whether a C++ compiler is to be found."""
    if sys.platform == "win32":
        return shutil.which("cl") is not None
    return any(shutil.which(name) for name in (prefs["codegen.cpp.compiler"] or "g++", "g++", "clang++", "c++"))


def chosen(name):
    """The device for `name`; "auto" is C++ standalone where there is a compiler, else numpy.

    Raises
    ------
    ValueError
        For an unknown name.
    RuntimeError
        If the device needs a compiler and there is none.
    """
    if name not in DEVICES:
        raise ValueError(f"unknown device {name!r}; choose one of {', '.join(DEVICES)}")
    if name == "auto":
        return "cpp_standalone" if has_compiler() else "numpy"
    if name != "numpy" and not has_compiler():
        raise RuntimeError(f"device {name!r} needs a C++ compiler, and none was found; install one (for example g++), or choose the device 'numpy', which is slower")
    return name


@contextmanager
def device(name):
    """Run what is built inside on a device, and leave everything as it was.

    Parameters
    ----------
    name : {"numpy", "cython", "cpp_standalone"}
    """
    if name == "cpp_standalone":
        with tempfile.TemporaryDirectory(prefix="brian_rflo_build_") as folder:
            set_device("cpp_standalone", directory=folder)
            try:
                yield
            finally:
                brian_device.reinit()
                set_device("runtime")
        return
    before = prefs.codegen.target
    prefs.codegen.target = name
    try:
        yield
    finally:
        prefs.codegen.target = before
