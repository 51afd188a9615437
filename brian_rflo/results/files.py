"""Files, whole or not at all: written in a folder that nobody else enters, then put into place."""

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

#: What to do about an error of the system; for all others, choose another folder.
ADVICE = {
    errno.ENOSPC: "Make room, or choose another folder",
    errno.EDQUOT: "Make room, or choose another folder",
    errno.EFBIG: "Make room, or choose another folder",
    errno.ENAMETOOLONG: "Choose a shorter name",
}
#: Beginnings of the names of temporary folders, beside results and in the system's place for them.
WAITING, SCRATCH = ".writing", "brian_rflo_"


def expanded(path):
    """A path as the user means it: ``~`` is the home folder."""
    return Path(os.path.expanduser(path))


def existing_file(path):
    """The path of a file that can be read.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError
        That names the file.
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
        raise in_other_words(error, f"cannot read '{path}' ({error.strerror})") from error
    raise IsADirectoryError(f"'{path}' must be a file; got {kind_of(mode)}")


def kind_of(mode):
    """What there is that is no file, in words."""
    return "a folder" if stat.S_ISDIR(mode) else "a device or pipe"


def in_other_words(error, message):
    """An error of the system that says something else, and is still of its kind and number."""
    found = type(error)(message)
    found.errno = error.errno
    return found


def writable_folder(path):
    """Make the folder, and raise if it cannot be written to.

    Raises
    ------
    OSError
        That names the folder and says what to do.
    """
    path = expanded(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise in_other_words(
            error,
            f"cannot write to the folder '{path}' ({error.strerror or error}); choose another one",
        ) from error
    return path


def write_together(folder, writers):
    """Write several files into `folder`: first all of them under temporary names, then all into
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
        That names the file that cannot be written, or the folder.
    """
    folder = writable_folder(folder)
    return write_all({folder / name: write for name, write in writers.items()})


def write_whole(path, write):
    """Write one file: in a temporary folder, onto the disk, and then into place.

    What was there before stays until then. A link stays one, and what it leads to is written. The
    permissions of a file that was there stay.

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
    return write_all({expanded(path): write})[0]


def write_all(writers):
    """Write files, by their paths, and put them into place when all are written."""
    with ExitStack() as folders:
        written = [(path, *written_aside(path, write, folders)) for path, write in writers.items()]
        for path, waiting, place in written:
            with refusal(path):
                os.replace(waiting, place)
    return list(writers)


def written_aside(path, write, folders):
    """Write a file in a temporary folder; returns where it is, and where it belongs."""
    with refusal(path):
        place, mode = place_of(path)
        waiting = folders.enter_context(waiting_folder(place.parent)) / path.name
        write(waiting)
        with open(waiting, "rb+") as file:
            os.fsync(file.fileno())
        if mode not in (None, stat.S_IMODE(os.stat(waiting).st_mode)):
            os.chmod(waiting, mode)
    return waiting, place


def place_of(path):
    """Where a file belongs, behind all links, and the permissions of what is there, or None.

    Raises
    ------
    OSError
        If something else than a file is there, or there is no folder for it.
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
    """Why a file cannot be written, and what to do."""


@contextmanager
def refusal(path):
    """Let errors of the system name a file that cannot be written."""
    try:
        yield
    except Refused as error:
        raise OSError(f"cannot write '{path}': {error}") from None
    except OSError as error:
        advice = ADVICE.get(error.errno, "Choose another folder")
        raise in_other_words(
            error,
            f"cannot write '{path}' ({error.strerror or error}); nothing of it is left, "
            f"and what was there before is as it was. {advice}",
        ) from error


@contextmanager
def waiting_folder(place):
    """A temporary folder in a place, for files on their way into it."""
    folder = own_folder(WAITING, place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_half_written(path):
    """Delete what ended processes of this machine have left beside a file, half written."""
    remove_left(WAITING, Path(path).parent)


def own_folder(beginning, place, kind=""):
    """A new folder that nobody else can foresee or enter, named after this process.

    What killed processes have left of theirs is deleted.
    """
    remove_left(beginning, place)
    return Path(tempfile.mkdtemp(prefix=f"{beginning}{kind}.{machine()}.{os.getpid()}.", dir=place))


def remove_left(beginning, place):
    """Delete the folders of ended processes of this machine, which `own_folder` has named."""
    ours = re.compile(rf"{re.escape(beginning)}\w*\.{re.escape(machine())}\.([0-9]{{1,9}})\.\w+")
    with suppress(OSError):
        for name in os.listdir(place):
            found = ours.fullmatch(name)
            if found and not lives(int(found[1])):
                shutil.rmtree(Path(place) / name, ignore_errors=True)


def machine():
    """A name for where numbers of processes count.

    Containers on one machine may share its name and folders, and each have a process 1.
    """
    try:
        return f"{socket.gethostname()}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{socket.gethostname()}-0"


@contextmanager
def scratch(kind):
    """A temporary folder for a while; see `scratch_folder`."""
    folder = scratch_folder(kind)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_folder(kind):
    """A temporary folder of this process, which its owner deletes. What processes that were killed
    have left of theirs is deleted.

    Parameters
    ----------
    kind : str
        What it is for, as part of its name.

    Returns
    -------
    Path
    """
    return own_folder(SCRATCH, tempfile.gettempdir(), kind)


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
