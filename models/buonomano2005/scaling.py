"""Presynaptic-dependent scaling beside synaptic scaling: spikes per neuron along training, and when
neurons fire.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .network import N_EXC, N_INH, N_STIMULUS
from .training import LENGTH, RATE, read, scaled

LATE = 300
#: Trials of the scaling for each trial in which the readouts learn.
READ_PART = 3
NAMES = {"PSD": "presynaptic-dependent scaling", "SS": "synaptic scaling"}
#: Spikes per neuron below which a trial is silent, and above which it bursts.
SILENT, BURSTING = 0.05, 2


def seeds(settings):
    """Return the seeds of the networks."""
    return range(settings.seed, settings.seed + settings.networks)


def part(rule, seed, settings):
    """The part of a rule and a seed; that of presynaptic-dependent scaling has readouts too."""
    given = dict(device=settings.device, trials=settings.trials, seed=seed)
    if rule == "PSD":
        many = dict(read_trials=settings.trials // READ_PART)
        return Part(f"PSD-{seed}", read, given | many, 40 + 0.02 * settings.trials)
    return Part(f"{rule}-{seed}", scaled, given | dict(rule=rule), 20 + 0.01 * settings.trials)


def parts(settings):
    """One part for each rule and seed."""
    return [part(rule, seed, settings) for rule in NAMES for seed in seeds(settings)]


def outcome(settings, arrays):
    """Table and figure."""
    found = {
        rule: [arrays[part(rule, seed, settings).name] for seed in seeds(settings)]
        for rule in NAMES
    }
    rows = [*rows_of("PSD", found, settings), *rows_of("SS", found, settings), *times(found)]
    return Outcome(rows, all_arrays(arrays), lambda: draw(found))


def rows_of(rule, found, settings):
    """Return rows that tell how often neurons fire in the last trials."""
    late = [{name: one[name][-LATE:] for name in ("mean", "once")} for one in found[rule]]
    once = np.array([one["once"].mean() for one in late])
    silent, bursting = (
        np.array([share(one["mean"]) for one in late])
        for share in (lambda m: (m < SILENT).mean(), lambda m: (m > BURSTING).mean())
    )
    is_scaled, judged, when = rule == "PSD", settings.full, f"last {LATE} trials"
    worst, most = (once.min(), 1e-300) if is_scaled else (once.max(), None)
    bounds = dict(low=0.999) if is_scaled else dict(high=0.01)
    quiet = (silent.max(), dict(high=most)) if is_scaled else (silent.min(), dict(low=0.9))
    return [
        Row(
            f"{rule}: share of neurons with exactly one spike, {when}, the"
            f" {'least' if is_scaled else 'most'}",
            worst,
            spread=listed(once, ".5f"),
            **(bounds if judged else {}),
        ),
        Row(
            f"{rule}: spikes per neuron, {when}",
            np.mean([one["mean"].mean() for one in late]),
            published="1" if is_scaled else "",
            spread=listed([one["mean"].mean() for one in late], ".4f"),
        ),
        Row(
            f"{rule}: share of silent trials, {'most' if is_scaled else 'least'}",
            quiet[0],
            spread=listed(silent, ".3f"),
            **(quiet[1] if judged else {}),
        ),
        Row(
            f"{rule}: share of bursting trials, most",
            bursting.max(),
            spread=listed(bursting, ".3f"),
            **(dict(high=most) if judged and is_scaled else {}),
        ),
    ]


def times(found):
    """Return rows that tell when neurons fire after presynaptic-dependent scaling."""
    latency = np.array([one["latency"] for one in found["PSD"]])
    jitter = np.array([one["jitter"] for one in found["PSD"]])
    begin = [first_of(one["once"]) for one in found["PSD"]]
    rows = [
        Row(
            "PSD: all fire for the first time in trial",
            np.median(begin),
            infinite="none",
            spread=listed(begin, ".0f"),
        )
    ]
    for name, take in (("first", np.min), ("median", np.median), ("last", np.max)):
        values = [taken(one, take) for one in latency]
        published = "hundreds" if name == "last" else ""
        rows.append(
            Row(
                f"PSD: latency in ms, {name}",
                np.mean(values),
                published,
                spread=listed(values, ".1f"),
            )
        )
    values = [taken(one, np.median) for one in jitter]
    rows.append(
        Row(
            "PSD: standard deviation of a latency in ms, median",
            np.mean(values),
            spread=listed(values, ".2f"),
        )
    )
    return rows


def taken(values, take):
    """Return a number of the finite values; NaN if there are none."""
    there = values[np.isfinite(values)]
    return take(there) if len(there) else np.nan


def first_of(once):
    """Return the number of the first trial, counted from 0, in which all neurons fire once;
    infinity if there is none.
    """
    trials = np.flatnonzero(once > 0.999)
    return float(trials[0]) if len(trials) else np.inf


def ranked(one):
    """Return the place of each neuron in the order of latencies; those of the stimulus come
    first.
    """
    ranks = np.arange(N_EXC)
    ranks[N_STIMULUS + np.argsort(one["latency"])] = ranks[N_STIMULUS:]
    return ranks


def draw(found):
    """Draw spikes before and after, the order of latencies, and spikes along training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.5), layout="constrained")
    axes = plotting.panels_of(figure, [["first", "last", "order"], ["mean", "mean", "once"]])
    one = found["PSD"][0]
    ranks = ranked(one)
    for name, title in (("first", "First trial"), ("last", "Last trial")):
        times_, neurons = one[name]
        ax = plotting.axes_or_new(axes[name])
        plotting.plot_raster(times_ * 1e-3, ranks[neurons.astype(int)], ax)
        ax.set(xlim=(0, 50), ylim=(-5, N_EXC + 5), ylabel="Neuron, by latency")
        plotting.titled(ax, title)
    draw_order(plotting.axes_or_new(axes["order"]), found["PSD"])
    draw_course(axes, found)
    return figure


