"""Figure 2: the periodic task at 20, 40, 80 and 160 time constants, by RFLO and BPTT; their
alignment; four rules compared.

N = 30 rate neurons, tau = 10 ms, no input; y*(t) = sin(2 pi t/T) + 0.5 sin(4 pi t/T) + 0.25 sin(8
pi t/T); 10 000 trials, nine networks; weights change at the end of each trial, as in the author's
code. Learning rates as printed, except as a name says: "clipped" limits the norm of the
gradient, "random start" begins each trial at a fixed random activity, at eta = .001 without
clipping.
"""

import numpy as np
from brian2 import ms

from brian_rflo import TrainingResult, plotting
from brian_rflo.credit import RandomFeedback, SymmetricFeedback
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, format_number
from brian_rflo.tasks import PeriodicOutput

from .trainings import baseline, part, rflo

PERIODS = (200, 400, 800, 1600)
ETA = {
    "rflo": {200: 0.03, 400: 0.01, 800: 0.001, 1600: 0.0003},
    "bptt": {200: 0.03, 400: 0.03, 800: 0.01, 1600: 0.03},
}
CLIP = {800: 0.1, 1600: 0.03}
COMPARED = (200, 800)
RANDOM_START = dict(initial="random", eta=0.001)
LABELS = {
    "rflo": "RFLO",
    "bptt": "BPTT",
    "local_symmetric": "local, symmetric feedback",
    "nonlocal_random": "nonlocal, random feedback",
}


def task(period):
    """One period of `period` steps."""
    return PeriodicOutput(period=period * ms)


def training(rule, period, settings, **changed):
    """A part: one rule at one period, with the printed learning rate. The last two rules take those
    of their local or nonlocal relative.
    """
    function = baseline if rule in ("bptt", "nonlocal_random") else rflo
    rates = ETA["bptt" if function is baseline else "rflo"]
    how = (
        {"rule": rule}
        if function is baseline
        else {"credit": SymmetricFeedback() if rule == "local_symmetric" else RandomFeedback()}
    )
    suffix = "".join(
        f"-{word}"
        for word, there in (
            ("clipped", "clip_norm" in changed),
            ("random_start", "initial" in changed),
            ("dale", "dale" in changed),
        )
        if there
    )
    return part(
        f"{rule}-T{period}{suffix}",
        function,
        settings,
        task(period),
        **{"eta": rates[period]} | how | changed,
    )


def periods_of(settings):
    """The paper's periods, or the short ones."""
    return PERIODS[:2] if settings.quick else PERIODS


def parts_2a(settings):
    """RFLO and BPTT at 20 time constants."""
    return [training(rule, 200, settings) for rule in ("rflo", "bptt")]


def parts_2b(settings):
    """Loss over trials at all periods."""
    wanted = [
        training(rule, period, settings)
        for period in periods_of(settings)
        for rule in ("rflo", "bptt")
    ]
    wanted += [
        training("bptt", period, settings, clip_norm=CLIP[period])
        for period in periods_of(settings)
        if period in CLIP
    ]
    return wanted + [
        training(rule, 800, settings, **RANDOM_START)
        for rule in ("rflo", "bptt")
        if 800 in periods_of(settings)
    ]


def parts_2c(settings):
    """Alignment at all periods."""
    return [training("rflo", period, settings) for period in periods_of(settings)] + [
        training("bptt", 200, settings)
    ]


def parts_2d(settings):
    """Four rules at 20 and 80 time constants."""
    wanted = [
        training(rule, period, settings)
        for period in periods_of(settings)
        if period in COMPARED
        for rule in LABELS
    ]
    return wanted + [
        training(rule, 800, settings, clip_norm=CLIP[800])
        for rule in ("bptt", "nonlocal_random")
        if 800 in periods_of(settings)
    ]


def parts(settings):
    """Everything in figure 2."""
    return list(
        {
            part.name: part for make in (parts_2b, parts_2c, parts_2d) for part in make(settings)
        }.values()
    )


