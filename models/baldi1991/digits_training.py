"""A computed part: a network that learns handwritten digits by contrast."""

import numpy as np

from brian_rflo.tasks import Patterns
from brian_rflo.tasks.digits import images

from .contrast import activity, relaxed, start
from .training import Kind, masks, taught, with_bias

#: Images that are shown; hidden neurons, classes, targets of the wrong and the right class.
TRAIN, HIDDEN, CLASSES, LOW, HIGH = 1400, 32, 10, 0.05, 0.95
KIND = Kind(None, 0.4, 25, 12, rate=0.15, batch=20, order="shuffled", to_output=False)


def weights(seed, number):
    """Return initial weights: recurrent and of inputs, for one network."""
    rng = np.random.default_rng((6, seed, number))
    mask, mask_in = masks(HIDDEN, CLASSES, 64, False)
    n = HIDDEN + CLASSES
    lower = np.tril(rng.standard_normal((1, n, n)) * mask) / np.sqrt(HIDDEN)
    Win = rng.standard_normal((1, n, 65)) / 8 * mask_in
    Win[:, :, -1] = 0
    return lower + lower.swapaxes(1, 2), Win


def named(W, Win, pixels):
    """Return the digits that a network names, from the activity that it relaxes to in the steps of
    a free phase.
    """
    shown = with_bias(pixels)
    u = relaxed(W, Win, shown, start(W, shown), KIND.free, KIND.h)
    return activity(u)[0, :, HIDDEN:].argmax(axis=-1)


def digits_trained(progress, device, epochs, seed, number):
    """A part: a network; shares of right answers in test and training set, in 5 parts of each epoch
    while it learns, and how often digits were taken for others.
    """
    pictures, digits = images()
    pixels = pictures.reshape(len(pictures), -1)
    target = np.where(np.arange(CLASSES) == digits[:, None], HIGH, LOW)
    task = Patterns(
        inputs=with_bias(pixels[:TRAIN]),
        target=target[:TRAIN],
        phases=KIND.teacher.phases,
        order="shuffled",
        seed=1000 * seed + number,
    )
    shapes = masks(HIDDEN, CLASSES, 64, False)
    trials = epochs * TRAIN
    found = taught(progress, device, task, KIND, weights(seed, number), shapes, trials)
    shown = np.array([task.kind(trial) for trial in range(trials)])
    hits = found["answers"][:, 0].argmax(axis=-1) == digits[shown]
    answers = named(found["recurrent"], found["inward"], pixels)
    is_right = answers == digits
    confused = np.zeros((CLASSES, CLASSES))
    np.add.at(confused, (digits[TRAIN:], answers[TRAIN:]), 1)
    return {
        "test": is_right[TRAIN:].mean(),
        "train": is_right[:TRAIN].mean(),
        "shares": np.array([part.mean() for part in np.array_split(hits, 5 * epochs)]),
        "epochs": np.array(epochs),
        "confused": confused,
        "unsettled": found["unsettled"],
    }
