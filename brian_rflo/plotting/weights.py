"""Figures of weights: matrix, eigenvalues, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .shapes import arrays_of
from .style import COLOURS, SIGNED, axes_or_new, colour
from .ticks import labelled, logarithmic, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike


__all__ = ["plot_changes", "plot_spectrum", "plot_weights"]


def plot_weights(weights: ArrayLike, ax: Axes | None = None) -> Axes:
    """Plot a weight matrix ``[post, pre]`` in colour: red is positive, blue negative, white zero;
    grey is what is NaN, such as synapses that do not exist.

    Parameters
    ----------
    weights : array, shape (post, pre)
        Weights of one network, as ``net.recurrent.matrix()`` or
        ``result.weights_after["recurrent"][0]``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.

    Examples
    --------
    >>> import numpy as np
    >>> from brian_rflo import plotting
    >>> ax = plotting.plot_weights(np.random.default_rng(1).standard_normal((20, 30)))
    >>> ax.get_xlabel()
    'Presynaptic neuron'
    """
    from matplotlib import colormaps

    (weights,) = arrays_of("plot_weights", weights=(weights, ("post", "pre")))
    ax, largest = axes_or_new(ax), np.abs(weights[np.isfinite(weights)]).max(initial=0) or 1
    picture = ax.imshow(
        weights,
        cmap=colormaps[SIGNED].with_extremes(bad=COLOURS["target"]),
        vmin=-largest,
        vmax=largest,
        aspect="equal" if weights.shape[0] == weights.shape[1] else "auto",
        interpolation="nearest",
    )
    bar = ax.figure.colorbar(picture, ax=ax)
    bar.set_label("Weight", size=ax.yaxis.label.get_size())
    size = ax.yaxis.get_ticklabels()[0].get_size()
    bar.ax.tick_params(labelsize=size)
    bar.ax.yaxis.get_offset_text().set_size(size)
    whole(ax.xaxis)
    whole(ax.yaxis)
    return labelled(ax, xlabel="Presynaptic neuron", ylabel="Postsynaptic neuron")


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
        Recurrent weights, [post, pre].
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; new ones by default.
    name, label, color : optional
        See `plot_losses`.
    """
    (weights,) = arrays_of("plot_spectrum", weights=(weights, ("neurons", "neurons")))
    if not np.isfinite(weights).all():
        raise ValueError(
            f"plot_spectrum: weights must be finite; got {np.sum(~np.isfinite(weights))} that are"
            " not. Write np.nan_to_num(weights) where NaN are synapses that do not exist"
        )
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
    return labelled(ax, xlabel="Real part", ylabel="Imaginary part", aspect="equal")


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
    that are not finite are left out, and nothing is drawn if none has changed.
    """
    if np.shape(before) != np.shape(after):
        raise ValueError(
            f"plot_changes: weights before and after must have one shape; got {np.shape(before)}"
            f" and {np.shape(after)}"
        )
    ax, change = axes_or_new(ax), np.subtract(np.asarray(after), np.asarray(before)).ravel()
    change = change[np.isfinite(change)]
    if change.any():
        ax.hist(
            change,
            bins=60,
            histtype="step",
            color=color or colour(name),
            label=label or name,
            linestyle=linestyle,
        )
        ax.update_datalim([(change[0], 1)], updatex=False)
    logarithmic(ax.yaxis)
    return labelled(ax, xlabel="Change of weights", ylabel="Synapses")
