"""Parts of an experiment: each computed in a process of its own, on disk as soon as it is finished,
and never computed twice.

A part is a function of plain values that returns arrays; how long it took is put beside them as
"seconds". Its file carries a digest of all that decides its numbers: the values, the code of this
package that networks import and the function names, that of the function's module and of what it
takes from its own folder, the versions of Brian2 and NumPy. So an experiment that was interrupted
goes on where it was, experiments that have a part in common share it, and changed code or settings
find nothing to reuse. Comments and docstrings do not count.
"""

import errno
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from ..identity import described, digest, sources
from ..results.archives import read_arrays
from . import Failure, Processes, work
from .progress import Pace
from .sharing import remedy, shared_folder

ADVICE = "delete it, and the same command computes it anew and keeps all others"


@dataclass(frozen=True)
class Part:
    """An independent computation.

    Parameters
    ----------
    name : str
        Name on screen and on disk.
    function : callable
        A function of a module, called as ``function(progress, **arguments)`` in a new process; it
        returns a dictionary of arrays.
    arguments : dict
        Numbers, strings, arrays, tasks and other value objects.
    cost : float
        Approximate duration, in any unit that all parts of an experiment share.
    began : dict, optional
        Its identity when the command was given, for a process that computes it later or elsewhere.
    """

    name: str
    function: Callable
    arguments: dict
    cost: float
    began: dict | None = None

    def common(self):
        """Return everything that decides the numbers of all parts of this function, as text by
        name.
        """
        versions = {package: version(package) for package in ("brian2", "numpy")}
        return sources(self.function) | versions

    def particular(self):
        """Return everything else that decides the numbers of this part."""
        return {"settings": described(self.arguments)}

    def identity(self):
        """Return everything that decides this part's numbers, as text by name."""
        return self.common() | self.particular()

    def changed(self):
        """Return the names of what has changed since the command was given."""
        now = self.identity()
        return [name for name in now | self.began if now.get(name) != self.began.get(name)]

    def path(self, folder):
        """Return the path of the file of its arrays."""
        return path_of(self.name, self.began or self.identity(), folder)

    def compute(self, progress):
        """Compute and return its arrays, by name."""
        return self.function(progress, **self.arguments)

    def load(self, folder):
        """Return its arrays, or None if it is not finished; see `read`."""
        return read(self.path(folder))


def path_of(name, identity, folder):
    """Return the path of the file of a computation with this name and identity."""
    return Path(folder) / f"{name}-{digest(repr(sorted(identity.items())))}.npz"


def read(path):
    """Return the arrays in a part's file, or None if there is no file.

    Raises
    ------
    PermissionError, RuntimeError
        If the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        arrays = read_arrays(path)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM):
            raise
        advice = f"{remedy(path, 'r')}, or choose another folder"
        raise PermissionError(f"cannot read the finished part '{path}'; {advice}") from error
    except RuntimeError as error:
        raise RuntimeError(f"the finished part {error}; {ADVICE}") from error
    with name_file_in_errors(path):
        if (
            "seconds" not in arrays
            or arrays["seconds"].shape
            or arrays["seconds"].dtype.kind != "f"
        ):
            raise ValueError("it does not say how many seconds it took")
    return arrays


@contextmanager
def name_file_in_errors(path):
    """Context of reading a part's file: name the file in the error if something is missing in
    it.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise RuntimeError(
            f"the finished part '{path}' has unexpected contents ({error}); {ADVICE}"
        ) from error


def compute(parts, folder, workers, say):
    """Compute the parts that are not on disk, several in parallel.

    Parameters
    ----------
    parts : sequence of Part
    folder : path
        Folder of their files.
    workers : int
        Parts at the same time.
    say : callable
        Called with lines for the user.

    Returns
    -------
    arrays : dict
        The arrays of each part by its name, without those that have failed.
    failed : dict
        The failure of each part that has failed, by its name.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    RuntimeError
        If a finished part is damaged, before anything is computed.
    """
    folder = shared_folder(folder)
    parts = {part.name: replace(part, began=part.identity()) for part in parts}.values()
    paths = {part.name: part.path(folder) for part in parts}
    found = {name: read(path) for name, path in paths.items()}
    missing = [part for part in parts if found[part.name] is None]
    if len(missing) < len(parts):
        say(
            f"{len(parts) - len(missing)} of {len(parts)} parts are finished already, in {folder}"
            " (--fresh computes them anew)"
        )
    failed = {}
    if missing:
        failed = {
            name: failure.reason
            for name, failure in work(
                Processes(workers), missing, paths, Report(missing, say)
            ).items()
        }
        found |= {part.name: read(paths[part.name]) for part in missing}
    return {name: arrays for name, arrays in found.items() if arrays is not None}, failed


def forget(parts, folder):
    """Delete the files of finished parts."""
    for part in parts:
        part.path(folder).unlink(missing_ok=True)


class Report:
    """Messages for the user: failures and, from time to time, progress and the time left."""

    def __init__(self, parts, say):
        self.left, self.whole, self.say = (
            {part.name: part.cost for part in parts},
            sum(part.cost for part in parts),
            say,
        )
        self.pace = Pace()

    def ended(self, part, outcome):
        """Report that a part has ended."""
        if isinstance(outcome, Failure):
            self.say(f"  {part.name} failed: {outcome}")
        self.left[part.name] = 0.0
        self.pace.hurry()

    def report_progress(self, executor, elsewhere):
        """Report progress, if that was not done recently."""
        if not self.pace.is_due():
            return
        reached = {part.name: executor.fraction(part) for part in executor.running.values()}
        left = self.left | {
            part.name: part.cost * (1 - reached[part.name]) for part in executor.running.values()
        }
        done = 1 - sum(left.values()) / self.whole
        minutes = self.pace.elapsed / 60
        rest = f", about {minutes * (1 - done) / done:.0f} min left" if done > 0.02 else ""
        names = ", ".join(
            [
                *(f"{name} {fraction:.0%}" for name, fraction in reached.items()),
                *(f"{part.name} elsewhere" for part in elsewhere),
            ]
        )
        self.say(
            f"  {done:4.0%} after {minutes:.1f}"
            f" min{rest if names else ''}{': ' if names else ''}{names}"
        )
