"""Object files of compiled programs, kept for the next ones in the user's cache folder."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from brian2 import prefs

from ..results.files import expanded
from .borrowed import get_compiler_and_args

#: How much is kept of compiled programs, in bytes.
LIMIT = 500e6


def keeps(device):
    """Return whether object files are kept; not where a program includes files of the user's, which
    may change.
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
    """Return the folder of kept object files."""
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
    """Bring a kept object file into the folder of a program; return whether there is one."""
    ours, kept = folder / object_of(unit), kept_folder() / object_of(unit)
    with suppress(OSError):
        if not ours.exists():
            shutil.copyfile(kept, ours)
            os.utime(kept)
        os.utime(ours)
        return True
    return False


def keep(folder, unit):
    """Keep an object file, written under another name and then put into place; what is old goes
    where there is too much.
    """
    with suppress(OSError):
        place = kept_folder()
        place.mkdir(parents=True, exist_ok=True)
        waiting = place / f"{object_of(unit)}.{os.getpid()}"
        shutil.copyfile(folder / object_of(unit), waiting)
        os.replace(waiting, place / object_of(unit))
        clean(LIMIT)


def clean(limit=0):
    """Delete kept object files, the oldest first, until they take at most so many bytes; return how
    many bytes are gone.
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
