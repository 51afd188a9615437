"""Figures of what networks answer: shares of trials, answers, tracks, numbers of each network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..analysis import running_mean
from .shapes import arrays_of
from .style import COLOURS, CYCLE, axes_or_new, colour, colours
from .ticks import labelled, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike


__all__ = ["plot_answers", "plot_points", "plot_psychometric", "plot_share", "plot_tracks"]


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
        [np.median(np.nan_to_num(points, nan=np.inf, posinf=np.inf)) for points in values],
        "o",
        color=colour(name),
        label=label or name,
        linestyle=linestyle,
    )
    return labelled(ax)


def plot_share(
    happened: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    color: ColorType | None = None,
    linestyle: str = "-",
) -> Axes:
    """Plot the share of trials in which something happened (a reward, a wrong answer), over trials:
    a line for each network, mean over a fortieth of all trials.

    Parameters
    ----------
    happened : array, shape (networks, trials)
        0 or 1, or the share of a batch.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    name, label, color, linestyle : optional
        See `plot_losses`.
    """
    (happened,) = arrays_of("plot_share", happened=(happened, ("networks", "trials")))
    ax, width = axes_or_new(ax), max(1, happened.shape[1] // 40)
    for number, values in enumerate(running_mean(happened, width)):
        ax.plot(
            np.arange(len(values)) + width,
            values,
            color=color or colour(name),
            linestyle=linestyle,
            linewidth=0.8,
            alpha=0.7,
            label=None if number else label or name,
        )
    whole(ax.xaxis)
    return labelled(ax, xlabel="Trial", ylabel="Share of trials", ylim=(-0.02, 1.02))


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
        Positions on the axis, and the answers that are wanted there.
    answers : array, shape (networks, n)
        Answers of each network.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
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
    return labelled(ax)


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
        Answer of each trial.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
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
    return labelled(ax, xlabel="Evidence", ylabel="Share of answers", ylim=(-0.05, 1.05))


def plot_tracks(velocity: ArrayLike, target: ArrayLike, ax: Axes | None = None) -> Axes:
    """Plot the track of a cursor, from its velocity: a line for each network, over the target track
    (grey).

    Parameters
    ----------
    velocity : array, shape (networks, n_steps, 2)
        As in ``result.output`` of `CursorMovements`.
    target : array, shape (n_steps, 2)
        Positions of the target.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
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
    for track, color in zip(np.cumsum(velocity, axis=1), colours(len(velocity))):
        ax.plot(*track.T, color=color, linewidth=1.2)
    return labelled(ax, xlabel="x", ylabel="y", aspect="equal")
