"""How the C++ programs of networks that learn are compiled: the code of the network as one file, and once.

Brian2 writes one file for each code object, and each reads the standard library anew: nearly all of a build is that. Here all that a
network is made of becomes one file; what depends on seeds, numbers and lengths of runs, the program's main function, is another. The
object files of both are kept, by what they are made from, so that another run of the same network compiles its main function alone.
Brian2's own make does the work, with the user's preferences, and file by file where this way is not open.
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

from brian2 import get_device, prefs
from brian2.utils.logger import get_logger

from .files import expanded

logger = get_logger(__name__)

#: How much is kept of compiled programs, in bytes.
LIMIT = 500e6
#: Brian2's frame of a network, beside its code objects.
FRAME = "objects.cpp", "network.cpp", "run.cpp", "synapses_classes.cpp"
SUPPORT, DEFINES = "////// SUPPORT CODE ///////", "////// HASH DEFINES ///////"
FUNCTION = re.compile(r"^void _(?:run|before_run|after_run)_\w+\(\)", re.MULTILINE)
INCLUDE = re.compile(r"^\s*#\s*include\b.*$", re.MULTILINE)
MACRO = re.compile(r"^\s*#\s*define\s+(\w+)(.*)$", re.MULTILINE)

#: Memory for arrays begins with a line of the cache; that of Brian2's arrays, from the GNU library, 16 bytes behind one, so that each
#: load and store of vectors would cross two.
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


def install():
    """Let the coming build of the active C++ standalone device go this way; the one after it is Brian2's own again."""
    device = get_device()
    device.compile_source = partial(compile_source, device)


def compile_source(device, directory, compiler, debug, clean):
    """Compile a program that Brian2 has written; the arguments are those of its device."""
    vars(device).pop("compile_source", None)
    own, folder = partial(device.compile_source, directory, compiler), Path(directory)
    reason = reason_against(compiler, debug, clean)
    if reason is None:
        makefile = (folder / "makefile").read_text()
        try:
            units = units_of(folder, device.writer)
            (folder / "makefile").write_text(with_units(makefile, units))
            found = {unit for unit in units if keeps(device) and fetched(folder, unit)}
            own(debug, clean)
        except (OSError, RuntimeError) as error:
            reason = f"they do not compile as one file ({error})"
            (folder / "makefile").write_text(makefile)
        else:
            for unit in units if keeps(device) else ():
                keep(folder, unit, is_new=unit not in found)
            return
    logger.info(f"Compiling the code objects of this program file by file: {reason}.", "file_by_file")
    own(debug, clean)


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
    """Write the files that are compiled in place of Brian2's; return their names, each of which has the hash of what it is made from."""
    sources = {name: (folder / name).read_text() for name in sorted(writer.source_files) if name.endswith(".cpp")}
    objects = {name: text for name, text in sources.items() if name.startswith("code_objects/")}
    apart = apart_of(objects)
    network = one_file([text for name, text in objects.items() if name not in apart], [sources[name] for name in FRAME])
    headers = "".join(path.read_text() for path in sorted(folder.glob("*.h")) + sorted(folder.glob("brianlib/*.h")))
    origin = headers + (folder / "makefile").read_text().partition("OPTIMISATIONS")[2] + compiler_and_processor()
    names = []
    for kind, text in (("network", network), ("program", sources["main.cpp"])):
        name = f"{kind}_{hashlib.sha256((origin + text).encode()).hexdigest()[:32]}.cpp"
        for old in folder.glob(f"{kind}_*"):
            if old.stem != Path(name).stem:
                old.unlink()
        (folder / name).write_text(text)
        names.append(name)
    return (*names, *apart, *(name for name in writer.source_files if name not in (*objects, *FRAME, "main.cpp")))


def apart_of(objects):
    """Return the code objects, by file, that stay files of their own: of an unknown form, or with a macro that would reach others."""
    unknown = [name for name, text in objects.items() if not is_known(text)]
    macros = {name: dict(MACRO.findall(text)) for name, text in objects.items()}
    meanings = {}
    for name in objects:
        for macro, meaning in macros[name].items():
            meanings.setdefault(macro, set()).add(meaning)
    reaching = {macro for macro, found in meanings.items() if len(found) > 1 or any(macro not in macros[name] and re.search(rf"\b{macro}\b", text) for name, text in objects.items())}
    return [name for name in objects if name in unknown or reaching & set(macros[name])]


