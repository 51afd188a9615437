"""Reading of NumPy array files (.npz): first shapes and types, then the requested values."""

import ast
import json
import math
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from .files import existing_file

#: Characters in the description of an array, as NumPy allows them, and in a text.
LONGEST_HEADER, LONGEST_TEXT = 10_000, 10_000_000


@dataclass(frozen=True)
class Header:
    """Shape and type of an array in a file."""

    shape: tuple
    dtype: np.dtype


class Archive:
    """The arrays in an open file: all `headers` by name, and values on request.

    Raises
    ------
    RuntimeError
        If the file cannot be read; the message names it.
    """

    def __init__(self, path, file):
        self.path = path
        with report_damage(path):
            self.zip = zipfile.ZipFile(file)
            entries = {entry.filename: entry for entry in self.zip.infolist()}
            self.entries = {
                name.removesuffix(".npy"): entry
                for name, entry in entries.items()
                if name.endswith(".npy")
            }
            self.headers = {name: self.header(entry) for name, entry in self.entries.items()}

    def header(self, entry):
        """Return shape and type of an entry, after checking them against its size."""
        with self.zip.open(entry) as file:
            version = np.lib.format.read_magic(file)
            length = int.from_bytes(file.read(2 if version == (1, 0) else 4), "little")
            if length > LONGEST_HEADER:
                raise ValueError("the description of an array is too long")
            described = ast.literal_eval(
                file.read(length).decode("latin1" if version < (3, 0) else "utf8")
            )
            header = Header(described["shape"], np.lib.format.descr_to_dtype(described["descr"]))
            if (
                header.dtype.hasobject
                or math.prod(header.shape) * header.dtype.itemsize != entry.file_size - file.tell()
            ):
                raise ValueError("an array is not what its description says")
        return header

    def read(self, names):
        """Return the arrays of these names."""
        with report_damage(self.path):
            return {name: self.values(name) for name in names}

    def values(self, name):
        """Return one array."""
        with self.zip.open(self.entries[name]) as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    def dictionary(self, name):
        """Return a dictionary that is stored as JSON.

        Raises
        ------
        ValueError
            If it is not a dictionary in JSON.
        """
        header = self.headers[name]
        if header.shape or header.dtype.kind != "U" or header.dtype.itemsize > 4 * LONGEST_TEXT:
            raise ValueError(f"'{name}' must be a text; got {in_words(header)}")
        return dictionary(name, self.read([name])[name])


def dictionary(name, text):
    """Return a dictionary from JSON.

    Raises
    ------
    ValueError
        If it is not a dictionary in JSON.
    """
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{name}' must be JSON, which '{shortened(text)}' is not") from error
    if not isinstance(found, dict):
        raise ValueError(f"'{name}' must be a dictionary in JSON; got '{shortened(text)}'")
    return found


def shortened(value, longest=60):
    """Return a text shortened to one line."""
    text = "; ".join(str(value).splitlines())
    return text if len(text) <= longest else f"{text[:longest]}..."


def in_words(header):
    """Return shape and type of an array as text."""
    return f"{header.dtype} of shape {header.shape}" if header.shape else f"a single {header.dtype}"


@contextmanager
def archive(path):
    """Open an array file for the duration of the context; see `Archive`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError, RuntimeError
        If the file cannot be read; the message names it.
    """
    path = existing_file(path)
    with open(path, "rb") as file:
        yield Archive(path, file)


@contextmanager
def report_damage(path, kind="file of arrays"):
    """Context of reading a file: name the file in any error."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise RuntimeError(
            f"'{path}' is damaged, or not a {kind} ({type(error).__name__})"
        ) from error


def read_arrays(path, names=None):
    """Return arrays by name, all or the requested ones, without pickle.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError, RuntimeError
        If the file cannot be read; the message names it.
    """
    with archive(path) as arrays:
        return arrays.read(arrays.headers if names is None else names)
