"""Two outputs of a reservoir learn to draw a butterfly by weight and node perturbation, and by what
we derived from both.

The settings are those of the authors' public script: 500 tanh units, time constant 10 steps,
spectral abscissa 1, five slow inputs, 500 steps; the learning rate is the best one for as many
inputs of equal power as the participation ratio PR of the activity. With its noise s an output of
node perturbation has the standard deviation s, and a weight s/tr S, S the second moments of the
activity. For comparison, a perceptron with N_eff = PR would end under NP at

    s^2 N_eff M (M T + 2)(M T + 4)/(8 T (M N_eff + 2))
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .reservoir_training import STEPS, M, trained

LARGE, SMALL = 5e-3, 1e-6
#: Rules with their noise, and the bounds of the loss at the end.
CONDITIONS = {
    ("WP", LARGE): (None, 2e-4),
    ("WP", SMALL): (None, 2e-4),
    ("NP", LARGE): (3.5e-3, 6.5e-3),
    ("NP", SMALL): (None, 1e-4),
    ("HP", LARGE): (None, None),
}


def chosen(settings):
    """Return the conditions; the quick variant has those with noise."""
    return [pair for pair in CONDITIONS if pair[1] == LARGE or not settings.quick]


def part(rule, noise, number, settings):
    """The part of a rule, a noise and a reservoir."""
    what = dict(rule=rule, noise=noise, trials=settings.trials, device=settings.device)
    name = f"reservoir-{rule}-{noise:g}-{settings.seed + number}"
    cost = 20 + 4e-6 * settings.trials * STEPS
    return Part(name, trained, what | dict(seed=settings.seed + number), cost)


def parts_of(settings):
    """Return all parts, those of one reservoir after the other."""
    numbers = range(settings.networks)
    return [part(*pair, number, settings) for number in numbers for pair in chosen(settings)]


def stacked(settings, arrays, pair, name):
    """Return an array of a condition, of all reservoirs."""
    numbers = range(settings.networks)
    return np.stack([arrays[part(*pair, number, settings).name][name] for number in numbers])


def ends(losses):
    """Return the mean loss of the last tenth of the trials, of each reservoir."""
    return losses[:, -max(losses.shape[1] // 10, 1) :].mean(axis=1)


def theory(rule, noise, ratio):
    """Return the loss at the end of a perceptron with so many inputs of equal power, as text."""
    if rule != "NP":
        return ""
    end = noise**2 * ratio * M * (M * STEPS + 2) * (M * STEPS + 4) / (8 * STEPS * (M * ratio + 2))
    return f"{end:.3g} in theory"


def outcome(settings, arrays):
    """Table and figure."""
    found, lines = {}, []
    known = {
        name: stacked(settings, arrays, ("WP", LARGE), name)
        for name in ("total", "ratio", "components", "first")
    }
    for title, name, form in (
        ("tr S", "total", ".1f"),
        ("participation ratio", "ratio", ".2f"),
        ("components", "components", "d"),
        ("loss of the first trial", "first", ".3f"),
    ):
        lines.append(Row(title, known[name].mean(), spread=listed(known[name], form)))
    for rule, noise in chosen(settings):
        found[rule, noise] = stacked(settings, arrays, (rule, noise), "losses")
        measured = ends(found[rule, noise])
        low, high = CONDITIONS[rule, noise] if settings.full else (None, None)
        text = theory(rule, noise, known["ratio"].mean())
        spread = listed(measured, ".3g")
        name = f"{rule}, noise {noise:g}: loss at the end"
        lines.append(Row(name, measured.mean(), text, low, high, spread))
    low = 1.0 if settings.full else None
    for rule in ("NP", "HP"):
        ratio = ends(found[rule, LARGE]).mean() / ends(found["WP", LARGE]).mean()
        lines.append(Row(f"{rule} / WP, noise {LARGE:g}", ratio, low=low))
    return Outcome(lines, all_arrays(arrays), lambda: draw(found, settings.trials))


def draw(found, trials):
    """Draw the losses over trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = plotting.axes_or_new(figure.subplots())
    colors = {"WP": "C0", "NP": "C1", "HP": "C2"}
    for (rule, noise), losses in found.items():
        count = losses.shape[1]
        at = (np.arange(count) + 0.5) * trials / count
        style = dict(color=colors[rule], linestyle="-" if noise == LARGE else "--")
        ax.semilogy(at, losses.mean(axis=0), label=f"{rule}, noise {noise:g}", **style)
        ax.fill_between(
            at, losses.min(axis=0), losses.max(axis=0), color=colors[rule], alpha=0.2, linewidth=0
        )
    ax.set(xlabel="Trial", ylabel="Loss", title="Drawing by a reservoir")
    plotting.legend_over(ax)
    return figure


RESERVOIR = Experiment(
    name="zuege2023/reservoir",
    title="A reservoir draws a butterfly by weight and node perturbation",
    source="Zuege, Klos & Memmesheimer 2023, Physical Review X 13:021006, and their public script",
    parts=parts_of,
    outcome=outcome,
    networks=5,
    trials=30000,
    quick=dict(networks=1, trials=20),
    takes="a quarter of an hour on two cores, quick a minute",
    parameters=dict(M=M, T=STEPS),
)
