"""Measuring: contestants are prepared once, then take turns."""

from contextlib import ExitStack, contextmanager
from dataclasses import asdict

from .contestants import BY_NAME
from .problem import STEPS
from .worker import Failure, Worker

TARGET_S, LEAST_S = (
    0.5,
    0.05,
)  # how long a measurement lasts; what the guess of its length is made from


class Entry:
    """One contestant in one case, as written to ``bench.json``."""

    def __init__(self, name, problem):
        self.name, self.problem = name, problem
        self.worker, self.periods, self.rounds, self.facts, self.reason = None, None, [], {}, None

    def start(self, stack):
        """Build the contestant, and find the number of periods that takes about half a second."""
        self.reason = BY_NAME[self.name].obstacle()
        if self.reason is None:
            with self.reporting():
                self.worker = stack.enter_context(Worker(self.name))
                self.facts = self.worker.prepare(self.problem)
                check = self.worker.run(1)
                self.facts |= {"change": check["change"], "output": check["output"]}
                self.periods = calibrated(self.worker)

    def measure(self):
        """Measure one round; record None after a failure, so that rounds keep their numbers."""
        if self.reason is None:
            with self.reporting():
                self.rounds.append(self.worker.run(self.periods))

    @contextmanager
    def reporting(self):
        """Record a failure as the contestant's reason, without disturbing others."""
        try:
            yield
        except Failure as failure:
            self.reason = str(failure)

    @property
    def preparation(self):
        """The time that the preparation took, as text."""
        return f"prepared in {self.facts['prepare_s']:.1f} s"

    @property
    def networks(self):
        """Number of independent networks in one run."""
        return BY_NAME[self.name].networks

    def microseconds(self, clock="cpu"):
        """Return the time per step and network, of each round."""
        return [run[clock] * 1e6 / (self.periods * STEPS * self.networks) for run in self.rounds]

    def hertz(self):
        """Return the mean firing rate in each round; empty if no spikes were counted."""
        return [run["hertz"] for run in self.rounds if run.get("hertz") is not None]

    def as_json(self):
        """Return all data of the entry."""
        known = (
            {
                "periods": self.periods,
                "networks": self.networks,
                "rounds": self.rounds,
                "us_per_step": self.microseconds(),
                "hertz": self.hertz(),
            }
            if self.rounds
            else {}
        )
        return {
            "contestant": self.name,
            **asdict(self.problem),
            "reason": self.reason,
            **self.facts,
            **known,
        }


def calibrated(worker):
    """Return the number of periods that takes about `TARGET_S`."""
    periods, seconds = 1, 0.0
    while seconds < LEAST_S:
        seconds = worker.run(periods)["cpu"]
        guess = round(periods * TARGET_S / max(seconds, 1e-4))
        periods = max(1, guess if seconds >= LEAST_S else min(guess, 20 * periods))
    return periods


def measure(problem, names, rounds, entries, say):
    """Measure the contestants of one case in turns; results are added to the list `entries` at
    once.
    """
    with ExitStack() as stack:
        own = [Entry(name, problem) for name in names]
        for entry in own:
            entries.append(entry)
            entry.start(stack)
            say(f"{entry.name}: {entry.reason or entry.preparation}")
        for number in range(rounds):
            for entry in own:
                entry.measure()
            say(f"round {number + 1} of {rounds}")
