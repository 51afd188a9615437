"""Parts of an experiment: each computed in a process of its own, on disk as soon as it is finished, and never computed twice.

A part is a function of plain values that returns arrays; how long it took is put beside them as "seconds". Its file carries a
digest of all that decides its numbers: the values, the source of this package, of the function's module and of what that takes from
its own folder, the versions of Brian2 and NumPy. So an experiment that was interrupted goes on where it was, experiments that have a
part in common share it, and changed code or settings find nothing to reuse.
"""

import hashlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import version
from multiprocessing.connection import wait
from pathlib import Path
from types import ModuleType

import numpy as np
from brian2 import Quantity, second

from .files import writable_folder

#: Modules of this package that decide no number of a part.
ELSEWHERE = {"__main__", "benchmarks", "checks", "cli", "differences", "experiment", "models", "plotting"}
#: One thread for each part: parts run side by side.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB", "BLIS")}
SAY_EVERY_S, REPORT_PERIOD = 20, 1 * second


@dataclass(frozen=True)
class Part:
    """Something that can be computed by itself.

    Parameters
    ----------
    name : str
        What it is called on screen and on disk.
    function : callable
        A function of a module, called as ``function(progress, **arguments)`` in a new process; it returns a dictionary of arrays.
    arguments : dict
        Numbers, strings, arrays, tasks and other value objects.
    cost : float
        About how long it takes, in any unit that all parts of an experiment share.
    """

    name: str
    function: Callable
    arguments: dict
    cost: float

    def path(self, folder):
        """The file of its arrays."""
        known = (self.function.__qualname__, described(self.arguments), sources(self.function.__module__), version("brian2"), version("numpy"))
        return Path(folder) / f"{self.name}-{hashlib.sha256(repr(known).encode()).hexdigest()[:12]}.npz"

    def load(self, folder):
        """Its arrays, or None where it is not finished; see `read`."""
        return read(self.path(folder))


