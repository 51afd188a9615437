"""The length of a trial against the number of effective inputs: where weight and node perturbation
change places, beside theory.

A perceptron with N_eff inputs of mean square 1 and M outputs; s is the standard deviation that
perturbations give an output. In a trial of T >= N_eff steps all inputs are active, with orthogonal
time courses; in one of T < N_eff steps T of them, drawn anew, one in each step. With the learning
rate 1/k at which the loss falls fastest it falls by a factor e in k trials, to a floor:

    T >= N_eff    k(WP) = k(NP) = M N_eff + 2           E(WP) = s^2/8 M (M N_eff + 4)
                  E(NP) = s^2/8 N_eff M (M T + 2)(M T + 4)/(T (M N_eff + 2))
    T < N_eff     k(WP) = N_eff/T (M N_eff + 2)         k(NP) = N_eff/T (M T + 2)
                  E(WP) = s^2/8 M (M T + 2)(M N_eff + 4)/(M N_eff + 2)     E(NP) = s^2/8 M (M T + 4)

Long trials: both learn equally fast, and NP ends T/N_eff times higher. Short ones: both end equally
low, and WP learns N_eff/T times more slowly, since it moves weights that had no part in the trial.
The formulas for T < N_eff are derived here: expectations over Gaussian draws, and over the inputs
that are active.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .crossover_training import ACTIVE, NOISE, M, slowness, trained

STEPS, RULES = (2, 5, 10, 20, 50, 100, 200), ("WP", "NP")
#: Trials of a run, in those in which the loss falls by a factor e.
TIMES, QUICK_STEPS = 15, (5, 40)


def floor(rule, steps):
    """Return the loss at the end in theory."""
    n, t = ACTIVE, steps
    if rule == "WP":
        part = (M * min(t, n) + 2) / (M * n + 2)
        return NOISE**2 / 8 * M * (M * n + 4) * part
    long = n * (M * t + 2) / (t * (M * n + 2)) if t > n else 1.0
    return NOISE**2 / 8 * M * (M * t + 4) * long


def conditions(settings):
    """Return all lengths of a trial with the rules."""
    return [(t, rule) for t in (QUICK_STEPS if settings.quick else STEPS) for rule in RULES]


def part(steps, rule, settings):
    """The part of a length and a rule."""
    trials = min(settings.trials, int(TIMES * slowness(rule, steps)))
    what = dict(rule=rule, steps=steps, networks=settings.networks, trials=trials)
    cost = 20 + 2e-6 * trials * steps * settings.networks
    given = what | dict(device=settings.device, seed=settings.seed)
    return Part(f"crossover-{rule}-T{steps}", trained, given, cost)


def floors(losses):
    """Return the mean loss of the last half of the trials, of each network."""
    return losses[:, losses.shape[1] // 2 :].mean(axis=1)


def falls_in(losses):
    """Return the number of trials in which the mean loss over networks, less its floor, falls by a
    factor e; smoothed, since losses of short trials depend on the inputs that are drawn.
    """
    width = max(losses.shape[1] // (TIMES * 10), 1)
    smooth = np.convolve(losses.mean(axis=0), np.full(width, 1 / width), "valid")
    above = smooth - floors(losses).mean()
    return int(np.argmax(above < above[0] / np.e)) + 1


def rows(found, settings):
    """Floors and trials beside theory."""
    lines, judged = [], settings.full
    for (steps, rule), arrays in found.items():
        measured, theory = floors(arrays["losses"]), floor(rule, steps)
        bounds = dict(low=0.85 * theory, high=1.15 * theory) if judged else {}
        name = f"T {steps}, N_eff {ACTIVE}, {rule}"
        text = f"{theory:.4f} in theory"
        lines.append(
            Row(
                f"{name}: loss at the end",
                measured.mean(),
                text,
                spread=listed(measured, ".4f"),
                **bounds,
            )
        )
        slow = slowness(rule, steps)
        text = f"{slow:.0f} in theory"
        bounds = dict(low=0.6 * slow, high=1.6 * slow) if judged else {}
        lines.append(
            Row(f"{name}: trials for a factor e", falls_in(arrays["losses"]), text, **bounds)
        )
    return lines


def outcome(settings, arrays):
    """Table and figure."""
    found = {pair: arrays[part(*pair, settings).name] for pair in conditions(settings)}
    return Outcome(rows(found, settings), all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw floors and trials over the length of a trial, measured and in theory."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2))
    shown = sorted({steps for steps, _ in found})
    grid = np.geomspace(shown[0], shown[-1], 200)
    for number, rule in enumerate(RULES):
        losses = [found[steps, rule]["losses"] for steps in shown]
        measured = [(floors(one).mean(), floors(one).std(), falls_in(one)) for one in losses]
        ends, spread, trials = zip(*measured)
        color = f"C{number}"
        given = dict(color=color, fillstyle="none", markersize=6 + 4 * number)
        left.errorbar(shown, ends, spread, fmt="o", label=rule, **given)
        left.plot(grid, [floor(rule, t) for t in grid], color=color, linewidth=1)
        right.plot(shown, trials, "o", label=rule, **given)
        right.plot(grid, [slowness(rule, t) for t in grid], color=color, linewidth=1)
    for ax, what in ((left, "Loss at the end"), (right, "Trials for a factor e")):
        ax.axvline(ACTIVE, color="0.6", linestyle=":", linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel="Steps of a trial, T", ylabel=what)
        ax.set_xticks(shown, [f"{steps}" for steps in shown])
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.minorticks_off()
        ax.legend()
    left.set_title(f"Lines: theory; dotted: N_eff = {ACTIVE}")
    return figure


CROSSOVER = Experiment(
    name="zuege2023/crossover",
    title="Length of a trial against effective inputs: where WP and NP change places",
    source="Zuege, Klos & Memmesheimer 2023, Physical Review X 13:021006",
    parts=lambda settings: [part(*pair, settings) for pair in conditions(settings)],
    outcome=outcome,
    networks=5,
    trials=40000,
    quick=dict(networks=2, trials=1000),
    takes="10 minutes on two cores, quick a minute",
    parameters=dict(M=M, N_eff=ACTIVE, noise=NOISE),
)
