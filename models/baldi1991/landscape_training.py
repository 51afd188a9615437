"""A computed part: contrasts along training, and along random directions from its end."""

import numpy as np

from .contrast import CONTRASTS
from .training import HIDDEN, KINDS, X, Y, masks, with_bias, xor_trained

#: Epochs between points along training; largest distance, and points, of a line.
EVERY, FAR, LINE = 10, 2.0, 41


def landscape(progress, device, kind, networks, epochs, seed, lines):
    """A part: contrasts along training ``[point, network]`` with their epochs, and along random
    directions from its end ``[network, direction, point]``.
    """
    every = max(min(EVERY, epochs // 3), 1)
    found = xor_trained(progress, device, kind, networks, epochs, seed, 7, len(X) * every)
    chosen, contrast = KINDS[kind], CONTRASTS[kind]
    shown, strength = with_bias(X), chosen.strength
    along = contrast(found["along"], found["along_in"], shown, Y, strength)
    mask, mask_in = masks(HIDDEN, 1, 2, chosen.to_output)
    rng = np.random.default_rng((4, seed))
    lower = np.tril(rng.standard_normal((lines, *mask.shape)) * mask)
    direction = (
        lower + lower.swapaxes(-1, -2),
        rng.standard_normal((lines, *mask_in.shape)) * mask_in,
    )
    ends = found["recurrent"], found["inward"]
    at = np.linspace(-FAR, FAR, LINE)[:, None, None]
    W, Win = (end[:, None, None] + at * d[:, None] for end, d in zip(ends, direction))
    return {
        "along": along,
        "at": every * (1 + np.arange(len(along))),
        "lines": contrast(W, Win, shown, Y, strength),
    }
