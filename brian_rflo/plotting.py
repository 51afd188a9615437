"""Figures: functions ``(data, ax=None) -> ax``, in one quiet style.

Each draws on the given axes and returns them; by default on axes of a new figure, as wide as a
column of a journal. Times are quantities or seconds and are shown in milliseconds, weights are
matrices ``[post, pre]``, and arrays with a value per network have networks as their first
dimension. Colours are distinguishable without colour vision (Okabe and Ito). An array of another
shape raises a ValueError that names the expected shape.

Examples
--------
>>> import numpy as np
>>> from brian_rflo import plotting
>>> rflo, bptt = (np.geomspace(1, end, 200) * np.ones((5, 1)) for end in (0.01, 0.001))
>>> ax = plotting.plot_losses(rflo, name="rflo", label="RFLO")
>>> ax = plotting.plot_losses(bptt, ax, name="bptt", label="BPTT")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .analysis import band, running_mean, smooth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from brian2 import Quantity
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike

    from .comparison import Comparison
    from .results import TrainingResult
    from .sweeps import SweepTable
    from .tasks import Task


__all__ = [
    "plot_alignment",
    "plot_answers",
    "plot_changes",
    "plot_comparison",
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

#: Colours of rules and of the target.
COLOURS = {
    "target": "#9a9a9a",
    "rflo": "#0072b2",
    "bptt": "#d55e00",
    "untrained": "#555555",
    "rtrl": "#009e73",
    "local_symmetric": "#cc79a7",
    "nonlocal_random": "#e69f00",
}
#: Colours of unnamed lines: neurons, synapses, outputs.
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Font sizes and line widths of new axes, for printing at the original size.
PAPER = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
#: Arrangement of the panels of `plot_comparison`.
GRID = [["error", "early", "late", "raster"], ["alignment", "changes", "rates", "raster"]]
#: Up to this many lines have individual labels.
FEW = 4
#: Width and height of new axes in inches: 89 mm are a column.
SIZE = (3.5, 2.5)


def colour(name):
    """Return the colour of a rule, or black."""
    return COLOURS.get(name, "black")


def new_axes(rows, size):
    """Return the axes of a new figure by name, with ``rows`` as in
    `matplotlib.figure.Figure.subplot_mosaic`.
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(
        figsize=size, layout="constrained"
    )  # before the context: it would undo what a notebook sets with the first figure
    with plt.rc_context(PAPER):
        return figure.subplot_mosaic(rows)


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


def logarithmic(axis):
    """Make an axis logarithmic; ticks are at 1 and 3 times powers of ten within two decades, at 1,
    2 and 5 within one.
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_data_interval()
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 3) if high >= 10 * low else (1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def legend_over(ax, **how):
    """Place the legend at the top of axes, in as many columns as fit, and extend the y axis so that
    no data are covered. Call it after drawing.

    A legend that would take half of the axes goes below the whole figure, if its layout is
    constrained.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    how : optional
        Arguments of `matplotlib.axes.Axes.legend`, except place and columns.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    how = dict(frameon=False, fontsize=0.875 * ax.xaxis.label.get_size()) | how
    entries, within = ax.get_legend_handles_labels(), ax.get_window_extent()
    legend = fitted_legend(ax, entries, within.width, loc="upper center", **how)
    share = 1.2 * legend.get_window_extent().height / within.height
    if share > 0.5 and isinstance(ax.figure.get_layout_engine(), ConstrainedLayoutEngine):
        legend.remove()
        fitted_legend(ax.figure, entries, ax.figure.bbox.width, loc="outside lower center", **how)
    else:
        leave_room(ax, min(0.7, share))


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


def names_of(what, count):
    """Return labels for `count` lines: one each, or one for the first that says how many there
    are.
    """
    return (
        [f"{what} {number}" for number in range(count)]
        if count <= FEW
        else [f"{count} {what}s", *[None] * (count - 1)]
    )


def arrays_of(function, **given):
    """Return the arrays ``name=(values, dimensions)``; raise unless each has its dimensions, and
    those of one name have one size.
    """
    sizes, found = {}, []
    for name, (values, dimensions) in given.items():
        values = np.asarray(values)
        known = ", ".join(
            f"{dimension} = {sizes[dimension]}" for dimension in dimensions if dimension in sizes
        )
        if values.ndim != len(dimensions) or any(
            sizes.setdefault(dimension, size) != size
            for dimension, size in zip(dimensions, values.shape)
        ):
            shape = f"({', '.join(dimensions)}{',' * (len(dimensions) == 1)})"
            raise ValueError(
                f"{function}: {name} must have the shape"
                f" {shape}{f' with {known}' if known else ''}; got {values.shape}"
            )
        if not values.size and dimensions != ("spikes",):
            raise ValueError(f"{function}: {name} is empty: its shape is {values.shape}")
        found.append(values)
    return found


