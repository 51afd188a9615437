"""Atomic writing of files: first in a private folder, then moved into place."""

import errno
import os
import re
import shutil
import socket
import stat
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

#: Advice by system error; for all others, choose another folder.
ADVICE = {
    errno.ENOSPC: "Make room, or choose another folder",
    errno.EDQUOT: "Make room, or choose another folder",
    errno.EFBIG: "Make room, or choose another folder",
    errno.ENAMETOOLONG: "Choose a shorter name",
}
#: Prefixes of temporary folders, beside results and in the system's temporary folder.
WAITING, SCRATCH = ".writing", "brian_rflo_"


def expanded(path):
    """Return a path with ``~`` replaced by the home folder."""
    return Path(os.path.expanduser(path))


def existing_file(path):
    """Return the path of a readable file.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
        If the file cannot be read; the message names it.
    """
    path = expanded(path)
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode):
            open(path, "rb").close()
            return path
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(f"no file '{path}'") from error
    except OSError as error:
        raise with_message(error, f"cannot read '{path}' ({error.strerror})") from error
    raise IsADirectoryError(f"'{path}' must be a file; got {kind_of(mode)}")


def kind_of(mode):
    """Describe a path that is not a file."""
    return "a folder" if stat.S_ISDIR(mode) else "a device or pipe"


def with_message(error, message):
    """Return a system error with another message, of the same class and number."""
    found = type(error)(message)
    found.errno = error.errno
    return found


def writable_folder(path):
    """Make the folder, and raise if it cannot be written to.

    Raises
    ------
    OSError
        If the folder cannot be written to, with advice.
    """
    path = expanded(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise with_message(
            error,
            f"cannot write to the folder '{path}' ({error.strerror or error}); choose another one",
        ) from error
    return path


def write_together(folder, writers):
    """Write several files into `folder`: all of them under temporary names first, then all into
    place.

    Parameters
    ----------
    folder : path
    writers : dict of str to callable
        For each file name, a function that writes the file at the path it is given.

    Returns
    -------
    list of Path

    Raises
    ------
    OSError
        If a file or the folder cannot be written.
    """
    folder = writable_folder(folder)
    return write_all({folder / name: write for name, write in writers.items()})


def write_whole(path, write):
    """Write one file: in a temporary folder, flushed to the disk, then moved into place.

    An existing file is kept until then, and so are its permissions. A link is kept, and its target
    is written.

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
        If the file cannot be written; an existing one is unchanged.
    """
    return write_all({expanded(path): write})[0]


def write_all(writers):
    """Write files, by their paths, and move them into place when all are complete."""
    with ExitStack() as folders:
        written = [(path, *written_aside(path, write, folders)) for path, write in writers.items()]
        for path, waiting, place in written:
            with report_refusal(path):
                os.replace(waiting, place)
    return list(writers)


def written_aside(path, write, folders):
    """Write a file in a temporary folder; return its path, and its destination."""
    with report_refusal(path):
        place, mode = place_of(path)
        waiting = folders.enter_context(waiting_folder(place.parent)) / path.name
        write(waiting)
        with open(waiting, "rb+") as file:
            os.fsync(file.fileno())
        if mode not in (None, stat.S_IMODE(os.stat(waiting).st_mode)):
            os.chmod(waiting, mode)
    return waiting, place


def place_of(path):
    """Return the destination of a file, behind all links, and the permissions of an existing file,
    or None.

    Raises
    ------
    OSError
        If the path exists and is not a file, or its folder is missing.
    """
    place = Path(os.path.realpath(path))
    try:
        mode = os.stat(place).st_mode
    except FileNotFoundError:
        if not place.parent.exists():
            raise Refused(
                f"there is no folder '{place.parent if path.is_symlink() else path.parent}'; "
                "make it, or choose another one"
            ) from None
        return place, None
    if not stat.S_ISREG(mode):
        raise Refused(f"that is {kind_of(mode)}; choose another name")
    return place, stat.S_IMODE(mode)


class Refused(OSError):
    """Reason why a file cannot be written, with advice."""


@contextmanager
def report_refusal(path):
    """Context of writing a file: name the file in errors of the system."""
    try:
        yield
    except Refused as error:
        raise OSError(f"cannot write '{path}': {error}") from None
    except OSError as error:
        advice = ADVICE.get(error.errno, "Choose another folder")
        raise with_message(
            error,
            f"cannot write '{path}' ({error.strerror or error}); an existing file is"
            f" unchanged. {advice}",
        ) from error


@contextmanager
def waiting_folder(place):
    """Make a temporary folder next to the destination of files."""
    folder = own_folder(WAITING, place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_half_written(path):
    """Delete incomplete files that ended processes of this machine have left beside a file."""
    remove_abandoned(WAITING, Path(path).parent)


def own_folder(beginning, place, kind=""):
    """Make a folder with an unpredictable name, named after this process, that nobody else may
    enter.

    Folders left by killed processes are deleted.
    """
    remove_abandoned(beginning, place)
    return Path(tempfile.mkdtemp(prefix=f"{beginning}{kind}.{machine()}.{os.getpid()}.", dir=place))


def remove_abandoned(beginning, place):
    """Delete the folders that `own_folder` made for processes of this machine that have ended."""
    ours = re.compile(rf"{re.escape(beginning)}\w*\.{re.escape(machine())}\.([0-9]{{1,9}})\.\w+")
    with suppress(OSError):
        for name in os.listdir(place):
            found = ours.fullmatch(name)
            if found and not is_running(int(found[1])):
                shutil.rmtree(Path(place) / name, ignore_errors=True)


def machine():
    """Return a name for the scope within which process numbers are unique.

    Containers on one machine may share its name and folders, and each have a process 1.
    """
    try:
        return f"{socket.gethostname()}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{socket.gethostname()}-0"


@contextmanager
def scratch(kind):
    """Make a temporary folder for the duration of the context; see `scratch_folder`."""
    folder = scratch_folder(kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_folder(kind):
    """Make a temporary folder of this process, which its owner deletes, and delete those of killed
    processes.

    Parameters
    ----------
    kind : str
        Purpose, as part of its name.

    Returns
    -------
    Path
    """
    return own_folder(SCRATCH, tempfile.gettempdir(), kind)


def is_running(pid):
    """Return whether a process of this machine runs; True if the system cannot tell."""
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