def results_of(arrays):
    """A `TrainingResult` for each part."""
    return {name: TrainingResult.from_arrays(values) for name, values in arrays.items()}


def final(result):
    """Median over networks of the final loss; a network that has diverged counts as infinite."""
    return float(np.median(np.nan_to_num(result.final_loss, nan=np.inf, posinf=np.inf)))


def aligned(result):
    """Median over networks of the last alignment."""
    return float(np.median(result.alignment[:, -1]))


def spread(result):
    """Quartiles of the final loss, for the table."""
    low, high = np.percentile(np.nan_to_num(result.final_loss, nan=np.inf, posinf=np.inf), [25, 75])
    return f"quartiles {format_number(low, '.2g')} .. {format_number(high, '.2g')}"


def untrained_loss(result):
    """Median loss of the first trial, before weights have changed."""
    return float(np.median(result.losses[:, 0]))


def losses_at(period, settings, results):
    """Final losses at 20 or 40 time constants. Full bounds where the paper's number of trials was
    run, else only that learning shows.
    """
    one, other = results[f"rflo-T{period}"], results[f"bptt-T{period}"]
    start, full, curve = untrained_loss(one), settings.full, "curve (fig. 2b), no number"
    high = (
        {200: (3e-3, 1e-3), 400: (0.05, min(5e-3, final(one)))}[period]
        if full
        else (start / 2, start / 2)
        if period == 200
        else (None, None)
    )
    rows = [
        Row(
            f"T = {period}, RFLO: final loss, median",
            final(one),
            curve,
            high=high[0],
            spread=spread(one),
        ),
        Row(
            f"T = {period}, BPTT: final loss, median",
            final(other),
            curve,
            high=high[1],
            spread=spread(other),
        ),
    ]
    if period == 200:
        rows += [
            Row(
                "T = 200, RFLO: final loss, worst network",
                np.max(one.final_loss),
                curve,
                high=2e-2 if full else start,
            ),
            Row(
                "untrained: loss, median",
                start,
                "flat output (fig. 2a)",
                **(dict(low=0.30, high=0.36) if full else {}),
            ),
        ]
    return rows


def rows_2b(settings, results):
    """Final losses at all periods."""
    rows = losses_at(200, settings, results) + losses_at(400, settings, results)
    if settings.quick:
        return rows
    full, curve = settings.full, "below RFLO (fig. 2b)"
    random = final(results["rflo-T800-random_start"])
    wanted = [
        ("T = 800, RFLO", "rflo-T800", "curve (fig. 2b)", {}),
        ("T = 800, BPTT as printed", "bptt-T800", curve, {}),
        ("T = 800, BPTT clipped", "bptt-T800-clipped", curve, dict(high=0.05)),
        ("T = 800, random start, RFLO", "rflo-T800-random_start", "not in the paper", {}),
        (
            "T = 800, random start, BPTT",
            "bptt-T800-random_start",
            "not in the paper",
            dict(high=min(0.06, random)),
        ),
        ("T = 1600, RFLO", "rflo-T1600", "hardly learns (fig. 2b)", dict(low=0.25)),
        ("T = 1600, BPTT as printed", "bptt-T1600", curve, {}),
        ("T = 1600, BPTT clipped", "bptt-T1600-clipped", curve, dict(high=0.12)),
    ]
    return rows + [
        Row(
            f"{words}: final loss, median",
            final(results[name]),
            published,
            spread=spread(results[name]),
            **(bounds if full else {}),
        )
        for words, name, published, bounds in wanted
    ]


