"""Legends that cover no data."""

from __future__ import annotations

from textwrap import fill

import numpy as np


def legend_over(ax, entries=None, **how):
    """Place the legend at the top of axes, in as many columns as fit, and extend the y axis so that
    no data are covered. Call it after drawing.

    A legend that would take half of the axes goes below the whole figure, if its layout is
    constrained.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes of the legend.
    entries : tuple of lists, optional
        Lines and their labels; by default those of the axes.
    how : optional
        Arguments of `matplotlib.axes.Axes.legend`, except place and columns.
    """
    how = dict(frameon=False, fontsize=0.875 * ax.xaxis.label.get_size()) | how
    entries = ax.get_legend_handles_labels() if entries is None else entries
    if is_constrained(ax.figure):
        ax.figure.get_layout_engine().execute(ax.figure.figure)  # which may change the size of axes
    within = ax.get_window_extent()
    legend = fitted_legend(ax, entries, within.width, loc="upper center", **how)
    share = 1.2 * legend.get_window_extent().height / within.height
    if share > 0.5 and is_constrained(ax.figure):
        legend.remove()
        legend_below(ax.figure, entries, **how)
    else:
        leave_room(ax, min(0.7, share))


def is_constrained(figure):
    """Return whether the layout of a figure makes room for what is outside of its axes."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine)


def legend_below(figure, entries, **how):
    """Place a legend below all axes of a figure with constrained layout, which becomes higher where
    the legend would take more than a third of it.
    """
    how = dict(frameon=False, loc="outside lower center") | how
    legend = fitted_legend(figure, entries, figure.bbox.width, **how)
    height = legend.get_window_extent().height
    if height > figure.bbox.height / 3 and hasattr(figure, "set_figheight"):
        figure.set_figheight(figure.get_figheight() + height / figure.dpi)
    return legend


def fitted_legend(owner, entries, width, **how):
    """Return the legend of axes or of a figure, in as many columns as fit into a width in pixels;
    labels that are too long for one column are in several lines.
    """

    def width_of(columns):
        legend = owner.legend(*entries, ncols=columns, **how)
        found = legend.get_window_extent().width
        legend.remove()
        return found

    room, widest = 0.92 * width, width_of(1)
    most = min(len(entries[1]), int(2 * room / widest) + 1)
    columns = next((count for count in range(most, 1, -1) if width_of(count) < room), 1)
    legend = owner.legend(*entries, ncols=columns, **how)
    if widest > room:
        wrap(legend, room)
    return legend


def wrap(legend, width):
    """Write the labels of a legend in lines, so that it has a width in pixels."""
    texts = legend.get_texts()
    longest = max(texts, key=lambda text: text.get_window_extent().width)
    room = longest.get_window_extent().width - (legend.get_window_extent().width - width)
    count = int(len(longest.get_text()) * room / longest.get_window_extent().width)
    for text in texts:
        text.set_text(fill(text.get_text(), max(8, count)))


def leave_room(ax, share):
    """Extend the y axis above the data by a share of its length."""
    scale = ax.yaxis.get_transform()
    low, high = scale.transform(np.array(ax.get_ylim()))
    ax.set_ylim(
        top=scale.inverted().transform(np.array([low + (high - low) / (1 - share)]))[0], auto=None
    )
