"""The work loop: computing one part, distributing many, and their outcomes.

A part (`brian_rflo.crews.part.Part`) computes itself, and the process that has computed it writes
its file, atomically. An executor only decides where that happens; `work` starts the parts, the
longest first, and handles parts that fail, processes that die, and parts that other commands
compute at the same time.
"""

from __future__ import annotations

import errno
import signal
import threading
import time
import traceback
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..results.files import remove_half_written, save_arrays, write_whole
from .sharing import claimed, is_claimed

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path

    from .part import Part, Report


#: Outcomes of a part other than a `Failure`: it is in its file; another process computes it;
#: processes died, perhaps because of another part.
FINISHED, TAKEN, INTERRUPTED = "finished", "taken", "interrupted"
#: Errors after which nothing more can be saved: a full disk, a folder that may not be used.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class Failure:
    """Reason why a part could not be computed, with the traceback.

    If `ends_all`, no other part can be saved either.
    """

    reason: str
    details: str = ""
    ends_all: bool = False

    @classmethod
    def of(cls, error: BaseException, fatal: Container[int] = NO_ROOM) -> Failure:
        """Return the failure for the exception being handled; it ends all work if its `errno` is in
        `fatal`.
        """
        reason, details = f"{type(error).__name__}: {error}", traceback.format_exc()
        return cls(reason, details, number_of(error) in fatal)

    def __str__(self):
        return self.reason


#: Outcome of the parts that were left when nothing more could be saved.
NOT_COMPUTED = Failure("not computed, since nothing more could be kept")


def has_failed(outcome):
    """Return whether a piece came to an end without arrays."""
    return isinstance(outcome, Failure)


def number_of(error):
    """Return the `errno` of an error, or of its cause."""
    while error is not None and getattr(error, "errno", None) is None:
        error = error.__cause__
    return error and error.errno


def compute_one(part, path, progress=lambda fraction: None):
    """Compute a part and write its file atomically, unless it is finished or another process
    computes it; return its outcome.
    """
    try:
        with claimed(path) as ours:
            if path.exists():
                return FINISHED
            if not ours:
                return TAKEN
            remove_half_written(path)
            check_unchanged(part)
            arrays = computed(part, progress)
            if isinstance(arrays, Failure):
                return arrays
            write_whole(path, lambda waiting: save_arrays(waiting, arrays))
            return FINISHED
    except OSError as error:
        return Failure.of(error, NO_ROOM | NO_ACCESS)
    except Exception as error:
        return Failure.of(error)


def check_unchanged(part):
    """Raise if a part has changed since the command was given."""
    changed = part.changed()
    if changed:
        raise RuntimeError(
            f"not saved, since {' and '.join(changed)} changed after the command was"
            " given, or differs in the process that computes it. Let the function copy"
            " what it changes, install the same versions on all machines, and give the"
            " same command again"
        )


def computed(part, progress):
    """Return the arrays of a part, with the seconds that it took, or a `Failure`."""
    start = time.perf_counter()
    try:
        arrays = part.compute(progress)
    except (Exception, SystemExit) as error:
        return Failure.of(error)
    return arrays | {"seconds": np.array(time.perf_counter() - start)}


def work(
    executor: Executor, parts: Sequence[Part], paths: dict[str, Path], report: Report
) -> dict[str, Failure]:
    """Let an executor compute parts; stop if nothing more can be saved.

    Parameters
    ----------
    executor : Executor
    parts : sequence of Part
    paths : dict
        The file of each part by its name.
    report : Report
        Called when a part has ended, and from time to time.

    Returns
    -------
    dict
        The `Failure` of each part that has failed, by name.
    """
    waiting, alone, elsewhere, failed = sorted(parts, key=lambda part: -part.cost), [], [], {}
    left = []
    with signals(interrupt, "SIGTERM", "SIGHUP"), executor:
        while waiting or executor.running or alone or elsewhere:
            if not waiting and not executor.running and alone:
                waiting = [alone.pop(0)]
            with executor.together() if waiting else nullcontext():
                while waiting and len(executor.running) < executor.at_a_time:
                    part = waiting.pop(0)
                    executor.start(part, paths[part.name])
            for part, outcome in executor.ended():
                if outcome == TAKEN:
                    elsewhere.append(part)
                elif outcome == INTERRUPTED:
                    alone.append(part)
                else:
                    if isinstance(outcome, Failure):
                        failed[part.name] = outcome
                    report.ended(part, outcome)
            if any(failure.ends_all for failure in failed.values()):
                left = [*waiting, *executor.running.values(), *alone, *elsewhere]
                break
            if elsewhere and not waiting:
                elsewhere, waiting = poll_other_sweeps(elsewhere, paths, report)
            report.report_progress(executor, elsewhere)
    return failed | report_left_over(left, paths, report)


def report_left_over(parts, paths, report):
    """Report parts that are left over, unless they have just been finished; return the unfinished
    ones.
    """
    for part in parts:
        report.ended(part, FINISHED if paths[part.name].exists() else NOT_COMPUTED)
    return {part.name: NOT_COMPUTED for part in parts if not paths[part.name].exists()}


def poll_other_sweeps(elsewhere, paths, report):
    """Return the parts that other processes still compute, and those that they have abandoned."""
    time.sleep(0.2)
    for part in elsewhere:
        if paths[part.name].exists():
            report.ended(part, FINISHED)
    missing = [part for part in elsewhere if not paths[part.name].exists()]
    left = [part for part in missing if not is_claimed(paths[part.name])]
    return [part for part in missing if part not in left], left


class Executor:
    """Abstract executor: runs parts and yields their outcomes; a context manager.

    Attributes
    ----------
    at_a_time : float
        Number of parts that run at the same time.
    running : dict
        Running parts, by the object that computes each (a process or a future).
    """

    at_a_time = 1
    #: Whether pieces are at work while others are waited for.
    is_concurrent = True

    def __init__(self):
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """End all running parts."""

    def together(self) -> AbstractContextManager:
        """Return a context within which parts are submitted together."""
        return nullcontext()

    def start(self, part: Part, path: Path) -> None:
        """Start a part."""
        raise NotImplementedError

    def ended(self) -> list[tuple[Part, str | Failure]]:
        """Wait briefly; return the parts that have ended since, as pairs of part and outcome."""
        raise NotImplementedError

    def fraction(self, part: Part) -> float:
        """Return the fraction of a running part that is done; 0 if unknown."""
        return 0.0


class InProcess(Executor):
    """Compute in this process, one part after another."""

    is_concurrent = False

    def start(self, part: Part, path: Path) -> None:
        self.running[part.name] = part, compute_one(part, path)

    def ended(self) -> list[tuple[Part, str | Failure]]:
        done, self.running = list(self.running.values()), {}
        return done


def interrupt(*_):
    """Raise KeyboardInterrupt, as Control-C does."""
    raise KeyboardInterrupt


@contextmanager
def signals(handler, *names):
    """Install a signal handler for the duration of the context."""
    before = {}
    try:
        for name in names:
            if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
                before[name] = signal.signal(getattr(signal, name), handler)
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
