"""Ticks with room between their labels, on linear and logarithmic axes of any length."""

from __future__ import annotations

from textwrap import fill

import numpy as np
from matplotlib.ticker import AutoLocator, Formatter, LogLocator, MaxNLocator, NullFormatter

#: Ticks of a logarithmic axis, from the densest: multiples within a decade, decades from one to the
#: next.
DENSITIES = (
    *(((1, 2, 5), 1), ((1, 3), 1)),
    *(((1,), stride) for stride in (1, 2, 3, 5, 10, 20, 50, 100, 200)),
)
#: Logarithmic axes are labelled in powers of ten beyond these numbers.
PLAIN = (1e-3, 1e4)


def size_on(axis):
    """Return the size of the labels on an axis, in points."""
    return axis.get_major_ticks(1)[0].label1.get_size()


def length_of(axis):
    """Return the length of an axis in points."""
    within, dpi = axis.axes.bbox, axis.axes.figure.dpi
    return 72 * (within.width if axis.axis_name == "x" else within.height) / dpi


def places(axis):
    """Return how many labels have room on an axis, two at least and nine at most; one such as
    -0.025 is four times as wide as high.
    """
    wanted = (4.8 if axis.axis_name == "x" else 2) * size_on(axis)
    return int(np.clip(length_of(axis) / wanted, 2, 9))


class SpacedLocator(MaxNLocator):
    """Ticks of a linear axis."""

    def __init__(self, integer=False):
        super().__init__(nbins="auto", steps=[1, 2, 2.5, 5, 10], integer=integer, min_n_ticks=1)

    def tick_values(self, vmin, vmax):
        self.set_params(nbins=places(self.axis))
        return super().tick_values(vmin, vmax)


class SpacedLogLocator(LogLocator):
    """Ticks of a logarithmic axis, as many as have room: 1, 2 and 5 times powers of ten within two
    decades, 1 and 3 times within three, or the powers; on a short piece of a decade, those of a
    linear axis.
    """

    def tick_values(self, vmin, vmax):
        low, high = sorted((vmin, vmax))
        if low <= 0 or not np.isfinite([low, high]).all():
            return np.array([])
        room, densest = places(self.axis), 0 if high < 100 * low else 1 if high < 1e3 * low else 2
        ticks = next(
            found
            for found in (log_ticks(low, high, *density) for density in DENSITIES[densest:])
            if len(found) <= room
        )
        if len(ticks) >= min(3, room) or high >= 10 * low:
            return ticks
        return MaxNLocator(nbins=min(4, room), steps=[1, 2, 5, 10]).tick_values(low, high)


def log_ticks(low, high, multiples, stride):
    """Return multiples of every so many-th power of ten between two numbers."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    powers = np.arange(stride * (first // stride), last + 1, stride, dtype=float)
    with np.errstate(over="ignore", under="ignore"):
        ticks = (10 ** powers[:, None] * np.array(multiples)).ravel()
    return ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]


class SpacedLogFormatter(Formatter):
    """Labels of a logarithmic axis: 0.03, or powers of ten on axes that reach far."""

    def __call__(self, x, pos=None):
        low, high = sorted(self.axis.get_view_interval())
        if not x > 0:
            return ""
        if low >= PLAIN[0] / 10 and high <= PLAIN[1] and high < 1e3 * low:
            return f"{x:g}"
        power = int(np.floor(np.log10(x) + 1e-9))
        factor = x / 10.0**power
        times = "" if abs(factor - 1) < 1e-6 else rf"{factor:.3g} \times "
        return rf"$\mathdefault{{{times}10^{{{power}}}}}$"


def logarithmic(axis):
    """Make an axis logarithmic, with ticks that have room, if it has anything positive to show."""
    if not np.isfinite(axis.get_minpos()):
        return
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(SpacedLogLocator())
    axis.set_major_formatter(SpacedLogFormatter())
    axis.set_minor_formatter(NullFormatter())


def spaced(ax):
    """Give room to the ticks of linear axes, where they are Matplotlib's own."""
    for axis in (ax.xaxis, ax.yaxis):
        if isinstance(axis.get_major_locator(), AutoLocator):
            axis.set_major_locator(SpacedLocator())


def whole(axis):
    """Let the ticks of a linear axis be whole numbers, where they are Matplotlib's own."""
    if isinstance(axis.get_major_locator(), AutoLocator):
        axis.set_major_locator(SpacedLocator(integer=True))


def labelled(ax, **settings):
    """Set labels, limits and the like of axes that have been drawn on, and give room to their
    ticks; return the axes.
    """
    ax.set(**settings)
    spaced(ax)
    return ax


def name_places(ax, names):
    """Write names along the x axis, in lines that have room, or upright."""
    size = size_on(ax.xaxis)
    room = length_of(ax.xaxis) / len(names)
    width = int(room / (0.58 * size))
    is_wide = all(len(word) <= width for name in names for word in name.split())
    if not is_wide:
        width = max(12, max(map(len, names)) // max(1, int(room / (1.4 * size))))
    lines = [fill(name, width, break_long_words=False) for name in names]
    ax.set_xticks(range(len(names)), lines, rotation=0 if is_wide else 90)
