"""Parts of an experiment: each computed in a process of its own, on disk as soon as it is finished, and never computed twice.

A part is a function of plain values that returns arrays; how long it took is put beside them as "seconds". Its file carries a digest of all that decides its numbers: the values,
the source of this package and of the function's module, the versions of Brian2 and NumPy. So an experiment that was interrupted
goes on where it was, experiments that have a part in common share it, and changed code or settings find nothing to reuse.
"""

import hashlib
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np
from brian2 import second

from .files import writable_folder, write_together

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
        Numbers, strings, tasks: values whose ``repr`` says all about them.
    cost : float
        About how long it takes, in any unit that all parts of an experiment share.
    """

    name: str
    function: Callable
    arguments: dict
    cost: float

    def path(self, folder):
        """The file of its arrays."""
        settings = sorted((name, repr(value)) for name, value in self.arguments.items())
        known = (self.function.__qualname__, settings, sources(self.function.__module__), version("brian2"), version("numpy"))
        return Path(folder) / f"{self.name}-{hashlib.sha256(repr(known).encode()).hexdigest()[:12]}.npz"

    def load(self, folder):
        """Its arrays, or None where it is not finished.

        Raises
        ------
        RuntimeError
            If its file cannot be read.
        """
        path = self.path(folder)
        if not path.exists():
            return None
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except Exception as error:
            raise RuntimeError(f"the finished part '{path}' is damaged ({error}); delete it, and the same command computes it anew and keeps all others") from error


def sources(module):
    """Digest of the source of this package and of a module."""
    root = Path(__file__).parent
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".cpp", ".pyx"))
    digest = hashlib.sha256()
    for path in (*paths, Path(sys.modules[module].__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


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
    """The arrays of all parts by name, computing those that are not on disk, several side by side.

    Parameters
    ----------
    parts : sequence of Part
    folder : path
        Where their files are.
    workers : int
        Parts at the same time.
    say : callable
        Called with lines for the user.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    RuntimeError
        If a finished part is damaged, before anything is computed; or if parts have failed, after all others are done.
    """
    folder = writable_folder(folder)
    found = {part.name: part.load(folder) for part in parts}
    missing = [part for part in parts if found[part.name] is None]
    if len(missing) < len(parts):
        say(f"{len(parts) - len(missing)} of {len(parts)} parts are finished already, in {folder} (--fresh computes them anew)")
    if missing:
        with Crew(folder, say) as crew:
            crew.work(missing, workers)
    return found | {part.name: part.load(folder) for part in missing}


def forget(parts, folder):
    """Delete the files of finished parts."""
    for part in parts:
        part.path(folder).unlink(missing_ok=True)


class Crew:
    """The processes at work."""

    def __init__(self, folder, say):
        self.folder, self.say = folder, say
        self.context, self.running, self.failed, self.reached = multiprocessing.get_context("spawn"), {}, {}, {}

    def __enter__(self):
        self.notes = tempfile.TemporaryDirectory(prefix="brian_rflo_progress_", ignore_cleanup_errors=True)
        return self

    def __exit__(self, *_):
        """End what is still running, and all that it has started."""
        for process in self.running:
            end(process)
        self.notes.cleanup()

    def work(self, parts, workers):
        """Compute the parts, the longest first."""
        waiting = sorted(parts, key=lambda part: -part.cost)
        self.left, self.whole, self.began, self.said = {part.name: part.cost for part in parts}, sum(part.cost for part in parts), time.monotonic(), time.monotonic()
        with interruptible(), environment(THREADS):
            while waiting or self.running:
                while waiting and len(self.running) < workers:
                    self.start(waiting.pop(0))
                wait([process.sentinel for process in self.running], timeout=1)
                for process in [process for process in self.running if not process.is_alive()]:
                    self.finish(process)
                self.say_how_far()
        if self.failed:
            reasons = "\n".join(f"  {name}: {reason}" for name, reason in self.failed.items())
            raise RuntimeError(f"{len(self.failed)} of {len(parts)} parts failed; the others are kept in {self.folder}:\n{reasons}")

    def note(self, part, kind):
        """A small file through which a part's process speaks."""
        return Path(self.notes.name) / f"{part.name}.{kind}"

    def start(self, part):
        """Compute a part in a new process."""
        process = self.context.Process(target=compute_one, args=(part, self.folder, self.note(part, "progress"), self.note(part, "error")), daemon=False)
        process.start()
        self.running[process] = part

    def finish(self, process):
        """A process has ended, well or not."""
        part = self.running.pop(process)
        error = self.note(part, "error")
        if process.exitcode or error.exists():
            self.failed[part.name] = error.read_text() if error.exists() else f"its process ended with status {process.exitcode}"
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


def compute_one(part, folder, progress, error):
    """What a process does: compute a part and write it, whole; or write down why that failed."""
    with suppress(AttributeError, OSError):
        os.setsid()  # so that it can be ended together with the programs that it starts
    try:
        start = time.perf_counter()
        arrays = part.function(Progress(progress), **part.arguments)
        arrays["seconds"] = np.array(time.perf_counter() - start)
        write_together(folder, {part.path(folder).name: lambda path: save_arrays(path, arrays)})
    except Exception as failure:
        Path(error).write_text(f"{type(failure).__name__}: {failure}")


def save_arrays(path, arrays):
    """Write arrays by name, without pickle."""
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def end(process):
    """Kill a process and those that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        process.kill()
    process.join()


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


@contextmanager
def interruptible():
    """Being terminated is like Control-C: running parts are ended too."""

    def interrupt(*_):
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
