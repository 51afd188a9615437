"""Figures: functions ``(data, ax=None) -> ax``, in one quiet style."""

import numpy as np

from .analysis import band, smooth

#: Colours of rules and of the target, distinguishable without colour vision (Okabe and Ito).
COLOURS = {"target": "#9a9a9a", "rflo": "#0072b2", "bptt": "#d55e00", "untrained": "#555555", "rtrl": "#009e73", "local_symmetric": "#cc79a7", "nonlocal_random": "#e69f00"}


def colour(name):
    """The colour of a rule, or black."""
    return COLOURS.get(name, "black")


def axes_or_new(ax):
    """`ax`, or the axes of a new figure."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_task(task, ax=None, trial=0):
    """Inputs (dotted) and targets (solid) of one trial of a task; masked steps are shaded."""
    ax = axes_or_new(ax)
    inputs, target, mask = task.trial(trial)
    times = np.asarray(task.times) * 1e3
    for number, values in enumerate(inputs.T):
        ax.plot(times, values, ":", color=f"C{task.n_outputs + number}", label=f"input {number}")
    for number, values in enumerate(target.T):
        ax.plot(times, values, color=f"C{number}", label=f"target {number}")
    ax.fill_between(times, 0, 1, where=mask == 0, transform=ax.get_xaxis_transform(), color="black", alpha=0.08, step="mid", label="masked" if (mask == 0).any() else None)
    ax.set(xlabel="Time in trial (ms)", title=type(task).__name__)
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_spike_task(task, ax=None, trial=0):
    """Spikes of one trial of a task, in groups, above its targets; masked steps are shaded."""
    ax = axes_or_new(ax)
    inputs, target, mask = task.trial(trial)
    times, low, high = np.asarray(task.times) * 1e3, target.min(), target.max()
    row = 1.8 * (high - low) / inputs.shape[1]
    for number, channels in enumerate(np.array_split(np.arange(inputs.shape[1]), len(task.groups))):
        step, channel = np.nonzero(inputs[:, channels])
        bottom = high + 0.15 * (high - low) + row * channels[0]
        ax.vlines(times[step], bottom + row * channel, bottom + row * (channel + 0.8), color="black", linewidth=0.6)
        ax.text(1.01, bottom + row * len(channels) / 2, task.groups[number], transform=ax.get_yaxis_transform(), va="center", fontsize="small")
    for number, values in enumerate(target.T):
        ax.plot(times, values, color=f"C{number}", label=f"target {number}")
    ax.fill_between(times, 0, 1, where=mask == 0, transform=ax.get_xaxis_transform(), color="black", alpha=0.08, linewidth=0, step="mid", label="masked" if (mask == 0).any() else None)
    ax.set(xlabel="Time in trial (ms)", title=type(task).__name__, yticks=[low, high])
    ax.legend(frameon=False, fontsize="small", loc="lower left", ncols=3, bbox_to_anchor=(0, 0.09))
    return ax


def plot_losses(losses, ax=None, name=None, label=None, linestyle="-", color=None):
    """Loss over trials, ``(networks, trials)``: median and quartiles over networks, on logarithmic axes."""
    ax, color = axes_or_new(ax), color or colour(name)
    trials, curves = smooth(np.atleast_2d(losses))
    lower, middle, upper = band(curves)
    ax.fill_between(trials, lower, upper, color=color, alpha=0.2, linewidth=0)
    ax.plot(trials, middle, color=color, label=label or name, linestyle=linestyle)
    ax.set(xscale="log", yscale="log", xlabel="Trial", ylabel="Mean squared error")
    return ax


def plot_output(times, output, target, ax=None, name=None, label="output", mask=None):
    """Output over its target in one trial; `times` in seconds, arrays ``(n_steps, n_outputs)``."""
    ax = axes_or_new(ax)
    shown = np.ones(len(target), bool) if mask is None else np.asarray(mask) > 0
    for unit in range(target.shape[1]):
        first = unit == 0
        ax.plot(times[shown] * 1e3, target[shown, unit], color=COLOURS["target"], linewidth=4, solid_capstyle="round", label="target" if first else None)
        ax.plot(times[shown] * 1e3, output[shown, unit], color=colour(name), label=label if first else None)
    ax.set(xlabel="Time in trial (ms)", ylabel="Output")
    return ax


def plot_alignment(trials, alignment, ax=None, name=None, label=None, color=None):
    """Cosine between readout and feedback weights over trials, ``(networks, n)``: median and quartiles."""
    ax, color = axes_or_new(ax), color or colour(name)
    lower, middle, upper = band(alignment)
    ax.axhline(0, color="black", linewidth=0.5)
    ax.fill_between(trials, lower, upper, color=color, alpha=0.25, linewidth=0)
    ax.plot(trials, middle, color=color, label=label or name)
    ax.set(xlabel="Trial", ylabel="Alignment (cosine)", ylim=(-1, 1))
    return ax


def plot_points(x, values, ax=None, name=None, label=None, linestyle="-"):
    """Numbers of each network against something: a sequence of values for each `x`, as dots, and their medians, as a line.

    A network without a number, since it has diverged, counts as infinite.
    """
    ax = axes_or_new(ax)
    for where, points in zip(x, values):
        ax.plot(np.full(len(points), where), points, ".", color=colour(name), alpha=0.4, markersize=4)
    ax.plot(x, [np.median(np.nan_to_num(points, nan=np.inf)) for points in values], "o", color=colour(name), label=label or name, linestyle=linestyle)
    return ax


def plot_training(result, axes=None, network=0):
    """Loss, last output beside target, and alignment of a `TrainingResult`, in three axes."""
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
    plot_losses(result.losses, axes_or_new(axes[0]))
    plot_output(result.times, result.output[network], result.target, axes_or_new(axes[1]), mask=result.mask)
    plot_alignment(result.aligned_trials, result.alignment, axes_or_new(axes[2]))
    axes[1].legend(frameon=False, fontsize="small")
    return axes


def plot_sweep(table, parameter, number, ax=None):
    """A number of each network of a sweep against a parameter, and the medians; both axes logarithmic where the values span a factor of ten."""
    rows = [row for row in table.rows if isinstance(row.numbers.get(number), (int, float))]
    if not rows or parameter not in rows[0].settings:
        raise ValueError(f"plot: no finished network has the parameter '{parameter}' and the number '{number}'; there are {', '.join(table.rows[0].settings)} and {', '.join(table.columns())}")
    ax = axes_or_new(ax)
    values = [row.settings[parameter] for row in rows]
    values = [value if isinstance(value, (int, float)) else float(value) if hasattr(value, "dim") and not value.ndim else str(getattr(value, "__name__", value)) for value in values]
    numbers = np.array([row.numbers[number] for row in rows], dtype=float)
    ax.plot(values, numbers, "o", color=COLOURS["target"], markersize=4)
    places = list(dict.fromkeys(values))
    ax.plot(places, [np.nanmedian(numbers[[value == place for value in values]]) for place in places], "-", color=COLOURS["rflo"])
    for axis, given in (("x", values), ("y", numbers)):
        if not any(isinstance(value, str) for value in given) and np.nanmin(given) > 0 and np.nanmax(given) >= 10 * np.nanmin(given):
            ax.set(**{f"{axis}scale": "log"})
    ax.set(xlabel=parameter, ylabel=number.replace("_", " "))
    return ax
