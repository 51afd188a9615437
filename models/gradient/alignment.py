"""Agreement of local rules with the exact gradient while they train: RFLO, derived rules and
e-prop, with random and with symmetric feedback.

The networks of rate neurons are those of `periodic`, and those of e-prop those of `evidence`, so
that the experiments share their parts.
"""

from dataclasses import replace

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.tasks import PeriodicOutput

from ..derived.neurons import CONDUCTANCE
from . import evidence, evidence_trainings
from .conductance_trainings import watched
from .periodic import EVERY, NAMES, TEACHERS, final_part

FEEDBACKS = ("random", "symmetric")
#: How the gradient treats the reset of conductance-based neurons, without which it explodes.
RESETS = dict(v="attach")


def rates(neurons, feedback, settings):
    """The part of rate neurons."""
    return [final_part(neurons, feedback, settings)]


def conductances(feedback, settings):
    """The part of conductance-based neurons: half as many trials, of one second."""
    task = PeriodicOutput(period=1000 * ms, dt=CONDUCTANCE.dt)
    what = dict(task=task, feedback=feedback, resets=RESETS, every=EVERY, device=settings.device)
    many = dict(networks=settings.networks, seed=settings.seed, trials=settings.trials // 2)
    cost = 10 + 6e-5 * many["trials"] * task.n_steps * settings.networks
    return [Part(f"alignment-conductance-{feedback}", watched, what | many, cost)]


def eprops(feedback, settings):
    """The parts of e-prop, one for each network: a third as many batches."""
    fewer, name = replace(settings, trials=settings.trials // 3), f"e-prop, {feedback}"
    return [evidence.part(name, k, fewer) for k in range(settings.networks)]


#: The rules: title, the parts by feedback and settings, and what a trial is.
RULES = {
    "RFLO": ("RFLO, rate neurons", lambda *which: rates("rate", *which), "Trial"),
    "derived": (
        "derived rule, potential neurons",
        lambda *which: rates("potential", *which),
        "Trial",
    ),
    "derived, spikes": ("derived rule, conductances", conductances, "Trial"),
    "e-prop": ("e-prop, adaptive neurons", eprops, "Batch"),
}


def conditions():
    """Return all pairs of rules and feedback."""
    return [(rule, feedback) for rule in RULES for feedback in FEEDBACKS]


def parts_of(rule, feedback, settings):
    """The parts of a condition."""
    return RULES[rule][1](feedback, settings)


def course(arrays):
    """Return the trials that were looked at, and cosines ``[network, trial]``, from the arrays of
    one part with all networks, or of a part for each.
    """
    if "aligned" in arrays[0]:
        return arrays[0]["aligned"], arrays[0]["cosine_recurrent"]
    cosines = np.stack([one["cosine"] for one in arrays])
    return evidence_trainings.EVERY * np.arange(cosines.shape[1]), cosines


def rows_of(found):
    """Cosines of each network in the first and last fifth of what was looked at."""
    rows = []
    for (rule, feedback), arrays in found.items():
        _, values = course(arrays)
        fifth = max(1, values.shape[1] // 5)
        for which, some in (("first", values[:, :fifth]), ("last", values[:, -fifth:])):
            late = np.nanmean(some, axis=1)
            what = f"{rule}, {feedback} feedback: cosine with the gradient, {which} fifth"
            rows.append(Row(what, np.median(late), spread=listed(late, ".2f")))
        if "cosine_output" in arrays[0]:
            apart = np.nanmax(np.abs(arrays[0]["cosine_output"] - 1))
            what = f"{rule}, {feedback} feedback: distance of the output's cosine from 1"
            rows.append(Row(what, apart, high=1e-9))
    return rows


def outcome(settings, arrays):
    """Table and figure."""
    found = {pair: [arrays[one.name] for one in parts_of(*pair, settings)] for pair in conditions()}
    return Outcome(rows_of(found), all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw the cosines over trials, a panel for each rule."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4), layout="constrained")
    for rule, ax in zip(RULES, figure.subplots(1, len(RULES), sharey=True)):
        ax, (title, _, trial) = plotting.axes_or_new(ax), RULES[rule]
        for feedback in FEEDBACKS:
            how = dict(name=NAMES[feedback], label=TEACHERS[feedback])
            plotting.plot_alignment(*course(found[rule, feedback]), ax, **how)
        ax.set(xlabel=trial, ylim=(-0.3, 1), title=title)
        ax.set_ylabel("Cosine with the gradient" if rule == "RFLO" else "")
        ax.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    plotting.legend_over(ax)
    figure.suptitle("Local rules beside the exact gradient, while they train")
    return figure


ALIGNMENT = Experiment(
    name="gradient/alignment",
    title="How near local rules come to the gradient while they train",
    source="docs/gradient.md",
    parts=lambda settings: [one for pair in conditions() for one in parts_of(*pair, settings)],
    outcome=outcome,
    networks=5,
    trials=600,
    quick=dict(networks=2, trials=60),
    takes="10 min, quick 2 min",
    parameters=dict(every=EVERY),
)