def milliseconds(times):
    """Return times in milliseconds, from seconds or a quantity."""
    return np.asarray(times) * 1e3


def shade_masked(ax, times, mask):
    """Shade the steps that do not count, for no output."""
    masked = (mask.reshape(len(mask), -1) == 0).all(axis=1)
    ax.fill_between(
        times,
        0,
        1,
        where=masked,
        transform=ax.get_xaxis_transform(),
        color="black",
        alpha=0.08,
        linewidth=0,
        step="mid",
        label="masked" if masked.any() else None,
    )


def plot_task(task: Task, ax: Axes | None = None, trial: int = 0) -> Axes:
    """Plot inputs (dotted) and targets (solid) of one trial of a task; masked steps are shaded.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian_rflo import plotting
    >>> from brian_rflo.tasks import IntervalMatching
    >>> ax = plotting.plot_task(IntervalMatching(n_inputs=2))
    """
    ax = axes_or_new(ax)
    inputs, target, mask = task.trial(trial)
    times = milliseconds(task.times)
    for number, (values, label) in enumerate(zip(inputs.T, names_of("input", inputs.shape[1]))):
        ax.plot(
            times, values, ":", color=CYCLE[(task.n_outputs + number) % len(CYCLE)], label=label
        )
    draw_targets(ax, task, times, target, mask)
    return ax


def draw_targets(ax, task, times, target, mask):
    """Draw the targets of a task, masked steps, labels and legend; where each output has its own
    mask, targets that do not count are faint.
    """
    counts = np.broadcast_to(mask.reshape(len(mask), -1) > 0, target.shape)
    for number, (values, label) in enumerate(zip(target.T, names_of("target", target.shape[1]))):
        color = CYCLE[number % len(CYCLE)]
        if mask.ndim > 1:
            ax.plot(times, values, color=color, alpha=0.3)
            values = np.where(counts[:, number], values, np.nan)
        ax.plot(times, values, color=color, label=label)
    shade_masked(ax, times, mask)
    ax.set(xlabel="Time in trial (ms)")
    titled(ax, type(task).__name__)
    legend_over(ax)


def plot_spike_task(task: Task, ax: Axes | None = None, trial: int = 0) -> Axes:
    """Plot the spikes of one trial of a task, in groups, above its targets; masked steps are
    shaded.
    """
    ax = axes_or_new(ax)
    inputs, target, mask = task.trial(trial)
    times, low, high = milliseconds(task.times), target.min(), target.max()
    row = 1.8 * (high - low) / inputs.shape[1]
    for number, channels in enumerate(np.array_split(np.arange(inputs.shape[1]), len(task.groups))):
        step, channel = np.nonzero(inputs[:, channels])
        bottom = high + 0.15 * (high - low) + row * channels[0]
        ax.vlines(
            times[step],
            bottom + row * channel,
            bottom + row * (channel + 0.8),
            color="black",
            linewidth=0.6,
        )
        ax.text(
            1.01,
            bottom + row * len(channels) / 2,
            task.groups[number],
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize="small",
        )
    ax.set(yticks=[low, high])
    draw_targets(ax, task, times, target, mask)
    return ax


def plot_losses(
    losses: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
) -> Axes:
    """Plot the loss over trials: median and quartiles over networks, on logarithmic axes.

    Parameters
    ----------
    losses : array, shape (networks, trials) or (trials,)
        As in ``result.losses``, or ``monitor.loss`` of a `LossMonitor`. Networks that have failed
        (NaN) are left out.
    ax : matplotlib.axes.Axes, optional
    name : str, optional
        A rule, which determines the colour, as in `COLOURS`.
    label : str, optional
        For the legend; `name` by default.
    linestyle, color : optional
        As Matplotlib takes them.
    """
    (losses,) = arrays_of("plot_losses", losses=(np.atleast_2d(losses), ("networks", "trials")))
    ax, color = axes_or_new(ax), color or colour(name)
    trials, curves = smooth(losses)
    lower, middle, upper = band(curves)
    ax.fill_between(trials, lower, upper, color=color, alpha=0.2, linewidth=0)
    ax.plot(trials, middle, color=color, label=label or name, linestyle=linestyle)
    logarithmic(ax.xaxis)
    ax.set(yscale="log", xlabel="Trial", ylabel="Loss")
    return ax


