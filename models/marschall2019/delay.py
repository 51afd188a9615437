"""Growing difficulty of Add with the delay of what is to be remembered, by rule.

Leak 1; the second summand is nearly twice as old as the first. The rates are those of delays 5 and
9.
"""

from dataclasses import replace

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .add import LABELS, SOURCE, VARIANTS, draw_floors, error_of, final
from .training import FAST, RATE, WINDOW, N, learned

#: Delays of the two summands, in steps.
DELAYS = ((1, 2), (3, 5), (5, 9), (7, 13), (9, 16))
SHOWN = ("output", "rflo", "dni_random")


def part(settings, rule, delays):
    """Return the part of a rule and a pair of delays; that of `add` has some of them."""
    if delays == (FAST.first, FAST.second):
        return VARIANTS["fast"].part(settings, rule)
    setting = replace(FAST, first=delays[0], second=delays[1])
    seeds = tuple(range(settings.seed, settings.seed + settings.networks))
    given = dict(device=settings.device, setting=setting, rule=rule, seeds=seeds)
    given |= dict(stream=settings.seed, windows=settings.trials)
    cost = 40 + 2e-6 * settings.trials * WINDOW * len(seeds)
    return Part(f"delay-{delays[0]}-{rule}", learned, given, cost)


def parts(settings):
    """One part for each rule and pair of delays."""
    return [part(settings, rule, delays) for delays in DELAYS for rule in SHOWN]


def outcome(settings, arrays):
    """Table and figure."""
    ends = {
        rule: np.stack(
            [final(arrays[part(settings, rule, delays).name]["losses"]) for delays in DELAYS]
        )
        for rule in SHOWN
    }
    return Outcome(rows(ends), all_arrays(arrays), lambda: draw(ends))


def rows(ends):
    """Final losses by rule and delay."""
    return [
        Row(
            f"{LABELS[rule]}, delays {first} and {second}: final loss, mean",
            np.mean(values),
            spread=f"s.e. {error_of(values):.4f}: {listed(values, '.3f')}",
        )
        for rule, found in ends.items()
        for (first, second), values in zip(DELAYS, found)
    ]


def draw(ends):
    """Draw final losses over the delay of the first summand."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    ax = plotting.axes_or_new(figure.subplots())
    lags = [first for first, _ in DELAYS]
    for (rule, values), color in zip(ends.items(), plotting.colours(len(ends))):
        errors = [error_of(of_one) for of_one in values]
        ax.errorbar(lags, values.mean(axis=1), errors, color=color, label=LABELS[rule], marker="o")
    draw_floors(ax)
    ax.set(xlabel="Delay of the first summand (steps)", ylabel="Final cross entropy")
    plotting.legend_over(ax)
    return figure


DELAY = Experiment(
    name="marschall2019/delay",
    title="Add over the delay of its summands, leak 1",
    source=SOURCE,
    parts=parts,
    outcome=outcome,
    networks=6,
    trials=100,
    quick=dict(networks=2, trials=2),
    takes="10 minutes, quick a minute",
    parameters=dict(N=N, rate=RATE, steps_of_a_trial=WINDOW, delays=[list(d) for d in DELAYS]),
)
