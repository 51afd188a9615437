"""Analysis of trainings: functions of arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


def alignment(output: ArrayLike, feedback: ArrayLike) -> NDArray:
    """Return the cosine of the angle between readout and feedback weights (Murray 2019, figure 2c).

    Parameters
    ----------
    output : array, shape (..., n_outputs, N)
        Weights of the readout.
    feedback : array, shape (..., N, n_outputs)
        Weights of the error feedback.

    Returns
    -------
    ndarray, shape (...)
        1 where they point the same way, near 0 where they are unrelated; NaN where one is zero.
    """
    output, feedback = np.asarray(output), np.swapaxes(feedback, -1, -2)
    with np.errstate(invalid="ignore", over="ignore"):  # of weights that have diverged
        norms = np.sqrt((output**2).sum(axis=(-2, -1)) * (feedback**2).sum(axis=(-2, -1)))
        return (output * feedback).sum(axis=(-2, -1)) / norms


def final_loss(losses: ArrayLike, trials: int = 100) -> NDArray:
    """Return the median loss of the last `trials` trials (or fewer) of each network; shape
    (networks,) from (networks, trials).
    """
    return np.median(np.asarray(losses)[..., -trials:], axis=-1)


def window_at_both_ends(losses: NDArray, trials: int = 100) -> int:
    """Return the number of trials that count as beginning and end of a training: `trials`, at most
    half of them.
    """
    return max(1, min(trials, np.shape(losses)[-1] // 2))


def losses_at_both_ends(losses: ArrayLike, trials: int = 100) -> tuple[float, float]:
    """Return the median losses of the first and of as many last trials of one network, for
    comparison.

    Parameters
    ----------
    losses : array, shape (n,)
        Trials that are not finite, since the network diverged, are left out at the beginning.
    trials : int
        Number of trials at each end, at most half of `n`.

    Returns
    -------
    first, last : float
        With 200 trials or more `last` is the `final_loss`.
    """
    window = window_at_both_ends(losses, trials)
    first = np.asarray(losses)[:window]
    begun = first[np.isfinite(first)] if np.isfinite(first).any() else first
    return np.median(begun), final_loss(losses, window)


def means_at_both_ends(values: ArrayLike, trials: int = 100) -> tuple[float, float]:
    """Return the means of the first and of as many last finite values of one network, such as
    rewards; NaN where there is none.

    Parameters
    ----------
    values : array, shape (n,)
    trials : int
        Number of trials at each end, at most half of `n`.
    """
    window = window_at_both_ends(values, trials)
    known = np.asarray(values)[np.isfinite(values)]
    ends = known[:window], known[-window:]
    return tuple(float(end.mean()) if len(end) else float("nan") for end in ends)


def band(values: ArrayLike, axis: int = 0) -> tuple[NDArray, NDArray, NDArray]:
    """Return median and quartiles over networks, ``(lower, median, upper)``, ignoring networks that
    have failed; NaN where all have.
    """
    values = np.moveaxis(np.asarray(values, dtype=float), axis, 0)
    is_known = ~np.isnan(values).all(axis=0)
    found = np.full((3, *values.shape[1:]), np.nan)
    if is_known.any():
        with np.errstate(invalid="ignore"):  # between two infinite losses
            found[:, is_known] = np.nanpercentile(values[:, is_known], [25, 50, 75], axis=0)
    return found


def running_mean(values: ArrayLike, width: int) -> NDArray:
    """Return means over `width` neighbours along the last axis; shape (..., n - width + 1)."""
    return np.lib.stride_tricks.sliding_window_view(
        np.asarray(values, dtype=float), width, axis=-1
    ).mean(axis=-1)


def smooth(
    values: ArrayLike, points: int = 300, measure: Callable = np.median
) -> tuple[NDArray, NDArray]:
    """Return running medians, or another measure, of a long curve, for drawing.

    Returns
    -------
    x : ndarray
        Middle of each window, counted from 1; windows grow like the logarithm of the trial.
    y : ndarray, shape (..., len(x))
    """
    n = np.shape(values)[-1]
    edges = np.unique(np.round(np.geomspace(1, n + 1, points + 1)).astype(int))
    windows = list(pairwise(edges))
    x = np.array([(first + last - 1) / 2 for first, last in windows])
    return x, np.stack(
        [
            measure(np.asarray(values)[..., first - 1 : last - 1], axis=-1)
            for first, last in windows
        ],
        axis=-1,
    )
