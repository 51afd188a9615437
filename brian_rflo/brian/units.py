"""Translation units of a C++ program: the code of a network as one file, and its main function."""

import hashlib
import os
import re
import subprocess
from functools import cache
from pathlib import Path

from brian2 import prefs

from . import processors
from .kept import object_of
from .vector_math import FUNCTIONS

#: Brian2's frame of a network, beside its code objects.
FRAME = "objects.cpp", "network.cpp", "run.cpp", "synapses_classes.cpp"


SUPPORT, DEFINES = "////// SUPPORT CODE ///////", "////// HASH DEFINES ///////"


FUNCTION = re.compile(r"^void _(?:run|before_run|after_run)_\w+\(\)", re.MULTILINE)


INCLUDE = re.compile(r"^\s*#\s*include\b.*$", re.MULTILINE)


MACRO = re.compile(r"^\s*#\s*define\s+(\w+)(.*)$", re.MULTILINE)


#: Allocates arrays aligned to cache lines; with the allocator of the GNU library Brian2's arrays
#: begin 16 bytes after the start of a line, so that each load and store of vectors would cross two
#: lines. Arrays of 2 MiB and more lie on large pages where the system gives them.
ALIGNED = """
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if !defined(_WIN32)
void* operator new(std::size_t size)
{
    const std::size_t page = std::size_t(1) << 21;
    void* memory = NULL;
    if (size < 1024)
        memory = malloc(size ? size : 1);
    else if (posix_memalign(&memory, size < page ? 64 : page, size))
        memory = NULL;
    if (!memory)
        throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
    if (size >= page)
        madvise(memory, size - size % page, MADV_HUGEPAGE);
#endif
    return memory;
}
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, std::size_t) noexcept { free(memory); }
#endif
"""


def units_of(folder, writer):
    """Write the files that are compiled in place of Brian2's; return their names, which contain a
    hash of their sources.
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
    """Return the code objects that stay in files of their own: those of unknown form, with a macro
    that would affect others, or affected by vector functions.
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
    """Return the code objects that use a function whose vector version only other code objects
    declare.
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
    """Return whether the file of a code object has Brian2's usual form, with all includes at its
    top and unconditional.
    """
    head, _, rest = text.partition(SUPPORT)
    return (
        text.count(SUPPORT) == text.count(DEFINES) == 1
        and FUNCTION.search(rest) is not None
        and not INCLUDE.search(rest)
        and not includes_conditionally(head)
    )


def includes_conditionally(head):
    """Return whether a file includes anything conditionally."""
    depth = 0
    for word in re.findall(r"^\s*#\s*(if|endif|include)", head, re.MULTILINE):
        if word == "include" and depth:
            return True
        depth += {"if": 1, "endif": -1, "include": 0}[word]
    return False


def one_file(objects, frame):
    """Return code objects and the frame as one file: common includes once, and the support code of
    each in its own namespace.

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
    """Return Brian2's makefile with other sources, without header dependencies, and with flags for
    the processor; the main function is not optimised.
    """
    makefile = re.sub(r"^SRCS = .*$", f"SRCS = {' '.join(units)}", makefile, flags=re.MULTILINE)
    makefile = re.sub(r"^DEPS = .*$", "DEPS =", makefile, flags=re.MULTILINE)
    return (
        f"{makefile}\n\nCXXFLAGS += {' '.join(processors.flags())}\n{object_of(units[1])}: CXXFLAGS"
        " += -O1\n"
    )


def surroundings():
    """Return what an object file depends on besides sources and flags."""
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
