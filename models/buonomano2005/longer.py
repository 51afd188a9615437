"""Longer sequences, tried: synapses with long delays, and slow synapses."""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part

from .network import N_EXC, Circuit
from .scaling import LATE, ranked, taken
from .training import LENGTH, scaled

CIRCUITS = {
    "delays 1.5 ms": Circuit(),
    "delays to 20 ms": Circuit(delays=(1.5, 20.0)),
    "delays to 50 ms": Circuit(delays=(1.5, 50.0)),
    "excitation of 20 ms": Circuit(tau_exc=20.0),
    "excitation of 20 ms, delays to 20 ms": Circuit(tau_exc=20.0, delays=(1.5, 20.0)),
}


def part(name, settings):
    """The part of a circuit."""
    given = dict(device=settings.device, rule="PSD", trials=settings.trials, seed=settings.seed)
    title = name.replace(" ", "-").replace(",", "")
    return Part(title, scaled, given | dict(circuit=CIRCUITS[name]), 20 + 0.01 * settings.trials)


def chosen(settings):
    """Return the names of the circuits; the quick variant has the first two."""
    return list(CIRCUITS)[:2] if settings.quick else list(CIRCUITS)


def outcome(settings, arrays):
    """Table and figure."""
    found = {name: arrays[part(name, settings).name] for name in chosen(settings)}
    rows = [row for name, one in found.items() for row in rows_of(name, one)]
    return Outcome(rows, all_arrays(arrays), lambda: draw(found))


def rows_of(name, one):
    """Return rows that tell how often neurons fire in the last trials, and when."""
    latency, late = one["latency"], one["mean"][-LATE:]
    spread = f"spikes per neuron {late.mean():.2f}, at most {late.max():.1f} in a trial"
    times = [taken(latency, take) for take in (np.min, np.median)]
    return [
        Row(f"{name}: exactly one spike", one["once"][-LATE:].mean(), spread=spread),
        Row(
            f"{name}: last latency, ms",
            taken(latency, np.max),
            "hundreds",
            spread="first {:.1f}, median {:.1f}".format(*times),
        ),
        Row(f"{name}: jitter in ms, median", taken(one["jitter"], np.median)),
    ]


def draw(found):
    """Draw the spikes of the last trial of each circuit."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(found), 3.4), layout="constrained")
    axes = np.ravel(figure.subplots(1, len(found), sharey=True))
    for ax, (name, one) in zip(axes, found.items()):
        times, neurons = one["last"]
        plotting.plot_raster(
            times * 1e-3, ranked(one)[neurons.astype(int)], plotting.axes_or_new(ax)
        )
        ax.set(xlim=(0, 150), ylim=(-5, N_EXC + 5), ylabel="")
        plotting.titled(ax, name)
    axes[0].set_ylabel("Neuron, by latency")
    return figure


LONGER = Experiment(
    name="buonomano2005/longer",
    title="Longer sequences: long delays, slow synapses",
    source="Beyond Buonomano 2005; published latencies reach hundreds of milliseconds",
    parts=lambda settings: [part(name, settings) for name in chosen(settings)],
    outcome=outcome,
    networks=1,
    trials=1500,
    quick=dict(networks=1, trials=600),
    takes="4 minutes on two cores, quick a minute",
    parameters=dict(trial_ms=LENGTH),
)
