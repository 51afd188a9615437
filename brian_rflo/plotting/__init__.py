"""Figures: functions ``(data, ax=None) -> ax``, in one quiet style.

Each draws on the given axes and returns them; by default on axes of a new figure, as wide as a
column of a journal. Times are quantities or seconds and are shown in milliseconds, weights are
matrices ``[post, pre]``, and arrays with a value per network have networks as their first
dimension. Colours are distinguishable without colour vision (Okabe and Ito): those of rules are in
`COLOURS`, those of other lines in `CYCLE`. An array of another shape raises a ValueError that names
the expected shape.

Text in PDF and SVG files can be edited after ``plt.rcParams.update(plotting.EDITABLE)``.

Examples
--------
>>> import numpy as np
>>> from brian_rflo import plotting
>>> rflo, bptt = (np.geomspace(1, end, 200) * np.ones((5, 1)) for end in (0.01, 0.001))
>>> ax = plotting.plot_losses(rflo, name="rflo", label="RFLO")
>>> ax = plotting.plot_losses(bptt, ax, name="bptt", label="BPTT")
"""

from .activity import plot_raster, plot_rates, plot_traces
from .answers import plot_answers, plot_points, plot_psychometric, plot_share, plot_tracks
from .comparisons import arrangement, plot_comparison
from .legends import legend_over
from .style import (
    COLOURS,
    CYCLE,
    EDITABLE,
    PAPER,
    SIZE,
    axes_or_new,
    colour,
    colours,
    lettered,
    marks,
    new_axes,
    panels_of,
    styles,
    titled,
)
from .sweeps import plot_sweep
from .tasks import plot_spike_task, plot_task
from .ticks import labelled, logarithmic
from .trainings import (
    plot_alignment,
    plot_gradient_alignment,
    plot_losses,
    plot_output,
    plot_training,
)
from .weights import plot_changes, plot_spectrum, plot_weights

__all__ = [
    "plot_alignment",
    "plot_answers",
    "plot_changes",
    "plot_comparison",
    "plot_gradient_alignment",
    "plot_losses",
    "plot_output",
    "plot_points",
    "plot_psychometric",
    "plot_raster",
    "plot_rates",
    "plot_share",
    "plot_spectrum",
    "plot_spike_task",
    "plot_sweep",
    "plot_task",
    "plot_traces",
    "plot_tracks",
    "plot_training",
    "plot_weights",
]
