"""Growth of time and memory with the size of the network and the number of trials; and the paper's
run.
"""

from .problem import STEPS, Problem
from .rounds import calibrated
from .worker import Failure, Worker

SIZES, TRIALS, PAPER_TRIALS, PAPER_SIZE = (
    (30, 100, 300, 1000, 2000, 3000),
    (100, 300, 1000, 3000, 10_000),
    10_000,
    30,
)


def paper_run(found, say):
    """Measure the paper's training, 1e4 trials of 200 steps: CPU seconds of the program, and the
    time to build it.
    """
    with Worker("paper") as worker:
        facts = worker.prepare(Problem(PAPER_SIZE))
        run = worker.run(PAPER_TRIALS)
    found["paper"] = {"trials": PAPER_TRIALS, "size": PAPER_SIZE, **run, **facts}
    say(f"paper run: {run['program']:.2f} s CPU, built in {facts['prepare_s']:.0f} s")


def over_trials(found, say):
    """Measure time and peak memory of one program against the number of trials."""
    found["trials"] = []
    with Worker("paper") as worker:
        worker.prepare(Problem(PAPER_SIZE))
        for trials in TRIALS:
            found["trials"].append({"trials": trials, **worker.run(trials)})
            say(f"{trials} trials: {found['trials'][-1]['program']:.3g} s CPU")


def over_sizes(found, rounds, say):
    """Measure time per step and peak memory against the number of neurons."""
    found["sizes"] = []
    for size in SIZES:
        with Worker("ours") as worker:
            worker.prepare(Problem(size))
            periods = calibrated(worker)
            runs = [worker.run(periods) for _ in range(rounds)]
        times = sorted(run["cpu"] * 1e6 / (periods * STEPS) for run in runs)
        found["sizes"].append(
            {
                "size": size,
                "us_per_step": times,
                "memory": runs[-1]["memory"],
                "rounds": runs,
                "periods": periods,
            }
        )
        say(f"N = {size}: {times[len(times) // 2]:.3g} us per step")


def measure(found, rounds, say):
    """Make all measurements, into the dictionary `found`; a part that fails leaves its reason."""
    parts = {
        "paper": paper_run,
        "trials": over_trials,
        "sizes": lambda found, say: over_sizes(found, rounds, say),
    }
    for name, part in parts.items():
        try:
            part(found, say)
        except Failure as failure:
            found[f"{name}_failed"] = str(failure)
            say(f"{name}: {failure}")
