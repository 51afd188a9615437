"""Who computes: pieces of work in processes of their own, in processes that are used again, on an executor, or here.

A piece (`brian_rflo.parts.Part`) computes itself and is written to its file by whoever has computed it, at once and whole. A crew only says who
does so; `work` hands out the pieces, the longest first, and takes care of pieces that fail, of processes that die, and of pieces that others,
elsewhere, are computing at the same time.
"""

import json
import multiprocessing
import os
import pickle
import signal
import socket
import tempfile
import threading
import time
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from io import BytesIO
from multiprocessing.connection import wait
from pathlib import Path
from types import FunctionType, ModuleType

import brian2
import numpy as np

from .files import claimed, is_claimed, remove_half_written, save_arrays, write_whole

#: One thread for each piece: pieces run side by side.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB", "BLIS")}
#: What comes of a piece besides a `Failure`: it is in its file; another process computes it; the processes died, and it may not be to blame.
FINISHED, TAKEN, INTERRUPTED = "finished", "taken", "interrupted"
BRIAN2 = threading.Lock()


@dataclass(frozen=True)
class Failure:
    """Why a piece could not be computed: in one line, and where that happened."""

    reason: str
    details: str = ""

    @classmethod
    def of(cls, error):
        """That of the exception being handled."""
        return cls(f"{type(error).__name__}: {error}", traceback.format_exc())

    def __str__(self):
        return self.reason


def compute_one(part, path, progress=lambda fraction: None):
    """Compute a piece, unless it is finished or another process is at it, and write it, whole. Returns what came of it."""
    try:
        with claimed(path) as ours:
            if path.exists():
                return FINISHED
            if not ours:
                return TAKEN
            remove_half_written(path)
            if part.path(path.parent) != path:
                raise RuntimeError("the source code has changed since this began, or is another one where this is computed, so it is not kept; give the same command again")
            start = time.perf_counter()
            arrays = part.compute(progress)
            arrays["seconds"] = np.array(time.perf_counter() - start)
            write_whole(path, lambda waiting: save_arrays(waiting, arrays))
            return FINISHED
    except Exception as error:
        return Failure.of(error)


def work(crew, parts, paths, report):
    """Let a crew compute pieces.

    Parameters
    ----------
    crew : Crew
    parts : sequence of Part
    paths : dict
        The file of each piece by its name.
    report : Report
        Is told when a piece has come to an end, and now and then otherwise.

    Returns
    -------
    dict
        For each piece that has failed its `Failure`, by name.
    """
    waiting, alone, elsewhere, failed = sorted(parts, key=lambda part: -part.cost), [], [], {}
    with signals(interrupt, "SIGTERM", "SIGHUP"), crew:
        while waiting or crew.running or alone or elsewhere:
            if not waiting and not crew.running and alone:
                waiting = [alone.pop(0)]
            with crew.together() if waiting else nullcontext():
                while waiting and len(crew.running) < crew.at_a_time:
                    part = waiting.pop(0)
                    crew.start(part, paths[part.name])
            for part, outcome in crew.ended():
                if outcome == TAKEN:
                    elsewhere.append(part)
                elif outcome == INTERRUPTED:
                    alone.append(part)
                else:
                    if isinstance(outcome, Failure):
                        failed[part.name] = outcome
                    report.ended(part, outcome)
            if elsewhere and not waiting:
                elsewhere, waiting = look_elsewhere(elsewhere, paths, report)
            report.now_and_then(crew, elsewhere)
    return failed


def look_elsewhere(elsewhere, paths, report):
    """Pieces that other processes are still at, and those that they have left."""
    time.sleep(0.2)
    for part in elsewhere:
        if paths[part.name].exists():
            report.ended(part, FINISHED)
    missing = [part for part in elsewhere if not paths[part.name].exists()]
    left = [part for part in missing if not is_claimed(paths[part.name])]
    return [part for part in missing if part not in left], left


class Crew:
    """Whoever computes; a context manager.

    Attributes
    ----------
    at_a_time : float
        Pieces that are handed out at the same time.
    running : dict
        Those that are, each by whatever computes it.
    """

    at_a_time = 1

    def __init__(self):
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """End what is still running."""

    def together(self):
        """Pieces that are handed out within go out together."""
        return nullcontext()

    def start(self, part, path):
        """Hand out a piece."""
        raise NotImplementedError

    def ended(self):
        """Wait a moment; those that have come to an end since, as pairs of piece and outcome."""
        raise NotImplementedError

    def fraction(self, part):
        """How far a running piece is; 0 where it does not say."""
        return 0.0


class Here(Crew):
    """This process, one piece after the other."""

    def start(self, part, path):
        self.running[part.name] = part, compute_one(part, path)

    def ended(self):
        done, self.running = list(self.running.values()), {}
        return done


