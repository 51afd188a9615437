"""How time and memory of sparse networks grow: a hundred synapses of each neuron, up to 10 000
neurons; and networks side by side.

    python -m brian_rflo.benchmarks.sparse_growth

This package, C++ standalone, online (`sparse` has the network); CPU seconds of the steps, of one
thread, and peak memory of the program. Medians, the least and the greatest of the rounds.
"""

import argparse

from ..results.text import aligned
from .problem import STEPS, Problem
from .results import Spread
from .rounds import calibrated
from .worker import Worker

SIZES, SYNAPSES = (100, 300, 1000, 3000, 10_000), 100
NETWORKS, SIZE, PROBABILITY = (1, 3, 9, 27), 300, 0.1


def measure(size, probability, networks, rounds):
    """Return the CPU seconds of a step in each round, and the peak memory in bytes."""
    with Worker(f"ours:{probability}:{networks}", "sparse_contestants") as worker:
        worker.prepare(Problem(size))
        periods = calibrated(worker)
        runs = [worker.run(periods) for _ in range(rounds)]
    return [run["cpu"] / (periods * STEPS) for run in runs], runs[-1]["memory"]


def row(name, synapses, times, memory):
    """Return a row of a table."""
    spread = Spread.of(times)
    each = spread.times(1e9 / synapses)
    return (
        name,
        str(spread.times(1e6)),
        str(each),
        f"{memory / 1e6:.0f}",
        f"{memory / synapses:.0f}",
    )


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.sparse_growth",
        description="How time and memory of sparse networks grow.",
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--networks", nargs="+", type=int, default=NETWORKS)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    heads = "us per step", "ns per synapse", "MB in all", "bytes per synapse"
    rows = [(f"N, {SYNAPSES} synapses each", *heads)]
    for size in args.sizes:
        found = measure(size, SYNAPSES / size, 1, args.rounds)
        rows.append(row(str(size), SYNAPSES * size, *found))
    print(aligned(rows), flush=True)
    rows = [(f"networks of {SIZE}, p = {PROBABILITY}", *heads)]
    for networks in args.networks:
        found = measure(SIZE, PROBABILITY, networks, args.rounds)
        rows.append(row(str(networks), PROBABILITY * SIZE**2 * networks, *found))
    print(f"\n{aligned(rows)}")


if __name__ == "__main__":
    main()
