"""How the C++ programs of networks that learn are compiled: the code of the network as one file,
and once.

Brian2 writes one file for each code object, and each reads the standard library anew: nearly all of
a build is that. Here all that a network is made of becomes one file; what depends on seeds, numbers
and lengths of runs, the program's main function, is another. The object files of both are kept, by
what they are made from, so that another run of the same network compiles its main function alone.
Brian2's own make does the work, with the user's preferences, and file by file where this way is not
open.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from weakref import WeakSet

from brian2 import get_device, prefs
from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.utils.logger import get_logger

from ..results.files import expanded
from . import processors
from .vector_math import FUNCTIONS

logger = get_logger(__name__)

#: How much is kept of compiled programs, in bytes.
LIMIT = 500e6
#: Brian2's frame of a network, beside its code objects.
FRAME = "objects.cpp", "network.cpp", "run.cpp", "synapses_classes.cpp"
SUPPORT, DEFINES = "////// SUPPORT CODE ///////", "////// HASH DEFINES ///////"
FUNCTION = re.compile(r"^void _(?:run|before_run|after_run)_\w+\(\)", re.MULTILINE)
INCLUDE = re.compile(r"^\s*#\s*include\b.*$", re.MULTILINE)
MACRO = re.compile(r"^\s*#\s*define\s+(\w+)(.*)$", re.MULTILINE)

#: Memory for arrays begins with a line of the cache; that of Brian2's arrays, from the GNU library,
#: 16 bytes behind one, so that each load and store of vectors would cross two.
ALIGNED = """
#if !defined(_WIN32)
void* operator new(std::size_t size)
{
    void* memory = NULL;
    if (size < 1024)
        memory = malloc(size ? size : 1);
    else if (posix_memalign(&memory, 64, size))
        memory = NULL;
    if (!memory)
        throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
#endif
"""


def install(networks):
    """Let the coming build of the active C++ standalone device go this way if it is of these
    networks; the one after it is Brian2's own again.
    """
    device = get_device()
    device.compile_source = partial(compile_source, device, WeakSet(networks))


def compile_source(device, networks, directory, compiler, debug, clean):
    """Compile a program that Brian2 has written; its device gives the last four arguments."""
    vars(device).pop("compile_source", None)
    own, folder = partial(device.compile_source, directory, compiler), Path(directory)
    if not any(network in device.networks for network in networks):  # that program was never built
        return own(debug, clean)
    reason = reason_against(compiler, debug, clean) or compiled_as_one(device, folder, own)
    if reason is not None:
        logger.info(
            f"Compiling the code objects of this program file by file: {reason}.", "file_by_file"
        )
        own(debug, clean)


def compiled_as_one(device, folder, own):
    """Compile a program as one file beside its main function; return why not, or None."""
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
    """Let the device's `delete` know what was compiled; it takes away what it calls headers as it
    is, and sources with their object files.
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


def units_of(folder, writer):
    """Write the files that are compiled in place of Brian2's; return their names, each of which has
    the hash of what it is made from.
    """
    sources = {
        name: (folder / name).read_text()
        for name in sorted(writer.source_files)
        if name.endswith(".cpp")
    }
    objects = {name: text for name, text in sources.items() if name.startswith("code_objects/")}
    apart = apart_of(objects)
    network = one_file(
        [text for name, text in objects.items() if name not in apart],
        [sources[name] for name in FRAME],
    )
    headers = "".join(
        path.read_text()
        for path in sorted(folder.glob("*.h")) + sorted(folder.glob("brianlib/*.h"))
    )
    origin = "\n".join(
        [headers, (folder / "makefile").read_text().partition("OPTIMISATIONS")[2], *surroundings()]
    )
    names = []
    for kind, text in (("network", network), ("program", sources["main.cpp"])):
        name = f"{kind}_{hashlib.sha256((origin + text).encode()).hexdigest()[:32]}.cpp"
        for old in folder.glob(f"{kind}_*"):
            if old.stem != Path(name).stem and re.fullmatch(
                rf"{kind}_[0-9a-f]{{32}}\.(cpp|o)", old.name
            ):
                old.unlink()
        (folder / name).write_text(text)
        names.append(name)
    return (
        *names,
        *apart,
        *(name for name in writer.source_files if name not in (*objects, *FRAME, "main.cpp")),
    )


def apart_of(objects):
    """Return the code objects, by file, that stay files of their own: of an unknown form, with a
    macro that would reach others, or within reach of vector functions.
    """
    unknown = [name for name, text in objects.items() if not is_known(text)]
    macros = {name: dict(MACRO.findall(text)) for name, text in objects.items()}
    meanings = {}
    for name in objects:
        for macro, meaning in macros[name].items():
            meanings.setdefault(macro, set()).add(meaning)
    vector = {name for function in FUNCTIONS for name in undeclared(function, objects)}
    reaching = {
        macro
        for macro, found in meanings.items()
        if len(found) > 1
        or any(
            macro not in macros[name] and re.search(rf"\b{macro}\b", text)
            for name, text in objects.items()
        )
    }
    return [
        name
        for name in objects
        if name in unknown or name in vector or reaching & set(macros[name])
    ]


def undeclared(function, objects):
    """Return the code objects that name a function of which others alone have declared a vector
    version.
    """
    declared = {
        name for name, text in objects.items() if f"double {function}(double) noexcept" in text
    }
    return {
        name
        for name, text in objects.items()
        if declared and name not in declared and re.search(rf"\b{function}\b", text)
    }


def is_known(text):
    """Return whether the file of a code object has the form that Brian2 gives it: all of its
    includes in its head, under no condition.
    """
    head, _, rest = text.partition(SUPPORT)
    return (
        text.count(SUPPORT) == text.count(DEFINES) == 1
        and FUNCTION.search(rest) is not None
        and not INCLUDE.search(rest)
        and not includes_conditionally(head)
    )


def includes_conditionally(head):
    """Return whether a file includes something under a condition."""
    depth = 0
    for word in re.findall(r"^\s*#\s*(if|endif|include)", head, re.MULTILINE):
        if word == "include" and depth:
            return True
        depth += {"if": 1, "endif": -1, "include": 0}[word]
    return False


def one_file(objects, frame):
    """Return code objects and the frame as one file: what they include once, and the support code
    of each in a namespace of its own.

    Their macros and declarations stay outside of it, where vector functions of the C library must
    be declared.
    """
    includes, bodies = [], []
    for number, text in enumerate(objects):
        head, _, rest = text.partition(SUPPORT)
        support, _, rest = rest.partition(DEFINES)
        place = f"code_object_{number}"
        includes += INCLUDE.findall(head)
        rest = rest.replace(
            "using namespace brian;", f"using namespace brian; using namespace {place};"
        )
        bodies.append(f"namespace {place} {{\n{INCLUDE.sub('', head)}\n{support}\n}}\n{rest}")
    for text in frame:
        includes += INCLUDE.findall(text)
        bodies.append(INCLUDE.sub("", text))
    return "\n".join(
        [*dict.fromkeys(line.strip() for line in [*includes, "#include <new>"]), *bodies, ALIGNED]
    )


def with_units(makefile, units):
    """Return Brian2's makefile with other sources, whose headers need no dependencies, and flags
    for the processor; the main function needs no optimizing.
    """
    makefile = re.sub(r"^SRCS = .*$", f"SRCS = {' '.join(units)}", makefile, flags=re.MULTILINE)
    makefile = re.sub(r"^DEPS = .*$", "DEPS =", makefile, flags=re.MULTILINE)
    return (
        f"{makefile}\n\nCXXFLAGS += {' '.join(processors.flags())}\n{object_of(units[1])}: CXXFLAGS"
        " += -O1\n"
    )


def surroundings():
    """Return what an object file depends on beside texts and flags."""
    make = (
        prefs["devices.cpp_standalone.make_cmd_unix"],
        *prefs["devices.cpp_standalone.extra_make_args_unix"],
    )
    paths = [
        os.environ.get(name, "")
        for name in ("CXX", "CPATH", "CPLUS_INCLUDE_PATH", "CXXFLAGS", "MAKEFLAGS")
    ]
    return (
        *map(str, make),
        *paths,
        version_of(os.environ.get("CXX", "g++")),
        processors.description(),
        *processors.flags(),
    )


@cache
def version_of(compiler):
    """Return the version of a compiler."""
    return subprocess.run([*compiler.split(), "--version"], capture_output=True, text=True).stdout


def keeps(device):
    """Return whether object files are kept; not where a program includes files of the user's, which
    may change.
    """
    asked = [device, *(obj.compiler_kwds for obj in device.code_objects.values())]
    own = [
        getattr(one, name, None) or (one.get(name) if isinstance(one, dict) else None)
        for one in asked
        for name in ("headers", "include_dirs", "sources")
    ]
    flags = get_compiler_and_args()[1]
    return (
        prefs["brian_rflo.keep_programs"]
        and not any(own)
        and not prefs["codegen.cpp.headers"]
        and not any("-include" in flag for flag in flags)
    )


def kept_folder():
    """Return the folder of kept object files."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return expanded(base) / "brian_rflo" / "programs"


def object_of(unit):
    """Return the name of a unit's object file."""
    return f"{unit.removesuffix('.cpp')}.o"


def fetched(folder, unit):
    """Bring a kept object file into the folder of a program; return whether there is one."""
    ours, kept = folder / object_of(unit), kept_folder() / object_of(unit)
    with suppress(OSError):
        if not ours.exists():
            shutil.copyfile(kept, ours)
            os.utime(kept)
        os.utime(ours)
        return True
    return False


def keep(folder, unit):
    """Keep an object file, written under another name and then put into place; what is old goes
    where there is too much.
    """
    with suppress(OSError):
        place = kept_folder()
        place.mkdir(parents=True, exist_ok=True)
        waiting = place / f"{object_of(unit)}.{os.getpid()}"
        shutil.copyfile(folder / object_of(unit), waiting)
        os.replace(waiting, place / object_of(unit))
        clean(LIMIT)


def clean(limit=0):
    """Delete kept object files, the oldest first, until they take at most so many bytes; return how
    many bytes are gone.
    """
    files, gone = [], 0
    for path in kept_folder().glob("*.o*"):
        with suppress(OSError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total - gone <= limit:
            break
        with suppress(OSError):
            path.unlink()
            gone += size
    return gone
