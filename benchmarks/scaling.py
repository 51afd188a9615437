"""What presynaptic-dependent scaling costs: beside the same network in plain Brian2, whose weights
rest.

    python -m brian_rflo.benchmarks.scaling

C++ standalone, trials of 800 steps, sparse synapses with delays; CPU seconds of the steps, of one
thread. Rounds alternate, and ratios are formed within a round. Status 1 if the median is above the
goal. ``--sizes 100 --rounds 2`` is a trial run.
"""

import argparse
import sys
from contextlib import ExitStack

from ..results.text import aligned
from .problem import Problem
from .results import Spread
from .rounds import calibrated
from .scaling_contestants import STEPS
from .worker import Worker

#: The largest cost in units of the network whose weights rest.
GOAL, BESIDE, LEARNING = 2.5, "plain", "scaling"
TITLES = {BESIDE: "plain Brian2, weights rest", LEARNING: "this package, scaling"}


def measure(problem, rounds):
    """Return the CPU seconds of a step in each round, and the spikes per excitatory neuron of a
    trial, by contestant.
    """
    with ExitStack() as stack:
        workers, periods, spikes = {}, {}, {}
        for name in (BESIDE, LEARNING):
            worker = workers[name] = stack.enter_context(Worker(name, "scaling_contestants"))
            worker.prepare(problem)
            periods[name] = calibrated(worker)
        found = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                run = worker.run(periods[name])
                found[name].append(run["cpu"] / (periods[name] * STEPS))
                spikes[name] = run["output"]
    return found, spikes


def ratios(found):
    """Return the spread of the cost in units of the network whose weights rest."""
    return Spread.of([one / other for one, other in zip(found[LEARNING], found[BESIDE])])


def table(problem, found, spikes):
    """Return times and ratios as text."""
    rows = [(f"N = {problem.size}", "us per step", "ratio", "goal", "spikes per neuron and trial")]
    for name, times in found.items():
        compared = (str(ratios(found)), f"{GOAL}") if name == LEARNING else ("", "")
        shown = str(Spread.of(times).times(1e6))
        rows.append((TITLES[name], shown, *compared, f"{spikes[name]:.3g}"))
    return aligned(rows)


def main():
    """Measure and print; return 0 if the goal is reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.scaling",
        description="Presynaptic-dependent scaling beside plain Brian2 without learning.",
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[500])
    parser.add_argument("--rounds", type=int, default=7)
    args, holds = parser.parse_args(), True
    for size in args.sizes:
        problem = Problem(size, mode="trial", kind="spiking")
        found, spikes = measure(problem, args.rounds)
        print(table(problem, found, spikes), "\n", flush=True)
        holds &= ratios(found).middle <= GOAL
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
