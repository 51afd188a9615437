"""The figure of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .legends import legend_over
from .style import axes_or_new, colours, marks, styles
from .ticks import labelled, logarithmic, name_places, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from ..sweeps import SweepTable


__all__ = ["plot_sweep"]

#: Parameters that repeat a network; those who want a line for each value say so by ``hue``.
REPEATS = ("seed",)
#: Up to this many lines are drawn where nobody has asked for them.
LINES = 12


def plot_sweep(
    table: SweepTable,
    parameter: str,
    number: str | None = None,
    ax: Axes | None = None,
    hue: str | Sequence[str] | None = None,
) -> Axes:
    """Plot a number of each network of a sweep against a parameter, as points, and medians, as
    lines; an axis is logarithmic if its values span a factor of ten.

    Parameters
    ----------
    table : SweepTable
        What `sweep` returns.
    parameter : str
        The parameter on the horizontal axis.
    number : str, optional
        By default the first of the table.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    hue : str or sequence of str, optional
        Parameters with a line for each of their values; by default all others that vary, except
        ``"seed"``. With ``()`` there is one line, through the medians of all networks.

    Raises
    ------
    ValueError
        For names that do not exist, or a sweep without single numbers.
    """
    number = number_of(table, parameter, number)
    hue = hue_of(table, parameter, hue)
    (places, unit), (numbers, unit_of_number) = table.column(parameter), table.column(number)
    groups = groups_of(table, hue)
    kept = [row for row, found in enumerate(numbers) if found is not None]
    x, ticks = positions([places[row] for row in kept])
    y = np.array([numbers[row] for row in kept], dtype=float)
    ax = axes_or_new(ax)
    lines = list(dict.fromkeys(groups))
    looks = zip(lines, colours(len(lines)), styles(len(lines)), marks(len(lines)))
    for line, color, style, mark in looks:
        is_there = np.array([groups[row] == line for row in kept])
        draw_medians(ax, x[is_there], y[is_there], line, dict(color=color, linestyle=style), mark)
    for axis, values in ((ax.xaxis, x), (ax.yaxis, y)):
        if (axis is ax.yaxis or ticks is None) and spans_ten(values):
            logarithmic(axis)
    if ticks is not None:
        name_places(ax, ticks)
    for axis, values in ((ax.xaxis, places), (ax.yaxis, numbers)):
        if all(isinstance(value, (int, type(None))) for value in values):
            whole(axis)
    labelled(ax, xlabel=with_unit(parameter, unit), ylabel=with_unit(number, unit_of_number))
    if hue:
        legend_over(ax)
    return ax


def number_of(table, parameter, number):
    """Return the name of the number to draw; raise unless it and the parameter exist."""
    drawn = [
        name
        for name in table.columns()
        if all(
            isinstance(value, (int, float)) for value in table.column(name)[0] if value is not None
        )
    ]
    if not drawn:
        raise ValueError(
            "plot: no network has been finished; see the reasons in table.failed"
            if len(table.failed) == len(table.rows)
            else "plot: the function returned no single numbers; what it returned is in"
            " table.results"
        )
    number = drawn[0] if number is None else number
    if parameter not in table.parameters or number not in drawn:
        raise ValueError(
            f"plot: there is no parameter '{parameter}', or no number '{number}'; there are the"
            f" parameters {', '.join(table.parameters)} and the numbers {', '.join(drawn)}"
        )
    return number


def hue_of(table, parameter, hue):
    """Return the parameters with a line for each value; raise unless they exist, and, by default,
    their lines can be told apart.
    """
    others = [name for name in table.parameters if name != parameter]
    if hue is not None:
        wanted = [hue] if isinstance(hue, str) else list(hue)
        unknown = [name for name in wanted if name not in others]
        if unknown:
            raise ValueError(
                f"plot: hue must be some of the other parameters, {', '.join(others) or 'none'};"
                f" got {unknown[0]!r}"
            )
        return wanted
    found = [name for name in others if name not in REPEATS and len(set(texts(table, name))) > 1]
    count = len(set(groups_of(table, found)))
    if count > LINES:
        raise ValueError(
            f"plot: the other parameters, {', '.join(found)}, have {count} combinations, too many"
            f" lines to tell apart. Write hue={found[0]!r} for a line for each of its values, or"
            " hue=() for one line"
        )
    return found


def texts(table, name):
    """Return the values of a parameter as the legend writes them, network by network."""
    values, unit = table.column(name)
    return [
        (f"{value:g}" if isinstance(value, float) else str(value)) + f" {unit}" * bool(unit)
        for value in values
    ]


def groups_of(table, hue):
    """Return the label of the line of each network."""
    columns = [[f"{name} = {text}" for text in texts(table, name)] for name in hue]
    return [", ".join(parts) for parts in zip(*columns)] if hue else [""] * len(table.rows)


def positions(values):
    """Return places on the axis for values of a parameter, and labels for those that are not
    numbers.
    """
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=float), None
    names = list(dict.fromkeys(map(str, values)))
    return np.array([names.index(str(value)) for value in values], dtype=float), names


def spans_ten(values):
    """Return whether numbers are positive and span a factor of ten."""
    finite = values[np.isfinite(values)]
    return finite.size and finite.min() > 0 and finite.max() >= 10 * finite.min()


def draw_medians(ax, x, y, label, style, mark):
    """Draw the points of a line, and the medians of those that are numbers."""
    places = list(dict.fromkeys(x))
    found = [y[(x == place) & ~np.isnan(y)] for place in places]
    medians = [np.median(values) if values.size else np.nan for values in found]
    ax.plot(x, y, mark, color=style["color"], markersize=3, alpha=0.5, markeredgewidth=0)
    ax.plot(places, medians, marker=mark, markersize=4.5, label=label or None, **style)


def with_unit(name, unit):
    """Return the label of an axis."""
    return str(name).replace("_", " ") + (f" ({unit})" if unit else "")
