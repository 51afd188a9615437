"""Figure 1 of the article: delayed non-match learned by exploration, and after how many trials.

A trial is right if its error, the mean distance of the output from the target while it is asked
for, is below 1. The criterion is met in the first trial that ends 100 trials of which 95 are right.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .training import FIRST, GAIN, LARGEST, RATE, N, non_match, trained

WINDOW, NEEDED, RIGHT = 100, 95, 1.0
#: Median and quartiles of the article.
PUBLISHED, QUARTILES = 843, (692, 1125)
LATE = 200


def seeds(settings):
    """Return the seeds of the networks."""
    return range(settings.seed, settings.seed + settings.networks)


def parts(settings):
    """One part for each network."""
    given = dict(device=settings.device, trials=settings.trials)
    cost = 20 + 0.01 * settings.trials
    return [
        Part(f"seed-{seed}", trained, given | dict(seed=seed), cost) for seed in seeds(settings)
    ]


def shares(errors):
    """Return the share of right trials among each trial and the 99 before it, ``[.., trial]``; NaN
    in the first 99.
    """
    right = np.cumsum(np.pad(errors < RIGHT, [(0, 0)] * (errors.ndim - 1) + [(1, 0)]), axis=-1)
    found = np.full(errors.shape, np.nan)
    found[..., WINDOW - 1 :] = (right[..., WINDOW:] - right[..., :-WINDOW]) / WINDOW
    return found


def criterion(errors, needed=NEEDED):
    """Return the number of the trial, from 1 on, in which the criterion is met; infinity if it is
    not.
    """
    met = np.flatnonzero(np.round(WINDOW * shares(errors)) >= needed)
    return met[0] + 1.0 if len(met) else np.inf


def outcome(settings, arrays):
    """Table and figure."""
    errors = np.stack([arrays[part.name]["errors"] for part in parts(settings)])
    outputs = arrays[parts(settings)[0].name]["outputs"]
    return Outcome(rows(errors, settings), all_arrays(arrays), lambda: draw(errors, outputs))


def quartiles(values, form):
    """Return the quartiles as text."""
    low, high = np.percentile(values, (25, 75), method="nearest")
    return f"quartiles {low:{form}} .. {high:{form}}"


def rows(errors, settings):
    """Trials until the criterion, and how the networks are at the end."""
    met = np.array([criterion(each) for each in errors])
    strict = np.array([criterion(each, NEEDED + 1) for each in errors])
    late = errors[:, -LATE:]
    right, judged = (late < RIGHT).mean(axis=1), settings.full
    return [
        Row(
            "criterion in trial, median",
            np.median(met),
            f"{PUBLISHED}",
            low=600 if judged else None,
            high=1400 if judged else None,
            spread=listed(met, ".0f"),
            infinite="not met",
        ),
        Row(
            "criterion in trial, lower quartile",
            np.percentile(met, 25, method="nearest"),
            f"{QUARTILES[0]}",
            infinite="not met",
        ),
        Row(
            "criterion in trial, upper quartile",
            np.percentile(met, 75, method="nearest"),
            f"{QUARTILES[1]}",
            infinite="not met",
        ),
        Row(
            "more than 95 of 100 right, as in the author's code: trial, median",
            np.median(strict),
            spread=quartiles(strict, ".0f"),
            infinite="not met",
        ),
        Row(
            f"share of networks that meet it within {errors.shape[1]} trials",
            np.isfinite(met).mean(),
            low=0.799 if judged else None,
        ),
        Row(
            f"right in the last {late.shape[1]} trials, median",
            np.median(right),
            spread=listed(right, ".2f"),
        ),
        Row(
            f"error of the last {late.shape[1]} trials, median",
            np.median(late.mean(axis=1)),
            spread=quartiles(late.mean(axis=1), ".2f"),
        ),
    ]


def draw(errors, outputs):
    """Draw the share of right trials of all networks, and outputs of the first one at the end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2))
    trials, found = np.arange(errors.shape[1]) + 1, shares(errors)
    left.plot(trials, found.T, color="0.75", linewidth=0.7)
    if len(trials) >= WINDOW:
        left.plot(trials, np.median(found, axis=0), color=plotting.CYCLE[0], label="median")
    left.axvspan(*QUARTILES, color=plotting.CYCLE[1], alpha=0.15, linewidth=0)
    left.axvline(PUBLISHED, color=plotting.CYCLE[1], label="criterion, published")
    left.axhline(NEEDED / WINDOW, color="0.4", linestyle=":", label="criterion")
    left.set(xlabel="Trial", ylabel="Right, of 100 trials", title="All networks", ylim=(0, 1.05))
    plotting.legend_over(left)
    draw_outputs(right, outputs, errors.shape[1])
    return figure


def draw_outputs(ax, outputs, trials):
    """Draw the outputs of the last trials over their targets."""
    task = non_match()
    times = 1e3 * np.asarray(task.times)
    _, _, mask = task.trial()
    for row, values in enumerate(outputs):
        kind = task.kind(trials - len(outputs) + row)
        ax.plot(times, values, color=plotting.CYCLE[kind], label=task.kinds[kind])
    for side in (-1, 1):
        ax.plot(times[mask > 0], side * task.height * mask[mask > 0], color="0.6", linewidth=3)
    ax.set(xlabel="Time in ms", ylabel="Output", title="First network, last trials")
    plotting.legend_over(ax)


NON_MATCH = Experiment(
    name="miconi2017/non_match",
    title="Delayed non-match by reward-modulated exploration",
    source="Miconi 2017, eLife 6:e20899, figure 1",
    parts=parts,
    outcome=outcome,
    networks=20,
    trials=3000,
    quick=dict(networks=2, trials=1000),
    takes="10 minutes on two cores, quick a minute",
    parameters=dict(
        N=N,
        gain=GAIN,
        learning_rate=RATE,
        largest_change=LARGEST,
        trials_without_learning=FIRST,
        expectation_follows=0.25,
    ),
)