def plot_output(
    times: Quantity | ArrayLike,
    output: ArrayLike,
    target: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = "output",
    mask: ArrayLike | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
) -> Axes:
    """Plot the output over its target (grey) in one trial.

    Parameters
    ----------
    times : Quantity or array, shape (n_steps,)
    output, target : array, shape (n_steps, n_outputs)
    ax : matplotlib.axes.Axes, optional
    name, label, linestyle, color : optional
        See `plot_losses`.
    mask : array, shape (n_steps,) or (n_steps, n_outputs), optional
        Steps with 0 do not count, and are not shown; or steps of an output.
    """
    steps = ("n_steps",)
    mask = np.ones(np.shape(times)) if mask is None else mask
    times, output, target, mask = arrays_of(
        "plot_output",
        times=(times, steps),
        output=(output, (*steps, "n_outputs")),
        target=(target, (*steps, "n_outputs")),
        mask=(mask, (*steps, "n_outputs") if np.ndim(mask) == 2 else steps),
    )
    ax = axes_or_new(ax)
    counts = np.broadcast_to(mask.reshape(len(mask), -1) > 0, target.shape)
    labels = {0: label}
    if "target" not in ax.get_legend_handles_labels()[1]:
        ax.plot([], [], color=COLOURS["target"], linewidth=4, label="target")
    for unit, shown in enumerate(counts.T):
        ax.plot(
            milliseconds(times)[shown],
            target[shown, unit],
            color=COLOURS["target"],
            linewidth=4,
            solid_capstyle="round",
            zorder=1,
        )
        ax.plot(
            milliseconds(times)[shown],
            output[shown, unit],
            color=color or colour(name),
            linewidth=1.2,
            linestyle=linestyle,
            label=labels.get(unit),
        )
    ax.set(xlabel="Time in trial (ms)", ylabel="Output")
    return ax


def plot_alignment(
    trials: ArrayLike,
    alignment: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
) -> Axes:
    """Plot the cosine between readout and feedback weights over trials: median and quartiles over
    networks.

    Parameters
    ----------
    trials : array, shape (n,)
        Finished trials, as in ``result.aligned_trials``.
    alignment : array, shape (networks, n)
    ax : matplotlib.axes.Axes, optional
    name, label, linestyle, color : optional
        See `plot_losses`.
    """
    trials, alignment = arrays_of(
        "plot_alignment", trials=(trials, ("n",)), alignment=(alignment, ("networks", "n"))
    )
    ax, color = axes_or_new(ax), color or colour(name)
    lower, middle, upper = band(alignment)
    ax.axhline(0, color="black", linewidth=0.5)
    ax.fill_between(trials, lower, upper, color=color, alpha=0.25, linewidth=0)
    ax.plot(trials, middle, color=color, label=label or name, linestyle=linestyle)
    ax.set(xlabel="Trial", ylabel="Alignment (cosine)", ylim=(-1, 1))
    return ax


def plot_weights(weights: ArrayLike, ax: Axes | None = None) -> Axes:
    """Plot a weight matrix ``[post, pre]`` in colour: red is positive, blue negative, white zero.

    Parameters
    ----------
    weights : array, shape (post, pre)
        Weights of one network, as ``net.recurrent.matrix()`` or
        ``result.weights_after["recurrent"][0]``.
    ax : matplotlib.axes.Axes, optional

    Examples
    --------
    >>> import numpy as np
    >>> from brian_rflo import plotting
    >>> ax = plotting.plot_weights(np.random.default_rng(1).standard_normal((20, 30)))
    >>> ax.get_xlabel()
    'Presynaptic neuron'
    """
    (weights,) = arrays_of("plot_weights", weights=(weights, ("post", "pre")))
    ax, largest = axes_or_new(ax), np.abs(weights[np.isfinite(weights)]).max(initial=0) or 1
    picture = ax.imshow(
        weights,
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
        aspect="equal" if weights.shape[0] == weights.shape[1] else "auto",
        interpolation="nearest",
    )
    bar = ax.figure.colorbar(picture, ax=ax)
    bar.set_label("Weight", size=ax.yaxis.label.get_size())
    bar.ax.tick_params(labelsize=ax.yaxis.get_ticklabels()[0].get_size())
    ax.set(xlabel="Presynaptic neuron", ylabel="Postsynaptic neuron")
    return ax


