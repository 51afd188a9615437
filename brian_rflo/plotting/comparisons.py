"""The figure of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .legends import is_constrained, legend_below, legend_over
from .style import axes_or_new, lettered, new_axes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from ..comparison import Comparison


__all__ = ["plot_comparison"]

#: Panels of `plot_comparison`: curves, and below them rows, of which the latter two are of spikes.
CURVES, ROWS = ("error", "alignment", "changes", "rates"), ("early", "late", "raster")
#: Width, height of the curves, height of the rows without any, and of each row, in inches.
WIDTH, CURVES_HEIGHT, BORDER, ROW = 10.0, 2.5, 0.8, 0.55


def arrangement(comparison):
    """Return arrangement, size in inches and heights of the panels of a comparison; without spiking
    neurons there are no panels of spikes, and of actions, which take one step, none of outputs.
    """
    is_spiking = any("spikes" in arrays for arrays in comparison.arrays.values())
    has_feedback = any(result.alignment.size for result in comparison.results.values())
    absent = {"rates", "raster"} if not is_spiking else set()
    absent |= {"alignment"} if not has_feedback else set()
    absent |= {"early", "late"} if comparison.by_reward else set()
    heights = {CURVES: CURVES_HEIGHT, ROWS: BORDER + ROW * max(3, len(comparison.results))}
    shown = {names: [name for name in names if name not in absent] for names in heights}
    shown = {names: there for names, there in shown.items() if there}
    rows = [[name for name in there for _ in range(12 // len(there))] for there in shown.values()]
    heights = [heights[names] for names in shown]
    return rows, (WIDTH, sum(heights)), heights


def plot_comparison(
    comparison: Comparison, axes: Mapping[str, Axes] | None = None
) -> Mapping[str, Axes]:
    """Plot the result of `compare`, in a grid: errors, alignment, weight changes and firing rates
    as curves; outputs in the first and in the last trial and spikes in rows, one for each neuron
    model and rule.

    Colours are rules and styles of lines are neuron models; colours are neuron models where there
    is one rule. The legend, with the target, is below the figure if its layout is constrained, else
    in the first of the axes.

    Parameters
    ----------
    comparison : Comparison
        What `compare` returns.
    axes : dict of matplotlib.axes.Axes, optional
        Any of ``"error"``, ``"early"``, ``"late"``, ``"raster"``, ``"alignment"``, ``"changes"``,
        ``"rates"``: what is left out is not drawn.

    Returns
    -------
    dict
        The axes.
    """
    panels = comparison.panels()
    if axes is None:
        rows, size, heights = arrangement(comparison)
        axes = new_axes(rows, size, height_ratios=heights)
    unknown = set(axes) - set(panels)
    if unknown:
        raise ValueError(
            f"plot_comparison: no panel {', '.join(sorted(map(repr, unknown)))}; there are"
            f" {', '.join(panels)}"
        )
    for name, ax in axes.items():
        panels[name](axes_or_new(ax))
    if len(axes) > 1:
        lettered(axes.values())
    add_legend(comparison, list(axes.values()))
    return axes


def add_legend(comparison, axes):
    """Add the legend of a comparison, once: below the figure, or in the first axes."""
    entries = comparison.legend()
    if not axes:
        return
    figure = axes[0].figure
    for legend in list(figure.legends):
        if [text.get_text() for text in legend.get_texts()] == entries[1]:
            legend.remove()
    if is_constrained(figure):
        size = 0.875 * axes[0].xaxis.label.get_size()
        legend_below(figure, entries, fontsize=size, handlelength=3)
    else:
        legend_over(axes[0], entries, handlelength=3)
