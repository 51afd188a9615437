"""What follows from the rounds: times, ratios, tables."""

from dataclasses import dataclass

import numpy as np

from .contestants import BY_NAME
from .problem import Problem

#: How far contestants may lie apart, relatively, after one period.
AGREEMENT = {"float64": 1e-9, "float32": 1e-2}


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of several rounds."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        """Of some numbers; None if there are none."""
        return cls(float(np.median(values)), float(min(values)), float(max(values))) if len(values) else None

    def __str__(self):
        return f"{self.middle:.3g} ({self.low:.3g} .. {self.high:.3g})"


class Results:
    """Entries by contestant and case."""

    def __init__(self, entries):
        self.entries = {(entry.name, entry.problem): entry for entry in entries}

    def rounds(self, name, problem):
        """Microseconds per step and network in each round; empty if it was not measured."""
        entry = self.entries.get((name, problem))
        return entry.microseconds() if entry and entry.rounds else []

    def time(self, name, problem):
        """Microseconds per step and network."""
        return Spread.of(self.rounds(name, problem))

    def ratio(self, over, under, problem, other=None):
        """Time of `over` in units of that of `under`, round by round; `other` is the problem of `under` if it is another one."""
        return Spread.of([a / b for a, b in zip(self.rounds(over, problem), self.rounds(under, other or problem))])

    @property
    def problems(self):
        """All cases, in the order measured."""
        return list(dict.fromkeys(problem for _, problem in self.entries))

    @property
    def groups(self):
        """Mode and precision of the cases, with names and sizes that occur there."""
        groups = {}
        for name, problem in self.entries:
            names, sizes = groups.setdefault((problem.mode, problem.dtype), ([], []))
            names += [name] if name not in names else []
            sizes += [problem.size] if problem.size not in sizes else []
        return groups


def disagreements(results):
    """Contestants that compute the timed network but arrive elsewhere than the first one of their case, in words."""
    lines = []
    for problem in results.problems:
        entries = [entry for (name, case), entry in results.entries.items() if case == problem and "change" in entry.facts and BY_NAME[name].same_network]
        for entry in entries[1:]:
            first, other = entries[0].facts["change"], entry.facts["change"]
            if not abs(other - first) <= AGREEMENT[problem.dtype] * abs(first):
                lines.append(f"{entry.name} and {entries[0].name} disagree at N = {problem.size}, {problem.mode}, {problem.dtype}: sum of changes {other:.12g} and {first:.12g}")
    return lines


def aligned(lines):
    """Lines of cells as text: the first one is the heading."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])


def table(results):
    """Microseconds per step and network, and in units of the limit, for each mode and precision; then who could not, and why."""
    blocks = [block(results, *group, *members) for group, members in results.groups.items()]
    failed = [f"{name}, N = {problem.size}, {problem.mode}, {problem.dtype}: {entry.reason}" for (name, problem), entry in results.entries.items() if entry.reason]
    return "\n\n".join(blocks + (["Not measured:\n" + "\n".join(failed)] if failed else []))


def block(results, mode, dtype, names, sizes):
    """The table of one mode and precision."""
    problems = [Problem(size, dtype, mode) for size in sizes]
    lines = [(f"{mode}, {dtype}", *(f"N = {size}" for size in sizes), *(f"/limit {size}" for size in sizes))]
    for name in names:
        times = [time_cell(results, name, problem) for problem in problems]
        lines.append((BY_NAME[name].title, *times, *(cell(results.ratio(name, "limit", problem)) for problem in problems)))
    pairs = [(over, under) for over, under in (("brian2", "ours"), ("brian2-cython", "ours-cython")) if {over, under} <= set(names)]
    for over, under in pairs:
        lines.append((f"{over} / {under}", *(cell(results.ratio(over, under, problem)) for problem in problems), *("" for _ in sizes)))
    return f"Microseconds per step and network: median (least .. greatest of the rounds)\n{aligned(lines)}"


def cell(spread):
    """A ratio in few characters."""
    return f"{spread.middle:.2f}" if spread else "-"


def time_cell(results, name, problem):
    """A time; of another network, nanoseconds per plastic synapse."""
    spread = results.time(name, problem)
    if not spread:
        return "-"
    return str(spread) if BY_NAME[name].same_network else f"{1e3 * spread.middle / (problem.size**2 + problem.size):.3g} ns/synapse"