def plot_spectrum(
    weights: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    color: ColorType | None = None,
) -> Axes:
    """Plot the eigenvalues of recurrent weights in the complex plane, with the unit circle.

    Parameters
    ----------
    weights : array, shape (neurons, neurons)
    ax : matplotlib.axes.Axes, optional
    name, label, color : optional
        See `plot_losses`.
    """
    (weights,) = arrays_of("plot_spectrum", weights=(weights, ("neurons", "neurons")))
    ax, values = axes_or_new(ax), np.linalg.eigvals(weights)
    around = np.exp(2j * np.pi * np.linspace(0, 1, 200))
    ax.plot(around.real, around.imag, color=COLOURS["target"], linewidth=1, zorder=1)
    ax.plot(
        values.real,
        values.imag,
        ".",
        color=color or colour(name),
        markersize=5,
        label=label or name,
    )
    ax.set(xlabel="Real part", ylabel="Imaginary part", aspect="equal")
    return ax


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
    traces : array, shape (n_steps, n)
        A `~brian2.StateMonitor` records ``(n, n_steps)``: write ``monitor.trace.T``.
    ax : matplotlib.axes.Axes, optional
    labels : sequence of str, optional
        A name for each line.
    """
    times, traces = arrays_of(
        "plot_traces", times=(times, ("n_steps",)), traces=(traces, ("n_steps", "n"))
    )
    if labels is not None and len(labels) != traces.shape[1]:
        raise ValueError(f"plot_traces: {len(labels)} labels for {traces.shape[1]} lines")
    ax = axes_or_new(ax)
    for number, values in enumerate(traces.T):
        ax.plot(
            milliseconds(times),
            values,
            color=CYCLE[number % len(CYCLE)],
            linewidth=0.8,
            label=None if labels is None else labels[number],
        )
    ax.margins(x=0)
    ax.set(xlabel="Time (ms)", ylabel="Trace")
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
    neurons : array of int, shape (spikes,)
        As in ``monitor.t`` and ``monitor.i`` of a `~brian2.SpikeMonitor`, or, of spikes ``[step,
        neuron]``, as in ``step, neuron = numpy.nonzero(spikes)``.
    ax : matplotlib.axes.Axes, optional
    label, color : optional
        As Matplotlib takes them.
    """
    times, neurons = arrays_of(
        "plot_raster", times=(times, ("spikes",)), neurons=(neurons, ("spikes",))
    )
    ax = axes_or_new(ax)
    ax.plot(milliseconds(times), neurons, ".", color=color, markersize=1.5, label=label)
    ax.set(xlabel="Time (ms)", ylabel="Neuron")
    return ax


def plot_rates(
    rates: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
) -> Axes:
    """Plot the distribution of firing rates in hertz, of any shape."""
    ax = axes_or_new(ax)
    ax.hist(
        np.asarray(rates).ravel(),
        bins=30,
        histtype="step",
        color=color or colour(name),
        label=label or name,
        linestyle=linestyle,
    )
    ax.set(xlabel="Firing rate (Hz)", ylabel="Neurons")
    return ax


def plot_changes(
    before: ArrayLike,
    after: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
) -> Axes:
    """Plot the distribution of weight changes, of any shape: number of synapses by amount. Weights
    that stayed, or are not finite, are left out.
    """
    if np.shape(before) != np.shape(after):
        raise ValueError(
            f"plot_changes: weights before and after must have one shape; got {np.shape(before)}"
            f" and {np.shape(after)}"
        )
    ax, change = axes_or_new(ax), np.subtract(np.asarray(after), np.asarray(before)).ravel()
    if change.any() and np.isfinite(change).all():
        ax.hist(
            change,
            bins=60,
            histtype="step",
            color=color or colour(name),
            label=label or name,
            linestyle=linestyle,
        )
    ax.set(xlabel="Change of weights", ylabel="Synapses", yscale="log")
    return ax


