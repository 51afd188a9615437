"""The random numbers to come: NumPy's generator, and what Cython code has drawn ahead."""

import numpy as np
from brian2 import get_device, get_logger

from ..results.archives import in_words
from .conditional import is_standalone

logger = get_logger(__name__)

#: Numbers that Cython code draws at a time.
BUFFER_SIZE = 20000
#: Types and lengths of the arrays of NumPy's generator, and of what was drawn ahead.
GENERATOR = {
    "random/key": (np.uint32, range(624, 625)),
    "random/rest": (np.float64, range(3, 4)),
}
AHEAD = {
    "random/rand": (np.float64, range(BUFFER_SIZE + 1)),
    "random/randn": (np.float64, range(BUFFER_SIZE + 1)),
}
ANEW = (
    "Random numbers begin anew after loading: Cython code had drawn some ahead, which Brian2 tells "
    "from version 2.11 on. Within one process, Brian2's store() and restore() keep them."
)


def random_numbers():
    """Return the state of the random numbers as arrays by name; empty in C++ standalone.

    What Cython code has drawn ahead is left out before Brian2 2.11, which does not tell.
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
    ahead = drawn_ahead(device)
    if tells_what_is_ahead(device) or not any(used[0] for _, used in ahead.values()):
        for name, (numbers, used) in ahead.items():
            arrays[name] = np.array(numbers[used[0] :] if used[0] else [], dtype=float)
    return arrays


def drawn_ahead(device):
    """Return the numbers drawn ahead, and how many of them are used, by their names in a file."""
    return {
        "random/rand": (device.rand_buffer, device.rand_buffer_index),
        "random/randn": (device.randn_buffer, device.randn_buffer_index),
    }


def tells_what_is_ahead(device):
    """Return whether the device holds the numbers drawn ahead, not a pointer to them (Brian2
    before 2.11).
    """
    return device.rand_buffer.dtype == np.float64


def random_numbers_in(file):
    """Return the random numbers in an `Archive`, checked; empty from C++ standalone, or for it.

    Raises
    ------
    ValueError
        If `random_numbers` cannot have given them.
    """
    known = {**GENERATOR, **AHEAD}
    if is_standalone() or not set(known) & set(file.headers):
        return {}
    wanted = known if set(AHEAD) & set(file.headers) else GENERATOR
    for name, (dtype, lengths) in wanted.items():
        if name not in file.headers:
            raise ValueError(f"it lacks '{name}'")
        header = file.headers[name]
        if header.dtype != dtype or len(header.shape) != 1 or header.shape[0] not in lengths:
            length = lengths[-1] if len(lengths) == 1 else f"up to {lengths[-1]}"
            raise ValueError(
                f"'{name}' must be {length} values of {np.dtype(dtype)}; got {in_words(header)}"
            )
    arrays = file.read(wanted)
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
    """Let random numbers go on where they were; begin anew, with a warning, where numbers that
    were drawn ahead are missing or cannot be handed to Brian2.
    """
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
    saved = {name: arrays.get(name) for name in AHEAD}
    is_told = all(numbers is not None for numbers in saved.values())
    if not is_told or (not tells_what_is_ahead(device) and any(map(len, saved.values()))):
        logger.warn(ANEW, "random_numbers")
        saved = dict.fromkeys(saved, ())
    for name, (numbers, used) in drawn_ahead(device).items():
        left = saved[name]
        if len(left):
            numbers[-len(left) :] = left
        used[0] = BUFFER_SIZE - len(left) if len(left) else 0
