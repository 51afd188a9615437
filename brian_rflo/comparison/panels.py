"""The figure of a comparison, panel by panel."""

import numpy as np
from brian2 import ms

from .. import plotting
from .kinds import kind_of
from .told import TOLD

#: Rules as figures name them.
TITLES = {"rflo": "RFLO", "readout": "readout", "least_squares": "least squares", "bptt": "BPTT"}
TITLES |= {rule: told.title for rule, told in TOLD.items()}
TITLES |= {"wp": "weight perturbation", "np": "node perturbation"}
TITLES |= {"reward": "reward", "reward_readout": "reward, readout alone"}
#: Up to this many curves have bands of quartiles.
BANDS = 6
#: Up to this many outputs of a network are in its row.
OUTPUTS = 3
#: Distance of rows, and of their names, in units of what is in a row.
ROW, BEYOND = 1.85, 0.2


def draw(comparison):
    """Return the figure of a comparison."""
    from matplotlib.figure import Figure

    rows, size, heights = plotting.arrangement(comparison)
    figure = Figure(figsize=size, layout="constrained")
    plotting.plot_comparison(comparison, plotting.panels_of(figure, rows, height_ratios=heights))
    networks, trials = next(iter(comparison.results.values())).losses.shape
    figure.suptitle(
        f"{type(comparison.task).__name__}: {networks} network{'s' * (networks > 1)} of each kind,"
        f" {trials} trial{'s' * (trials > 1)}, time constant {float(comparison.tau / ms):g} ms for"
        " all",
        size=9,
    )
    return figure


def parts_of(comparison):
    """Return the neuron models and the rules of a comparison."""
    kinds, rules = zip(*comparison.results)
    return list(dict.fromkeys(kinds)), list(dict.fromkeys(rules))


def styled(comparison):
    """Return each result with its pair of names, and the style of its lines: rules are colours and
    neuron models are styles, or colours too where there is one rule.
    """
    kinds, rules = parts_of(comparison)
    styles = dict(zip(kinds, plotting.styles(len(kinds))))
    for (kind, rule), result in comparison.results.items():
        color = plotting.colour(rule) if len(rules) > 1 else kind_of(kind).colour
        yield (kind, rule), result, dict(color=color, linestyle=styles[kind])


def legend(comparison):
    """Return lines and labels of the legend: rules, neuron models, the target."""
    from matplotlib.lines import Line2D

    kinds, rules = parts_of(comparison)
    looks = {pair: style for pair, _, style in styled(comparison)}
    entries = {"target": Line2D([], [], color=plotting.COLOURS["target"], linewidth=4)}
    if len(rules) > 1:
        entries |= {TITLES[rule]: Line2D([], [], color=plotting.colour(rule)) for rule in rules}
    if len(kinds) > 1 or len(rules) == 1:
        for kind in kinds:
            style = looks[kind, rules[0]]
            color = style["color"] if len(rules) == 1 else plotting.COLOURS["untrained"]
            entries[kind_of(kind).label] = Line2D([], [], **style | {"color": color})
    return list(entries.values()), list(entries)


def title_of(kind, rule):
    """Return the name of a pair in figures."""
    return f"{kind_of(kind).label}, {TITLES[rule]}"


def draw_error(comparison, ax):
    """Draw errors over trials, or the share of right answers of each network; a fitted readout has
    a single number.
    """
    if comparison.by_reward:
        for pair, _, style in styled(comparison):
            plotting.plot_share(1 - comparison.errors(*pair), ax, **style)
        ax.set(ylabel="Right answers")
        return
    curves = [
        (comparison.errors(*pair), style)
        for pair, _, style in styled(comparison)
        if pair[1] != "least_squares"
    ]
    for errors, style in curves:
        plotting.plot_losses(errors, ax, **style, quartiles=len(curves) <= BANDS)
    fitted = [
        (title_of(*pair), np.median(comparison.final_error(*pair)), style)
        for pair, _, style in styled(comparison)
        if pair[1] == "least_squares"
    ]
    below = draw_fitted(fitted, ax)
    ax.set(xlabel="Trial", ylabel="Error (NMSE)")
    shown = "Median and quartiles" if len(curves) <= BANDS else "Medians"
    plotting.titled(ax, "\n".join([shown, *below]))


def draw_fitted(fitted, ax):
    """Draw errors of fitted readouts as lines across axes; return what to write about those that
    are far below.
    """
    drawn = [value for line in ax.lines for value in line.get_ydata() if value > 0]
    lowest, below = min(filter(np.isfinite, drawn), default=0), []
    for name, value, style in fitted:
        if value >= 0.01 * lowest:
            ax.axhline(value, **style)
        else:
            below.append(f"{name}: {value:.0e}")
    plotting.logarithmic(ax.yaxis)
    return below


def draw_early(comparison, ax):
    """Draw outputs in the first trial."""
    _, target, mask = comparison.task.trial(0)
    rows = {
        pair: (result.times, result.first_output[0], target, mask)
        for pair, result, _ in styled(comparison)
    }
    draw_outputs(comparison, rows, ax)
    plotting.titled(ax, "First trial, network 0")