def is_known(text):
    """Return whether the file of a code object has the form that Brian2 gives it: all of its includes in its head, under no condition."""
    head, _, rest = text.partition(SUPPORT)
    return text.count(SUPPORT) == text.count(DEFINES) == 1 and FUNCTION.search(rest) is not None and not INCLUDE.search(rest) and not re.search(r"^\s*#\s*if", head, re.MULTILINE)


def one_file(objects, frame):
    """Return code objects and the frame as one file: what they include once, and the support code of each in a namespace of its own.

    Their macros and declarations stay outside of it, where vector functions of the C library must be declared.
    """
    includes, bodies = [], []
    for number, text in enumerate(objects):
        head, _, rest = text.partition(SUPPORT)
        support, _, rest = rest.partition(DEFINES)
        place = f"code_object_{number}"
        includes += INCLUDE.findall(head)
        bodies.append(f"namespace {place} {{\n{INCLUDE.sub('', head)}\n{support}\n}}\n{rest.replace('using namespace brian;', f'using namespace brian; using namespace {place};')}")
    for text in frame:
        includes += INCLUDE.findall(text)
        bodies.append(INCLUDE.sub("", text))
    return "\n".join([*dict.fromkeys(line.strip() for line in [*includes, "#include <new>"]), *bodies, ALIGNED])


def with_units(makefile, units):
    """Return Brian2's makefile with other sources, whose headers need no dependencies; the main function needs no optimizing."""
    makefile = re.sub(r"^SRCS = .*$", f"SRCS = {' '.join(units)}", makefile, flags=re.MULTILINE)
    makefile = re.sub(r"^DEPS = .*$", "DEPS =", makefile, flags=re.MULTILINE)
    return f"{makefile}\n\n{units[1].removesuffix('.cpp')}.o: CXXFLAGS += -O1\n"


@cache
def compiler_and_processor():
    """Return what an object file depends on beside its text: the compiler's version, and what the processor can."""
    version = subprocess.run([*os.environ.get("CXX", "g++").split(), "--version"], capture_output=True, text=True).stdout
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return version + "".join(dict.fromkeys(line for line in lines if line.startswith(("model name", "flags", "Features", "CPU "))))
    return version + subprocess.run(["sysctl", "-n", "machdep.cpu"], capture_output=True, text=True).stdout


def keeps(device):
    """Return whether object files are kept; not where a program includes files of the user's, which may change."""
    asked = [device, *(obj.compiler_kwds for obj in device.code_objects.values())]
    own = [getattr(one, name, None) or (one.get(name) if isinstance(one, dict) else None) for one in asked for name in ("headers", "include_dirs", "sources")]
    return prefs["brian_rflo.keep_programs"] and not any(own) and not prefs["codegen.cpp.headers"]


def kept_folder():
    """Return the folder of kept object files."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return expanded(base) / "brian_rflo" / "programs"


def fetched(folder, unit):
    """Bring a kept object file into the folder of a program; return whether there is one."""
    ours, kept = folder / f"{unit.removesuffix('.cpp')}.o", kept_folder() / f"{unit.removesuffix('.cpp')}.o"
    with suppress(OSError):
        if not ours.exists() and "/" not in unit:
            shutil.copyfile(kept, ours)
            os.utime(kept)
        os.utime(ours)
        return "/" not in unit
    return False


def keep(folder, unit, is_new):
    """Keep an object file, written under another name and then put into place; what is old goes where there is too much."""
    if not is_new or "/" in unit:
        return
    with suppress(OSError):
        place = kept_folder()
        place.mkdir(parents=True, exist_ok=True)
        name = f"{unit.removesuffix('.cpp')}.o"
        waiting = place / f"{name}.{os.getpid()}"
        shutil.copyfile(folder / name, waiting)
        os.replace(waiting, place / name)
        clean(LIMIT)


def clean(limit=0):
    """Delete kept object files, the oldest first, until they take at most so many bytes; return how many bytes are gone."""
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
