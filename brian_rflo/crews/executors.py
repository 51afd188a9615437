"""Executors of other libraries: joblib's processes on this machine, a cluster, or any object with
``submit``.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path

from ..brian.optional import optional
from .pieces import INTERRUPTED, Executor, Failure, InProcess
from .processes import LocalProcesses, end_with
from .sending import compute_pickled, pickled


def executor_for(executor: object, workers: int) -> Executor:
    """Return the executor that a user asks for.

    Raises
    ------
    TypeError
        If it is not an executor, or computes in threads.
    ModuleNotFoundError
        If joblib is needed and missing.
    """
    if executor is None:
        if workers == 1:
            return InProcess()
        loky()
        return Loky(workers)
    if isinstance(executor, ThreadPoolExecutor):
        raise TypeError(
            "a ThreadPoolExecutor computes in threads, which would share one clock and one scope of"
            " Brian2; give a ProcessPoolExecutor, or leave executor out"
        )
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            "executor must have a method submit, as those of concurrent.futures, a Dask client or"
            f" submitit have; got {executor!r}"
        )
    prepare_dask(executor)
    return SubmittingExecutor(executor)


class SubmittingExecutor(Executor):
    """Any executor with ``submit``: of `concurrent.futures`, a Dask client, submitit. It receives
    all parts at once and remains the user's.
    """

    at_a_time = float("inf")

    def __init__(self, executor):
        super().__init__()
        self.executor, self.handed_out = executor, 0

    def __exit__(self, *error):
        """Cancel parts that have not begun."""
        for future in self.running:
            future.cancel()

    def together(self):
        """Return a context that submits one array of jobs, if the executor has such."""
        return self.executor.batch() if hasattr(self.executor, "batch") else nullcontext()

    def start(self, part, path):
        self.handed_out += 1  # a unique argument: Dask caches the results of equal calls
        self.running[submitted(self.executor, part, path, self.handed_out)] = part

    def ended(self):
        return [
            (self.running.pop(future), outcome_of(future)) for future in wait_for_done(self.running)
        ]


class Loky(LocalProcesses):
    """Processes of this machine that compute one part after another, by joblib; if one dies, new
    ones replace them all.
    """

    def __enter__(self):
        super().__enter__()
        self.begin()
        return self

    def begin(self):
        """Start the processes."""
        self.executor = loky().ProcessPoolExecutor(
            self.at_a_time, initializer=end_with, initargs=(os.getpid(),)
        )

    def end(self):
        """End the processes."""
        self.executor.shutdown(wait=True, kill_workers=True)

    def start(self, part, path):
        self.paths[part.name] = path
        try:
            self.running[submitted(self.executor, part, path)] = part
        except BrokenProcessPool as error:  # since a moment ago
            broken = Future()
            broken.set_exception(error)
            self.running[broken] = part

    def ended(self):
        done = [
            (self.running.pop(future), outcome_of(future))
            for future in wait_for_done(self.running)
            if not is_broken(future)
        ]
        if not any(is_broken(future) for future in self.running):
            return done
        suspects, self.running = list(self.running.values()), {}
        self.end()
        self.begin()
        return done + [
            (
                part,
                (
                    INTERRUPTED
                    if len(suspects) > 1
                    else Failure("its process died: killed, perhaps for want of memory, or crashed")
                ),
            )
            for part in suspects
        ]


def loky():
    """Return joblib's process executor; raise if joblib is missing."""
    return optional(
        "sweep",
        "computing in several processes",
        "joblib.externals.loky",
        otherwise=", or workers=1",
    )


def submitted(executor, part, path, number=0):
    """Submit a part to an executor; return its future."""
    return executor.submit(
        compute_pickled,
        pickled(part),
        str(Path(path).absolute()),
        (socket.gethostname(), os.getpid()),
        number,
    )


def wait_for_done(futures):
    """Return the futures that are done within a second."""
    until = time.monotonic() + 1
    while (
        not (done := [future for future in futures if future.done()]) and time.monotonic() < until
    ):
        time.sleep(0.05)
    return done


def outcome_of(future):
    """Return the outcome of a part, or a `Failure` if its executor raises."""
    try:
        return future.result()
    except Exception as error:
        if "signal only works in main thread" in str(error):
            return Failure(
                "RuntimeError: Brian2 must be imported in the main thread of a worker; start the"
                " workers with --preload brian2",
                traceback.format_exc(),
            )
        return Failure.of(error)
    except BaseException as error:  # Dask's and asyncio's CancelledError
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return Failure.of(error)


def is_broken(future):
    """Return whether the process of a future has died."""
    return (
        future.done()
        and not future.cancelled()
        and isinstance(future.exception(), BrokenProcessPool)
    )


def prepare_dask(client):
    """Let the workers of a Dask cluster import Brian2 in their main thread, as it requires; raise
    if a worker computes several parts at a time.
    """
    if type(client).__module__.partition(".")[0] != "distributed" or not hasattr(
        client, "nthreads"
    ):
        return
    crowded = {address: threads for address, threads in client.nthreads().items() if threads > 1}
    if crowded:
        raise ValueError(
            f"workers of this Dask cluster have {max(crowded.values())} threads, which would share"
            " one clock and one scope of Brian2; write LocalCluster(n_workers=2,"
            " threads_per_worker=1), or dask worker --nthreads 1"
        )
    client.run(import_here)


def import_here():
    """Import this package, and with it Brian2."""
    import brian_rflo  # noqa: F401