def read(path):
    """The arrays in a part's file, or None where there is none.

    Raises
    ------
    RuntimeError
        If the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:
        raise RuntimeError(f"the finished part '{path}' is damaged ({type(error).__name__}); delete it, and the same command computes it anew and keeps all others") from error


def described(value):
    """All that a value says, as text: arrays by a digest of their numbers, tasks and other value objects field by field."""
    if isinstance(value, np.ndarray) and not isinstance(value, Quantity):
        return f"array {value.shape} {value.dtype} {hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if is_dataclass(value):
        return repr((type(value).__qualname__, [(field.name, described(getattr(value, field.name))) for field in fields(value)]))
    if isinstance(value, dict):
        return repr(sorted((name, described(item)) for name, item in value.items()))
    if isinstance(value, (list, tuple)):
        return repr([described(item) for item in value])
    return repr(value)


def sources(module):
    """Digest of the source of this package and of a module, with what the module takes from its own folder."""
    root = Path(__file__).parent
    ours = [path for path in root.rglob("*") if path.suffix in (".py", ".cpp", ".pyx") and path.relative_to(root).parts[0].removesuffix(".py") not in ELSEWHERE]
    digest = hashlib.sha256()
    for path in (*sorted(ours), *sorted(Path(sys.modules[name].__file__) for name in neighbours(module))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def neighbours(module, found=()):
    """A module, and those of its package that it takes something from, and so on."""
    package = module.rpartition(".")[0]
    found = {*found, module}
    for value in list(vars(sys.modules[module]).values()):
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if package and isinstance(name, str) and name.rpartition(".")[0] == package and name not in found:
            found |= neighbours(name, found)
    return found


class Progress:
    """How far a part is, told to whoever waits for it through a small file.

    Call it with a fraction, or hand `report` to `brian2.Network.run` or `LearningNetwork.train`.
    """

    def __init__(self, path, first=0.0, last=1.0):
        self.path, self.first, self.last = path, first, last

    def __call__(self, fraction):
        Path(self.path).write_text(repr(self.first + (self.last - self.first) * fraction))

    def between(self, first, last):
        """The progress of a stage that takes the part from the fraction `first` to `last`."""
        return Progress(self.path, first, last)

    def report(self, device):
        """Arguments of `Network.run`: a function, or in C++ standalone the code of one."""
        if device == "cpp_standalone":
            code = f'std::ofstream("{Path(self.path).as_posix()}") << {self.first!r} + completed*{self.last - self.first!r};'
            return dict(report=code, report_period=REPORT_PERIOD)
        return dict(report=lambda elapsed, completed, start, duration: self(completed), report_period=REPORT_PERIOD)


def compute(parts, folder, workers, say):
    """Compute those of the parts that are not on disk, several side by side.

    Parameters
    ----------
    parts : sequence of Part
    folder : path
        Where their files are.
    workers : int
        Parts at the same time.
    say : callable
        Called with lines for the user.

    Returns
    -------
    arrays : dict
        The arrays of each part by its name, without those that have failed.
    failed : dict
        For each part that has failed, why.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    RuntimeError
        If a finished part is damaged, before anything is computed.
    """
    folder, parts = writable_folder(folder), list({part.name: part for part in parts}.values())
    paths = {part.name: part.path(folder) for part in parts}  # once: the source may change meanwhile
    found = {name: read(path) for name, path in paths.items()}
    missing = [part for part in parts if found[part.name] is None]
    if len(missing) < len(parts):
        say(f"{len(parts) - len(missing)} of {len(parts)} parts are finished already, in {folder} (--fresh computes them anew)")
    failed = {}
    if missing:
        with Crew(paths, say) as crew:
            failed = crew.work(missing, workers)
        found |= {part.name: read(paths[part.name]) for part in missing}
    return {name: arrays for name, arrays in found.items() if arrays is not None}, failed


def forget(parts, folder):
    """Delete the files of finished parts."""
    for part in parts:
        part.path(folder).unlink(missing_ok=True)


class Crew:
    """The processes at work."""

    def __init__(self, paths, say):
        self.paths, self.say = paths, say
        self.context, self.running, self.failed, self.reached = multiprocessing.get_context("spawn"), {}, {}, {}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brian_rflo_crew_", ignore_cleanup_errors=True)
        return self

    def __exit__(self, *_):
        """End what is still running and all that it has started, whatever signal comes now; what it has half written goes too."""
        with signals(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP"):
            for process in self.running:
                kill(process)
            for process, part in self.running.items():
                process.join()
                half_written(self.paths[part.name], process.pid).unlink(missing_ok=True)
            self.folder.cleanup()

    def work(self, parts, workers):
        """Compute the parts, the longest first."""
        waiting = sorted(parts, key=lambda part: -part.cost)
        self.left, self.whole, self.began, self.said = {part.name: part.cost for part in parts}, sum(part.cost for part in parts), time.monotonic(), time.monotonic()
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self.folder.name)  # gone with us, whatever is left there
        with signals(interrupt, "SIGTERM", "SIGHUP"), environment(THREADS | temporary):
            while waiting or self.running:
                while waiting and len(self.running) < workers:
                    self.start(waiting.pop(0))
                wait([process.sentinel for process in self.running], timeout=1)
                for process in [process for process in self.running if not process.is_alive()]:
                    self.finish(process)
                self.say_how_far()
        return self.failed

    def note(self, part, kind):
        """A small file through which a part's process speaks."""
        return Path(self.folder.name) / f"{part.name}.{kind}"

    def start(self, part):
        """Compute a part in a new process."""
        process = self.context.Process(target=compute_one, args=(part, self.paths[part.name], self.note(part, "progress"), self.note(part, "error")))
        process.start()
        self.running[process] = part

    def finish(self, process):
        """A process has ended, well or not."""
        part = self.running.pop(process)
        error = self.note(part, "error")
        if process.exitcode or error.exists():
            self.failed[part.name] = error.read_text(encoding="utf-8") if error.exists() else f"its process ended with status {process.exitcode}"
            self.say(f"  {part.name} failed: {self.failed[part.name]}")
        self.left[part.name] = 0.0
        self.said = 0.0

    def say_how_far(self):
        """Now and then: how much is done, and how long the rest will take."""
        if time.monotonic() - self.said < SAY_EVERY_S:
            return
        self.said = time.monotonic()
        left = self.left | {part.name: part.cost * (1 - self.fraction(part)) for part in self.running.values()}
        done = 1 - sum(left.values()) / self.whole
        minutes = (self.said - self.began) / 60
        rest = f", about {minutes * (1 - done) / done:.0f} min left" if done > 0.02 else ""
        names = ", ".join(f"{part.name} {self.fraction(part):.0%}" for part in self.running.values())
        self.say(f"  {done:4.0%} after {minutes:.1f} min{rest if names else ''}{': ' if names else ''}{names}")

    def fraction(self, part):
        """How far a running part is, or was when it last said so."""
        with suppress(OSError, ValueError):  # not yet written, or just being written
            self.reached[part.name] = float(self.note(part, "progress").read_text())
        return self.reached.get(part.name, 0.0)


def compute_one(part, path, progress, error):
    """What a process does: compute a part and write it, whole; or write down why that failed."""
    with suppress(AttributeError, OSError):
        os.setsid()  # so that it can be ended together with the programs that it starts
        threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        start = time.perf_counter()
        arrays = part.function(Progress(progress), **part.arguments)
        arrays["seconds"] = np.array(time.perf_counter() - start)
        if part.path(path.parent) != path:
            raise RuntimeError("the source code has changed while this was computed, so it is not kept; give the same command again")
        waiting = half_written(path, os.getpid())
        save_arrays(waiting, arrays)
        os.replace(waiting, path)
    except Exception as failure:
        traceback.print_exc()
        Path(error).write_text(f"{type(failure).__name__}: {failure}", encoding="utf-8")


def end_with_parent():
    """Wait for the end of the process that started this one, and end with it, and all that this one has started."""
    wait([multiprocessing.parent_process().sentinel])
    os.killpg(0, signal.SIGKILL)


def half_written(path, pid):
    """Where a process writes a file that it then puts into place."""
    return path.with_name(f".{path.name}.{pid}")


def save_arrays(path, arrays):
    """Write arrays by name, without pickle."""
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def kill(process):
    """Kill a process and those that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        process.kill()


@contextmanager
def environment(variables):
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def interrupt(*_):
    """What Control-C does."""
    raise KeyboardInterrupt


@contextmanager
def signals(handler, *names):
    """Handle signals so for a while, where the system has them."""
    before = {}
    try:
        for name in names:
            if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
                before[name] = signal.signal(getattr(signal, name), handler)
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
