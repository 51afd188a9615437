"""Folders shared by several processes, also of several machines and users.

Locks on the files being computed, and advice where access is denied.
"""

import errno
import os
import stat
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

from ..results.files import writable_folder

#: By process and folder: the single handle of its locks, and the names of the locked or inspected
#: files. When a process closes any handle, the system releases all of its locks.
OPEN = {}


def shared_folder(path):
    """Make the folder, and raise if it cannot be written to.

    Raises
    ------
    OSError
        If it cannot be written to, with advice and the owner of the folder.
    """
    try:
        return writable_folder(path)
    except OSError as error:
        if not isinstance(error.__cause__, PermissionError):
            raise
        place = Path(path).expanduser().absolute()
        there = next(one for one in (place, *place.parents) if os.path.exists(one))
        raise PermissionError(f"{error}, or {remedy(there, 'w')}") from error


@contextmanager
def claimed(path):
    """Yield whether this process alone may write a file now.

    Then no other process may, including those of machines that share the folder. The system
    releases the lock when the process ends for any reason. On file systems without locks every
    process may write; a file may then be written twice, each time completely.

    Raises
    ------
    RuntimeError
        If this process has claimed it already.
    PermissionError
        If the folder belongs to another user, with advice.
    """
    folder, place = (os.getpid(), path.parent.resolve()), zlib.crc32(path.name.encode()) % 2**30
    if folder not in OPEN:
        OPEN[folder] = opened(path.with_name(".claims")), []
    claims, names = OPEN[folder]
    if path.name in names:
        raise RuntimeError(
            f"'{path}' is requested while this process computes it; a nested computation"
            " must have other settings, or another folder"
        )
    names.append(path.name)
    try:
        ours = lock(claims, place)
        yield ours
    finally:
        names.remove(path.name)
        if names and ours:
            unlock(claims, place)
        if not names:
            os.close(OPEN.pop(folder)[0])


def is_claimed(path):
    """Return whether another process is about to write a file."""
    with claimed(path) as ours:
        return not ours


def opened(path):
    """Open the file of locks; a new one is writable for all who may write into its folder."""
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    try:
        with suppress(FileNotFoundError):
            return os.open(path, flags)
        try:
            claims = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:  # by another process, just now
            return os.open(path, flags)
    except PermissionError as error:
        use = "by which those who compute in this folder know of each other"
        raise PermissionError(f"cannot write '{path}', {use}; {remedy(path, 'rw')}") from error
    folder = path.parent.stat()
    with suppress(OSError, AttributeError):  # where the system knows no such thing
        os.fchmod(claims, stat.S_IMODE(folder.st_mode) & 0o666)
        os.fchown(claims, -1, folder.st_gid)
    return claims


def remedy(path, rights):
    """Return advice for a file or folder that may not be used: the command, and the owner."""
    with suppress(OSError, AttributeError, NotImplementedError):
        status = os.stat(path)
        if status.st_uid == os.geteuid():
            return f"write chmod u+{rights} '{path}'"
        common = status.st_gid in {os.getegid(), *os.getgroups()}
        group = "" if common else f"chgrp GROUP '{path}', with a group that you are both in, and "
        return f"let {owner_of(path)} write {group}chmod g+{rights} '{path}'"
    return "ask its owner"


def owner_of(path):
    """Return the name of the owner of a file."""
    try:
        return Path(path).owner()
    except KeyError:
        return "its owner"


def lock(claims, place):
    """Lock one byte of a file until it is unlocked or closed; return False if another process holds
    it.
    """
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(claims, place, os.SEEK_SET)
            msvcrt.locking(claims, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def unlock(claims, place):
    """Unlock one byte."""
    with suppress(OSError):
        if os.name == "nt":
            import msvcrt

            os.lseek(claims, place, os.SEEK_SET)
            msvcrt.locking(claims, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.lockf(claims, fcntl.LOCK_UN, 1, place)
