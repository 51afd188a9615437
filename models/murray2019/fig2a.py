"""Figure 2a: the periodic task at 20 time constants, learned by RFLO, by BPTT, and not at all.

N = 30 rate neurons, tau = 10 ms, no input; y*(t) = sin(2 pi t/T) + 0.5 sin(4 pi t/T) + 0.25 sin(8 pi t/T), T = 200 steps; eta = 0.03
for both rules, 10 000 trials, nine networks; weights change at the end of each trial, as in the author's code.
"""

import numpy as np
from brian2 import defaultclock, ms

from brian_rflo import RFLO, LearningNetwork, PeriodicOutput, RateNeurons, plotting, reference
from brian_rflo.devices import device
from brian_rflo.experiment import Experiment, Outcome, Row

N, TAU, ETA = 30, 10 * ms, 0.03
TASK = PeriodicOutput(period=200 * ms)


def train_rflo(settings, say):
    """RFLO in Brian2, all networks side by side in one simulation."""
    say(f"RFLO: {settings.networks} networks, {settings.trials} trials, in Brian2 on {settings.device}" + (" (building the program takes some 20 s)" if settings.device == "cpp_standalone" else ""))
    with device(settings.device):
        defaultclock.dt = TASK.dt
        neurons = RateNeurons(settings.networks * N, tau=TAU, initial=0.1)
        net = LearningNetwork(TASK, neurons, RFLO(learning_rate=ETA, tau=TAU), update="trial", networks=settings.networks, seed=settings.seed)
        return net.train(settings.trials, report="text")


def train_bptt(settings, weights, say):
    """BPTT in NumPy from the same initial weights."""
    say("BPTT: the same networks, in NumPy")
    every = max(1, settings.trials // 5)

    def report(done):
        if done % every == 0:
            say(f"BPTT: {done} of {settings.trials} trials")

    return reference.train(TASK, weights, "bptt", ETA, TAU, settings.trials, report=report)


def run(settings, say):
    """Train by both rules and compare."""
    rflo = train_rflo(settings, say)
    bptt = train_bptt(settings, rflo.weights_before, say)
    untrained = reference.train(TASK, rflo.weights_before, "bptt", 0.0, TAU, 1)
    data = {f"{name}_{key}": array for name, result in (("rflo", rflo), ("bptt", bptt), ("untrained", untrained)) for key, array in result.arrays().items()}
    return Outcome(rows(settings, rflo, bptt, untrained), data, lambda: draw(rflo, bptt, untrained))


def rows(settings, rflo, bptt, untrained):
    """The table. Full bounds where the paper's number of trials was run, else only that learning shows."""
    start, full = np.median(untrained.final_loss), settings.trials >= 10_000 and settings.networks >= 9
    high = dict(rflo=3e-3, worst=2e-2, bptt=1e-3) if full else dict(rflo=start / 2, worst=start, bptt=start / 2)
    curve = "curve (fig. 2b), no number"
    return [
        Row("RFLO: final loss, median", np.median(rflo.final_loss), curve, high=high["rflo"]),
        Row("RFLO: final loss, worst network", np.max(rflo.final_loss), curve, high=high["worst"]),
        Row("BPTT: final loss, median", np.median(bptt.final_loss), curve, high=high["bptt"]),
        Row("untrained: loss, median", start, "flat output (fig. 2a)", **(dict(low=0.30, high=0.36) if full else {})),
        Row("RFLO: alignment, median", np.median(rflo.alignment[:, -1]), "rises (fig. 2c)", low=0.7 if full else None),
        Row("BPTT: alignment, median", np.median(bptt.alignment[:, -1]), "stays near 0 (fig. 2c)", **(dict(low=-0.3, high=0.3) if full else {})),
    ]


def draw(rflo, bptt, untrained):
    """Outputs beside the target, loss over trials, alignment over trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.4), layout="constrained")
    axes = figure.subplot_mosaic([["rflo", "bptt", "untrained"], ["loss", "loss", "alignment"]])
    results = {"rflo": rflo, "bptt": bptt, "untrained": untrained}
    labels = {"rflo": "RFLO", "bptt": "BPTT", "untrained": "untrained"}
    typical = np.argsort(rflo.final_loss)[len(rflo.final_loss) // 2]
    for name, result in results.items():
        plotting.plot_output(result.times, result.output[typical], result.target, axes[name], name=name, mask=result.mask)
        axes[name].set(title=f"{labels[name]}, network {typical}", ylim=(-1.6, 1.6))
    for name in ("rflo", "bptt"):
        plotting.plot_losses(results[name].losses, axes["loss"], name=name, label=f"{labels[name]} (median, quartiles)")
        plotting.plot_alignment(results[name].aligned_trials, results[name].alignment, axes["alignment"], name=name, label=labels[name])
    axes["loss"].axhline(np.median(untrained.final_loss), color=plotting.colour("untrained"), linestyle="--", label="untrained")
    axes["loss"].legend(frameon=False)
    axes["alignment"].legend(frameon=False)
    networks, trials = rflo.losses.shape
    figure.suptitle(f"Murray 2019, figure 2: periodic output, T = 20 tau, {networks} networks, {trials} trials")
    return figure


FIG2A = Experiment(
    name="murray2019/fig2a",
    title="Periodic output at T = 20 tau: RFLO, BPTT, untrained",
    source="Murray 2019, eLife 8:e43299, figure 2a-c",
    run=run,
    networks=9,
    trials=10_000,
    quick=dict(networks=3, trials=500),
    takes="1.5 min, quick 30 s",
    parameters=dict(N=N, tau_ms=10, eta=ETA, period_ms=200, update="trial"),
)
