"""What two threads are worth: the timed rate network, in wall seconds.

    python -m brian_rflo.benchmarks.threads

C++ standalone, float64, learning in every step. Rounds are short and alternate, and the least of
each is compared, since other programs on the machine only add to them: on an idle machine it is
what two threads are worth. Both must have the same numbers, to the bit. With ``--busy 2`` as many
processes of Python are busy meanwhile, and medians are compared. Status 1 if a ratio is above its
goal. ``--sizes 128 --rounds 2`` is a trial run.
"""

import argparse
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ..results.text import aligned
from .machine import processor
from .problem import STEPS, Problem
from .results import Spread
from .rounds import calibrated
from .threads_contestants import CONTESTANTS
from .worker import Worker

#: The largest ratios of wall seconds, two threads to one, by number of neurons: on an idle machine.
GOALS = {300: 0.7, 1000: 0.95, 3000: 0.65}
#: And where others are busy.
BUSY_GOAL = 1.5


@dataclass(frozen=True)
class Found:
    """Wall seconds of a step in each round, by contestant; whether their numbers are the same."""

    size: int
    seconds: dict
    is_same: bool

    def ratio(self, is_busy):
        """Return two threads to one: of the least, or of the medians where others are busy."""
        one, two = (Spread.of(self.seconds[name]) for name in ("one", "two"))
        return two.middle / one.middle if is_busy else two.low / one.low

    def goal(self, is_busy):
        """Return the goal; None if there is none for this size."""
        return BUSY_GOAL if is_busy else GOALS.get(self.size)

    def is_reached(self, is_busy):
        """Return whether the ratio is not above its goal, and the numbers are the same."""
        goal = self.goal(is_busy)
        return self.is_same and (goal is None or self.ratio(is_busy) <= goal)


@contextmanager
def busy(count):
    """Keep so many processes busy."""
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(
                subprocess.Popen([sys.executable, "-c", "while True: pass"])
            )
            stack.callback(process.kill)
        yield


def measure(size, rounds, count):
    """Return what was found at a size, with so many busy processes."""
    with ExitStack() as stack:
        workers = {}
        for name in CONTESTANTS:
            workers[name] = stack.enter_context(Worker(name, "threads_contestants"))
            workers[name].prepare(Problem(size))
        periods = max(1, calibrated(workers["one"]) // 5)
        results = {name: worker.run(periods) for name, worker in workers.items()}
        seconds = {name: [] for name in workers}
        stack.enter_context(busy(count))
        for _ in range(rounds):
            for name, worker in workers.items():
                seconds[name].append(worker.run(periods)["wall"] / (periods * STEPS))
    numbers = [(run["change"], run["output"]) for run in results.values()]
    return Found(size, seconds, numbers[0] == numbers[1])


def table(found, is_busy):
    """Return times and ratios as text."""
    which = "median" if is_busy else "least"
    rows = [("N", "one thread, us per step", "two threads", f"ratio ({which})", "goal", "bits")]
    for one in found:
        times = (str(Spread.of(times).times(1e6)) for times in one.seconds.values())
        ratio, goal = f"{one.ratio(is_busy):.3g}", one.goal(is_busy)
        same = "same" if one.is_same else "other"
        rows.append((str(one.size), *times, ratio, "" if goal is None else f"{goal}", same))
    return aligned(rows)


def main():
    """Measure and print; return 0 if the goals are reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.threads",
        description="Two threads beside one, wall seconds.",
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(GOALS))
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--busy", type=int, default=0, help="processes that are busy meanwhile")
    args = parser.parse_args()
    found = [measure(size, args.rounds, args.busy) for size in args.sizes]
    print(f"{processor()}\n{table(found, args.busy > 0)}", flush=True)
    return 0 if all(one.is_reached(args.busy > 0) for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
