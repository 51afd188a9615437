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
FEWEST = 20  # lines of a row, and rows; with fewer, threads are not faster


def problems(geometry, uses=1):
    """Yield reasons against several threads in loops over synapses that are used so many times."""
    if prefs["brian_rflo.threads"] == 1:
        yield "the preference brian_rflo.threads is 1"
    yield from problems_of_sharing(geometry, uses)


def problems_of_sharing(geometry, uses=1):
    """Yield reasons for which these loops are never shared, whatever the number of threads.

    Loops without one are compiled as functions of a range of places, on one thread too: the same
    code then adds in the same order.
    """
    if geometry is None:
        yield "it is not connected all to all"
    elif not is_standalone():
        yield "threads are for C++ standalone"
    elif geometry.inner == PRE or lines(geometry) < FEWEST:
        yield "it has too few postsynaptic neurons"
    elif geometry.n_pre < FEWEST:
        yield "it has too few presynaptic neurons"
    elif geometry.networks * geometry.n_pre * geometry.n_post * uses < LEAST:
        yield f"fewer than {LEAST} synapses are used at once"


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

    Each begins where a vector of one thread's loop begins.
    """

    places: int
    count: int
    width: int

    @classmethod
    def of(cls, places, networks, number):
        """Return ranges of which each of `number` threads gets the same number, as far as vectors
        allow.
        """
        vectors, count = VECTORS * per_line(), number // gcd(number, networks)
        if count == 1:
            return cls(places, 1, places)
        width = max(2, -(-places // (count * vectors)))
        width = (width + (width % 8 == 0)) * vectors  # rows a page apart would share cache lines
        return cls(places, max(1, -(-(places - vectors) // width)), width)

    @property
    def last(self):
        """The place at which the last range begins."""
        return (self.count - 1) * self.width

    @property
    def rest(self):
        """The width of the last range."""
        return self.places - self.last

    @property
    def widest(self):
        """The largest width of a range."""
        return max(self.width, self.rest)


def number_for(geometry):
    """Return how many threads share loops over synapses."""
    return 1 if any(problems(geometry)) else int(prefs["brian_rflo.threads"])


def template_arguments(runner):
    """Return the template arguments for a runner: the number of threads, the ranges that they work
    on, and whether its loops are functions of a range.
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
    ranges = geometry and Ranges.of(geometry.n_post, geometry.networks, threads)
    return dict(
        threads=threads,
        ranges=ranges,
        is_split=not any(problems_of_sharing(geometry)),
    )
