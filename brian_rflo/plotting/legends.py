"""Legends that cover no data."""

from __future__ import annotations

import numpy as np


def legend_over(ax, entries=None, **how):
    """Place the legend at the top of axes, in as many columns as fit, and extend the y axis so that
    no data are covered. Call it after drawing.

    A legend that would take half of the axes goes below the whole figure, if its layout is
    constrained.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
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
    """Place a legend below all axes of a figure with constrained layout."""
    how = dict(frameon=False, loc="outside lower center") | how
    return fitted_legend(figure, entries, figure.bbox.width, **how)


def fitted_legend(owner, entries, width, **how):
    """Return the legend of axes or of a figure, in as many columns as fit into a width in
    pixels.
    """
    for columns in range(max(1, len(entries[1])), 0, -1):
        legend = owner.legend(*entries, ncols=columns, **how)
        if columns == 1 or legend.get_window_extent().width < 0.9 * width:
            return legend
        legend.remove()


def leave_room(ax, share):
    """Extend the y axis above the data by a share of its length."""
    scale = ax.yaxis.get_transform()
    low, high = scale.transform(np.array(ax.get_ylim()))
    ax.set_ylim(
        top=scale.inverted().transform(np.array([low + (high - low) / (1 - share)]))[0], auto=None
    )
