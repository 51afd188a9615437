"""Fast loops for dense projections on compiled targets: the same Brian2 strings, as fast as
hand-written C++.

Brian2 runs a plastic projection as three loops over index arrays: traces, weight change, sum. An
all-to-all projection needs no index arrays, and its three loops can be merged, which halves the
memory traffic. `DenseParts` decides before each run.
"""

from numbers import Integral

from brian2 import BrianPreference, PreferenceError, prefs


def check_threads(value):
    """Return True for a number of threads; raise for everything else."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise PreferenceError(
            f"brian_rflo.threads must be a positive whole number; got {value!r}. Write"
            " prefs['brian_rflo.threads'] = 2, and at most as many as there are idle cores."
        )
    return True


prefs.register_preferences(
    "brian_rflo",
    "Preferences of brian_rflo, the learning rules for recurrent networks.",
    dense_pass=BrianPreference(
        default=True,
        docs=(
            "Whether all-to-all projections run as dense loops on compiled targets; the numbers are"
            " the same."
        ),
    ),
    padded_rows=BrianPreference(
        default=None,
        validator=lambda value: value in (None, True, False),
        docs=(
            "Whether rows of all-to-all projections are padded to whole cache lines, in a private"
            " copy. None: on processors where it was measured to be faster."
        ),
    ),
    threads=BrianPreference(
        default=1,
        validator=check_threads,
        docs=(
            "Number of threads of C++ standalone programs in loops over the synapses of all-to-all"
            " projections, where it is faster; the numbers are the same bits. Cython runs on one"
            " thread."
        ),
    ),
    vector_math=BrianPreference(
        default=True,
        docs=(
            "Whether C++ standalone code of learning networks uses the vector versions of tanh and"
            " exp, where there are any."
        ),
    ),
    step_loop=BrianPreference(
        default=True, docs="Whether C++ standalone runs networks with one clock in a tight loop."
    ),
    one_file=BrianPreference(
        default=True,
        docs=(
            "Whether C++ standalone programs of learning networks are compiled as one file, beside"
            " their main function."
        ),
    ),
    keep_programs=BrianPreference(
        default=True,
        docs=(
            "Whether the object files of such programs are kept for the next ones, in the user's"
            " cache folder; `brian-rflo clean` deletes them."
        ),
    ),
)

from .code import Geometry  # noqa: E402
from .parts import DenseParts  # noqa: E402
from .reading import read  # noqa: E402

__all__ = ["DenseParts", "Geometry", "read"]
