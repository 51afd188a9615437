"""Executors with processes on this machine, which end with the process that started them."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from ..results.files import remove_half_written, scratch_folder
from .pieces import FINISHED, Executor, Failure, compute_one, signals
from .progress import Progress

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from os import PathLike
    from pathlib import Path

    from .part import Part


#: One thread for each part, since parts run in parallel.
THREADS = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB", "BLIS")
}


def temporary(folder: str | PathLike[str]) -> dict[str, str]:
    """Return environment variables that set the temporary folder, including that of Brian2's
    log.
    """
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))


class LocalProcesses(Executor):
    """Base of executors with processes on this machine, each with one thread; their temporary files
    lie in one folder, deleted at the end.
    """

    def __init__(self, workers: int):
        super().__init__()
        self.at_a_time, self.paths = workers, {}

    def __enter__(self):
        self.folder = scratch_folder("crew")
        self.surroundings = environment(THREADS | temporary(self.folder))
        self.surroundings.__enter__()
        return self

    def __exit__(self, *error):
        """End all processes and their children, ignoring further signals."""
        with signals(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP"):
            self.surroundings.__exit__(*error)
            left = list(self.running.values())
            self.end()
            for part in left:
                with suppress(OSError):  # which the next command tries again
                    remove_half_written(self.paths[part.name])
            shutil.rmtree(self.folder, ignore_errors=True)


class Processes(LocalProcesses):
    """A new process for each part, which reports its progress through a small file."""

    def __init__(self, workers: int):
        super().__init__(workers)
        self.context, self.reached = multiprocessing.get_context("spawn"), {}

    def end(self) -> None:
        """End the processes."""
        for process in self.running:
            kill(process)
        for process in self.running:
            process.join()

    def note(self, part: Part, kind: str) -> Path:
        """Return the path of a small file through which a part's process reports."""
        return self.folder / f"{part.name}.{kind}"

    def start(self, part: Part, path: Path) -> None:
        process = self.context.Process(
            target=in_a_new_process,
            args=(part, path, self.note(part, "progress"), self.note(part, "outcome"), os.getpid()),
        )
        process.start()
        self.running[process], self.paths[part.name] = part, path

    def ended(self) -> list[tuple[Part, str | Failure]]:
        wait([process.sentinel for process in self.running], timeout=1)
        return [
            (self.running.pop(process), self.outcome(process, part))
            for process, part in list(self.running.items())
            if not process.is_alive()
        ]

    def outcome(self, process: BaseProcess, part: Part) -> str | Failure:
        """Return the outcome of a part, from the files of its process."""
        try:
            said = json.loads(self.note(part, "outcome").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            if self.paths[part.name].exists():
                return FINISHED
            return Failure(f"its process ended with status {process.exitcode}")
        return said if isinstance(said, str) else Failure(**said)

    def fraction(self, part: Part) -> float:
        """Return the fraction of a running part that is done, as last reported."""
        with suppress(OSError, ValueError):  # not yet written, or just being written
            self.reached[part.name] = float(self.note(part, "progress").read_text())
        return self.reached.get(part.name, 0.0)


def in_a_new_process(part, path, progress, note, parent):
    """Compute a part in a process of `Processes`."""
    end_with(parent)
    outcome = compute_one(part, path, Progress(progress))
    if isinstance(outcome, Failure):
        print(outcome.details, flush=True)
    note.write_text(
        json.dumps(asdict(outcome) if isinstance(outcome, Failure) else outcome), encoding="utf-8"
    )


def end_with(parent):
    """Let this process, and all its children, end with the process that started it."""
    with suppress(AttributeError, OSError):
        os.setsid()  # so that it can be ended together with the programs that it starts
        threading.Thread(target=wait_for_end_of, args=(parent,), daemon=True).start()


def wait_for_end_of(parent):
    """Wait until the process that started this one ends, then end this one."""
    while os.getppid() == parent:
        time.sleep(0.3)
    os.killpg(0, signal.SIGKILL)


def kill(process):
    """Kill a process and its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):
        process.kill()


@contextmanager
def environment(variables):
    """Set environment variables for the duration of the context."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
