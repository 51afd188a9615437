"""Computed parts: two outputs of a fixed reservoir learn to draw a curve by perturbation.

The settings are those of the authors' public script. The reservoir does not depend on what is
learned, so that its activity is computed once and read as input; learning in the principal
components with an eigenvalue above 1e-9 of their sum is exact, since perturbations of weights and
outputs are normal and independent, and the others have no effect.
"""

import numpy as np
from brian2 import ms

from brian_rflo.rules import HybridPerturbation, NodePerturbation, WeightPerturbation
from brian_rflo.tasks import ArrayTask

from .training import run

#: Neurons, steps of a trial, time constant in steps, steps before a trial, and outputs.
N, STEPS, TAU, BEFORE, M = 500, 500, 10, 99, 2


def reservoir(seed):
    """Return the activity of the reservoir over a trial, ``[step, neuron]``."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(STEPS) / STEPS
    waves = [wave for k in (1, 2) for wave in (np.sin(k * phase), np.cos(k * phase))]
    inputs = np.array([np.ones(STEPS), *(np.sqrt(2) * wave for wave in waves)])
    w_in = rng.standard_normal((N, len(inputs))) / np.sqrt(len(inputs))
    w = rng.standard_normal((N, N))
    w /= np.linalg.eigvals(w).real.max()
    x, keep, rates = np.zeros(N), np.exp(-1 / TAU), np.zeros((STEPS, N))
    for step in range(-BEFORE, STEPS):
        x = keep * x + (1 - keep) * (w_in @ inputs[:, step] + w @ np.tanh(x))
        if step >= 0:
            rates[step] = np.tanh(x)
    return rates


def curve():
    """Return the curve that is drawn, ``[step, output]``."""
    s = 2 * np.pi * np.arange(STEPS) / (STEPS - 1)
    radius = 9 - np.sin(s) + 2 * np.sin(3 * s) + 2 * np.sin(5 * s) - np.sin(7 * s)
    radius = 0.1 * (radius + 3 * np.cos(2 * s) - 2 * np.cos(4 * s))
    return np.stack([radius * np.cos(s), radius * np.sin(s)], axis=1)


def components(rates):
    """Return the activity in its principal components, ``[step, component]``, and the sum of the
    eigenvalues of its second moments, and their participation ratio.
    """
    values, vectors = np.linalg.eigh(rates.T @ rates / len(rates))
    total = values.sum()
    kept = values > 1e-9 * total
    return rates @ vectors[:, kept], total, total**2 / (values**2).sum()


def rules(total, ratio, noise):
    """Return all rules by name, with the learning rate at which the loss would fall fastest if the
    activity had `ratio` components of equal power.
    """
    rate, sigma = ratio / ((M * ratio + 2) * total), noise / total
    return {
        "WP": WeightPerturbation(rate, sigma=sigma),
        "NP": NodePerturbation(rate, sigma=noise),
        "HP": HybridPerturbation(rate, sigma=sigma, power=STEPS * total / ratio),
    }


def trained(progress, device, rule, noise, trials, seed):
    """A part: one reservoir; the losses of the free copy, means over 1/100 of the trials, and what
    is known of the reservoir.
    """
    inputs, total, ratio = components(reservoir(seed))
    task = ArrayTask(inputs=inputs, target=curve(), dt=1 * ms)
    learns = rules(total, ratio, noise)[rule]
    losses, _ = run(progress, device, task, learns, 1, trials, seed)
    groups = np.array_split(losses[0], min(100, trials))
    return {
        "losses": np.array([group.mean() for group in groups]),
        "first": losses[0, 0],
        "components": np.array(inputs.shape[1]),
        "total": np.array(total),
        "ratio": np.array(ratio),
    }
