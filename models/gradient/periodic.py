"""Periodic output of 20 time constants (the task of Murray 2019, figure 2): local rules beside the
exact gradient, and how near they come to it.

Learning rates are those with the least error on other networks, seed 0: the experiment
`learning_rates`, the same search for every rule. Bounds are for seeds 100 and up.
"""

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.comparison import power
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.tasks import PeriodicOutput

from .trainings import trained

N, PERIOD, LATE, EVERY = 100, 200 * ms, 20, 20
SEARCHED, SEARCH_SEED, SEARCH_NETWORKS = (3e-4, 1e-3, 3e-3, 1e-2), 0, 3
NEURONS = ("rate", "potential")
TEACHERS = {"random": "random feedback", "symmetric": "symmetric feedback", "bptt": "BPTT"}
NAMES = {"random": "rflo", "symmetric": "local_symmetric", "bptt": "bptt"}
#: The best of the search.
CHOSEN = {"random": 1e-3, "symmetric": 3e-3, "bptt": 1e-2}


def label(neurons, teacher):
    """Return the name of a condition."""
    return f"{neurons}, {TEACHERS[teacher]}"


def conditions():
    """Return all pairs of neurons and what teaches them."""
    return [(neurons, teacher) for neurons in NEURONS for teacher in TEACHERS]


def part(neurons, teacher, rate, settings, seed, networks, every=0):
    """The part of a condition at a learning rate."""
    task = PeriodicOutput(period=PERIOD)
    what = dict(task=task, neurons=neurons, teacher=teacher, rate=rate, n=N, every=every)
    many = dict(networks=networks, seed=seed, trials=settings.trials, device=settings.device)
    steps = settings.trials * task.n_steps * networks
    slower = 3 if teacher == "bptt" or every else 1
    name = f"periodic-{neurons}-{teacher}-{rate:g}-{seed}"
    return Part(name, trained, what | many, 5 + 2e-5 * slower * steps)


def final_part(neurons, teacher, settings):
    """The part of a condition at the learning rate that was chosen; rules are watched."""
    every = 0 if teacher == "bptt" else EVERY
    given = (settings, settings.seed, settings.networks, every)
    return part(neurons, teacher, CHOSEN[teacher], *given)


def search_part(neurons, teacher, rate, settings):
    """The part of the search; its seed is not that of the acceptance."""
    return part(neurons, teacher, rate, settings, SEARCH_SEED, SEARCH_NETWORKS)


def errors(arrays):
    """Return the sum of squared errors in units of the target's variance, ``[network, trial]``;
    that of a network that has diverged is infinite.
    """
    values = 2 * arrays["losses"] / power(PeriodicOutput(period=PERIOD))
    return np.nan_to_num(values, nan=np.inf, posinf=np.inf)


def final_error(arrays):
    """Return the median error of the last trials of each network."""
    return np.median(errors(arrays)[:, -LATE:], axis=1)


