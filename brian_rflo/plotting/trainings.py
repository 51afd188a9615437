"""Figures of trainings: losses, outputs, alignment of the feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..analysis import band, smooth
from .legends import legend_over
from .shapes import arrays_of
from .style import COLOURS, SIZE, axes_or_new, colour, colours, lettered, milliseconds, new_axes
from .ticks import labelled, logarithmic, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brian2 import Quantity
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike

    from ..gradient import GradientAlignment, RuleAlignment
    from ..results import TrainingResult


__all__ = [
    "plot_alignment",
    "plot_gradient_alignment",
    "plot_losses",
    "plot_output",
    "plot_training",
]


def plot_losses(
    losses: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
    quartiles: bool = True,
) -> Axes:
    """Plot the loss over trials: median and quartiles over networks, on logarithmic axes.

    Parameters
    ----------
    losses : array, shape (networks, trials) or (trials,)
        As in ``result.losses``, or ``monitor.loss`` of a `LossMonitor`. Networks that have failed
        (NaN) are left out; where no loss is finite and positive, the legend says so.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    name : str, optional
        A rule, which determines the colour, as in `COLOURS`.
    label : str, optional
        For the legend; `name` by default.
    linestyle, color : optional
        As Matplotlib takes them.
    quartiles : bool
        Whether the quartiles are shown, as a band.
    """
    (losses,) = arrays_of("plot_losses", losses=(np.atleast_2d(losses), ("networks", "trials")))
    ax, color = axes_or_new(ax), color or colour(name)
    trials, curves = smooth(losses)
    lower, middle, upper = band(curves)
    if quartiles:
        ax.fill_between(trials, lower, upper, color=color, alpha=0.2, linewidth=0)
    draw_line(ax, trials, middle, color=color, label=label or name, linestyle=linestyle)
    logarithmic(ax.yaxis)
    if losses.shape[1] > 1:
        logarithmic(ax.xaxis)
    whole(ax.xaxis)
    return labelled(ax, xlabel="Trial", ylabel="Loss")


def draw_line(ax, x, y, label, **style):
    """Draw a line; what is a single point is a mark, and what has none is named in the legend."""
    shown = np.isfinite(y)
    if label and not shown.any():
        label = f"{label} (diverged)"
    ax.plot(x, np.where(shown, y, np.nan), label=label, **style)
    if shown.sum() == 1:
        ax.lines[-1].set(marker="o", markersize=3)


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
        Times of the steps, as quantities or in seconds.
    output, target : array, shape (n_steps, n_outputs)
        Output and target in each step.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
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
    return labelled(ax, xlabel="Time in trial (ms)", ylabel="Output")


def plot_alignment(
    trials: ArrayLike,
    alignment: ArrayLike,
    ax: Axes | None = None,
    name: str | None = None,
    label: str | None = None,
    linestyle: str = "-",
    color: ColorType | None = None,
    quartiles: bool = True,
) -> Axes:
    """Plot the cosine between readout and feedback weights over trials: median and quartiles over
    networks.

    Parameters
    ----------
    trials : array, shape (n,)
        Finished trials, as in ``result.aligned_trials``.
    alignment : array, shape (networks, n)
        Alignment of each network, -1 to 1.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    name, label, linestyle, color, quartiles : optional
        See `plot_losses`.
    """
    trials, alignment = arrays_of(
        "plot_alignment", trials=(trials, ("n",)), alignment=(alignment, ("networks", "n"))
    )
    ax, color = axes_or_new(ax), color or colour(name)
    lower, middle, upper = band(alignment)
    ax.axhline(0, color="black", linewidth=0.5)
    if quartiles:
        ax.fill_between(trials, lower, upper, color=color, alpha=0.25, linewidth=0)
    draw_line(ax, trials, middle, color=color, label=label or name, linestyle=linestyle)
    whole(ax.xaxis)
    return labelled(ax, xlabel="Trial", ylabel="Alignment (cosine)", ylim=(-1, 1))


def plot_gradient_alignment(
    watch: GradientAlignment | RuleAlignment, ax: Axes | None = None
) -> Axes:
    """Plot the cosine between the changes of local rules and the gradient, or of two rules, over
    trials: median and quartiles over networks, a line for each projection. The legend names the
    rule that trained it.

    Parameters
    ----------
    watch : GradientAlignment or RuleAlignment
        What was compared in which trials.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    """
    ax = axes_or_new(ax)
    for (name, cosines), color in zip(watch.cosine.items(), colours(len(watch.cosine))):
        other = f" ({watch.watched[name]})" if watch.watched else ""
        label = f"{name}{other}, trained by {watch.rules[name]}"
        plot_alignment(watch.trials, cosines, ax, label=label, color=color)
    labelled(ax, xlabel="Trial", ylabel=f"Cosine with {watch.beside}", ylim=(-1, 1))
    legend_over(ax)
    return ax


def draw_progress(result, ax):
    """Draw the loss over trials; or, with an actor and a critic, the reward."""
    if not result.has_rewards:
        return plot_losses(result.losses, ax)
    trials, curves = smooth(result.rewards, 50, np.mean)
    lower, middle, upper = band(curves)
    ax.fill_between(trials, lower, upper, color=colour(None), alpha=0.2, linewidth=0)
    draw_line(ax, trials, middle, color=colour(None), label=None)
    whole(ax.xaxis)
    return labelled(ax, xlabel="Trial", ylabel="Reward")


def plot_training(
    result: TrainingResult, axes: Sequence[Axes] | None = None, network: int = 0
) -> Sequence[Axes]:
    """Plot loss, last output beside target, and alignment of a `TrainingResult`, in three axes;
    missing quantities are left out.
    """
    if axes is None:
        axes = list(new_axes([["loss", "output", "alignment"]], (3 * SIZE[0], SIZE[1])).values())
        lettered(axes)
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
        draw_progress(result, axes[0])
    plot_output(result.times, result.output[network], result.target, axes[1], mask=result.mask)
    if len(result.aligned_trials):
        plot_alignment(result.aligned_trials, result.alignment, axes[2])
    legend_over(axes[1])
    return axes
