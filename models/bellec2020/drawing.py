"""Panels of a trial for both figures: traces of single synapses, and spikes."""

import numpy as np

from brian_rflo import plotting


def traces(network, trial, arrivals, synapses):
    """Return eligibility, its slow part and filtered eligibility of synapses ``(post, pre)`` in the
    first trial of a batch, each ``(n_steps, n)``.

    `arrivals` are what the presynaptic side sends in each step, ``(n_steps, trials, n_pre)``:
    inputs, or spikes of the step before.
    """
    (alpha, rho, kappa), (zeta, _) = network.decays, network.zetas
    post, pre = np.transpose(synapses)
    beta = np.broadcast_to(network.beta, trial.gain.shape[2:])[post]
    eligibility, slow, filtered = (np.zeros((len(arrivals), len(post))) for _ in range(3))
    zbar, eps, ebar = 0.0, np.zeros(len(post)), 0.0
    for step in range(len(arrivals)):
        zbar, slow[step] = alpha * zbar + zeta * arrivals[step, 0, pre], eps
        e = eligibility[step] = trial.gain[step, 0, post] * (zbar - beta * eps)
        eps = rho * eps + e
        ebar = filtered[step] = kappa * ebar + (1 - kappa) * e
    return eligibility, slow, filtered


def draw_raster(spikes, times, ax, n_adaptive=0):
    """Spikes ``(n_steps, N)``; adaptive neurons, the last ones, in another colour."""
    first = spikes.shape[1] - n_adaptive
    for color, label, low, high in (
        ("black", "LIF", 0, first),
        (plotting.CYCLE[1], "ALIF", first, spikes.shape[1]),
    ):
        if high > low:
            step, neuron = np.nonzero(spikes[:, low:high])
            ax = plotting.plot_raster(np.asarray(times)[step], neuron + low, ax, label, color)
    ax.set(xlim=(0, 1e3 * times[-1]))
    return ax