def late_cosine(arrays, which):
    """Return the mean cosine of each network in the first or the last fifth."""
    values = arrays["cosine_recurrent"]
    fifth = max(1, values.shape[1] // 5)
    return np.nanmean(values[:, :fifth] if which == "first" else values[:, -fifth:], axis=1)


def rows_of(settings, found):
    """The table: final errors, BPTT beside random feedback, and cosines with the gradient."""
    rows = []
    for (neurons, teacher), arrays in found.items():
        values, name = final_error(arrays), label(neurons, teacher)
        rows.append(Row(f"{name}: NMSE, median", np.median(values), spread=listed(values, ".2g")))
        for which in ("first", "last") if "cosine_recurrent" in arrays else ():
            cosines = late_cosine(arrays, which)
            what = f"{name}: cosine with the gradient, {which} fifth"
            rows.append(Row(what, np.median(cosines), spread=listed(cosines, ".2f")))
    for neurons in NEURONS:
        medians = [np.median(final_error(found[neurons, one])) for one in ("bptt", "random")]
        high = 1.0 if settings.full else None
        rows.append(Row(f"{neurons}: BPTT / random feedback", np.divide(*medians), high=high))
    return rows


def draw(found):
    """Draw errors over trials, and the cosines of the rules with the gradient."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    axes = figure.subplots(2, len(NEURONS))
    for column, neurons in zip(axes.T, NEURONS):
        above, below = (plotting.axes_or_new(ax) for ax in column)
        for teacher in TEACHERS:
            arrays, how = (
                found[neurons, teacher],
                dict(name=NAMES[teacher], label=TEACHERS[teacher]),
            )
            plotting.plot_losses(errors(arrays), above, **how)
            if "aligned" in arrays:
                cosines = arrays["cosine_recurrent"]
                plotting.plot_alignment(arrays["aligned"], cosines, below, **how)
        above.set(ylabel="Error (NMSE)", title=f"{neurons} neurons")
        below.set(ylabel="Cosine with the gradient", ylim=(-0.2, 1))
        plotting.legend_over(above)
        plotting.legend_over(below)
    figure.suptitle("Periodic output: local rules beside the exact gradient")
    return figure


def outcome(settings, arrays):
    """Table and figure of the experiment."""
    found = {pair: arrays[final_part(*pair, settings).name] for pair in conditions()}
    return Outcome(rows_of(settings, found), all_arrays(arrays), lambda: draw(found))


def searched(settings, arrays):
    """Table and figure of the search."""
    found = {
        (*pair, rate): final_error(arrays[search_part(*pair, rate, settings).name])
        for pair in conditions()
        for rate in SEARCHED
    }
    rows = []
    for pair in conditions():
        best = min(SEARCHED, key=lambda rate: np.median(found[*pair, rate]))
        for rate in SEARCHED:
            values, mark = found[*pair, rate], " (best)" if rate == best else ""
            name = f"{label(*pair)}, {rate:g}{mark}: NMSE, median"
            rows.append(Row(name, np.median(values), spread=listed(values, ".2g")))
    return Outcome(rows, all_arrays(arrays), lambda: draw_search(found))


def draw_search(found):
    """Draw the median error over learning rates."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for ax, neurons in zip(figure.subplots(1, len(NEURONS)), NEURONS):
        ax = plotting.axes_or_new(ax)
        for teacher, style in zip(TEACHERS, plotting.styles(len(TEACHERS))):
            medians = [np.median(found[neurons, teacher, rate]) for rate in SEARCHED]
            color = plotting.COLOURS[NAMES[teacher]]
            shown = np.where(np.isfinite(medians), medians, np.nan)
            ax.loglog(SEARCHED, shown, "o", linestyle=style, color=color, label=TEACHERS[teacher])
        ax.set(xlabel="Learning rate", ylabel="Error (NMSE)", title=f"{neurons} neurons")
        plotting.legend_over(ax)
    return figure


SOURCE = "docs/pretraining.md; the task is that of Murray 2019, figure 2"
PARAMETERS = dict(N=N, tau_ms=10, period_ms=200, gain=1.5, decay=200, clip_norm=1.0)
PERIODIC = Experiment(
    name="gradient/periodic",
    title="Local rules beside the exact gradient, on the periodic task",
    source=SOURCE,
    parts=lambda settings: [final_part(*pair, settings) for pair in conditions()],
    outcome=outcome,
    networks=5,
    trials=600,
    quick=dict(networks=2, trials=40),
    takes="3 min, quick 1 min",
    parameters=PARAMETERS,
)
LEARNING_RATES = Experiment(
    name="gradient/learning_rates",
    title="The search for their learning rates, on other networks (always seed 0)",
    source=SOURCE,
    parts=lambda settings: [
        search_part(*pair, rate, settings) for pair in conditions() for rate in SEARCHED
    ],
    outcome=searched,
    networks=SEARCH_NETWORKS,
    trials=600,
    quick=dict(networks=SEARCH_NETWORKS, trials=20),
    takes="5 min, quick 1 min",
    parameters=PARAMETERS,
)
