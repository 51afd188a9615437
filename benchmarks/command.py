"""`brian-rflo bench`: choose, measure, judge, write."""

import json
import math
from dataclasses import asdict, dataclass

from ..brian.devices import has_compiler
from ..results.files import writable_folder, write_together
from . import figures, growth, machine, targets
from .contestants import BY_NAME, CONTESTANTS
from .problem import DTYPES, KINDS, MODES, RATE, SPIKING_RATE, STEPS, TAU_MS, Problem
from .results import Results, disagreements, table
from .rounds import measure

BRIEF = (100, "trial")  # size and mode of the spiking network with --quick


@dataclass(frozen=True)
class Plan:
    """The measurements to make; `brief` leaves one case of the spiking network."""

    kinds: tuple
    sizes: tuple
    dtypes: tuple
    modes: tuple
    contestants: tuple
    rounds: int
    growth: bool = False
    brief: bool = False

    @property
    def cases(self):
        """Return all problems with at least one contestant, small ones first."""
        every = [
            Problem(size, dtype, mode, kind)
            for kind in self.kinds
            for mode in self.modes
            for dtype in self.dtypes
            for size in self.sizes
        ]
        return [
            problem
            for problem in every
            if self.who(problem)
            and (not self.brief or not problem.is_spiking or (problem.size, problem.mode) == BRIEF)
        ]

    def who(self, problem):
        """Return the names of the contestants in a case."""
        return [name for name in self.contestants if BY_NAME[name].can(problem)]

    @property
    def pieces(self):
        """Return the number of lines of progress: one for each preparation and each round."""
        return sum(self.rounds + len(self.who(problem)) for problem in self.cases)


def plan(args):
    """Return the user's choices; defaults are everything, or little with ``--quick``.

    Raises
    ------
    ValueError
        For a value that does not exist, naming the argument.
    """
    quick, brief = args.quick, args.quick and not (args.sizes or args.modes)
    kinds = known("--kinds", args.kinds or KINDS, KINDS)
    sizes = args.sizes or ((30, 100) if quick else (30, 100, 300, 1000))
    dtypes = known("--dtypes", args.dtypes or (DTYPES[:1] if quick else DTYPES), DTYPES)
    modes = known("--modes", args.modes or MODES, MODES)
    names = args.contestants or [
        contestant.name for contestant in CONTESTANTS if contestant.quick or not quick
    ]
    names = known("--contestants", names, [contestant.name for contestant in CONTESTANTS])
    return Plan(
        kinds,
        tuple(dict.fromkeys(sizes)),
        dtypes,
        modes,
        names,
        args.rounds or (3 if quick else 5),
        args.growth,
        brief,
    )


def known(argument, values, allowed):
    """Return the values, each once, if all are allowed."""
    for value in values:
        if value not in allowed:
            raise ValueError(f"{argument}: no {value!r}; choose from {', '.join(allowed)}")
    return tuple(dict.fromkeys(values))


class Progress:
    """Reports how much of the total is done."""

    def __init__(self, pieces, say):
        self.done, self.pieces, self.say = 0, pieces, say

    def within(self, problem):
        """Return a function that reports a line about one case."""

        def line(message):
            self.done += 1
            self.say(f"[{self.done}/{self.pieces}] {problem}: {message}")

        return line


def run(args, say):
    """Make the measurements that `args` ask for; return 0, or 130 when interrupted. Results are
    written in either case.
    """
    chosen = plan(args)
    folder = writable_folder(args.out or "results/bench")
    if not has_compiler():
        say(
            "No C++ compiler was found: only contestants that need none run. Install one, for"
            " example g++."
        )
    entries, found, status = [], {}, 0
    try:
        progress = Progress(chosen.pieces, say)
        for problem in chosen.cases:
            measure(problem, chosen.who(problem), chosen.rounds, entries, progress.within(problem))
        if chosen.growth:
            growth.measure(found, min(3, chosen.rounds), say)
    except KeyboardInterrupt:
        status = 130
        say("Interrupted; what was measured so far is written.")
    report(chosen, entries, found, folder, status == 130, say)
    return status


def report(chosen, entries, found, folder, interrupted, say):
    """Print tables, and write files into the folder."""
    results = Results(entries)
    rows = targets.rows(results, found)
    say(f"\n{table(results)}")
    say(f"\n{targets.table(rows)}" if rows else "\nNo goal was measured.")
    for line in disagreements(results):
        say(f"WARNING: {line}")
    say(
        "\nWritten:"
        f" {', '.join(map(str, write(chosen, entries, found, rows, folder, interrupted)))}"
    )


def write(chosen, entries, found, rows, folder, interrupted):
    """Write ``bench.json`` and the figures, either all or none of them."""
    content = {
        "machine": machine.describe(),
        "settings": {
            **asdict(chosen),
            "steps_per_period": STEPS,
            "rate": RATE,
            "spiking_rate": SPIKING_RATE,
            "tau_ms": TAU_MS,
        },
        "interrupted": interrupted,
        "entries": [entry.as_json() for entry in entries],
        "targets": [row.as_json() for row in rows],
        "growth": found,
    }
    writers = {
        "bench.json": lambda path: path.write_text(
            json.dumps(finite(content), indent=1, allow_nan=False) + "\n"
        ),
        "bench.png": lambda path: figures.speeds(entries).savefig(path, dpi=150, format="png"),
    }
    if found:
        writers["growth.png"] = lambda path: figures.growth(found, entries).savefig(
            path, dpi=150, format="png"
        )
    return write_together(folder, writers)


def finite(content):
    """Return the content with null for numbers that are not finite, which JSON cannot represent."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
