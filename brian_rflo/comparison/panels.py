"""The figure of a comparison, panel by panel."""

import numpy as np
from brian2 import ms

from .. import plotting
from .kinds import kind_of

LINES = {"rflo": "-", "readout": ":", "least_squares": (0, (1, 4)), "bptt": "--"}


def draw(comparison):
    """Return the figure of a comparison."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 8), layout="constrained")
    plotting.plot_comparison(comparison, figure.subplot_mosaic(plotting.GRID))
    networks, trials = next(iter(comparison.results.values())).losses.shape
    figure.suptitle(
        f"{type(comparison.task).__name__}: {networks} networks of each kind, {trials} trials, time"
        f" constant {float(comparison.tau / ms):g} ms for all"
    )
    return figure


def styled(comparison):
    """Return each result with its pair of names, and the style of its lines."""
    for (kind, rule), result in comparison.results.items():
        yield (kind, rule), result, dict(color=kind_of(kind).colour, linestyle=LINES[rule])


def draw_error(comparison, ax):
    """Draw errors over trials; a fitted readout has a single number."""
    for (kind, rule), _, style in styled(comparison):
        label = f"{kind_of(kind).label}, {rule}"
        if rule == "least_squares":
            ax.axhline(np.median(comparison.final_error(kind, rule)), label=label, **style)
        else:
            plotting.plot_losses(comparison.errors(kind, rule), ax, label=label, **style)
    ax.set(ylabel="Error (NMSE)")
    plotting.titled(ax, "Median and quartiles")
    plotting.legend_over(ax)


def draw_early(comparison, ax):
    """Draw outputs in the first trial."""
    _, target, mask = comparison.task.trial(0)
    for _, result, style in styled(comparison):
        plotting.plot_output(result.times, result.first_output[0], target, ax, mask=mask, **style)
    plotting.titled(ax, "First trial, network 0")


def draw_late(comparison, ax):
    """Draw outputs in the last trial."""
    for _, result, style in styled(comparison):
        plotting.plot_output(
            result.times, result.output[0], result.target, ax, mask=result.mask, **style
        )
    plotting.titled(ax, "Last trial, network 0")


def draw_alignment(comparison, ax):
    """Draw the alignment of readout and feedback weights, where trials change it."""
    for (_, rule), result, style in styled(comparison):
        if rule != "least_squares":
            plotting.plot_alignment(result.aligned_trials, result.alignment, ax, **style)


def draw_changes(comparison, ax):
    """Draw the distribution of recurrent weight changes."""
    for _, result, style in styled(comparison):
        plotting.plot_changes(
            result.weights_before["recurrent"], result.weights_after["recurrent"], ax, **style
        )
    ax.set(xlabel="Change of recurrent weights")


def draw_rates(comparison, ax):
    """Draw the firing rates of spiking neurons."""
    for pair, _, style in styled(comparison):
        if "rates" in comparison.arrays[pair]:
            plotting.plot_rates(comparison.arrays[pair]["rates"], ax, **style)
    plotting.titled(ax, "After training")


def draw_raster(comparison, ax):
    """Draw the spikes of network 0 of each kind in a trial after training, one kind above the
    other.
    """
    offset = 0
    for (kind, rule), arrays in comparison.arrays.items():
        if "spikes" in arrays:
            steps, neurons = np.nonzero(arrays["spikes"][:, 0])
            plotting.plot_raster(
                steps * comparison.task.dt,
                neurons + offset,
                ax,
                label=f"{kind_of(kind).label}, {rule}",
                color=kind_of(kind).colour,
            )
            offset += arrays["spikes"].shape[2]
    ax.set(xlabel="Time in trial (ms)")
    plotting.titled(ax, "Spikes after training, network 0")
    if offset:
        plotting.legend_over(ax, markerscale=4)


#: What `plotting.plot_comparison` draws.
PANELS = {
    "error": draw_error,
    "early": draw_early,
    "late": draw_late,
    "raster": draw_raster,
    "alignment": draw_alignment,
    "changes": draw_changes,
    "rates": draw_rates,
}
