"""Threads of a C++ standalone program: loops over synapses are split over blocks of postsynaptic
neurons.

Each sum is taken by one thread, in the order of one thread, by the same statements: the numbers are
the same bits whatever the number of threads. The threads, and how they wait for each other, are in
`templates/threads.cpp`.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np
from brian2 import get_logger, prefs

from ..brian.conditional import is_standalone
from ..brian.private import link_threads
from .code import PRE

logger = get_logger(__name__)

LINE = 64  # bytes of a cache line
VECTORS = 2  # lines that a loop takes at once at most; ranges begin at multiples
LEAST = 9_000  # synapses used in a call; fewer are not faster
TOGETHER = 4  # rows that are added at once in one order, whatever the length of the loop
FEWEST = 20  # lines of a row, and rows; loops over fewer may be unrolled, and add in another order


def problems(geometry, uses=1):
    """Yield reasons against several threads in loops over synapses that are used so many times."""
    if geometry is None:
        yield "it is not connected all to all"
        return
    synapses = geometry.networks * geometry.n_pre * geometry.n_post
    if prefs["brian_rflo.threads"] == 1:
        yield "the preference brian_rflo.threads is 1"
    elif not is_standalone():
        yield "threads are for C++ standalone"
    elif geometry.inner == PRE or lines(geometry) < FEWEST:
        yield "it has too few postsynaptic neurons"
    elif geometry.n_pre < FEWEST:
        yield "it has too few presynaptic neurons"
    elif synapses * uses < LEAST:
        yield f"fewer than {LEAST} synapses are used at once"


def problems_of_loops(geometry):
    """Yield reasons against several threads in loops that add several rows at once."""
    yield from problems(geometry)
    if geometry.rows[0] > TOGETHER:
        yield (
            f"more than {TOGETHER} rows are added at once, in an order of the compiler's that"
            " depends on the number of threads"
        )


def per_line():
    """Return how many numbers are in a cache line."""
    return LINE // np.dtype(prefs["core.default_float_dtype"]).itemsize


def lines(geometry):
    """Return how many cache lines the row of a synapse takes up."""
    return -(-geometry.n_post // per_line())


@dataclass(frozen=True)
class Ranges:
    """Ranges of places that threads work on: `count` in each network, of `width` places, but the
    last, which begins at `last` and has the rest.

    Each place is computed by the same instructions as on one thread: ranges begin where vectors of
    one thread's loop begin, and none is so short that the compiler makes no loop of it.
    """

    places: int
    count: int
    width: int
    is_whole: bool = True

    @classmethod
    def of(cls, places, geometry):
        """Return ranges of which each thread gets the same number, as far as vectors allow."""
        width = cls.width_of(places, geometry)
        return cls(places, max(1, -(-(places - VECTORS * per_line()) // width)), width)

    @classmethod
    def of_lines(cls, geometry):
        """Return ranges of a copy whose rows are whole lines: of one width, with more places if
        need be, unless rows are whole lines by themselves.
        """
        places = lines(geometry) * per_line()
        if places == geometry.n_post:
            return cls.of(places, geometry)
        width = cls.width_of(places, geometry)
        count = -(-places // width)
        return cls(count * width, count, width, is_whole=False)

    @staticmethod
    def width_of(places, geometry):
        """Return the width of ranges."""
        threads, vectors = prefs["brian_rflo.threads"], VECTORS * per_line()
        count = threads // gcd(threads, geometry.networks)
        width = max(2, -(-places // (count * vectors)))
        return (width + (width % 8 == 0)) * vectors  # rows a page apart would share cache lines

    @property
    def last(self):
        """The place at which the last range begins."""
        return (self.count - 1) * self.width

    @property
    def kinds(self):
        """The widths that there are, and C++ that is true for ranges that have it."""
        rest = self.places - self.last
        if self.count == 1 or rest == self.width:
            return [(rest, "true")]
        return [(self.width, f"_from < {self.last}"), (rest, f"_from >= {self.last}")]


def template_arguments(runner):
    """Return the template arguments for a runner: the number of threads, and the ranges that they
    work on.
    """
    threads = 1 if runner.why_one_thread else int(prefs["brian_rflo.threads"])
    if threads > 1:
        link_threads()
    elif prefs["brian_rflo.threads"] > 1 and not is_standalone():
        logger.info(
            "This runs on one thread: brian_rflo.threads is for C++ standalone; write"
            " set_device('cpp_standalone').",
            "one_thread",
            once=True,
        )
    geometry = runner.group.geometry
    ranges = None if geometry is None else Ranges.of(geometry.n_post, geometry)
    return dict(threads=threads, ranges=ranges)
