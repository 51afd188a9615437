"""Compilation of the C++ programs of learning networks: all code of a network in one file, compiled
once.

Brian2 writes one file for each code object, and each includes the standard library, which takes up
nearly all of a build. Here the code of a network becomes one file; the program's main function,
which depends on seeds, numbers and lengths of runs, is another. The object files of both are cached
by a hash of their sources, so that another run of the same network compiles only its main function.
Brian2's own make does the work, with the user's preferences, and file by file where this is
impossible.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path
from weakref import WeakSet

from brian2 import get_device, get_logger, prefs

from . import vector_math
from .kept import fetched, keep, keeps, kept_folder, object_of
from .units import units_of, with_units

logger = get_logger(__name__)


def install(networks):
    """Compile the coming build of the active C++ standalone device this way if it belongs to these
    networks; later builds are Brian2's own.
    """
    device = get_device()
    device.compile_source = partial(compile_source, device, WeakSet(networks))


def compile_source(device, networks, directory, compiler, debug, clean):
    """Compile a program that Brian2 has written; the device passes the last four arguments."""
    vars(device).pop("compile_source", None)
    own, folder = partial(device.compile_source, directory, compiler), Path(directory)
    if not any(network in device.networks for network in networks):  # that program was never built
        return own(debug, clean)
    vector_math.declare(device, folder)
    reason = reason_against(compiler, debug, clean) or compiled_as_one(device, folder, own)
    if reason is not None:
        logger.info(
            f"Compiling the code objects of this program file by file: {reason}.", "file_by_file"
        )
        own(debug, clean)


def compiled_as_one(device, folder, own):
    """Compile a program as one file beside its main function; return the reason if that is
    impossible, else None.
    """
    makefile, found, units = (folder / "makefile").read_text(), [], []
    try:
        units = units_of(folder, device.writer)
        (folder / "makefile").write_text(with_units(makefile, units))
        found = [unit for unit in units[:2] if keeps(device) and fetched(folder, unit)]
        own(False, False)
    except (OSError, RuntimeError) as error:
        (folder / "makefile").write_text(makefile)
        for unit in found:  # one of them may be damaged
            with suppress(OSError):
                (kept_folder() / object_of(unit)).unlink()
        return f"they do not compile as one file ({error})"
    for unit in units[:2] if keeps(device) else ():
        if unit not in found:
            keep(folder, unit)
    for_deletion(folder, device.writer, units)
    return None


def for_deletion(folder, writer, units):
    """Tell the device's `delete` which files were compiled; it deletes headers as listed, and
    sources with their object files.
    """
    writer.header_files |= writer.source_files - set(units)
    writer.source_files = set(units)
    (folder / "make.deps").touch()


def reason_against(compiler, debug, clean):
    """Return why a program cannot be compiled as one file; None if it can."""
    if not prefs["brian_rflo.one_file"]:
        return "the preference brian_rflo.one_file is off"
    if compiler == "msvc":
        return "the compiler is Microsoft's"
    if prefs["devices.cpp_standalone.openmp_threads"]:
        return "it uses OpenMP"
    return "debug or clean is set" if debug or clean else None
