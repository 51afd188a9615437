"""The exact gradient of this package beside JAX, its memory, and checkpoints.

    python -m brian_rflo.benchmarks.gradient

Each contestant computes the loss of a batch of trials side by side, and its gradient, forward and
backward, of the same network (`gradient_contestants`): CPU seconds of one thread, without building
and compiling. Rounds alternate; ratios are formed within a round. ``--checkpoints`` compares
keeping everything with a fifth of that memory, for trials of 10 000 steps. ``--size 20 --steps
100`` is a trial run.
"""

import argparse
from contextlib import ExitStack

from ..results.text import aligned
from .gradient_contestants import KINDS, NAMES
from .results import Spread
from .worker import Failure, Worker

#: Largest times in units of JAX, largest memory in MB, and largest time with a fifth of the memory.
GOALS = {"standalone": 2.5, "cython": 4}
MEMORY = {"tanh": 100, "lif": 150}
AGAIN, PART = 2.5, 5


def measure(names, problem, rounds):
    """Return what the contestants that can run here answer in each round, by name, and why others
    cannot.
    """
    with ExitStack() as stack:
        workers, reasons = {}, {}
        for name in names:
            try:
                worker = stack.enter_context(Worker(name, "gradient_contestants"))
                worker.ask(prepare=problem)
                workers[name] = worker
            except Failure as failure:
                reasons[name] = str(failure)
        found = {name: [] for name in workers}
        for _ in range(rounds):
            for name, worker in workers.items():
                found[name].append(worker.ask(run=1))
        memory = {name: worker.ask(memory=None) for name, worker in workers.items()}
    return found, memory, reasons


def table(kind, found, memory, reasons):
    """Return the times as text, with the goals."""
    rows = [
        (kind, "CPU s per batch", "/ jax", "goal", "kept MB", "beyond MB", "goal", "differs by")
    ]
    first = next(iter(found.values()))[0]["gradient"]
    for name, runs in found.items():
        ratio = "jax" in found and Spread.of(
            [a["cpu"] / b["cpu"] for a, b in zip(runs, found["jax"])]
        )
        kept, peak = (f"{memory[name][key] / 1e6:.0f}" if memory[name] else "" for key in SIZES)
        rows.append(
            (
                name,
                str(Spread.of([run["cpu"] for run in runs])),
                f"{ratio.middle:.2f}" if ratio else "-",
                f"{GOALS[name]}" if name in GOALS else "",
                kept,
                peak,
                f"{MEMORY[kind]}" if name in GOALS else "",
                f"{difference(runs[0]['gradient'], first):.0e}",
            )
        )
    lines = [f"{name}: {reason}" for name, reason in reasons.items()]
    return "\n".join([aligned(rows), *lines])


SIZES = ("kept", "peak")


def difference(one, other):
    """Return the largest relative difference of numbers by name."""
    return max(
        abs(a - b) / max(abs(b), 1e-300) for name in other for a, b in zip(one[name], other[name])
    )


def compare_checkpoints(kind, name, problem, rounds):
    """Return the time of a fifth of the memory, in units of that of keeping everything, as text."""
    with Worker(name, "gradient_contestants") as worker:
        worker.ask(prepare=problem)
        whole = worker.ask(memory=None)
        budget = whole["kept"] / PART
        part = worker.ask(memory=budget)
        ratios = []
        for _ in range(rounds):
            kept, again = worker.ask(run=1), worker.ask(run=1, budget=budget)
            ratios.append(again["cpu"] / kept["cpu"])
    apart = difference(kept["gradient"], again["gradient"])
    sizes = [
        f"{found['kept'] / 1e6:.0f} MB ({found['peak'] / 1e6:.0f} beyond the simulation)"
        for found in (whole, part)
    ]
    return (
        f"{kind}, {name}, {problem['steps']} steps: kept {sizes[0]}; of a fifth,"
        f" {budget / 1e6:.0f} MB, {sizes[1]}; time {Spread.of(ratios)}, goal {AGAIN}; differs by"
        f" {apart:.0e}"
    )


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m brian_rflo.benchmarks.gradient",
        description="The exact gradient beside JAX.",
    )
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--contestants", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--checkpoints", action="store_true")
    args = parser.parse_args()
    steps = args.steps or (10000 if args.checkpoints else 1000)
    for kind in args.kinds:
        problem = dict(kind=kind, size=args.size, steps=steps, batch=args.batch)
        if args.checkpoints:
            for name in [name for name in ("numpy", "cython") if name in args.contestants]:
                print(compare_checkpoints(kind, name, problem, args.rounds), flush=True)
        else:
            print(table(kind, *measure(args.contestants, problem, args.rounds)), "\n", flush=True)


if __name__ == "__main__":
    main()
