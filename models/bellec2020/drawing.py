"""What a trial looks like, for both figures: traces of single synapses, and the axes that they share."""

import numpy as np

from brian_rflo import plotting

NEURON_COLOURS = ("#0072b2", "#d55e00", "#009e73")


def traces(network, trial, arrivals, synapses):
    """Of the first trial of a batch: eligibility, its slow part and filtered eligibility of synapses ``(post, pre)``, each ``(n_steps, n)``.

    `arrivals` are what the presynaptic side sends in each step, ``(n_steps, trials, n_pre)``: inputs, or spikes of the step before.
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


def draw_raster(spikes, ax, title, n_adaptive=0):
    """Spikes ``(n_steps, N)``; adaptive neurons, the last ones, in another colour."""
    ax, first = plotting.axes_or_new(ax), spikes.shape[1] - n_adaptive
    for color, label, low, high in (("black", "LIF", 0, first), ("#d55e00", "ALIF", first, spikes.shape[1])):
        step, neuron = np.nonzero(spikes[:, low:high])
        if high > low:
            ax.plot(step, neuron + low, ".", color=color, markersize=1.5, label=label)
    ax.set(ylabel="Neuron", title=title, xlim=(0, len(spikes)))
    return ax


def draw_lines(values, ax, ylabel, title, labels=None):
    """Columns of an array over the steps of a trial."""
    ax = plotting.axes_or_new(ax)
    for number, column in enumerate(values.T):
        ax.plot(column, color=NEURON_COLOURS[number % 3], linewidth=0.8, label=labels[number] if labels else None)
    ax.set(ylabel=ylabel, title=title, xlim=(0, len(values)))
    if labels:
        ax.legend(frameon=False, fontsize="x-small", loc="upper left")
    return ax
