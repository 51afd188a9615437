"""The sweep: list its networks, find the finished ones, and compute the others."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from brian2 import get_device

from ..brian import devices
from ..brian.quantities import check_count
from ..crews import executor_for, work
from ..crews.sharing import shared_folder
from .arguments import settings_of
from .networks import networks_of
from .progress import Finished, line_printer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from .table import SweepTable


def sweep(
    function: Callable,
    parameters: Mapping[str, Sequence] | Sequence[Mapping[str, object]],
    folder: str | PathLike[str],
    workers: int | None = None,
    executor: object = None,
    device: str | None = None,
    report: str | Callable[[str], object] | None = "text",
) -> SweepTable:
    """Call a function for all combinations of its arguments, several in parallel, and keep the
    return values.

    Parameters
    ----------
    function : callable
        Builds and trains a network; returns a `TrainingResult`, or a dictionary of numbers and
        arrays. It runs in a fresh Brian2: an empty magic network, a time step of 0.1 ms, and random
        numbers seeded by its argument ``seed``, if it has one, else by all arguments. Preferences
        are the present ones.
    parameters : dict or sequence of dict
        The values of each argument, of which all combinations are computed; or the arguments of
        each network one by one.
    folder : path
        For the results. Networks that are in it are not computed again, unless function, package,
        versions or preferences have changed.
    workers : int, optional
        Number of networks computed at the same time, each in a process (with joblib: ``pip install
        'brian_rflo[sweep]'``); one for each core by default. With 1 they are computed here, one
        after the other.
    executor : optional
        Alternative to local processes: a process-based executor of `concurrent.futures`, a Dask
        client, or an executor of submitit.
    device : {"numpy", "cython", "cpp_standalone", "auto"}, optional
        Device of Brian2; by default that of its preferences. C++ standalone programs of one process
        are built in one folder, so that only what has changed since the last network is compiled.
    report : "text", None or callable
        Whether progress is printed, or a function that takes each line of it.

    Returns
    -------
    SweepTable
        Also when networks have failed: then with the reasons.

    Raises
    ------
    TypeError, ValueError
        If function, parameters or executor cannot be used, before anything is computed.
    OSError, RuntimeError
        If the folder cannot be written to, or a finished network in it is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from brian2 import ms, defaultclock
    >>> def train(seed, learning_rate):
    ...     task = PeriodicOutput(period=20*ms)
    ...     defaultclock.dt = task.dt
    ...     neurons, rule = RateNeurons(5, tau=10*ms), RFLO(learning_rate, tau=10*ms)
    ...     net = LearningNetwork(task, neurons, rule, initial=Murray2019(seed=seed))
    ...     return net.train(2)
    >>> parameters = {"seed": range(2), "learning_rate": [0.01, 0.1]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = sweep(train, parameters, folder, workers=1, report=None)
    ...     table.result(seed=1, learning_rate=0.1).losses.shape
    (1, 2)
    """
    settings = settings_of(function, parameters)
    say = line_printer(report)
    check_surroundings(function, workers, executor)
    device = devices.chosen(device) if device is not None else None
    folder = shared_folder(folder)
    networks = networks_of(function, settings, device)
    paths = {network.name: network.path(folder) for network in networks}
    found = Finished(networks, paths, folder, say)
    missing = [network for network in networks if network.name not in found.rows]
    found.report_finished(missing)
    try:
        if missing:
            executor = executor_for(
                executor,
                min(workers or devices.cores(), len(missing)) if executor is None else None,
            )
            work(executor, missing, paths, found)
    except KeyboardInterrupt:
        say(
            f"interrupted: {found.count_text()} are finished, in {folder}; the same sweep goes on"
            " from there"
        )
        raise
    finally:
        found.save_table()
    found.report_outcome(bool(missing))
    return found.table()


def check_surroundings(function, workers, executor):
    """Raise unless the function can be computed from here."""
    if workers is not None:
        check_count("sweep: workers", workers)
        if executor is not None:
            raise ValueError(
                "sweep: workers counts processes of this machine, and an executor has its own;"
                " leave one of them out"
            )
    if get_device() is not devices.runtime():
        raise RuntimeError(
            f"sweep: Brian2's device is set to {type(get_device()).__name__}, but each network"
            " needs its own; write set_device('runtime'), and sweep(..., device='cpp_standalone')"
        )
    if multiprocessing.current_process().name != "MainProcess" and function.__module__ in (
        "__main__",
        "__mp_main__",
    ):
        raise RuntimeError(
            "sweep was called while a process of another sweep imported this script; put it below:"
            " if __name__ == '__main__':"
        )
