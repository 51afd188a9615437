"""Compilation of the Cython modules of a learning network: together, and in parallel.

Brian2 compiles one module for each code object, one after the other; each takes seconds, nearly all
of them for the same headers. While a network with plastic projections is prepared, its code is
collected into two modules, one for loops over synapses and one for everything else, which needs
little optimisation. Code that cannot share a module has its own. Missing modules are compiled in
parallel processes, one per core. Modules are Brian2's, in its cache, with its locks.
"""

import os
import re
import sys
import warnings
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

from brian2 import Synapses, get_device, get_logger, prefs

from . import processors
from .borrowed import cython_extension_manager as manager
from .devices import cores

logger = get_logger(__name__)

FLAGS = "codegen.cpp", "extra_compile_args_gcc"
#: Additional compiler flags: no debugging information and, for code without loops over synapses, no
#: optimisation that takes longer than it saves.
HOT, PLAIN = ["-g0"], ["-g0", "-O1"]


#: Loaded modules, by source.
known = {}


def begin(objects):
    """Compile modules this way until `end` is called; do nothing on other targets."""
    if get_device().code_object_class().class_name == "cython" and not isinstance(
        vars(manager).get("create_extension"), Compiling
    ):
        manager.create_extension = Compiling(
            {obj.name for obj in objects if isinstance(obj, Synapses)}
        )
        manager._load_module = manager.create_extension.load


def end(objects):
    """Wait for all modules, hand them to the code objects, and restore Brian2's own way."""
    compiling = vars(manager).pop("create_extension", None)
    try:
        shared = (
            [(parts, compiling.shared(parts)) for parts in compiling.groups.values() if parts]
            if isinstance(compiling, Compiling)
            else []
        )
    finally:
        vars(manager).pop("_load_module", None)
    for parts, module in shared:
        distribute(parts, module)
    for code in (code for obj in objects for code in obj._code_objects):
        blocks = getattr(code, "compiled_code", {})
        for name, module in blocks.items():
            if isinstance(module, Module):
                blocks[name] = module.loaded()


def distribute(parts, module):
    """Give each part its function of the shared module; if that does not compile, give each a
    module of its own.
    """
    with suppress(
        Exception
    ):  # of any compiler; what is wrong is said where a part is compiled alone
        if isinstance(module, Module):
            module.wait()
            module = None if module.has_failed else module.result()
        for number, part in enumerate(parts if module is not None else ()):
            names = nameless(part.asked[0])[1]
            part.module = known[part.asked[0]] = SimpleNamespace(
                main=partial(getattr(module, f"main_{number}"), names)
            )


class Compiling:
    """Replacement of Brian2's `create_extension` while a network is prepared.

    Parameters
    ----------
    hot : set of str
        Names of groups whose modules loop over synapses.
    """

    def __init__(self, hot):
        self.hot, self.running, self.asked, self.is_said, self.groups = hot, [], None, False, {}

    def __call__(self, code, extra_compile_args=None, owner_name="", **options):
        """Return a module, or a placeholder until it is compiled."""
        category, name = FLAGS
        is_hot = owner_name.rpartition("_")[0] in self.hot
        if (
            extra_compile_args == prefs.pref_register[category][0][name].default
            and options.get("compiler") != "msvc"
        ):
            flags = [*HOT, *processors.flags()] if is_hot else PLAIN
            code = f"{code}\n# {' '.join(flags)}\n"  # Brian2 knows modules by their text alone
            extra_compile_args = [*extra_compile_args, *flags]
        options |= dict(extra_compile_args=extra_compile_args, owner_name=owner_name)
        if code in known:
            return known[code]
        parts = self.groups.setdefault((is_hot, repr(options | {"owner_name": ""})), [])
        if is_shareable(code) and not any(differ(code, part.asked[0]) for part in parts):
            parts.append(Module(code, options))
            return parts[-1]
        self.asked = code, options
        return created(*self.asked)

    def shared(self, parts):
        """Return the shared module of several parts, or a placeholder; None if it does not
        compile.
        """
        self.asked = together([part.asked[0] for part in parts]), parts[0].asked[1]
        with suppress(Exception):  # see `distribute`
            return created(*self.asked)

    def load(self, module_path, **options):
        """Replace Brian2's `_load_module`: load an existing module, and compile a missing one in
        another process.
        """
        if not os.path.isfile(module_path):
            self._say()
            if hasattr(os, "fork") and sys.platform != "darwin":
                return self._begun()
        return type(manager)._load_module(manager, module_path, **options)

    def _begun(self):
        """Return the placeholder of a module that another process compiles, as soon as a core is
        free.
        """
        self.running = [module for module in self.running if not module.is_done()]
        while len(self.running) >= cores():
            self.running.pop(0).wait()
        self.running.append(Module(*self.asked))
        self.running[-1].begin()
        return self.running[-1]

    def _say(self):
        """Tell the user once that compiling takes time, and how to avoid it."""
        if not self.is_said:
            self.is_said = True
            logger.info(
                "Compiling the code of this network with Cython: once, for some ten seconds. To"
                " begin at once write prefs.codegen.target = 'numpy'.",
                "compiling",
            )


