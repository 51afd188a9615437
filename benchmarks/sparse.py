"""What sparse networks cost: the timed network of `problem`, online, with recurrent synapses drawn.

    python -m brian_rflo.benchmarks.sparse

This package, its ordinary Brian2 objects, and plain Brian2, in C++ standalone, beside C++ written
by hand (`limit_sparse.cpp`: `tiles` is the limit); CPU seconds of the steps, of one thread. Rounds
alternate, and ratios are formed within a round. Bounds hold on the processor on which they were
set. Status 1 if one is missed there, or if results differ. ``--networks 100:.1 --rounds 2`` is a
trial run.
"""

import argparse
import sys
from contextlib import ExitStack

from ..brian import processors
from ..results.text import aligned
from .problem import STEPS, Problem
from .results import AGREEMENT, Spread
from .rounds import calibrated
from .sparse_contestants import CONTESTANTS
from .worker import Worker

#: Processor of the bounds; largest ratios of ours to the limit by number of neurons and
#: probability, and least ratio of ordinary objects to ours.
PROCESSOR = "AMD Zen 5"
BOUNDS, ORDINARY = {(300, 0.1): 1.35, (1000, 0.1): 1.25, (1000, 0.02): 1.35, (3000, 0.03): 1.25}, 3


def measure(size, probability, rounds, names):
    """Return the CPU seconds of a step in each round, and the result of one period, by
    contestant.
    """
    with ExitStack() as stack:
        workers, periods, results = {}, {}, {}
        for name in names:
            worker = Worker(f"{name}:{probability}", "sparse_contestants")
            workers[name] = stack.enter_context(worker)
            worker.prepare(Problem(size))
            results[name] = worker.run(1)["change"]
            periods[name] = calibrated(worker)
        found = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.run(periods[name])["cpu"] / (periods[name] * STEPS))
    return found, results


def ratio(found, over, under):
    """Return the spread of the ratio of two contestants; None if one was not measured."""
    return Spread.of([a / b for a, b in zip(found.get(over, ()), found.get(under, ()))])


def verdicts(size, probability, found):
    """Return each bound in words, and whether it holds; None where it was not set."""
    beside, ordinary = ratio(found, "ours", "tiles"), ratio(found, "ordinary", "ours")
    rows, bound = [], BOUNDS.get((size, probability))
    here = processors.name() == PROCESSOR and bound is not None
    if beside:
        holds = beside.middle <= bound if here else None
        rows.append((f"ours / tiles {beside}, bound {bound or '-'}", holds))
    if ordinary:
        holds = ordinary.middle >= ORDINARY if here else None
        rows.append((f"ordinary objects / ours {ordinary}, bound {ORDINARY}", holds))
    return rows


def table(size, probability, found):
    """Return times and ratios as text."""
    synapses = probability * size**2
    rows = [(f"N = {size}, p = {probability}", "us per step", "ns per synapse", "/ tiles")]
    for name, times in found.items():
        spread = Spread.of(times)
        each = str(spread.times(1e9 / synapses))
        rows.append((name, str(spread.times(1e6)), each, str(ratio(found, name, "tiles") or "")))
    return aligned(rows)


def agree(results):
    """Return whether all contestants have changed the weights by as much."""
    first, *others = results.values()
    return all(abs(other / first - 1) <= AGREEMENT["float64"] for other in others)


def network(text):
    """Return the number of neurons and the probability in ``300:.1``."""
    size, probability = text.split(":")
    return int(size), float(probability)


def parsed():
    """Return the user's choices."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.sparse",
        description="Sparse networks beside C++ written by hand.",
    )
    parser.add_argument("--networks", nargs="+", type=network, default=list(BOUNDS))
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


def main():
    """Measure and print; return 0 if all bounds hold, else 1."""
    args, good = parsed(), True
    for size, probability in args.networks:
        found, results = measure(size, probability, args.rounds, args.contestants)
        print(table(size, probability, found), flush=True)
        for text, holds in verdicts(size, probability, found):
            good &= holds is not False
            print(text, {True: "holds", False: "MISSED", None: "no verdict here"}[holds], sep=": ")
        if not agree(results):
            good = False
            print(f"RESULTS DIFFER: {results}")
        print(flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
