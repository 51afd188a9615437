"""The contrast function of a teacher, in NumPy: what learning descends.

Neurons that relax descend the energy of a pattern x

    E(a) = -1/2 sum_ij w_ij a_i a_j - sum_ij v_ij a_i x_j
           + sum_i (a_i ln a_i + (1 - a_i) ln(1 - a_i))

and a teacher of strength s adds s/2 sum_k (y_k - a_k)^2 over outputs k. With E_0 at the free fixed
point and E_s at the one with the teacher, whose term is included, contrasts are

    clamp          E(a with outputs y) - E_0
    soft           (E_s - E_0)/s
    oscillating    2/s mean over a period of sin(phase) E_{s sin(phase)}

The gradient of each by w_ij is minus the change that `Contrastive` makes, since only explicit
dependences count at a minimum. Arrays are W [..., n, n], Win [..., n, inputs]; states have the
shape [..., pattern, n]; the last neurons are outputs.
"""

import numpy as np

#: Steps in which a network relaxes, their length in time constants, and points of a period.
STEPS, H, POINTS = 400, 0.25, 24


def activity(u):
    """Return the activity of a state."""
    return 1 / (1 + np.exp(-u))


def relaxed(W, Win, x, u, steps=STEPS, h=H, goal=None, strength=None):
    """Return the state after some steps. With a goal, outputs are clamped, or pulled with a
    strength.
    """
    n_out = 0 if goal is None else goal.shape[-1]
    drive, back = x @ Win.swapaxes(-1, -2), W.swapaxes(-1, -2)
    for _ in range(steps):
        a = held(activity(u), goal if strength is None else None)
        change = a @ back + drive - u
        if goal is not None and strength is not None:
            change[..., -n_out:] += strength * (goal - a[..., -n_out:])
        u = u + h * change
    return u


def held(a, goal):
    """Return activities with those of clamped outputs."""
    if goal is not None:
        a = a.copy()
        a[..., -goal.shape[-1] :] = goal
    return a


def start(W, x):
    """Return the state in which trials begin."""
    return np.zeros((*W.shape[:-2], len(x), W.shape[-1]))


def energy(W, Win, x, a):
    """Return the energy of each pattern ``[..., pattern]``."""
    a = np.clip(a, 1e-15, 1 - 1e-15)
    inner = np.einsum("...pi,...ij,...pj->...p", a, W, a) / 2 + (
        a * (x @ Win.swapaxes(-1, -2))
    ).sum(-1)
    return (a * np.log(a) + (1 - a) * np.log1p(-a)).sum(-1) - inner


def taught_energy(W, Win, x, y, u, strength):
    """Return the state with a soft teacher, begun at `u`, and its energy with the teacher's."""
    u = relaxed(W, Win, x, u, goal=y, strength=strength)
    a = activity(u)
    error = ((y - a[..., -y.shape[-1] :]) ** 2).sum(-1)
    return u, energy(W, Win, x, a) + strength / 2 * error


def clamp(W, Win, x, y, strength=None):
    """Return the contrast of a teacher that clamps, the mean over patterns."""
    u = relaxed(W, Win, x, start(W, x))
    taught = held(activity(relaxed(W, Win, x, u, goal=y)), y)
    return (energy(W, Win, x, taught) - energy(W, Win, x, activity(u))).mean(-1)


def soft(W, Win, x, y, strength):
    """Return the contrast of a soft teacher, the mean over patterns."""
    u = relaxed(W, Win, x, start(W, x))
    _, taught = taught_energy(W, Win, x, y, u, strength)
    return (taught - energy(W, Win, x, activity(u))).mean(-1) / strength


def oscillating(W, Win, x, y, strength, points=POINTS):
    """Return the contrast of an oscillating teacher, infinitely slow: the mean over patterns."""
    u, total = relaxed(W, Win, x, start(W, x)), 0.0
    for phase in 2 * np.pi * np.arange(points) / points:
        u, taught = taught_energy(W, Win, x, y, u, strength * np.sin(phase))
        total = total + np.sin(phase) * taught
    return 2 / strength * total.mean(-1) / points


def error(W, Win, x, y, strength=None):
    """Return half the squared error of free outputs, the mean over patterns: the contrast of a weak
    teacher.
    """
    a = activity(relaxed(W, Win, x, start(W, x)))
    return ((y - a[..., -y.shape[-1] :]) ** 2).sum(-1).mean(-1) / 2


CONTRASTS = {"clamp": clamp, "soft": soft, "oscillating": oscillating}


def gradient(contrast, W, Win, x, y, strength, mask, mask_in, size=1e-4):
    """Return the gradient by finite differences, by the weights in the masks: pairs of the
    recurrent weights first, each once, then input weights. W is [network, n, n].
    """
    places = [(0, i, j) for i, j in np.argwhere(np.tril(mask))]
    places += [(1, i, j) for i, j in np.argwhere(mask_in)]
    moved = np.zeros((len(places), *W.shape[1:])), np.zeros((len(places), *Win.shape[1:]))
    for number, (which, i, j) in enumerate(places):
        moved[which][number, i, j] = size
        if which == 0:
            moved[0][number, j, i] = size
    values = [
        contrast(W[:, None] + sign * moved[0], Win[:, None] + sign * moved[1], x, y, strength)
        for sign in (1, -1)
    ]
    return (values[0] - values[1]) / (2 * size)


def listed(W, Win, mask, mask_in):
    """Return weights in the order of `gradient`, ``[network, weight]``."""
    return np.concatenate([W[:, np.tril(mask) > 0], Win[:, mask_in > 0]], axis=1)