def draw_order(ax, networks):
    """Draw latencies in their order, with standard deviations."""
    for number, one in enumerate(networks):
        order, color = np.argsort(one["latency"]), plotting.CYCLE[number % len(plotting.CYCLE)]
        spread = one["jitter"][order]
        latency = one["latency"][order]
        ax.plot(latency, color=color, label=f"network {number}")
        ax.fill_between(
            np.arange(len(order)),
            latency - spread,
            latency + spread,
            alpha=0.3,
            color=color,
            linewidth=0,
        )
    ax.set(xlabel="Neuron, by latency", ylabel="Latency (ms)")
    plotting.legend_over(ax)


def draw_course(axes, found):
    """Draw spikes per neuron, and the share that fires once, in each trial."""
    for name, label in (("mean", "Spikes per neuron"), ("once", "Share with exactly one spike")):
        ax = plotting.axes_or_new(axes[name])
        for rule, color in zip(reversed(NAMES), (plotting.CYCLE[1], plotting.CYCLE[0])):
            for number, one in enumerate(found[rule]):
                label_of = NAMES[rule] if not number else None
                ax.plot(one[name], color=color, linewidth=0.7, alpha=0.8, label=label_of)
        ax.set(xlabel="Trial", ylabel=label)
    axes["mean"].set_yscale("symlog", linthresh=1)
    plotting.legend_over(axes["mean"])


SCALING = Experiment(
    name="buonomano2005/scaling",
    title="Presynaptic-dependent scaling: each neuron fires once, at a time of its own",
    source="Buonomano 2005, Journal of Neurophysiology 94:2275",
    parts=parts,
    outcome=outcome,
    networks=3,
    trials=1500,
    quick=dict(networks=1, trials=600),
    takes="3 minutes on two cores, quick a minute",
    parameters=dict(
        excitatory=N_EXC, inhibitory=N_INH, stimulus=N_STIMULUS, learning_rate=RATE, trial_ms=LENGTH
    ),
)
