"""Processors on which loops over synapses were measured, with the best layout for each."""

import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from brian2 import prefs

from .borrowed import get_compiler_and_args


@dataclass(frozen=True)
class Layout:
    """Memory layout of loops over all synapses on a processor.

    Parameters
    ----------
    rows : tuple of (int, int)
        Pairs of the least number of synapses in a row and the number of rows processed side by
        side, in ascending order.
    padded_below : float
        Rows with fewer synapses are copied and padded to whole cache lines (dense/padding.py).
    flags : tuple of str
        Flags for the GNU compiler and Clang in addition to the user's, for float64.
    """

    rows: tuple = ((0, 8),)
    padded_below: float = 0
    flags: tuple = ()

    def side_by_side(self, n_post):
        """Return how many rows of `n_post` synapses are processed side by side."""
        return [count for least, count in self.rows if least <= n_post][-1]


#: By name of the processor: pattern of its description in /proc/cpuinfo, and the best layout at N =
#: 30, 100, 300 and 1000.
MEASURED = {
    "Intel Xeon, Sapphire Rapids or later": (
        r"GenuineIntel.*\bavx512_fp16\b",
        Layout(
            ((0, 16), (64, 8), (513, 16)), padded_below=64, flags=("-mprefer-vector-width=512",)
        ),
    ),
    "AMD Zen 5": (
        r"AuthenticAMD\s+cpu family\s*: 26\b",
        Layout(((0, 4), (513, 16)), padded_below=np.inf),
    ),
}


@cache
def description():
    """Return the system's description of the processor."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return "\n".join(
            dict.fromkeys(
                line
                for line in lines
                if line.startswith(
                    ("vendor_id", "cpu family", "model", "flags", "Features", "CPU ")
                )
            )
        )
    with suppress(OSError):
        return subprocess.run(
            ["sysctl", "-n", "machdep.cpu"], capture_output=True, text=True
        ).stdout
    return ""


@cache
def name():
    """Return the name of the processor in the table, or None."""
    return next(
        (
            name
            for name, (pattern, _) in MEASURED.items()
            if re.search(pattern, description(), re.DOTALL)
        ),
        None,
    )


def layout():
    """Return the layout for this processor; one that was not measured gets 8 rows side by side and
    nothing else.
    """
    return MEASURED[name()][1] if name() else Layout()


def flags():
    """Return the compiler flags for this processor in the coming run, unless the user has set
    them.
    """
    _, given = get_compiler_and_args()
    is_double = prefs["core.default_float_dtype"] == np.float64
    return (
        list(layout().flags)
        if is_double and not any("prefer-vector-width" in flag for flag in given)
        else []
    )
