"""Linear units that tell time, and draw a curve, while neurons fire one after the other."""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed

from .scaling import part, seeds
from .training import READ_LENGTH, READ_RATE, TAU_TRACE, TESTED

#: The networks side by side.
SHOWN = "scaled weights", "initial weights"


def outcome(settings, arrays):
    """Table and figure."""
    found = [arrays[part("PSD", seed, settings).name] for seed in seeds(settings)]
    return Outcome(rows(found), all_arrays(arrays), lambda: draw(found[0]))


def errors(one, network):
    """Return the errors of a network in unseen trials: of time, the root of the mean square in
    milliseconds, and of the curve, the mean square as a part of its variance.
    """
    time, curve = ((one["outputs"][network] - one["targets"]) ** 2).mean(axis=(0, 2))
    return np.sqrt(time) * np.ptp(one["span"]), curve / one["targets"][1].var()


def rows(found):
    """Errors in unseen trials."""
    spans = [np.ptp(one["span"]) for one in found]
    lines = [Row("first to last latency, ms", np.mean(spans), spread=listed(spans, ".1f"))]
    for number, label in enumerate(("time, root of the mean square error in ms", "curve, NMSE")):
        for network, weights in enumerate(SHOWN):
            values = [errors(one, network)[number] for one in found]
            lines.append(Row(f"{label}: {weights}", np.mean(values), spread=listed(values, ".3g")))
    return lines


def draw(one):
    """Draw outputs in unseen trials over their targets."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for number, (ax, label) in enumerate(zip(figure.subplots(1, 2), ("Time (ms)", "Curve"))):
        ax = plotting.axes_or_new(ax)
        begin, scale = (one["span"][0], np.ptp(one["span"])) if number == 0 else (0, 1)
        times = one["times"]
        ax.plot(
            times,
            begin + scale * one["targets"][number],
            color=plotting.COLOURS["target"],
            linewidth=5,
            label="target",
        )
        for title, color, outputs in zip(SHOWN, plotting.CYCLE, one["outputs"]):
            values = begin + scale * outputs[:, number]
            ax.plot(times, values[0], color=color, linewidth=0.5, alpha=0.7, label=title)
            ax.plot(times, values[1:10].T, color=color, linewidth=0.5, alpha=0.7)
        ax.set(xlabel="Time in trial (ms)", ylabel=label)
        plotting.legend_over(ax)
    return figure


READOUT = Experiment(
    name="buonomano2005/readout",
    title="Time and a curve, read from neurons that fire one after the other",
    source="Buonomano 2005, Journal of Neurophysiology 94:2275",
    parts=lambda settings: [part("PSD", seed, settings) for seed in seeds(settings)],
    outcome=outcome,
    networks=3,
    trials=1500,
    quick=dict(networks=1, trials=600),
    takes="3 minutes on two cores, quick a minute",
    parameters=dict(
        trial_ms=READ_LENGTH,
        tau_ms=float(TAU_TRACE * 1e3),
        learning_rate=READ_RATE,
        unseen_trials=TESTED,
    ),
)