DEFINITION = re.compile(r"(?:cdef|cpdef|ctypedef|def)\b[^(=:]*?(\w+)\s*[(=]")
#: Pattern of an array access in Cython code; the key contains the name of the array's object.
KEY = re.compile(r"""_namespace\[['"](_(?:dynamic_)?array_\w+)['"]\]""")
#: Pattern of state kept between calls, such as random numbers and tables; such code cannot share a
#: module.
STATE = re.compile(r"\bglobal\b|\brandn?\b|\bstatic\b(?! inline| void _dense_kernel)")


def is_shareable(code):
    """Return whether code can share a module."""
    return len(re.findall(r"^def main\(", code, re.MULTILINE)) == len(
        re.findall(r"\bmain\b", code)
    ) == 1 and not STATE.search(code)


def directives(code):
    """Return the lines of a source that tell Cython how to understand it."""
    return [line for line in code.splitlines() if line.startswith("#cython:")]


def differ(code, other):
    """Return whether two sources have different directives, or define the same name differently."""
    ours, theirs = defined(code), defined(other)
    return directives(code) != directives(other) or any(
        ours[name] != theirs[name] for name in set(ours) & set(theirs)
    )


def defined(code):
    """Return the functions and variables of a module, by name."""
    found = [(DEFINITION.match(chunk), chunk) for chunk in top_level(code)]
    return {
        match[1]: chunk
        for match, chunk in found
        if match and match[1] not in ("main", "_dense_kernel")
    }


def together(codes):
    """Return source for one module with a main function for each of the sources, which receives the
    names of its arrays; common definitions appear once.
    """
    chunks = {}
    for number, code in enumerate(codes):
        code = re.sub(
            r"\b(main|_dense|_dense_kernel|_add_product)\b", rf"\1_{number}", nameless(code)[0]
        )
        chunks |= dict.fromkeys(chunk for chunk in top_level(code) if not chunk.startswith("#"))
    return "\n".join([*directives(codes[0]), *chunks])


def nameless(code):
    """Return source without object names, so that other networks share the compiled code; and the
    keys of its arrays, in the order that its main function expects.
    """
    keys = tuple(dict.fromkeys(KEY.findall(code)))
    arrays = {key.removeprefix("_dynamic"): f"_array_{number}" for number, key in enumerate(keys)}
    code = KEY.sub(lambda found: f"_namespace[_names[{keys.index(found[1])}]]", code)
    for array in sorted(arrays, key=len, reverse=True):
        code = re.sub(rf"{array}\b", arrays[array], code)
    return re.sub(r"^def main\(", "def main(tuple _names, ", code, flags=re.MULTILINE), keys


def top_level(code):
    """Return the statements of a module, each with its indented body."""
    chunks, is_quoted = [], False
    for line in code.splitlines():
        if not is_quoted and line and not line[0].isspace():
            chunks.append(line)
        elif chunks:
            chunks[-1] += f"\n{line}"
        is_quoted ^= line.count('"""') % 2
    return [chunk.rstrip() for chunk in chunks]


def created(code, options):
    """Return a module as Brian2 creates it."""
    return type(manager).create_extension(manager, code, **options)


class Module:
    """Placeholder of a module that another process compiles, or that waits to share one with
    others.
    """

    def __init__(self, code, options):
        self.asked, self.module, self.process, self.has_failed = (code, options), None, None, False

    def begin(self):
        """Start compiling in another process."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Python 3.12 warns of other threads, such as NumPy's; the child needs none
            self.process = os.fork()
        if self.process == 0:
            status = 1
            try:
                os.dup2(
                    os.open(os.devnull, os.O_WRONLY), 2
                )  # what is wrong is said where it is compiled again
                vars(manager).pop("_load_module", None)
                created(*self.asked)
                status = 0
            finally:
                os._exit(status)

    def is_done(self, options=os.WNOHANG if hasattr(os, "WNOHANG") else 0):
        """Return whether the compiling process has ended."""
        try:
            ended, status = os.waitpid(self.process, options) if self.process else (False, 0)
        except ChildProcessError:  # somebody else has waited for it
            ended, status = True, 0
        if ended:
            self.process, self.has_failed = None, status != 0
        return self.process is None

    def wait(self):
        """Wait until the compiling process has ended."""
        self.is_done(options=0)

    def result(self):
        """Return the module, or None if Cython does not compile it; the compiler's message has then
        been printed.
        """
        self.wait()
        self.module = self.module or created(*self.asked)
        return self.module

    def loaded(self):
        """Return the module.

        Raises
        ------
        RuntimeError
            If it does not compile; Brian2 would print that, and leave its statements out.
        """
        if self.result() is None:
            raise RuntimeError(
                f"The code of '{self.asked[1]['owner_name']}' does not compile with"
                " Cython; see the messages above."
            )
        return self.module

    def main(self, namespace):
        """Run the module; called for code that runs while the network is prepared."""
        hook = vars(manager).pop("_load_module", None)
        try:
            return self.loaded().main(namespace)
        finally:
            if hook is not None:
                manager._load_module = hook
