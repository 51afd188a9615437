"""A cache of object files of compiled programs, in the user's cache folder."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from brian2 import prefs

from ..results.files import expanded
from .borrowed import get_compiler_and_args

#: Maximal size of the cache of compiled programs, in bytes.
LIMIT = 500e6


def keeps(device):
    """Return whether object files are kept; they are not if a program includes files of the user,
    which may change.
    """
    asked = [device, *(obj.compiler_kwds for obj in device.code_objects.values())]
    own = [
        getattr(one, name, None) or (one.get(name) if isinstance(one, dict) else None)
        for one in asked
        for name in ("headers", "include_dirs", "sources")
    ]
    flags = get_compiler_and_args()[1]
    return (
        prefs["brian_rflo.keep_programs"]
        and not any(own)
        and not prefs["codegen.cpp.headers"]
        and not any("-include" in flag for flag in flags)
    )


def kept_folder():
    """Return the folder of cached object files."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return expanded(base) / "brian_rflo" / "programs"


def object_of(unit):
    """Return the name of a unit's object file."""
    return f"{unit.removesuffix('.cpp')}.o"


def fetched(folder, unit):
    """Copy a cached object file into the folder of a program; return whether there was one."""
    ours, kept = folder / object_of(unit), kept_folder() / object_of(unit)
    with suppress(OSError):
        if not ours.exists():
            shutil.copyfile(kept, ours)
            os.utime(kept)
        os.utime(ours)
        return True
    return False


def keep(folder, unit):
    """Put an object file into the cache atomically, and delete the oldest files if the cache is too
    large.
    """
    with suppress(OSError):
        place = kept_folder()
        place.mkdir(parents=True, exist_ok=True)
        waiting = place / f"{object_of(unit)}.{os.getpid()}"
        shutil.copyfile(folder / object_of(unit), waiting)
        os.replace(waiting, place / object_of(unit))
        clean(LIMIT)


def clean(limit=0):
    """Delete cached object files, the oldest first, until at most `limit` bytes remain; return the
    number of bytes deleted.
    """
    files, gone = [], 0
    for path in kept_folder().glob("*.o*"):
        with suppress(OSError):
            files.append((path.stat().st_mtime, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total - gone <= limit:
            break
        with suppress(OSError):
            path.unlink()
            gone += size
    return gone