def rows_2c(settings, results):
    """Alignment of readout and feedback weights; it falls from period to period."""
    alignment, full = (
        {
            period: aligned(results[f"rflo-T{period}"])
            for period in PERIODS
            if f"rflo-T{period}" in results
        },
        settings.full,
    )
    bounds = {
        200: dict(low=0.7),
        400: dict(low=0.5, high=alignment.get(200)),
        800: dict(high=alignment.get(400)),
        1600: dict(high=alignment.get(800)),
    }
    rows = [
        Row(
            f"T = {period}, RFLO: alignment, median",
            value,
            "rises; less, the longer the period (fig. 2c)",
            **(bounds[period] if full else {}),
        )
        for period, value in alignment.items()
    ]
    return rows + [
        Row(
            "T = 200, BPTT: alignment, median",
            aligned(results["bptt-T200"]),
            "stays near 0 (fig. 2c)",
            **(dict(low=-0.3, high=0.3) if full else {}),
        )
    ]


def rows_2d(settings, results):
    """Four rules: local or nonlocal, random or symmetric feedback."""
    losses = {rule: final(results[f"{rule}-T200"]) for rule in LABELS}
    lowest_local = min(losses["rflo"], losses["local_symmetric"]) if settings.full else None
    rows = [
        Row(
            "T = 200, local symmetric: final loss, median",
            losses["local_symmetric"],
            "like RFLO (fig. 2d, T = 800)",
            spread=spread(results["local_symmetric-T200"]),
        ),
        Row(
            "T = 200, nonlocal random: final loss, median",
            losses["nonlocal_random"],
            "like BPTT (fig. 2d, T = 800)",
            high=min(1.5e-3, lowest_local) if settings.full else None,
            spread=spread(results["nonlocal_random-T200"]),
        ),
        Row(
            "T = 200, BPTT beside the better of the two local rules",
            losses["bptt"],
            "below (fig. 2d, T = 800)",
            high=lowest_local,
        ),
    ]
    long = {
        "local symmetric": "local_symmetric-T800",
        "nonlocal random": "nonlocal_random-T800",
        "nonlocal random, clipped": "nonlocal_random-T800-clipped",
    }
    return rows + [
        Row(
            f"T = 800, {name}: final loss, median",
            final(results[key]),
            "fig. 2d",
            spread=spread(results[key]),
        )
        for name, key in long.items()
        if key in results
    ]


def rows_2a(settings, results):
    """Losses and alignment at 20 time constants."""
    return (
        losses_at(200, settings, results)
        + rows_2c(settings, results)[:1]
        + rows_2c(settings, results)[-1:]
    )


def rows_of_all(settings, results):
    """The table of all panels."""
    return rows_2b(settings, results) + rows_2c(settings, results) + rows_2d(settings, results)


def outcome_of(rows, draw):
    """A function that makes table and figure of some panels from the arrays."""

    def outcome(settings, arrays):
        results = results_of(arrays)
        return Outcome(rows(settings, results), all_arrays(arrays), lambda: draw(results))

    return outcome


def draw_outputs(results, axes):
    """Panel a: outputs of RFLO, of BPTT and before training, beside the target, of the network that
    is the median one by RFLO.
    """
    typical = np.argsort(results["rflo-T200"].final_loss)[len(results["rflo-T200"].losses) // 2]
    for name, rule, which in (
        ("rflo", "rflo", "output"),
        ("bptt", "bptt", "output"),
        ("untrained", "rflo", "first_output"),
    ):
        result = results[f"{rule}-T200"]
        plotting.plot_output(
            result.times,
            getattr(result, which)[typical],
            result.target,
            axes[name],
            name=name,
            mask=result.mask,
        )
        axes[name].set(title=f"{LABELS.get(name, name)}, network {typical}", ylim=(-1.6, 1.6))


def draw_2a(results):
    """Draw outputs and target, loss over trials, and alignment over trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.4), layout="constrained")
    axes = figure.subplot_mosaic([["rflo", "bptt", "untrained"], ["loss", "loss", "alignment"]])
    draw_outputs(results, axes)
    for name in ("rflo", "bptt"):
        result = results[f"{name}-T200"]
        plotting.plot_losses(
            result.losses, axes["loss"], name=name, label=f"{LABELS[name]} (median, quartiles)"
        )
        plotting.plot_alignment(
            result.aligned_trials,
            result.alignment,
            axes["alignment"],
            name=name,
            label=LABELS[name],
        )
    axes["loss"].axhline(
        untrained_loss(results["rflo-T200"]),
        color=plotting.colour("untrained"),
        linestyle="--",
        label="untrained",
    )
    plotting.legend_over(axes["loss"])
    plotting.legend_over(axes["alignment"])
    networks, trials = results["rflo-T200"].losses.shape
    figure.suptitle(
        f"Murray 2019, figure 2: periodic output, T = 20 tau, {networks} networks, {trials} trials"
    )
    return figure


def periods_in(results):
    """Periods at which RFLO was trained."""
    return [period for period in PERIODS if f"rflo-T{period}" in results]


def panels(title, count, draw_panel, width=4.2):
    """A figure of some panels; ``draw_panel(number, ax)`` draws one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(7, width * count), 3.8), layout="constrained")
    for number, ax in enumerate(figure.subplots(1, count, squeeze=False, sharey=count > 1)[0]):
        draw_panel(number, ax)
    figure.suptitle(f"Murray 2019, figure {title}")
    return figure


