"""Pickled parts, for processes that may run on other machines."""

import os
import pickle
import socket
import threading
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import FunctionType, ModuleType

import brian2

from ..brian.private import global_random_state
from .pieces import Failure, compute_one

BRIAN2 = threading.Lock()


def pickled(part):
    """Return a part as bytes.

    Raises
    ------
    TypeError
        If it cannot be sent to another process.
    """
    try:
        return dumps(part)
    except Exception as error:
        hint = (
            ""
            if cloudpickle()
            else (
                "; with cloudpickle, pip install 'brian_rflo[sweep]', functions of scripts, lambdas"
                " and closures can be sent too"
            )
        )
        raise TypeError(
            f"{part.name} cannot be sent to another process ({type(error).__name__}: {error});"
            f" build networks, files and generators within the function{hint}"
        ) from error


def dumps(thing):
    """Return an object as bytes. Singletons of a process, such as Brian2's `prefs` and NumPy's
    random generator, become those of the receiving process.
    """
    if cloudpickle() is None:
        return pickle.dumps(thing)
    names = {id(value): name for name, value in vars(brian2).items()}

    class Pickler(cloudpickle().Pickler):
        def reducer_override(self, value):
            if value is global_random_state():
                return global_random_state, ()
            if id(value) in names and not isinstance(value, (FunctionType, ModuleType, type)):
                return getattr, (brian2, names[id(value)])
            return super().reducer_override(value)

    written = BytesIO()
    Pickler(written).dump(thing)
    return written.getvalue()


def cloudpickle():
    """Return the pickler for functions of scripts and notebooks, which comes with joblib, Dask and
    submitit; None if it is missing.
    """
    for name in ("cloudpickle", "joblib.externals.cloudpickle"):
        with suppress(ModuleNotFoundError):
            return import_module(name)


def compute_pickled(data, path, sender, number):
    """Compute a pickled part; the function that an executor calls."""
    if (
        sender == (socket.gethostname(), os.getpid())
        and threading.current_thread() is not threading.main_thread()
    ):
        return Failure(
            "RuntimeError: this executor computes in threads, which would share one clock and one"
            " scope of Brian2; give one that computes in processes (for Dask, processes=True)"
        )
    try:
        with BRIAN2:
            return compute_one(pickle.loads(data), Path(path))
    except Exception as error:  # such as a module that is not to be found there
        return Failure.of(error)
