"""Performance goals: a list for each processor, and the comparison of measured numbers with it."""

from dataclasses import dataclass, replace

from ..brian import processors
from ..crews.experiment import Row
from ..results.text import aligned
from .problem import Problem

ALL = (30, 100, 300, 1000)


@dataclass(frozen=True)
class Goal:
    """An upper or lower bound of the time of `over`, in units of `under`, at one size, with the
    network, precision and modes of both.
    """

    over: str
    under: str
    size: int
    most: float | None = None
    least: float | None = None
    dtype: str = "float64"
    over_mode: str = "online"
    under_mode: str = "online"
    kind: str = "rate"

    def row(self, results):
        """Return the goal beside the measured value; None if it was not measured."""
        ratio = results.ratio(
            self.over, self.under, self.problem(self.over_mode), self.problem(self.under_mode)
        )
        return ratio and Row(str(self), ratio.middle, low=self.least, high=self.most)

    def problem(self, mode):
        """Return its case in a mode."""
        return Problem(self.size, self.dtype, mode, self.kind)

    def __str__(self):
        modes = (
            (f" ({self.over_mode})", f" ({self.under_mode})")
            if self.over_mode != self.under_mode
            else ("", "")
        )
        dtype = "" if self.dtype == "float64" else f", {self.dtype}"
        if self.kind == "spiking":
            return f"{self.over} / {self.under}, {self.problem(self.over_mode)}"
        return f"{self.over}{modes[0]} / {self.under}{modes[1]}, N = {self.size}{dtype}"


def at_most(over, under, bounds, sizes=ALL, **options):
    """Return goals with one upper bound per size."""
    return [Goal(over, under, size, most=bound, **options) for size, bound in zip(sizes, bounds)]


def at_least(over, under, bounds, sizes=ALL, **options):
    """Return goals with one lower bound per size."""
    return [Goal(over, under, size, least=bound, **options) for size, bound in zip(sizes, bounds)]


#: For both processors.
COMMON = (
    *at_most("ours-9", "limit", (1.5, 1.25, 1.3, 1.2)),
    *at_most("ours-9", "limit-9", (1.5, 1.25, 1.3, 1.2)),
    *at_least("brian2", "ours", (2.5, 4, 4, 3.5)),
    *at_least("numpy", "ours", (5, 5, 5, 5)),
    *at_least("torch", "ours", (2.5, 2.5, 2.5, 2.5)),
    *at_most("ours", "jax", (1, 1, 1, 1.05)),
    *at_least("ours", "ours", (1.5, 1.5), sizes=(100, 300), under_mode="trial"),
    *at_most("ours-cython", "limit", (1.15,), sizes=(1000,)),
    *at_least(
        "nest",
        "ours",
        (4, 4, 4),
        sizes=(100, 300, 1000),
        over_mode="trial",
        under_mode="trial",
        kind="spiking",
    ),
    *at_least(
        "nest",
        "ours-eprop",
        (4, 4, 4),
        sizes=(100, 300, 1000),
        over_mode="trial",
        under_mode="trial",
        kind="spiking",
    ),
    *at_least(
        "nest-alif",
        "ours-eprop-alif",
        (4, 4, 4),
        sizes=(100, 300, 1000),
        over_mode="trial",
        under_mode="trial",
        kind="spiking",
    ),
)
SINGLE = dict(sizes=(300, 304, 1000), dtype="float32")
SPIKING_ONLINE = dict(sizes=(100, 300, 1000), kind="spiking")
#: One list for each processor, by its name in `processors.MEASURED`.
GOALS = {
    "Intel Xeon, Sapphire Rapids or later": (
        *at_most("ours", "limit", (1.85, 1.08, 1.18, 1.12)),
        *at_least("numba", "ours", (1.2, 1.2, 0.93, 0.9)),
        *at_most("ours", "limit", (1.7, 1.4, 1.15), **SINGLE),
        *at_most("ours", "limit", (None, None, None), **SPIKING_ONLINE),  # not measured here
        *COMMON,
    ),
    "AMD Zen 5": (
        *at_most("ours", "limit", (1.95, 1.27, 1.2, 1.25)),
        *at_least("numba", "ours", (1.2, 1.2, 1.0, 0.9)),
        *at_most("ours", "limit", (1.7, 1.4, 1.4), **SINGLE),
        *at_most("ours", "limit", (1.0, 1.3, 0.7), **SPIKING_ONLINE),
        *COMMON,
    ),
}

SPIKING_NS, SPIKING = (
    {"ours": 1.0, "ours-eprop": 1.5, "ours-eprop-alif": 2.5},
    Problem(300, mode="trial", kind="spiking"),
)
PAPER_S, MEMORY_MB, MEMORY_SIZE = 2.5, 700, 3000


def rows(results, growth=None, processor=None):
    """Return all goals that were measured, as rows; without bounds on a processor that has no list.

    `processor` is the name of a list, by default of that for the processor at hand.
    """
    goals = GOALS.get(processor or processors.name())
    found = [
        row for row in (goal.row(results) for goal in goals or next(iter(GOALS.values()))) if row
    ]
    for name, most in SPIKING_NS.items():
        if spread := results.nanoseconds(name, SPIKING):
            found.append(Row(f"{name}, {SPIKING}: ns per synapse", spread.middle, high=most))
    if growth and growth.get("paper"):
        found.append(Row("paper run: CPU seconds", growth["paper"]["program"], high=PAPER_S))
    if goals is None:
        found = [replace(row, low=None, high=None) for row in found]
    largest = [
        point
        for point in (growth or {}).get("sizes", [])
        if point["size"] == MEMORY_SIZE and point["memory"]
    ]
    return found + [
        Row(f"peak memory, N = {MEMORY_SIZE}: MB", point["memory"] / 1e6, high=MEMORY_MB)
        for point in largest
    ]


def table(rows):
    """Return the goals as text."""
    mark = {True: "yes", False: "NO", None: ""}
    return aligned(
        [
            ("goal", "measured", "expected", "holds"),
            *((row.quantity, f"{row.measured:.3g}", row.expected, mark[row.holds]) for row in rows),
        ]
    )
