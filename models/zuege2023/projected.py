"""Computed parts: node perturbation whose noise is projected onto the time courses of the inputs,
on the linear perceptron, in NumPy.

    xi_i(t) = sum_k a_ik q_k(t),  a_ik ~ N(0, sigma^2)
    dw_ij = -rate/sigma^2 (E' - E) sum_t xi_i(t) x_j(t)

with orthonormal time courses q, which span the inputs.

It is derived here, not read in the paper, and is not a local rule: it needs the time courses
beforehand. It shows what node perturbation loses by noise that no weights could produce.
"""

import numpy as np

from .training import M, N, best_rate, perceptron_task


def trained(progress, steps, active, unrealizable, noise, networks, trials, seed):
    """A part: as `training.trained`."""
    task = perceptron_task(steps, active, unrealizable)
    inputs, target = task.inputs, task.target
    courses = np.linalg.qr(inputs[:, :active])[0].T
    sigma, rate = noise * np.sqrt(steps / active), best_rate(active)
    losses, weights = np.zeros((networks, trials)), np.zeros((networks, M, N))
    for network, w in enumerate(weights):
        rng = np.random.default_rng((seed, network))
        for trial in range(trials):
            error = inputs @ w.T - target
            xi = courses.T @ (sigma * rng.standard_normal((active, M)))
            more = (error * xi + xi**2 / 2).sum() / steps
            losses[network, trial] = (error**2).sum() / (2 * steps)
            w -= rate / sigma**2 * more * xi.T @ inputs
        progress((network + 1) / networks)
    return {"losses": losses, "silent": np.array(weights[:, :, active:].std())}