def draw_late(comparison, ax):
    """Draw outputs in the last trial."""
    rows = {
        pair: (result.times, result.output[0], result.target, result.mask)
        for pair, result, _ in styled(comparison)
    }
    draw_outputs(comparison, rows, ax)
    plotting.titled(ax, "Last trial, network 0")


def draw_outputs(comparison, rows, ax):
    """Draw outputs over their targets, a row for each pair, with ticks at the lowest and highest
    target; outputs far beyond these would be in other rows, and are not shown.
    """
    looks = {pair: style | {"linestyle": "-"} for pair, _, style in styled(comparison)}
    shown = min(OUTPUTS, comparison.task.n_outputs)  # without the value of a critic
    targets = np.concatenate([target[:, :shown].ravel() for _, _, target, _ in rows.values()])
    low, size = targets.min(), np.ptp(targets) or 1.0
    bases = [-number * ROW * size - low for number in range(len(rows))]
    for base, (pair, (times, output, target, mask)) in zip(bases, rows.items()):
        output, target = output[:, :shown], target[:, :shown]
        is_near = (output > low - BEYOND * size) & (output < low + (1 + BEYOND) * size)
        plotting.plot_output(
            times,
            np.where(is_near, output, np.nan) + base,
            target + base,
            ax,
            label=None,
            mask=mask[:, :shown] if mask.ndim > 1 else mask,
            **looks[pair],
        )
        name_row(ax, base + low + (1 + BEYOND) * size, title_of(*pair))
    for line in ax.lines:
        line.set_linewidth(2.5 if line.get_color() == plotting.COLOURS["target"] else 0.9)
    ends = np.array([low, low + size])
    ax.set(
        yticks=np.add.outer(bases, ends).ravel(),
        yticklabels=[f"{value:.2g}".replace("-", "\N{MINUS SIGN}") for value in ends] * len(rows),
        ylim=(bases[-1] + low - BEYOND * size, (ROW - BEYOND) * size),
        ylabel=f"Outputs 0 to {OUTPUTS - 1}" if comparison.task.n_outputs > OUTPUTS else "Output",
    )


def name_row(ax, height, name):
    """Write a name over a row, from the left edge of axes."""
    ax.text(
        0.01,
        height,
        name,
        transform=ax.get_yaxis_transform(),
        va="bottom",
        size=0.875 * ax.xaxis.label.get_size(),
    )


def draw_alignment(comparison, ax):
    """Draw the alignment of readout and feedback weights, where trials change it, of networks that
    have such weights.
    """
    curves = [
        (result, style)
        for (_, rule), result, style in styled(comparison)
        if rule != "least_squares" and result.alignment.size
    ]
    for result, style in curves:
        trials, values = result.aligned_trials, result.alignment
        plotting.plot_alignment(trials, values, ax, **style, quartiles=len(curves) <= BANDS)


def draw_changes(comparison, ax):
    """Draw the distribution of recurrent weight changes."""
    for _, result, style in styled(comparison):
        plotting.plot_changes(
            result.weights_before["recurrent"], result.weights_after["recurrent"], ax, **style
        )
    ax.set(xlabel="Change of recurrent weights")


def draw_rates(comparison, ax):
    """Draw the firing rates of spiking neurons."""
    for pair, _, style in styled(comparison):
        if "rates" in comparison.arrays[pair]:
            plotting.plot_rates(comparison.arrays[pair]["rates"], ax, **style)
    plotting.titled(ax, "After training")


def draw_raster(comparison, ax):
    """Draw the spikes of network 0 of each spiking pair in a trial after training, in rows."""
    rows = [
        (pair, comparison.arrays[pair]["spikes"][:, 0], style["color"])
        for pair, _, style in styled(comparison)
        if "spikes" in comparison.arrays[pair]
    ]
    if not rows:
        return
    count = rows[0][1].shape[1]
    height = ROW * count
    bases = [-number * height for number in range(len(rows))]
    for base, (pair, spikes, color) in zip(bases, rows):
        steps, neurons = np.nonzero(spikes)
        plotting.plot_raster(steps * comparison.task.dt, neurons + base, ax, color=color)
        name_row(ax, base + (1 + BEYOND) * count, title_of(*pair))
    ax.set(
        xlabel="Time in trial (ms)",
        yticks=np.add.outer(bases, [0, count - 1]).ravel(),
        yticklabels=["0", f"{count - 1}"] * len(rows),
        ylim=(bases[-1] - BEYOND * count, (ROW - BEYOND) * count),
    )
    plotting.titled(ax, "Spikes after training, network 0")


#: What `plotting.plot_comparison` draws.
PANELS = {
    "error": draw_error,
    "early": draw_early,
    "late": draw_late,
    "raster": draw_raster,
    "alignment": draw_alignment,
    "changes": draw_changes,
    "rates": draw_rates,
}
