"""The style of all figures: the one palette, sizes of type, new axes.

Every colour of the package is in this file. They are those of Okabe and Ito, and for further rules
others of our own choice, which stay apart without red, green or blue cones, and lines that may
still be confused (in grey, say) differ in style, too.
"""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np

#: Colours of rules, and of the target, which lies behind them.
COLOURS = {
    "target": "#c4c4c4",
    "rflo": "#0072b2",
    "bptt": "#d55e00",
    "untrained": "#555555",
    "rtrl": "#009e73",
    "local_symmetric": "#cc79a7",
    "nonlocal_random": "#e69f00",
    "readout": "#009e73",  # not in one figure with RTRL
    "least_squares": "#000000",
    "snap1": "#56b4e9",
    "wp": "#cc79a7",
    "np": "#e69f00",
    "mdgl": "#4400ee",
    "modprop": "#330055",
    "diffusion": "#9977ff",
    "weight_mirror": "#660000",
    "eprop3": "#dd11bb",
    "unfiltered": "#ff4466",
    "reward": "#0072b2",  # not in one figure with other rules
    "reward_readout": "#009e73",
}
#: Colours of unnamed lines: neurons, synapses, outputs.
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Styles of lines, and marks of points, of which each has one besides its colour.
STYLES = (
    *("-", "--", ":", "-."),
    *((0, pattern) for pattern in ((5, 1, 1, 1, 1, 1), (8, 3), (1, 4), (6, 2, 2, 2))),
)
MARKS = "os^Dv*"
#: Map from negative to positive values, and from small to large ones.
SIGNED, ORDERED = "RdBu_r", "cividis"
#: Font sizes and line widths of new axes, for printing at the original size.
PAPER = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "figure.titlesize": 9,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
#: What makes text in PDF and SVG files text, which one can edit and search, in place of outlines.
EDITABLE = {"pdf.fonttype": 42, "svg.fonttype": "none"}
#: Up to this many lines have individual labels.
FEW = 4
#: Width and height of new axes in inches: 89 mm are a column.
SIZE = (3.5, 2.5)


def colour(name):
    """Return the colour of a rule, or black."""
    return COLOURS.get(name, "black")


def colours(count):
    """Return a colour for each of `count` lines: those of `CYCLE`, or for more lines shades from
    dark to light.
    """
    from matplotlib import colormaps

    if count <= len(CYCLE):
        return list(CYCLE[:count])
    return list(colormaps[ORDERED](np.linspace(0, 0.9, count)))


def styles(count):
    """Return a style for each of `count` lines, the same again after some."""
    return list(islice(cycle(STYLES), count))


def marks(count):
    """Return a mark for each of `count` lines, the same again after some."""
    return list(islice(cycle(MARKS), count))


def new_axes(rows, size, **arrangement):
    """Return the axes of a new figure by name, with ``rows`` as in
    `matplotlib.figure.Figure.subplot_mosaic`, of which `arrangement` are further arguments.
    """
    import matplotlib.pyplot as plt

    # before the context: it would undo what a notebook sets with the first figure
    return panels_of(plt.figure(figsize=size, layout="constrained"), rows, **arrangement)


def panels_of(figure, rows, **arrangement):
    """Return new axes of a figure by name, in the type of `PAPER`."""
    import matplotlib.pyplot as plt
    from matplotlib import cycler

    with plt.rc_context(PAPER | {"axes.prop_cycle": cycler(color=CYCLE)}):
        return figure.subplot_mosaic(rows, **arrangement)


def axes_or_new(ax=None):
    """Return `ax`, or the axes of a new figure, without a frame at the top and the right."""
    ax = new_axes([["alone"]], SIZE)["alone"] if ax is None else ax
    if not hasattr(ax, "spines"):
        raise TypeError(
            "ax must be the axes to draw on, as plt.subplots() returns them, or None for a new"
            f" figure; got {type(ax).__name__}"
        )
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def titled(ax, title):
    """Set a title, in the font size of the labels."""
    ax.set_title(title, size=ax.xaxis.label.get_size())


def lettered(axes):
    """Write a letter over each of several axes, in their order, as a caption refers to them."""
    for number, ax in enumerate(axes):
        size = 1.25 * ax.xaxis.label.get_size()
        letter = chr(ord("a") + number)
        ax.set_title(letter, loc="left", weight="bold", size=size)


def milliseconds(times):
    """Return times in milliseconds, from seconds or a quantity."""
    return np.asarray(times) * 1e3


def names_of(what, count):
    """Return labels for `count` lines: one each, or one for the first that says how many there
    are.
    """
    return (
        [f"{what} {number}" for number in range(count)]
        if count <= FEW
        else [f"{count} {what}s", *[None] * (count - 1)]
    )