def draw_2b(results):
    """Loss over trials, a panel for each period."""
    periods = periods_in(results)
    return panels(
        "2b: loss over trials",
        len(periods),
        lambda number, ax: draw_period(results, periods[number], ax),
    )


def draw_2c(results):
    """Alignment over trials."""
    return panels(
        "2c: alignment of readout and feedback",
        1,
        lambda number, ax: draw_alignment(results, ax),
        width=6,
    )


def draw_2d(results):
    """Four rules, a panel for each period."""
    periods = [period for period in COMPARED if f"rflo-T{period}" in results]
    return panels(
        "2d: local or nonlocal, random or symmetric feedback",
        len(periods),
        lambda number, ax: draw_rules(results, periods[number], ax),
        width=5,
    )


def draw(results):
    """Panels a to d, laid out like the paper's: outputs; loss over trials for each period;
    alignment, four rules, final loss against period.
    """
    from matplotlib.figure import Figure

    periods = periods_in(results)
    figure = Figure(figsize=(13, 10), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1)
    draw_outputs(results, dict(zip(("rflo", "bptt", "untrained"), top.subplots(1, 3))))
    for ax, period in zip(middle.subplots(1, len(periods), sharey=True, squeeze=False)[0], periods):
        draw_period(results, period, ax)
    compared = [period for period in COMPARED if period in periods]
    first, *middle_axes, last = bottom.subplots(1, 2 + len(compared))
    draw_alignment(results, first)
    for ax, period in zip(middle_axes, compared):
        draw_rules(results, period, ax)
    draw_against_period(results, periods, last)
    for letter, part_of_figure in zip("abc", (top, middle, bottom)):
        part_of_figure.text(
            0.002, 0.97, letter if letter != "c" else "c, d", fontweight="bold", fontsize=13
        )
    networks, trials = results["rflo-T200"].losses.shape
    figure.suptitle(f"Murray 2019, figure 2: periodic output, {networks} networks, {trials} trials")
    return figure


def draw_period(results, period, ax):
    """Panel b: loss over trials at one period."""
    curves = {
        "rflo": ("-", LABELS["rflo"]),
        "bptt": ("-", "BPTT as printed"),
        "bptt-clipped": ("--", "BPTT, clipped"),
        "bptt-random_start": (":", "BPTT, random start"),
        "rflo-random_start": (":", "RFLO, random start"),
    }
    for key, (line, label) in curves.items():
        rule, _, variant = key.partition("-")
        result = results.get(f"{rule}-T{period}" + (f"-{variant}" if variant else ""))
        if result is not None:
            plotting.plot_losses(result.losses, ax, name=rule, label=label, linestyle=line)
    ax.set(title=f"T = {period // 10} tau")
    plotting.legend_over(ax)


