"""Files are written whole or not at all."""

import os
import tempfile
from pathlib import Path


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
