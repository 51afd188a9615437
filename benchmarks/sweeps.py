"""Speed-up of a sweep by two workers: eight networks of about twenty seconds each, one at a time
and two at a time.

    python -m brian_rflo.benchmarks.sweeps

Their numbers must be the same. The machine must be quiet: without two idle cores there is nothing
to gain. ``--seconds 2`` is a trial run.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from brian2 import defaultclock, ms, prefs

from .. import RFLO, LearningNetwork, RateNeurons, sweep
from ..crews import THREADS
from ..network import Murray2019
from ..tasks import PeriodicOutput

GOAL, NETWORKS, PROBE = 1.7, 8, 60


def train(seed, trials):
    """Train a network of Murray's size on the numpy target."""
    task = PeriodicOutput(period=200 * ms)
    defaultclock.dt = task.dt
    return LearningNetwork(
        task, RateNeurons(30, tau=10 * ms), RFLO(0.03, tau=10 * ms), initial=Murray2019(seed=seed)
    ).train(trials)


def trials_in(seconds):
    """Return the number of trials of a network that takes `seconds` here, including its
    construction.
    """
    build, probe = (timed(trials) for trials in (1, 1 + PROBE))
    return max(1, round(1 + PROBE * (seconds - build) / (probe - build)))


def timed(trials):
    """Return the wall seconds of one network, without what is computed only once in a process."""
    train(0, 1)
    start = time.perf_counter()
    train(0, trials)
    return time.perf_counter() - start


def measure(workers, trials, folder):
    """Return the wall seconds of a sweep, from the call to the table, and what its networks
    returned.
    """
    start = time.perf_counter()
    table = sweep(
        train,
        {"seed": range(NETWORKS), "trials": [trials]},
        Path(folder) / str(workers),
        workers=workers,
    )
    return time.perf_counter() - start, [result.losses.tolist() for result in table.results]


def main():
    """Measure and print the speed-up; return 0 if the goal is reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.sweeps",
        description="Two workers against one, on a sweep of eight networks.",
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="seconds of a network (default: 20)"
    )
    os.environ.update(THREADS)
    prefs.codegen.target = "numpy"
    trials = trials_in(parser.parse_args().seconds)
    print(f"{NETWORKS} networks of {trials} trials")
    with tempfile.TemporaryDirectory(prefix="brian_rflo_bench_") as folder:
        (one, alone), (two, beside) = (measure(workers, trials, folder) for workers in (1, 2))
    if alone != beside:
        raise RuntimeError("two workers have computed other numbers than one")
    print(
        f"one worker {one:.1f} s ({one / NETWORKS:.1f} s a network), two workers {two:.1f} s:"
        f" {one / two:.2f} times faster, goal at least {GOAL}; same numbers"
    )
    return 0 if one / two >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
