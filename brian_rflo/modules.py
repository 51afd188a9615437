"""How the Cython modules of a network that learns are compiled: side by side, and with little optimizing where no loop over synapses is.

Brian2 compiles one module for each code object, one after the other, each for seconds. While a network with plastic projections is
prepared, each module that is not there yet is compiled in a process of its own, as many at a time as there are cores, and all are loaded
at the end. Modules are Brian2's, in its cache, with its locks.
"""

import os
import sys
import warnings

from brian2 import Synapses, get_device, prefs
from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager as manager
from brian2.utils.logger import get_logger

from .devices import cores

logger = get_logger(__name__)

FLAGS = "codegen.cpp", "extra_compile_args_gcc"
#: Added to the compiler's flags: no debugging information, and where no loop over synapses is none of the optimizing that takes longer than it saves.
HOT, PLAIN = ["-g0"], ["-g0", "-O1"]


def begin(objects):
    """Let modules be compiled this way until `end`; on other targets do nothing."""
    if get_device().code_object_class().class_name == "cython" and not isinstance(vars(manager).get("create_extension"), Compiling):
        manager.create_extension = Compiling({obj.name for obj in objects if isinstance(obj, Synapses)})
        manager._load_module = manager.create_extension.load


def end(objects):
    """Wait for all modules, and let the code of objects have them; Brian2's own way is back."""
    vars(manager).pop("create_extension", None)
    vars(manager).pop("_load_module", None)
    for code in (code for obj in objects for code in obj._code_objects):
        blocks = getattr(code, "compiled_code", {})
        for name, module in blocks.items():
            if isinstance(module, Module):
                blocks[name] = module.loaded()


class Compiling:
    """Stands for Brian2's `create_extension` while a network is prepared.

    Parameters
    ----------
    hot : set of str
        Names of groups whose modules loop over synapses.
    """

    def __init__(self, hot):
        self.hot, self.running, self.asked, self.is_said = hot, [], None, False

    def __call__(self, code, extra_compile_args=None, owner_name="", **options):
        """Return a module, or what stands for it until it is compiled."""
        category, name = FLAGS
        if extra_compile_args == prefs.pref_register[category][0][name].default and options.get("compiler") != "msvc":
            flags = HOT if owner_name.rpartition("_")[0] in self.hot else PLAIN
            code = f"{code}\n# {' '.join(flags)}\n"  # Brian2 knows modules by their text alone
            extra_compile_args = [*extra_compile_args, *flags]
        self.asked = code, options | dict(extra_compile_args=extra_compile_args, owner_name=owner_name)
        return created(*self.asked)

    def load(self, module_path, **options):
        """Stand for Brian2's `_load_module`: load what is there, and let another process compile what is not."""
        if not os.path.isfile(module_path):
            self._say()
            if hasattr(os, "fork") and sys.platform != "darwin":
                return self._begun()
        return type(manager)._load_module(manager, module_path, **options)

    def _begun(self):
        """Return what stands for a module that another process compiles, as soon as there is a core for it."""
        self.running = [module for module in self.running if not module.is_done()]
        while len(self.running) >= cores():
            self.running.pop(0).wait()
        self.running.append(Module(*self.asked))
        return self.running[-1]

    def _say(self):
        """Say once what takes long, and how to begin at once."""
        if not self.is_said:
            self.is_said = True
            logger.info("Compiling the code of this network with Cython, some 20 to 60 modules: half a minute or so, once. To begin at once write prefs.codegen.target = 'numpy'.", "compiling")


def created(code, options):
    """Return a module as Brian2 creates it."""
    return type(manager).create_extension(manager, code, **options)


class Module:
    """A module that another process compiles."""

    def __init__(self, code, options):
        self.asked, self.module = (code, options), None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 warns of other threads, such as NumPy's; the child needs none
            self.process = os.fork()
        if self.process == 0:
            status = 1
            try:
                vars(manager).pop("_load_module", None)
                created(code, options)
                status = 0
            finally:
                os._exit(status)

    def is_done(self, options=os.WNOHANG if hasattr(os, "WNOHANG") else 0):
        """Return whether that process has ended."""
        try:
            ended, _ = os.waitpid(self.process, options) if self.process else (True, 0)
        except ChildProcessError:  # somebody else has waited for it
            ended = True
        if ended:
            self.process = None
        return self.process is None

    def wait(self):
        """Wait until it has."""
        self.is_done(options=0)

    def loaded(self):
        """Return the module; what the other process could not compile is compiled here, which says why.

        Raises
        ------
        RuntimeError
            If it does not compile; Brian2 would print that, and leave its statements out.
        """
        self.wait()
        self.module = self.module or created(*self.asked)
        if self.module is None:
            raise RuntimeError(f"The code of '{self.asked[1]['owner_name']}' does not compile with Cython; what is wrong stands above.")
        return self.module

    def main(self, namespace):
        """Run the module; called where it runs while the network is prepared."""
        hook = vars(manager).pop("_load_module", None)
        try:
            return self.loaded().main(namespace)
        finally:
            if hook is not None:
                manager._load_module = hook
