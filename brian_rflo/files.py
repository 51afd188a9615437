"""Files are written whole or not at all, and read without running code from them."""

import glob
import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np


def writable_folder(path):
    """Make the folder, and raise if it cannot be written to.

    Raises
    ------
    OSError
        That names the folder and says what to do.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OSError(f"cannot write to the folder '{path}' ({error.strerror or error}); choose another one") from error
    return path


def write_together(folder, writers):
    """Write several files into `folder`: first all of them under temporary names, then all into place.

    Parameters
    ----------
    folder : path
    writers : dict of str to callable
        For each file name, a function that writes the file at the path it is given.

    Returns
    -------
    list of Path
    """
    folder = writable_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing_") as waiting:
        paths = {name: Path(waiting) / name for name in writers}
        for name, write in writers.items():
            write(paths[name])
        for name, path in paths.items():
            os.replace(path, folder / name)
    return [folder / name for name in writers]


def write_whole(path, write):
    """Write one file: under a temporary name, onto the disk, and then into place; what was there before stays until then.

    Parameters
    ----------
    path : path
    write : callable
        Writes the file at the path that it is given.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        That names the file, if it cannot be written; nothing of it is left then.
    """
    path = Path(path)
    waiting = half_written(path, os.getpid())
    try:
        remove_half_written(path)
        write(waiting)
        with open(waiting, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(waiting, path)
    except OSError as error:
        raise OSError(f"cannot write '{path}' ({error.strerror or error}); nothing of it is left, and what was there before is as it was. Make room, or choose another folder") from error
    finally:
        waiting.unlink(missing_ok=True)
    return path


def half_written(path, pid):
    """Where a process writes a file that it then puts into place; the end of its name stays, which may say the format."""
    return path.with_name(f".{socket.gethostname()}.{pid}.{path.name}")


def remove_half_written(path):
    """Delete what processes of this machine that have ended have left of a file."""
    for left in path.parent.glob(f".{socket.gethostname()}.*.{path.name}"):
        if not lives(int(left.name.removesuffix(f".{path.name}").rpartition(".")[2])):
            left.unlink(missing_ok=True)


@contextmanager
def scratch(kind):
    """A temporary folder for a while; see `scratch_folder`."""
    folder = scratch_folder(kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_folder(kind):
    """A temporary folder of this process, which its owner deletes. What processes that were killed have left of theirs is deleted.

    Parameters
    ----------
    kind : str
        What it is for, as part of its name.

    Returns
    -------
    Path
    """
    host = f"{socket.gethostname()}-{namespace_of_processes()}"
    for left in Path(tempfile.gettempdir()).glob(f"brian_rflo_*.{glob.escape(host)}.*.*"):
        pid = left.name.split(".")[-2]
        if pid.isdecimal() and not lives(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"brian_rflo_{kind}.{host}.{os.getpid()}."))


def namespace_of_processes():
    """What numbers of processes count in: containers on one machine may share its name and temporary folder, and each have a process 1."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def lives(pid):
    """Whether a process of this machine runs; where the system cannot tell, it does."""
    try:
        if os.name == "nt":  # there, asking would end it
            return True
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def save_arrays(path, arrays):
    """Write arrays by name, without pickle."""
    with open(path, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(path):
    """Arrays by name, without pickle.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RuntimeError
        That names the file, if it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except Exception as error:
            raise RuntimeError(f"'{path}' is damaged, or no file of arrays ({type(error).__name__})") from error
