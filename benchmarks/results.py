"""Evaluation of the rounds: times, ratios, tables."""

from dataclasses import dataclass

import numpy as np

from ..results.text import aligned
from .contestants import BY_NAME

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
        """Return the spread of some numbers; None if there are none."""
        return (
            cls(float(np.median(values)), float(min(values)), float(max(values)))
            if len(values)
            else None
        )

    def times(self, factor):
        """Return the spread in other units."""
        return Spread(self.middle * factor, self.low * factor, self.high * factor)

    def __str__(self):
        return f"{self.middle:.3g} ({self.low:.3g} .. {self.high:.3g})"


class Results:
    """Entries by contestant and case."""

    def __init__(self, entries):
        self.entries = {(entry.name, entry.problem): entry for entry in entries}

    def rounds(self, name, problem):
        """Return the microseconds per step and network in each round; empty if not measured."""
        entry = self.entries.get((name, problem))
        return entry.microseconds() if entry and entry.rounds else []

    def time(self, name, problem):
        """Return the microseconds per step and network."""
        return Spread.of(self.rounds(name, problem))

    def nanoseconds(self, name, problem):
        """Return the nanoseconds per plastic synapse and step."""
        spread = self.time(name, problem)
        return spread and spread.times(1e3 / problem.synapses)

    def hertz(self, name, problem):
        """Return the firing rate; None if no spikes were counted."""
        entry = self.entries.get((name, problem))
        return Spread.of(entry.hertz()) if entry else None

    def ratio(self, over, under, problem, other=None):
        """Return the time of `over` in units of that of `under`, round by round; `other` is the
        problem of `under` if it differs.
        """
        return Spread.of(
            [
                a / b
                for a, b in zip(self.rounds(over, problem), self.rounds(under, other or problem))
            ]
        )

    @property
    def problems(self):
        """Return all cases, in the order measured."""
        return list(dict.fromkeys(problem for _, problem in self.entries))

    @property
    def groups(self):
        """Return all cases without their sizes, with the names and problems that occur there."""
        groups = {}
        for name, problem in self.entries:
            names, problems = groups.setdefault(problem.case, ([], []))
            names += [name] if name not in names else []
            problems += [problem] if problem not in problems else []
        return groups


def disagreements(results):
    """Return the contestants that compute the timed network with a result other than the first one
    of their case, as text.
    """
    lines = []
    for problem in results.problems:
        entries = [
            entry
            for (name, case), entry in results.entries.items()
            if case == problem and "change" in entry.facts and BY_NAME[name].same_network
        ]
        lines += [line for entry in entries[1:] for line in differences(entry, entries[0])]
    return lines


def differences(entry, first):
    """Return the differences between the results of two contestants of a case; outputs are compared
    in units of 1.
    """
    for fact, words, unit in (
        ("change", "sum of changes", abs(first.facts["change"])),
        ("output", "last output", 1),
    ):
        one, other = entry.facts.get(fact, 0), first.facts.get(fact, 0)
        if not abs(one - other) <= AGREEMENT[entry.problem.dtype] * unit:
            yield (
                f"{entry.name} and {first.name} disagree at {entry.problem}: {words} {one:.12g} and"
                f" {other:.12g}"
            )


def table(results):
    """Return times, absolute and in units of the limit, for each network, mode and precision; then
    the contestants that failed, and why.
    """
    blocks = [block(results, case, *members) for case, members in results.groups.items()]
    failed = [
        f"{name}, {problem}: {entry.reason}"
        for (name, problem), entry in results.entries.items()
        if entry.reason
    ]
    return "\n\n".join(blocks + (["Not measured:\n" + "\n".join(failed)] if failed else []))


def block(results, case, names, problems):
    """Return the table of one network, mode and precision."""
    sizes, spiking = [problem.size for problem in problems], problems[0].is_spiking
    unit, time = (
        ("Nanoseconds per plastic synapse and step", results.nanoseconds)
        if spiking
        else ("Microseconds per step and network", results.time)
    )
    lines = [
        (
            case,
            *(f"N = {size}" for size in sizes),
            *(f"/limit {size}" for size in sizes),
            *(f"Hz {size}" for size in sizes if spiking),
        )
    ]
    for name in names:
        ratios = [cell(results.ratio(name, "limit", problem)) for problem in problems]
        hertz = [cell(results.hertz(name, problem)) for problem in problems if spiking]
        lines.append(
            (
                BY_NAME[name].title,
                *(str(time(name, problem) or "-") for problem in problems),
                *ratios,
                *hertz,
            )
        )
    pairs = [
        (over, under)
        for over, under in (("brian2", "ours"), ("brian2-cython", "ours-cython"))
        if {over, under} <= set(names)
    ]
    for over, under in pairs:
        lines.append(
            (
                f"{over} / {under}",
                *(cell(results.ratio(over, under, problem)) for problem in problems),
                *("" for _ in sizes),
            )
        )
    return f"{unit}: median (least .. greatest of the rounds)\n{aligned(lines)}"


def cell(spread):
    """Return a number as a short text."""
    return f"{spread.middle:.2f}" if spread else "-"