def draw_alignment(results, ax):
    """Panel c: alignment over trials."""
    from matplotlib import colormaps

    for number, period in enumerate(periods_in(results)):
        shade = colormaps["Blues"](1 - 0.2 * number)
        result = results[f"rflo-T{period}"]
        plotting.plot_alignment(
            result.aligned_trials,
            result.alignment,
            ax,
            name="rflo",
            label=f"RFLO, {period // 10} tau",
            color=shade,
        )
    result = results["bptt-T200"]
    plotting.plot_alignment(
        result.aligned_trials, result.alignment, ax, name="bptt", label="BPTT, 20 tau"
    )
    plotting.legend_over(ax)


def draw_rules(results, period, ax):
    """Panel d: four rules at one period."""
    for rule, label in LABELS.items():
        for suffix, line in (("", "-"), ("-clipped", "--")):
            result = results.get(f"{rule}-T{period}{suffix}")
            if result is not None:
                plotting.plot_losses(
                    result.losses,
                    ax,
                    name=rule,
                    label=label if not suffix else f"{label}, clipped",
                    linestyle=line,
                )
    ax.set(title=f"Four rules, T = {period // 10} tau")
    plotting.legend_over(ax)


def draw_against_period(results, periods, ax):
    """Final loss against period: each network, and the median."""
    for rule, suffix, line in (("rflo", "", "-"), ("bptt", "", "-"), ("bptt", "-clipped", "--")):
        there = [period for period in periods if f"{rule}-T{period}{suffix}" in results]
        points = [results[f"{rule}-T{period}{suffix}"].final_loss for period in there]
        if points:
            plotting.plot_points(
                np.array(there) / 10,
                points,
                ax,
                name=rule,
                linestyle=line,
                label=f"{LABELS[rule]}{', clipped' if suffix else ''}",
            )
    ax.set(xscale="log", xlabel="Period / tau", ylabel="Final loss", title="Final loss")
    ax.minorticks_off()
    plotting.logarithmic(ax.yaxis)
    ax.set_xticks([period / 10 for period in periods], [f"{period // 10}" for period in periods])
    plotting.legend_over(ax)


ETAS = {rule: {str(period): rate for period, rate in rates.items()} for rule, rates in ETA.items()}
CLIPS = {str(period): norm for period, norm in CLIP.items()}


def experiment(panel, title, parts, rows, draw, takes, quick_trials=300):
    """Figure 2, whole or a panel of it."""
    return Experiment(
        name=f"murray2019/fig2{panel}",
        title=title,
        source=f"Murray 2019, eLife 8:e43299, figure 2{panel}",
        parts=parts,
        outcome=outcome_of(rows, draw),
        networks=9,
        trials=10_000,
        quick=dict(networks=3, trials=quick_trials),
        takes=takes,
        parameters=dict(N=30, tau_ms=10, eta=ETAS, clip_norm=CLIPS, update="trial"),
    )


FIG2 = experiment(
    "",
    "Periodic output at T = 20 to 160 tau: loss, alignment, four rules",
    parts,
    rows_of_all,
    draw,
    "24 min, quick 35 s",
)
FIG2A = experiment(
    "a",
    "Periodic output at T = 20 tau: RFLO, BPTT, untrained",
    parts_2a,
    rows_2a,
    draw_2a,
    "1 min, quick 20 s",
    quick_trials=500,
)
FIG2B = experiment(
    "b",
    "Periodic output at T = 20 to 160 tau: loss over trials",
    parts_2b,
    rows_2b,
    draw_2b,
    "15 min, quick 35 s",
)
FIG2C = experiment(
    "c",
    "Periodic output: alignment of readout and feedback",
    parts_2c,
    rows_2c,
    draw_2c,
    "3 min, quick 35 s",
)
FIG2D = experiment(
    "d",
    "Periodic output: four rules at T = 20 and 80 tau",
    parts_2d,
    rows_2d,
    draw_2d,
    "10 min, quick 35 s",
)