class Workplace(Crew):
    """Crews of processes on this machine: one thread for each, and a folder for all that they leave while they work, gone with them."""

    def __init__(self, workers):
        super().__init__()
        self.at_a_time, self.paths = workers, {}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="brian_rflo_crew_", ignore_cleanup_errors=True)
        self.surroundings = environment(THREADS | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self.folder.name))
        self.surroundings.__enter__()
        return self

    def __exit__(self, *error):
        """End all processes and what they have started, whatever signal comes now."""
        with signals(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP"):
            self.surroundings.__exit__(*error)
            left = list(self.running.values())
            self.end()
            for part in left:
                remove_half_written(self.paths[part.name])
            self.folder.cleanup()


class Processes(Workplace):
    """A new process for each piece, which tells its progress through a small file."""

    def __init__(self, workers):
        super().__init__(workers)
        self.context, self.reached = multiprocessing.get_context("spawn"), {}

    def end(self):
        """End them."""
        for process in self.running:
            kill(process)
        for process in self.running:
            process.join()

    def note(self, part, kind):
        """A small file through which a piece's process speaks."""
        return Path(self.folder.name) / f"{part.name}.{kind}"

    def start(self, part, path):
        process = self.context.Process(target=in_a_new_process, args=(part, path, self.note(part, "progress"), self.note(part, "outcome"), os.getpid()))
        process.start()
        self.running[process], self.paths[part.name] = part, path

    def ended(self):
        wait([process.sentinel for process in self.running], timeout=1)
        return [(self.running.pop(process), self.outcome(process, part)) for process, part in list(self.running.items()) if not process.is_alive()]

    def outcome(self, process, part):
        """What came of a piece, from what its process has left."""
        try:
            said = json.loads(self.note(part, "outcome").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Failure(f"its process ended with status {process.exitcode}")
        return said if isinstance(said, str) else Failure(**said)

    def fraction(self, part):
        """How far a running piece is, or was when it last said so."""
        with suppress(OSError, ValueError):  # not yet written, or just being written
            self.reached[part.name] = float(self.note(part, "progress").read_text())
        return self.reached.get(part.name, 0.0)


def in_a_new_process(part, path, progress, note, parent):
    """What a process of `Processes` does."""
    from .parts import Progress

    end_with(parent)
    outcome = compute_one(part, path, Progress(progress))
    if isinstance(outcome, Failure):
        print(outcome.details, flush=True)
    note.write_text(json.dumps(asdict(outcome) if isinstance(outcome, Failure) else outcome), encoding="utf-8")


class Executor(Crew):
    """Any executor with ``submit``: of `concurrent.futures`, a Dask client, submitit. It gets all pieces at once and remains the user's."""

    at_a_time = float("inf")

    def __init__(self, executor):
        super().__init__()
        self.executor, self.handed_out = executor, 0

    def __exit__(self, *error):
        """Take back what has not begun."""
        for future in self.running:
            future.cancel()

    def together(self):
        """One array of jobs, where the executor has such."""
        return self.executor.batch() if hasattr(self.executor, "batch") else nullcontext()

    def start(self, part, path):
        self.handed_out += 1  # an argument of its own, for Dask: it would remember what equal calls returned
        self.running[submitted(self.executor, part, path, self.handed_out)] = part

    def ended(self):
        return [(self.running.pop(future), outcome_of(future)) for future in done_soon(self.running)]


class Loky(Workplace):
    """Processes of this machine that compute one piece after the other, by joblib; where one dies, new ones go on."""

    def __enter__(self):
        super().__enter__()
        self.begin()
        return self

    def begin(self):
        """Start processes."""
        self.executor = loky().ProcessPoolExecutor(self.at_a_time, initializer=end_with, initargs=(os.getpid(),))

    def end(self):
        """End them."""
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
        done = [(self.running.pop(future), outcome_of(future)) for future in done_soon(self.running) if not is_broken(future)]
        if not any(is_broken(future) for future in self.running):
            return done
        suspects, self.running = list(self.running.values()), {}
        self.end()
        self.begin()
        return done + [(part, INTERRUPTED if len(suspects) > 1 else Failure("its process died: killed, perhaps for want of memory, or crashed")) for part in suspects]


def submitted(executor, part, path, number=0):
    """Hand a piece to an executor; its future."""
    return executor.submit(compute_pickled, pickled(part), str(Path(path).absolute()), (socket.gethostname(), os.getpid()), number)


def done_soon(futures):
    """Those of the futures that are done within a moment."""
    until = time.monotonic() + 1
    while not (done := [future for future in futures if future.done()]) and time.monotonic() < until:
        time.sleep(0.05)
    return done


def crew_of(executor, workers):
    """The crew that a user asks for.

    Raises
    ------
    TypeError
        If the executor is none, or works in threads.
    ModuleNotFoundError
        If joblib is needed and missing.
    """
    if executor is None:
        if workers == 1:
            return Here()
        loky()
        return Loky(workers)
    if isinstance(executor, ThreadPoolExecutor):
        raise TypeError("a ThreadPoolExecutor computes in threads, which would share one clock and one scope of Brian2; give a ProcessPoolExecutor, or leave executor out")
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor must have a method submit, as those of concurrent.futures, a Dask client or submitit have; got {executor!r}")
    prepare_dask(executor)
    return Executor(executor)


def prepare_dask(client):
    """Let the workers of a Dask cluster import Brian2 in their main thread, which it needs; and make sure that each computes one piece at a time."""
    if type(client).__module__.partition(".")[0] != "distributed" or not hasattr(client, "nthreads"):
        return
    crowded = {address: threads for address, threads in client.nthreads().items() if threads > 1}
    if crowded:
        raise ValueError(f"workers of this Dask cluster have {max(crowded.values())} threads, which would share one clock and one scope of Brian2; write LocalCluster(n_workers=2, threads_per_worker=1), or dask worker --nthreads 1")
    client.run(import_here)


def import_here():
    """Import this package, and with it Brian2."""
    import brian_rflo  # noqa: F401


def loky():
    """joblib's executor of processes.

    Raises
    ------
    ModuleNotFoundError
        That says what to install.
    """
    try:
        from joblib.externals import loky
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("several processes at a time need joblib; write pip install 'brian_rflo[sweep]', or workers=1") from error
    return loky


def cloudpickle():
    """What writes functions of scripts and notebooks too, by their code, and comes with joblib, Dask and submitit; None where it is missing."""
    for name in ("cloudpickle", "joblib.externals.cloudpickle"):
        with suppress(ModuleNotFoundError):
            return import_module(name)


def dumps(thing):
    """A thing as bytes. Of what is one in a process, Brian2's objects such as `prefs`, NumPy's random numbers, there is no copy: it is that of the process that reads them."""
    if cloudpickle() is None:
        return pickle.dumps(thing)
    names = {id(value): (brian2, name) for name, value in vars(brian2).items()} | {id(np.random.mtrand._rand): (np.random.mtrand, "_rand")}

    class Pickler(cloudpickle().Pickler):
        def reducer_override(self, value):
            if id(value) in names and not isinstance(value, (FunctionType, ModuleType, type)):
                module, name = names[id(value)]
                return getattr, (module, name)
            return super().reducer_override(value)

    written = BytesIO()
    Pickler(written).dump(thing)
    return written.getvalue()


def pickled(part):
    """A piece as bytes.

    Raises
    ------
    TypeError
        If it cannot be sent to another process.
    """
    try:
        return dumps(part)
    except Exception as error:
        hint = "" if cloudpickle() else "; with cloudpickle, pip install 'brian_rflo[sweep]', functions of scripts, lambdas and closures can be sent too"
        raise TypeError(f"{part.name} cannot be sent to another process ({type(error).__name__}: {error}); build networks, files and generators within the function{hint}") from error


def compute_pickled(data, path, sender, number):
    """What an executor calls."""
    if sender == (socket.gethostname(), os.getpid()) and threading.current_thread() is not threading.main_thread():
        return Failure("RuntimeError: this executor computes in threads, which would share one clock and one scope of Brian2; give one that computes in processes (for Dask, processes=True)")
    try:
        with BRIAN2:
            return compute_one(pickle.loads(data), Path(path))
    except Exception as error:  # such as a module that is not to be found there
        return Failure.of(error)


def outcome_of(future):
    """What came of a piece, or why its executor does not say."""
    try:
        return future.result()
    except Exception as error:
        if "signal only works in main thread" in str(error):
            return Failure("RuntimeError: Brian2 must be imported in the main thread of a worker; start the workers with --preload brian2", traceback.format_exc())
        return Failure.of(error)
    except BaseException as error:  # Dask's and asyncio's CancelledError
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return Failure.of(error)


def is_broken(future):
    """Whether the process that computed it has died."""
    return future.done() and not future.cancelled() and isinstance(future.exception(), BrokenProcessPool)


def end_with(parent):
    """Let this process end with the one that started it, and with it all that this one has started."""
    with suppress(AttributeError, OSError):
        os.setsid()  # so that it can be ended together with the programs that it starts
        threading.Thread(target=wait_for_end_of, args=(parent,), daemon=True).start()


def wait_for_end_of(parent):
    """Wait for the end of the process that started this one, and end with it."""
    while os.getppid() == parent:
        time.sleep(0.3)
    os.killpg(0, signal.SIGKILL)


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
