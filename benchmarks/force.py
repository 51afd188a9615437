"""What FORCE costs: a step of it beside the limit, RFLO by hand in the mode "online".

    python -m brian_rflo.benchmarks.force

C++ standalone, 1000 neurons, float64; CPU seconds of the steps, of one thread. Rounds alternate,
and ratios are formed within a round. Status 1 if the median is above the goal. ``--sizes 30
--rounds 2`` is a trial run.
"""

import argparse
import sys
from contextlib import ExitStack

from ..results.text import aligned
from .problem import STEPS, Problem
from .results import Spread
from .rounds import calibrated
from .worker import Worker

#: The largest cost of a step in units of the limit.
GOAL = 2.7


def measure(problem, rounds):
    """Return the CPU seconds of a step in each round, by contestant, and why projections of FORCE
    are not in the dense loops.
    """
    with ExitStack() as stack:
        workers = {
            "limit": stack.enter_context(Worker("limit")),
            "force": stack.enter_context(Worker("force", "force_contestants")),
        }
        facts = {name: worker.prepare(problem) for name, worker in workers.items()}
        periods = {name: calibrated(worker) for name, worker in workers.items()}
        found = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.run(periods[name])["cpu"] / (periods[name] * STEPS))
    return found, facts["force"]["reasons"]


def ratio(found):
    """Return the spread of the cost of a step in units of the limit."""
    return Spread.of([ours / limit for ours, limit in zip(found["force"], found["limit"])])


def table(problem, found, reasons):
    """Return times and ratio as text."""
    why = "; ".join(reason for reason in reasons if reason) or "in dense loops"
    return aligned(
        [
            (f"{problem}", "us per step", "/ limit", "goal", "P and readout"),
            ("limit", str(Spread.of(found["limit"]).times(1e6)), "", "", ""),
            (
                "FORCE",
                str(Spread.of(found["force"]).times(1e6)),
                str(ratio(found)),
                f"{GOAL}",
                why,
            ),
        ]
    )


def main():
    """Measure and print; return 0 if the goal is reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.force", description="FORCE beside the limit."
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000])
    parser.add_argument("--rounds", type=int, default=5)
    args, holds = parser.parse_args(), True
    for size in args.sizes:
        problem = Problem(size)
        found, reasons = measure(problem, args.rounds)
        print(table(problem, found, reasons), "\n", flush=True)
        holds &= ratio(found).middle <= GOAL
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
