"""What weight and node perturbation cost: a pair of trials beside two networks of RFLO.

    python -m brian_rflo.benchmarks.perturbation

C++ standalone, weights that change at the end of trials of 200 steps; CPU seconds of the steps, of
one thread. Rounds alternate, and ratios are formed within a round. Status 1 if a median is above
the goal. ``--sizes 20 --rounds 2`` is a trial run.
"""

import argparse
import sys
from contextlib import ExitStack

from ..results.text import aligned
from .problem import KINDS, STEPS, Problem
from .results import Spread
from .rounds import calibrated
from .worker import Worker

#: The largest cost of a pair in units of two networks of RFLO.
GOAL, RULES, BESIDE = 2.2, ("np", "wp"), "rflo"


def measure(problem, rounds):
    """Return the CPU seconds of a step in each round, by contestant, and why projections keep no
    histories.
    """
    with ExitStack() as stack:
        workers, reasons, periods = {}, {}, {}
        for name in (BESIDE, *RULES):
            worker = workers[name] = stack.enter_context(Worker(name, "perturbation_contestants"))
            reasons[name] = worker.prepare(problem)["reasons"]
            periods[name] = calibrated(worker)
        found = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.run(periods[name])["cpu"] / (periods[name] * STEPS))
    return found, reasons


def ratios(found, rule):
    """Return the spread of the cost of a pair in units of two networks of RFLO."""
    return Spread.of([pair / two for pair, two in zip(found[rule], found[BESIDE])])


def table(problem, found, reasons):
    """Return times and ratios as text."""
    rows = [(f"{problem}", "us per step", "/ two of RFLO", "goal", "no histories, since")]
    for name, times in found.items():
        is_pair = name in RULES
        recurrent, readout = (reason or "-" for reason in reasons[name])
        rows.append(
            (
                f"{name}, a pair" if is_pair else "rflo, two networks",
                str(Spread.of(times).times(1e6)),
                str(ratios(found, name)) if is_pair else "",
                f"{GOAL}" if is_pair else "",
                f"recurrent: {recurrent}; readout: {readout}",
            )
        )
    return aligned(rows)


def main():
    """Measure and print; return 0 if the goal is reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.perturbation",
        description="Pairs of trials beside two networks of RFLO.",
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[100, 300])
    parser.add_argument("--kind", default="rate", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=7)
    args, holds = parser.parse_args(), True
    for size in args.sizes:
        problem = Problem(size, mode="trial", kind=args.kind)
        found, reasons = measure(problem, args.rounds)
        print(table(problem, found, reasons), "\n", flush=True)
        holds &= all(ratios(found, rule).middle <= GOAL for rule in RULES)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
