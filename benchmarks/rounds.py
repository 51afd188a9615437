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
    """One contestant in one case: what is written to ``bench.json``."""

    def __init__(self, name, problem):
        self.name, self.problem = name, problem
        self.worker, self.periods, self.rounds, self.facts, self.reason = None, None, [], {}, None

    def start(self, stack):
        """Build it, and find out how many periods last about half a second."""
        self.reason = BY_NAME[self.name].obstacle()
        if self.reason is None:
            with self.reporting():
                self.worker = stack.enter_context(Worker(self.name))
                self.facts = self.worker.prepare(self.problem)
                check = self.worker.run(1)
                self.facts |= {"change": check["change"], "output": check["output"]}
                self.periods = calibrated(self.worker)

    def measure(self):
        """One round; None after a failure, so that rounds keep their numbers."""
        if self.reason is None:
            with self.reporting():
                self.rounds.append(self.worker.run(self.periods))

    @contextmanager
    def reporting(self):
        """A failure becomes the contestant's reason and disturbs nobody else."""
        try:
            yield
        except Failure as failure:
            self.reason = str(failure)

    @property
    def preparation(self):
        """How long it took to prepare, in words."""
        return f"prepared in {self.facts['prepare_s']:.1f} s"

    @property
    def networks(self):
        """Independent networks in one run."""
        return BY_NAME[self.name].networks

    def microseconds(self, clock="cpu"):
        """Time per step and network, of each round."""
        return [run[clock] * 1e6 / (self.periods * STEPS * self.networks) for run in self.rounds]

    def hertz(self):
        """Mean firing rate in each round; empty where no spikes were counted."""
        return [run["hertz"] for run in self.rounds if run.get("hertz") is not None]

    def as_json(self):
        """Everything about it."""
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
    """Number of periods that last about `TARGET_S`."""
    periods, seconds = 1, 0.0
    while seconds < LEAST_S:
        seconds = worker.run(periods)["cpu"]
        guess = round(periods * TARGET_S / max(seconds, 1e-4))
        periods = max(1, guess if seconds >= LEAST_S else min(guess, 20 * periods))
    return periods


def measure(problem, names, rounds, entries, say):
    """The contestants of one case, round robin; results go into the list `entries` at once."""
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
