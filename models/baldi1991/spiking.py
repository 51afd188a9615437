"""Exclusive or by contrastive learning of leaky integrate-and-fire neurons, which is not in the
paper: tried.

Ten hidden neurons and an output send filtered spikes; the output gets a current towards its target
in the second phase, and products of filtered spikes are averaged over the last 200 ms of both.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part

from .spiking_training import HIGH, LOW, X, spiking_trained

#: Learning rate, epochs that are averaged, and the highest firing rate, in Hz.
RATE, LAST, HIGHEST = 10.0, 10, 200.0


def part(settings):
    """The part of all networks."""
    what = dict(networks=settings.networks, epochs=settings.trials, rate=RATE)
    given = dict(device=settings.device, seed=settings.seed)
    return Part("spiking", spiking_trained, what | given, 20.0)


def right(answers):
    """Return whether all patterns are named rightly."""
    return ((answers > (LOW + HIGH) / 2) == (X.sum(axis=1) == 1)).all(axis=-1)


def outcome(settings, arrays):
    """Table and figure."""
    one = arrays[part(settings).name]
    answers, networks = one["answers"], settings.networks
    last = answers[-LAST:]
    named = right(last)
    lines = [
        Row(
            f"right by the mean of the last {LAST} epochs, of {networks}", right(last.mean(0)).sum()
        ),
        Row(f"right in each of the last {LAST} epochs, of {networks}", named.all(axis=0).sum()),
        Row(f"share of the last {LAST} epochs in which a network is right", named.mean()),
        Row("firing rate in the last epoch, Hz", HIGHEST * float(one["mean"])),
    ]
    return Outcome(lines, all_arrays(arrays), lambda: draw(answers))


def draw(answers):
    """Draw the share of right networks, and outputs of the first one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, below = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2))
    width = min(LAST, len(answers))
    mean = np.full(width, 1 / width)
    epochs = np.arange(width, len(answers) + 1)
    left.plot(epochs, np.convolve(right(answers).mean(axis=1), mean, "valid"))
    left.set(xlabel="Epoch", ylabel="Share of networks that are right", ylim=(0, 1.02))
    for number, pattern in enumerate(X.astype(int)):
        smooth = np.convolve(answers[:, 0, number], mean, "valid")
        below.plot(epochs, smooth, label=f"inputs {pattern[0]} {pattern[1]}")
    below.set(xlabel="Epoch", ylabel="Output of the first network")
    plotting.legend_over(below)
    return figure


SPIKING = Experiment(
    name="baldi1991/spiking",
    title="Exclusive or by contrast of spiking neurons (not in the paper)",
    source="tried here",
    parts=lambda settings: [part(settings)],
    outcome=outcome,
    networks=20,
    trials=1500,
    quick=dict(networks=10, trials=50),
    takes="2 minutes, quick a minute",
    parameters=dict(hidden=10, rate=RATE, strength=10.0, window_ms=200),
)
