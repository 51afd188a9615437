"""The random numbers to come: NumPy's generator, and what Cython code has drawn ahead."""

import ctypes

import numpy as np
from brian2 import get_device

from ..results.archives import in_words
from .conditional import is_standalone

#: Numbers that Cython code draws at a time.
BUFFER_SIZE = 20000
#: Types and lengths of the arrays.
ARRAYS = {
    "random/key": (np.uint32, range(624, 625)),
    "random/rest": (np.float64, range(3, 4)),
    "random/rand": (np.float64, range(BUFFER_SIZE + 1)),
    "random/randn": (np.float64, range(BUFFER_SIZE + 1)),
}


def random_numbers():
    """Return the state of the random generators as arrays by name; empty in C++ standalone, which
    does not provide it.
    """
    if is_standalone():
        return {}
    state, device = np.random.get_state(legacy=False), get_device()
    arrays = {
        "random/key": state["state"]["key"],
        "random/rest": np.array(
            [state["state"]["pos"], state["has_gauss"], state["gauss"]], dtype=float
        ),
    }
    for name in ("rand", "randn"):
        used = int(getattr(device, f"{name}_buffer_index")[0])
        arrays[f"random/{name}"] = drawn_ahead(device, name)[used:].copy() if used else np.zeros(0)
    return arrays


def random_numbers_in(file):
    """Return the checked state in an `Archive`; empty from or for C++ standalone.

    Raises
    ------
    ValueError
        If `random_numbers` cannot have given them.
    """
    if is_standalone() or not set(ARRAYS) & set(file.headers):
        return {}
    for name, (dtype, lengths) in ARRAYS.items():
        if name not in file.headers:
            raise ValueError(f"it lacks '{name}'")
        header = file.headers[name]
        if header.dtype != dtype or len(header.shape) != 1 or header.shape[0] not in lengths:
            length = lengths[-1] if len(lengths) == 1 else f"up to {lengths[-1]}"
            raise ValueError(
                f"'{name}' must be {length} values of {np.dtype(dtype)}; got {in_words(header)}"
            )
    arrays = file.read(ARRAYS)
    pos, has_gauss, _ = arrays["random/rest"]
    if (
        not all(np.isfinite(values).all() for values in arrays.values())
        or pos not in range(625)
        or has_gauss not in (0, 1)
    ):
        raise ValueError(
            "'random/rest' must be a place in the key and a number drawn ahead, and all of them "
            f"finite; got {arrays['random/rest'].tolist()}"
        )
    return arrays


def restore_random_numbers(arrays):
    """Restore the state of the random generators."""
    pos, has_gauss, gauss = arrays["random/rest"]
    np.random.set_state(
        {
            "bit_generator": "MT19937",
            "state": {"key": arrays["random/key"], "pos": int(pos)},
            "has_gauss": int(has_gauss),
            "gauss": float(gauss),
        }
    )
    device = get_device()
    for name in ("rand", "randn"):
        left = arrays[f"random/{name}"]
        if len(left):
            drawn_ahead(device, name)[-len(left) :] = left
        getattr(device, f"{name}_buffer_index")[0] = BUFFER_SIZE - len(left) if len(left) else 0


def drawn_ahead(device, name):
    """Return the numbers that Cython code has drawn but not all used, as an array.

    Before version 2.11 Brian2 has a pointer to memory that it frees itself.
    """
    buffer = getattr(device, f"{name}_buffer")
    if buffer.dtype == np.float64:
        return buffer
    if not buffer[0]:
        allocate = ctypes.pythonapi.PyMem_RawMalloc
        allocate.restype, allocate.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        buffer[0] = allocate(BUFFER_SIZE * np.dtype(np.float64).itemsize)
    return np.ctypeslib.as_array((ctypes.c_double * BUFFER_SIZE).from_address(int(buffer[0])))
