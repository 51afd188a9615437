"""Figures: time against size, and growth."""

import numpy as np

from brian_rflo.plotting import CYCLE, axes_or_new, legend_over

from .contestants import BY_NAME
from .problem import Problem
from .results import Results

MARKS = "osD^vP*X<>hd"


def style(name):
    """Return colour and mark of a contestant, the same everywhere."""
    number = list(BY_NAME).index(name)
    return dict(
        color=CYCLE[number % len(CYCLE)],
        marker=MARKS[number % len(MARKS)],
        label=BY_NAME[name].title,
    )


def speeds(entries):
    """Draw one row for each network, mode and precision: microseconds per step, and ratio to the
    limit, against N.
    """
    from matplotlib.figure import Figure

    results = Results(entries)
    groups = results.groups or {Problem(1).case: ([], [])}
    figure = Figure(figsize=(11, 4.6 * len(groups)), layout="constrained")
    axes = figure.subplots(len(groups), 2, squeeze=False)
    for row, (case, (names, problems)) in zip(axes, groups.items()):
        for name in names:
            if BY_NAME[name].same_network:
                draw(row, results, name, problems)
        row[0].set(xlabel="Neurons N", ylabel="Microseconds per step and network", title=case)
        row[1].set(xlabel="Neurons N", ylabel="Time in units of the limit", title=case)
        for ax in row:
            finish(ax)
        if row[0].get_legend_handles_labels()[0]:
            legend_over(row[0])
    return figure


def draw(row, results, name, problems):
    """Draw one contestant in both panels: the limit as a line, others as marks with their
    spread.
    """
    for ax, spread in (
        (row[0], results.time),
        (row[1], lambda name, problem: results.ratio(name, "limit", problem)),
    ):
        points = [
            (problem.size, spread(name, problem)) for problem in problems if spread(name, problem)
        ]
        if not points:
            continue
        sizes, spreads = zip(*points)
        middle = np.array([spread.middle for spread in spreads])
        error = np.array(
            [[spread.middle - spread.low, spread.high - spread.middle] for spread in spreads]
        ).T
        if name == "limit":
            ax.plot(sizes, middle, ".-", color="black", label=BY_NAME[name].title)
        else:
            ax.errorbar(sizes, middle, error, linestyle="none", **style(name))


def finish(ax):
    """Make the axes logarithmic and plain."""
    axes_or_new(ax).set(xscale="log", yscale="log")


def growth(found, entries):
    """Draw time per step and memory against size, and time of a program against trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    axes = figure.subplots(1, 3)
    points = found.get("sizes", [])
    sizes = [point["size"] for point in points]
    axes[0].plot(
        sizes,
        [np.median(point["us_per_step"]) for point in points],
        "o-",
        color=CYCLE[1],
        label=BY_NAME["ours"].title,
    )
    limit = [
        (entry.problem.size, np.median(entry.microseconds()))
        for entry in entries
        if entry.name == "limit" and entry.rounds and entry.problem == Problem(entry.problem.size)
    ]
    if limit:
        axes[0].plot(*zip(*limit), color="black", label=BY_NAME["limit"].title)
    axes[0].set(xlabel="Neurons N", ylabel="Microseconds per step")
    known = [(point["size"], point["memory"] / 1e6) for point in points if point["memory"]]
    axes[1].plot(*zip(*known), "o-", color=CYCLE[1]) if known else None
    axes[1].set(xlabel="Neurons N", ylabel="Peak memory (MB)")
    trials = found.get("trials", [])
    axes[2].plot(
        [point["trials"] for point in trials],
        [point["program"] for point in trials],
        "o-",
        color=CYCLE[1],
    )
    axes[2].set(xlabel="Trials of 200 steps, N = 30", ylabel="CPU seconds of the program")
    for ax in axes:
        finish(ax)
    legend_over(axes[0])
    return figure
