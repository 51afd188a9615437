"""Figures of activity: traces, spikes, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .legends import legend_over
from .shapes import arrays_of
from .style import axes_or_new, colour, colours, milliseconds, styles
from .ticks import labelled, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brian2 import Quantity
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike


__all__ = ["plot_raster", "plot_rates", "plot_traces"]


def plot_traces(
    times: Quantity | ArrayLike,
    traces: ArrayLike,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
) -> Axes:
    """Plot state variables or traces over time, a line for each neuron or synapse.

    Parameters
    ----------
    times : Quantity or array, shape (n_steps,)
        Times of the steps, as quantities or in seconds.
    traces : array, shape (n_steps, n)
        A `~brian2.StateMonitor` records ``(n, n_steps)``: write ``monitor.trace.T``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    labels : sequence of str, optional
        A name for each line.
    """
    times, traces = arrays_of(
        "plot_traces", times=(times, ("n_steps",)), traces=(traces, ("n_steps", "n"))
    )
    if labels is not None and len(labels) != traces.shape[1]:
        raise ValueError(f"plot_traces: {len(labels)} labels for {traces.shape[1]} lines")
    ax, count = axes_or_new(ax), traces.shape[1]
    is_told_apart = labels is not None and count > 2
    for number, (values, color, style) in enumerate(zip(traces.T, colours(count), styles(count))):
        ax.plot(
            milliseconds(times),
            values,
            color=color,
            linewidth=0.8,
            linestyle=style if is_told_apart else "-",
            label=None if labels is None else labels[number],
        )
    ax.margins(x=0)
    labelled(ax, xlabel="Time (ms)", ylabel="Trace")
    if labels is not None:
        legend_over(ax)
    return ax


def plot_raster(
    times: Quantity | ArrayLike,
    neurons: ArrayLike,
    ax: Axes | None = None,
    label: str | None = None,
    color: ColorType = "black",
) -> Axes:
    """Plot spikes as dots.

    Parameters
    ----------
    times : Quantity or array, shape (spikes,)
        Times of the spikes, as quantities or in seconds.
    neurons : array of int, shape (spikes,)
        As in ``monitor.t`` and ``monitor.i`` of a `~brian2.SpikeMonitor`, or, of spikes ``[step,
        neuron]``, as in ``step, neuron = numpy.nonzero(spikes)``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    label, color : optional
        As Matplotlib takes them.
    """
    times, neurons = arrays_of(
        "plot_raster", times=(times, ("spikes",)), neurons=(neurons, ("spikes",))
    )
    ax = axes_or_new(ax)
    ax.plot(milliseconds(times), neurons, ".", color=color, markersize=1.5, label=label)
    whole(ax.yaxis)
    return labelled(ax, xlabel="Time (ms)", ylabel="Neuron")


def plot_rates(
    rates: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
) -> Axes:
    """Plot the distribution of firing rates in hertz, of any shape; those that are not finite are
    left out.
    """
    ax, rates = axes_or_new(ax), np.asarray(rates, dtype=float).ravel()
    ax.hist(
        rates[np.isfinite(rates)],
        bins=30,
        histtype="step",
        color=color or colour(name),
        label=label or name,
        linestyle=linestyle,
    )
    return labelled(ax, xlabel="Firing rate (Hz)", ylabel="Neurons")
