"""Selection of the simulation target by name: numpy, Cython or C++ standalone."""

import multiprocessing.util
import os
import shutil
import sys
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path

from brian2 import all_devices, get_logger, prefs, set_device
from brian2 import device as brian_device

from ..results.files import scratch, scratch_folder

logger = get_logger(__name__)

DEVICES = ("auto", "numpy", "cython", "cpp_standalone")


def has_compiler():
    """Return whether a C++ compiler was found."""
    if sys.platform == "win32":
        return shutil.which("cl") is not None
    return any(
        shutil.which(name)
        for name in (prefs["codegen.cpp.compiler"] or "g++", "g++", "clang++", "c++")
    )


def chosen(name):
    """Return the device for `name`; "auto" is C++ standalone if there is a compiler, else numpy.

    Raises
    ------
    ValueError
        For an unknown name.
    RuntimeError
        If the device needs a compiler and there is none.
    """
    if name not in DEVICES:
        raise ValueError(f"unknown device {name!r}; choose one of {', '.join(DEVICES)}")
    if name == "auto" and not has_compiler():
        logger.info(
            "No C++ compiler was found, so this runs on numpy, many times slower; install one (for"
            " example g++).",
            "no_compiler",
            once=True,
        )
        return "numpy"
    if name == "auto":
        return "cpp_standalone"
    if name != "numpy" and not has_compiler():
        raise RuntimeError(
            f"device {name!r} needs a C++ compiler, and none was found; install one (for example"
            " g++), or choose the device 'numpy', which is slower"
        )
    return name


def cores():
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def runtime():
    """Return Brian2's runtime device, as opposed to standalone ones."""
    return all_devices["runtime"]


def reset():
    """Leave a standalone device."""
    brian_device.reinit()
    set_device("runtime")


@contextmanager
def device(name, folder=None):
    """Build and run the code of the context on a device; afterwards restore the previous one.

    Parameters
    ----------
    name : {"numpy", "cython", "cpp_standalone"}
    folder : path, optional
        Folder in which a C++ program is built; in the folder of an earlier program only changes are
        compiled. By default a new one, deleted afterwards.
    """
    if name == "cpp_standalone":
        with scratch("build") if folder is None else nullcontext(folder) as place:
            for part in ("results", "static_arrays"):
                shutil.rmtree(Path(place) / part, ignore_errors=True)
            set_device("cpp_standalone", directory=str(place))
            try:
                yield
            finally:
                reset()
        return
    before = prefs.codegen.target
    prefs.codegen.target = name
    try:
        yield
    finally:
        prefs.codegen.target = before


@cache
def own_folder(pid):
    """Return a temporary folder that lives as long as this process."""
    folder = scratch_folder("build")
    multiprocessing.util.Finalize(
        None, shutil.rmtree, args=(folder, True), exitpriority=1
    )  # which also processes of multiprocessing come to, and forked ones do not
    return folder
