"""How near local rules come to the exact gradient while they train: RFLO, derived rules and e-prop,
with random and with symmetric feedback.

The networks of rate neurons are those of `periodic`, so that both experiments share their parts.
"""

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.tasks import PeriodicOutput

from ..derived.neurons import CONDUCTANCE
from .alignment_trainings import eprop
from .conductance_trainings import watched
from .evidence_trainings import BATCH
from .periodic import EVERY, NAMES, TEACHERS, final_part, late_cosine

FEEDBACKS = ("random", "symmetric")
#: How the gradient treats the reset of conductance-based neurons, without which it explodes.
RESETS = dict(v="attach")
PROJECTIONS = ("recurrent", "input")


def rates_part(neurons):
    """Return a function of the part of rate neurons."""
    return lambda feedback, settings: final_part(neurons, feedback, settings)


def conductance_part(feedback, settings):
    """The part of conductance-based neurons: half as many trials, of one second."""
    task = PeriodicOutput(period=1000 * ms, dt=CONDUCTANCE.dt)
    what = dict(task=task, feedback=feedback, resets=RESETS, every=EVERY, device=settings.device)
    many = dict(networks=settings.networks, seed=settings.seed, trials=settings.trials // 2)
    cost = 10 + 6e-5 * many["trials"] * task.n_steps * settings.networks
    return Part(f"alignment-conductance-{feedback}", watched, what | many, cost)


def eprop_part(feedback, settings):
    """The part of e-prop: a third as many batches."""
    many = dict(networks=settings.networks, seed=settings.seed, batches=settings.trials // 3)
    what = dict(feedback=feedback, every=EVERY // 2, device=settings.device)
    return Part(f"alignment-eprop-{feedback}", eprop, what | many, 10 + 0.3 * settings.trials)


#: The rules: title, and the part by feedback and settings.
RULES = {
    "RFLO": ("RFLO, rate neurons", rates_part("rate")),
    "derived": ("derived rule, potential neurons", rates_part("potential")),
    "derived, spikes": ("derived rule, conductance-based neurons", conductance_part),
    "e-prop": ("e-prop, adaptive spiking neurons", eprop_part),
}


def conditions():
    """Return all pairs of rules and feedback."""
    return [(rule, feedback) for rule in RULES for feedback in FEEDBACKS]


def part(rule, feedback, settings):
    """The part of a condition."""
    return RULES[rule][1](feedback, settings)


def rows_of(found):
    """Cosines of each network in the first and last fifth of what was looked at."""
    rows = []
    for (rule, feedback), arrays in found.items():
        for which in ("first", "last"):
            for name in (one for one in PROJECTIONS if f"cosine_{one}" in arrays):
                values = late_cosine({"cosine_recurrent": arrays[f"cosine_{name}"]}, which)
                what = f"{rule}, {feedback} feedback: cosine of {name} weights, {which} fifth"
                rows.append(Row(what, np.median(values), spread=listed(values, ".2f")))
        apart = np.nanmax(np.abs(arrays["cosine_output"] - 1))
        what = f"{rule}, {feedback} feedback: largest distance of the output's cosine from 1"
        rows.append(Row(what, apart, high=1e-9))
    return rows


def outcome(settings, arrays):
    """Table and figure."""
    found = {pair: arrays[part(*pair, settings).name] for pair in conditions()}
    return Outcome(rows_of(found), all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw the cosines of recurrent weights over trials, a panel for each rule."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4), layout="constrained")
    for rule, ax in zip(RULES, figure.subplots(1, len(RULES), sharey=True)):
        ax = plotting.axes_or_new(ax)
        for feedback in FEEDBACKS:
            arrays = found[rule, feedback]
            how = dict(name=NAMES[feedback], label=TEACHERS[feedback])
            cosines = arrays["cosine_recurrent"]
            plotting.plot_alignment(arrays["aligned"], cosines, ax, **how)
        of_trials = "Trial" if rule != "e-prop" else f"Trial, in batches of {BATCH}"
        ax.set(xlabel=of_trials, ylim=(-0.3, 1), title=RULES[rule][0])
        ax.set_ylabel("Cosine with the gradient" if rule == "RFLO" else "")
        ax.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    plotting.legend_over(ax)
    figure.suptitle("Local rules beside the exact gradient: recurrent weights, while they train")
    return figure


ALIGNMENT = Experiment(
    name="gradient/alignment",
    title="How near local rules come to the gradient while they train",
    source="docs/gradient.md",
    parts=lambda settings: [part(*pair, settings) for pair in conditions()],
    outcome=outcome,
    networks=5,
    trials=600,
    quick=dict(networks=2, trials=40),
    takes="15 min, quick 2 min",
    parameters=dict(every=EVERY),
)
