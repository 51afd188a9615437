"""A computed part: changes by an oscillating teacher beside gradients of contrasts."""

import numpy as np

from brian_rflo.tasks import Patterns

from .contrast import error, gradient, listed, oscillating
from .training import HIDDEN, Kind, X, Y, masks, taught, with_bias, xor_start

STRENGTH, H, FREE = 0.5, 0.1, 300


def cosine(a, b):
    """Return the cosine between the rows of two arrays."""
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def compared(progress, device, period, networks, seed):
    """A part: of each network the cosine of its change, by a wave of so many time constants, with
    the gradient of the slow wave's contrast and of the squared error; and the ratio of the lengths
    of change and first gradient.
    """
    wave = dict(order="in turn", to_output=False, oscillates=True)
    kind = Kind(STRENGTH, H, FREE, round(period / H), rate=4.0, batch=4, **wave)
    task = Patterns(inputs=with_bias(X), target=Y, phases=kind.teacher.phases)
    shapes, (W, Win) = masks(HIDDEN, 1, 2, False), xor_start(networks, False, 3, seed)
    found = taught(progress, device, task, kind, (W, Win), shapes, len(X))
    change = listed(found["recurrent"] - W, found["inward"] - Win, *shapes)
    given = (W, Win, with_bias(X), Y, STRENGTH, *shapes)
    slow, weak = (-len(X) * gradient(one, *given) for one in (oscillating, error))
    return {
        "cosine_slow": cosine(change, slow),
        "cosine_weak": cosine(change, weak),
        "ratio": np.linalg.norm(change, axis=1) / np.linalg.norm(slow, axis=1),
    }
