"""Files as somebody may have changed them."""

import tracemalloc
import zipfile

import numpy as np


def altered(path, **changes):
    """Change arrays in a file, by names in which _ stands for what names may not have.

    None takes an array out, a function changes it.
    """
    with np.load(path) as data:
        found = dict(data)
    names = {name.replace("/", "_").replace(".", "_"): name for name in found}
    for key, change in changes.items():
        name = names[key]
        value = found.pop(name)
        if change is not None:
            found[name] = change(value) if callable(change) else np.asarray(change)
    np.savez_compressed(path, **found)


def with_zeros(path, name, shape):
    """Add 200 MB of zeros in 200 kB to a file, in the place of what it has under that name."""
    with zipfile.ZipFile(path) as data:
        kept = {entry: data.read(entry) for entry in data.namelist() if entry != f"{name}.npy"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as data:
        for entry, content in kept.items():
            data.writestr(entry, content)
        with data.open(f"{name}.npy", "w", force_zip64=True) as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<f8", "fortran_order": False, "shape": shape}
            )
            for _ in range(25):
                file.write(bytes(8_000_000))
    assert path.stat().st_size < 2e6


def most_memory(function):
    """The most that a function has in memory at a time."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
