"""Leaky integrate-and-fire neurons learn a sine by FORCE, from their filtered spikes.

Errors are means of |output - target| over a period of the target: the last one of learning, and the
first and the last of ten in which nothing learns.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .spiking_training import ALPHA, BACK, BIAS, EVERY, GAIN, PERIOD, TESTED, P, sine, trained

N, QUICK_N = 1000, 300


def part(settings):
    """The part: networks of all seeds side by side."""
    n = QUICK_N if settings.quick else N
    seeds = [settings.seed + number for number in range(settings.networks)]
    what = dict(n=n, periods=settings.trials, device=settings.device, seeds=seeds)
    return Part(f"spiking-{settings.seed}", trained, what, 40 + 1e-3 * n * settings.trials)


def parts(settings):
    """All networks are one part."""
    return [part(settings)]


def outcome(settings, arrays):
    """Table and figure."""
    found = arrays[part(settings).name]
    outputs, last = found["outputs"], settings.trials - 1
    miss = np.abs(outputs.reshape(len(outputs), -1, PERIOD) - sine()).mean(axis=2)
    lines = [
        Row(name, np.median(values), spread=listed(values, ".3f"))
        for name, values in (
            ("error of the last period of learning, median", miss[:, last]),
            ("first period after it, median", miss[:, last + 1]),
            (f"period {TESTED} after it, median", miss[:, -1]),
            ("spikes per second and neuron, median", found["rates"]),
        )
    ]
    return Outcome(lines, all_arrays(arrays), lambda: draw(outputs, settings.trials))


def draw(outputs, periods):
    """Draw the output of all networks when learning begins, when it ends, and afterwards."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 * len(outputs) + 1), layout="constrained")
    axes = figure.subplots(len(outputs), 3, sharex="col", sharey=True, squeeze=False)
    titles = ("Learning begins", "Learning ends", "Afterwards, no learning")
    for column, first, title in zip(axes.T, (0, periods - 2, periods + TESTED - 2), titles):
        steps = np.arange(first * PERIOD, (first + 2) * PERIOD)
        column[0].set_title(title)
        column[-1].set_xlabel("Time in ms")
        for ax, output in zip(column, outputs):
            ax.plot(steps + 1, sine()[steps % PERIOD], color="0.7", linewidth=3)
            ax.plot(steps + 1, output[steps], color=plotting.CYCLE[1])
            ax.set_ylim(-1.6, 1.6)
    return figure


SPIKING = Experiment(
    name="sussillo2009/spiking",
    title="Spiking neurons learn a sine by FORCE",
    source="in the manner of Nicola & Clopath 2017, Nature Communications 8:2208",
    parts=parts,
    outcome=outcome,
    networks=5,
    trials=40,
    quick=dict(networks=1, trials=20),
    takes="two minutes on two cores, quick a minute",
    parameters=dict(N=N, p=P, gain=GAIN, back=BACK, bias=BIAS, alpha=ALPHA, every=EVERY),
)