def plot_points(
    x: ArrayLike,
    values: Sequence[ArrayLike],
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
) -> Axes:
    """Plot numbers of each network against a variable: a sequence of values for each `x`, as dots,
    and their medians, as a line.

    A network without a number, since it has diverged, counts as infinite.
    """
    if len(x) != len(values):
        raise ValueError(
            f"plot_points: {len(values)} sequences of values for {len(x)} places on the axis"
        )
    ax = axes_or_new(ax)
    for where, points in zip(x, values):
        ax.plot(
            np.full(len(points), where), points, ".", color=colour(name), alpha=0.4, markersize=4
        )
    ax.plot(
        x,
        [np.median(np.nan_to_num(points, nan=np.inf)) for points in values],
        "o",
        color=colour(name),
        label=label or name,
        linestyle=linestyle,
    )
    return ax


def plot_share(
    happened: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    color: ColorType | None = None,
) -> Axes:
    """Plot the share of trials in which something happened (a reward, a wrong answer), over trials:
    a line for each network, mean over a fortieth of all trials.

    Parameters
    ----------
    happened : array, shape (networks, trials)
        0 or 1, or the share of a batch.
    ax : matplotlib.axes.Axes, optional
    name, label, color : optional
        See `plot_losses`.
    """
    (happened,) = arrays_of("plot_share", happened=(happened, ("networks", "trials")))
    ax, width = axes_or_new(ax), max(1, happened.shape[1] // 40)
    for number, values in enumerate(running_mean(happened, width)):
        ax.plot(
            np.arange(len(values)) + width,
            values,
            color=color or colour(name),
            linewidth=1,
            label=None if number else label or name,
        )
    ax.set(xlabel="Trial", ylabel="Share of trials", ylim=(-0.02, 1.02))
    return ax


def plot_answers(
    x: ArrayLike,
    answers: ArrayLike,
    wanted: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
) -> Axes:
    """Plot the answers of each network against the questions, over the correct ones (grey).

    Parameters
    ----------
    x, wanted : array, shape (n,)
    answers : array, shape (networks, n)
    ax : matplotlib.axes.Axes, optional
    name : str, optional
        See `plot_losses`.
    """
    x, wanted, answers = arrays_of(
        "plot_answers", x=(x, ("n",)), wanted=(wanted, ("n",)), answers=(answers, ("networks", "n"))
    )
    ax = axes_or_new(ax)
    ax.plot(x, wanted, color=COLOURS["target"], linewidth=4, zorder=1)
    for values in answers:
        ax.plot(x, values, ".-", color=colour(name), linewidth=0.6, alpha=0.6)
    return ax


def plot_psychometric(
    evidence: ArrayLike,
    answers: ArrayLike,
    ax: Axes | None = None,
    label: str | None = None,
    color: ColorType | None = None,
) -> Axes:
    """Plot the share of positive answers against the evidence for them.

    Parameters
    ----------
    evidence : array, shape (trials,)
        For example cues right minus left.
    answers : array of bool, shape (trials,)
    ax : matplotlib.axes.Axes, optional
    label, color : optional
        As Matplotlib takes them.
    """
    evidence, answers = arrays_of(
        "plot_psychometric", evidence=(evidence, ("trials",)), answers=(answers, ("trials",))
    )
    ax, values = axes_or_new(ax), np.unique(evidence)
    ax.plot(
        values,
        [answers[evidence == value].mean() for value in values],
        "o-",
        color=color or CYCLE[0],
        markersize=4,
        label=label,
    )
    ax.set(xlabel="Evidence", ylabel="Share of answers", ylim=(-0.05, 1.05))
    return ax


def plot_tracks(velocity: ArrayLike, target: ArrayLike, ax: Axes | None = None) -> Axes:
    """Plot the track of a cursor, from its velocity: a line for each network, over the target track
    (grey).

    Parameters
    ----------
    velocity : array, shape (networks, n_steps, 2)
        As in ``result.output`` of `CursorMovements`.
    target : array, shape (n_steps, 2)
    ax : matplotlib.axes.Axes, optional
    """
    target, velocity = arrays_of(
        "plot_tracks",
        target=(target, ("n_steps", "2")),
        velocity=(velocity, ("networks", "n_steps", "2")),
    )
    if target.shape[1] != 2:
        raise ValueError(f"plot_tracks: a velocity has two components; got {target.shape[1]}")
    ax = axes_or_new(ax)
    ax.plot(
        *np.cumsum(target, axis=0).T,
        color=COLOURS["target"],
        linewidth=5,
        solid_joinstyle="round",
        zorder=1,
    )
    for number, track in enumerate(np.cumsum(velocity, axis=1)):
        ax.plot(*track.T, color=CYCLE[number % len(CYCLE)], linewidth=1.2)
    ax.set(xlabel="x", ylabel="y", aspect="equal")
    return ax


def plot_training(
    result: TrainingResult, axes: Sequence[Axes] | None = None, network: int = 0
) -> Sequence[Axes]:
    """Plot loss, last output beside target, and alignment of a `TrainingResult`, in three axes;
    missing quantities are left out.
    """
    axes = (
        list(new_axes([["loss", "output", "alignment"]], (3 * SIZE[0], SIZE[1])).values())
        if axes is None
        else axes
    )
    if np.size(axes) != 3:
        raise ValueError(
            "plot_training: it draws on three axes, as fig, axes = plt.subplots(1, 3) returns"
            f" them; got {np.size(axes)}. For a single one there are plot_losses, plot_output and"
            " plot_alignment"
        )
    axes = list(np.ravel(axes))
    if network not in range(len(result.output)):
        raise ValueError(
            f"plot_training: there is no network {network}; the result has {len(result.output)},"
            " counted from 0"
        )
    if np.isfinite(result.losses).any():
        plot_losses(result.losses, axes[0])
    plot_output(result.times, result.output[network], result.target, axes[1], mask=result.mask)
    if len(result.aligned_trials):
        plot_alignment(result.aligned_trials, result.alignment, axes[2])
    legend_over(axes[1])
    return axes


def plot_comparison(
    comparison: Comparison, axes: Mapping[str, Axes] | None = None
) -> Mapping[str, Axes]:
    """Plot the result of `compare`, in a grid: errors, outputs in the first and last trial, spikes,
    alignment, weight changes, firing rates.

    Parameters
    ----------
    comparison : Comparison
    axes : dict of matplotlib.axes.Axes, optional
        Any of ``"error"``, ``"early"``, ``"late"``, ``"raster"``, ``"alignment"``, ``"changes"``,
        ``"rates"``: what is left out is not drawn.

    Returns
    -------
    dict
        The axes.
    """
    panels = comparison.panels()
    axes = new_axes(GRID, (10, 5)) if axes is None else axes
    unknown = set(axes) - set(panels)
    if unknown:
        raise ValueError(
            f"plot_comparison: no panel {', '.join(sorted(map(repr, unknown)))}; there are"
            f" {', '.join(panels)}"
        )
    for name, ax in axes.items():
        panels[name](axes_or_new(ax))
    return axes


def plot_sweep(
    table: SweepTable, parameter: str, number: str | None = None, ax: Axes | None = None
) -> Axes:
    """Plot a number of each network of a sweep, by default the first, against a parameter, and the
    medians; both axes are logarithmic if the values span a factor of ten.
    """
    columns = {name: table.column(name) for name in table.columns()}
    drawn = [
        name
        for name, (values, _) in columns.items()
        if all(isinstance(value, (int, float)) for value in values if value is not None)
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
    (values, unit), (numbers, unit_of_number) = table.column(parameter), columns[number]
    values, numbers = zip(
        *((value, found) for value, found in zip(values, numbers) if found is not None)
    )
    values, numbers = (
        ([str(value) for value in values] if isinstance(values[0], bool) else values),
        np.array(numbers, dtype=float),
    )
    ax = axes_or_new(ax)
    ax.plot(values, numbers, "o", color=COLOURS["target"], markersize=4)
    by_value = {place: numbers[[value == place for value in values]] for place in values}
    ax.plot(
        list(by_value),
        [
            np.median(found[~np.isnan(found)]) if not np.isnan(found).all() else np.nan
            for found in by_value.values()
        ],
        "-",
        color=COLOURS["rflo"],
    )
    for axis, given in ((ax.xaxis, values), (ax.yaxis, numbers)):
        if (
            not any(isinstance(value, str) for value in given)
            and not np.isnan(given).all()
            and np.nanmin(given) > 0
            and np.nanmax(given) >= 10 * np.nanmin(given)
        ):
            logarithmic(axis)
    ax.set(
        xlabel=f"{parameter} ({unit})" if unit else parameter,
        ylabel=number.replace("_", " ") + (f" ({unit_of_number})" if unit_of_number else ""),
    )
    return ax
