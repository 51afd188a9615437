"""Figures of tasks: what a trial asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .legends import legend_over
from .style import axes_or_new, colours, milliseconds, names_of, titled
from .ticks import labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..tasks import Task


__all__ = ["plot_spike_task", "plot_task"]


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
    shades = colours(task.n_outputs + inputs.shape[1])
    for number, (values, label) in enumerate(zip(inputs.T, names_of("input", inputs.shape[1]))):
        ax.plot(times, values, ":", color=shades[task.n_outputs + number], label=label)
    draw_targets(ax, task, times, target, mask)
    return ax


def plot_spike_task(task: Task, ax: Axes | None = None, trial: int = 0) -> Axes:
    """Plot the spikes of one trial of a task, in groups, above its targets; masked steps are
    shaded.
    """
    ax = axes_or_new(ax)
    inputs, target, mask = task.trial(trial)
    times, low, high = milliseconds(task.times), target.min(), target.max()
    height = (high - low) or 1.0
    row = 1.8 * height / max(1, inputs.shape[1])
    for number, channels in enumerate(np.array_split(np.arange(inputs.shape[1]), len(task.groups))):
        step, channel = np.nonzero(inputs[:, channels])
        bottom = high + 0.15 * height + row * channels[0]
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
            size=0.875 * ax.xaxis.label.get_size(),
        )
    ax.set(yticks=sorted({low, high}))
    draw_targets(ax, task, times, target, mask)
    return ax


def draw_targets(ax, task, times, target, mask):
    """Draw the targets of a task, masked steps, labels and legend; where each output has its own
    mask, targets that do not count are faint.
    """
    counts = np.broadcast_to(mask.reshape(len(mask), -1) > 0, target.shape)
    shades = colours(target.shape[1])
    for number, (values, label) in enumerate(zip(target.T, names_of("target", target.shape[1]))):
        color = shades[number]
        if mask.ndim > 1:
            ax.plot(times, values, color=color, alpha=0.3)
            values = np.where(counts[:, number], values, np.nan)
        ax.plot(times, values, color=color, label=label)
    shade_masked(ax, times, mask)
    labelled(ax, xlabel="Time in trial (ms)")
    titled(ax, type(task).__name__)
    legend_over(ax)


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
