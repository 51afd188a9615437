"""Figure 2, supplement 1: the periodic task with Dale's law.

Half of the neurons are excitatory, half inhibitory: W_ij <- xi_j |W_ij|, and after each update
weights of the wrong sign become 0. Readout and feedback are free. Beside it the same networks
without the law; learning rates as in figure 2.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays

from .fig2 import final, periods_of, results_of, spread, training


def periods(settings):
    """20 and 40 time constants."""
    return periods_of(settings)[: 1 if settings.quick else 2]


def parts(settings):
    """With and without the law."""
    with_law = [
        part
        for period in periods(settings)
        for part in [training("rflo", period, settings, dale=True)]
    ]
    return with_law + [training("rflo", period, settings) for period in periods(settings)]


def broken(result):
    """Recurrent weights at the end that have the other sign than their presynaptic neuron."""
    weights = result.weights_after["recurrent"]
    n = weights.shape[-1]
    signs = np.where(np.arange(n) < n // 2, 1, -1)
    return int((weights * signs < 0).sum())


def outcome(settings, arrays):
    """Table and figure."""
    results, rows = results_of(arrays), []
    for period in periods(settings):
        law, free = results[f"rflo-T{period}-dale"], results[f"rflo-T{period}"]
        bound = {200: 0.03}.get(period) if settings.full else None
        rows += [
            Row(
                f"T = {period}, Dale's law: final loss, median",
                final(law),
                "like without the law",
                high=bound,
                spread=spread(law),
            ),
            Row(
                f"T = {period}, without: final loss, median",
                final(free),
                "curve",
                spread=spread(free),
            ),
            Row(
                f"T = {period}, Dale's law: weights of the wrong sign at the end",
                broken(law),
                "none",
                high=0.5,
            ),
        ]
    return Outcome(rows, all_arrays(arrays), lambda: draw(settings, results))


def draw(settings, results):
    """Loss over trials, and the weights of one network."""
    from matplotlib.figure import Figure

    shown = periods(settings)
    figure = Figure(figsize=(4 * (len(shown) + 1), 3.6), layout="constrained")
    *axes, last = figure.subplots(1, len(shown) + 1)
    for ax, period in zip(axes, shown):
        plotting.plot_losses(results[f"rflo-T{period}"].losses, ax, name="rflo", label="RFLO")
        plotting.plot_losses(
            results[f"rflo-T{period}-dale"].losses, ax, name="rtrl", label="RFLO with Dale's law"
        )
        ax.set(title=f"T = {period // 10} tau")
        plotting.legend_over(ax)
    plotting.plot_weights(results["rflo-T200-dale"].weights_after["recurrent"][0], last).set(
        title="Weights of network 0, trained"
    )
    figure.suptitle("Murray 2019, figure 2, supplement 1: excitatory and inhibitory neurons")
    return figure


FIG2S1 = Experiment(
    name="murray2019/fig2s1",
    title="Dale's law: excitatory and inhibitory neurons",
    source="Murray 2019, eLife 8:e43299, figure 2, supplement 1",
    parts=parts,
    outcome=outcome,
    networks=9,
    trials=10_000,
    quick=dict(networks=3, trials=300),
    takes="2 min, quick 20 s",
    parameters=dict(N=30, tau_ms=10, excitatory=0.5, update="trial"),
)
