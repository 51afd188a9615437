"""What local synthetic gradients cost: six networks side by side, beside six of RFLO.

    python -m brian_rflo.benchmarks.local_dni

C++ standalone, networks of 32 neurons that follow a stream and learn in every step, random
feedback; CPU seconds of the steps, of one thread. Rounds alternate, and ratios are formed within a
round. Status 1 if the median is above the goal. ``--size 8 --rounds 2`` is a trial run.
"""

import argparse
import sys
from contextlib import ExitStack

from ..results.text import aligned
from .local_dni_contestants import CONTESTANTS, NETWORKS
from .problem import STEPS, Problem
from .results import Spread
from .rounds import calibrated
from .worker import Worker

#: The largest cost in units of RFLO's.
GOAL = 3.7


def measure(size, rounds):
    """Return the CPU seconds of a step in each round, by contestant."""
    with ExitStack() as stack:
        workers, periods = {}, {}
        for name in CONTESTANTS:
            workers[name] = stack.enter_context(Worker(name, "local_dni_contestants"))
            workers[name].prepare(Problem(size))
            periods[name] = calibrated(workers[name])
        found = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.run(periods[name])["cpu"] / (periods[name] * STEPS))
    return found


def ratio(found):
    """Return the spread of the cost in units of RFLO's."""
    return Spread.of([dni / rflo for dni, rflo in zip(found["dni"], found["rflo"])])


def table(size, found):
    """Return times and the ratio as text."""
    rows = [(f"{NETWORKS} networks of {size}", "us per step", "/ RFLO", "goal")]
    for name, times in found.items():
        ends = (str(ratio(found)), f"{GOAL}") if name == "dni" else ("", "")
        rows.append((name, str(Spread.of(times).times(1e6)), *ends))
    return aligned(rows)


def main():
    """Measure and print; return 0 if the goal is reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.local_dni",
        description="Local synthetic gradients beside RFLO.",
    )
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    found = measure(args.size, args.rounds)
    print(table(args.size, found), flush=True)
    return 0 if ratio(found).middle <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
