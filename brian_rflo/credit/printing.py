"""Credit paths as text: what they do, phase by phase of a step."""

from inspect import cleandoc

from .. import schedule
from ..results.text import aligned
from ..steps.step import INTEGRATE

#: What sites are called.
NAMES = {"pre": "readout", "post": "neurons", "own": "own units", "constant": "constant"}
#: And where their statements run.
PLACES = {
    "pre": "cells of readout",
    "post": "cells of neurons",
    "own": "own units",
    "network": "whole network",
}
HEADER = ("phase", "what", "in each step")


def printed(path):
    """Return what a credit path does as a table, in the order of a step; the head of its docstring
    if it consists of no strings.
    """
    brought = getattr(getattr(path, "feedback", None), "paths", {})
    rows = [*rows_of_paths(brought | path.paths), *rows_of_steps(path.steps)]
    if not rows:
        return f"{path!r}: {cleandoc(path.__doc__).split(chr(10) * 2)[0]}"
    rows.sort(key=lambda row: schedule.rank_of(row[0]))
    named = [(schedule.title_of(phase), *row) for phase, *row in rows]
    return f"{path!r}\n{aligned([HEADER, *named])}"


def rows_of_paths(paths):
    """Yield phase, name and text of what projections sum and learn."""
    for name, path in paths.items():
        ends = f"{NAMES[path.source]} to {NAMES[path.target]}"
        yield path.sum_at, f"{name}, {ends}", f"{path.onto} = sum of w*{path.sends}"
        if path.copy_of:
            yield path.learns_at, name, f"w = w of {path.copy_of}, every {path.every} steps"
        if path.rule is not None:
            rule = path.rule
            traces = {"own": rule.traces, "pre": rule.pre_traces, "post": rule.post_traces}
            for step in rule.steps:
                code = traces[step.site] if step.code == INTEGRATE else step.code
                for line in code.splitlines():
                    yield step.phase, name + when_of(step), line.strip()
            for update in path.rule.updates.values():
                yield path.learns_at, name, f"w += {path.rule.learning_rate:g}*({update})"


def rows_of_steps(steps):
    """Yield phase, site and text of statements."""
    for step in steps:
        for line in step.code.splitlines():
            yield step.phase, PLACES[step.site] + when_of(step), line


def when_of(step):
    """Return when a statement runs, as text, if it is not in each step."""
    return "" if step.when == "step" else f" ({step.when})"
