"""Figure 3 of the article's kind of task: a pattern of one second from frozen spikes, with random,
symmetric and adaptive feedback, and BPTT.

Three networks, each with a task of its own, are trained with random feedback; all else is trained
on network 0 alone.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.tasks import PatternGeneration

from .drawing import draw_raster, traces
from .pattern_trainings import (
    ADAM_RATE,
    IN_NUMPY,
    RATE,
    N,
    pattern,
    pattern_in_numpy,
    pattern_network,
    pattern_rate,
    pattern_rate_bptt,
)

#: Kinds of feedback: the first one for every network, the others for network 0.
FEEDBACKS = ("random", "symmetric", "adaptive")
LATE = 20
STYLES = {
    "random": ("e-prop, random feedback", dict(color=plotting.CYCLE[0])),
    "symmetric": ("e-prop, symmetric feedback", dict(color=plotting.CYCLE[5])),
    "adaptive": ("e-prop, adaptive feedback", dict(color=plotting.CYCLE[2])),
    "bptt": ("BPTT", dict(color=plotting.CYCLE[1])),
    "symmetric-adam": (
        "e-prop, symmetric feedback, Adam",
        dict(color=plotting.CYCLE[5], linestyle="--"),
    ),
    "bptt-adam": ("BPTT, Adam", dict(color=plotting.CYCLE[1], linestyle="--")),
    "bptt-detached": ("BPTT, reset detached, Adam", dict(color=plotting.CYCLE[1], linestyle=":")),
    "rate": ("rate network, RFLO", dict(color=plotting.COLOURS["untrained"])),
    "rate-bptt": ("rate network, BPTT", dict(color=plotting.COLOURS["untrained"], linestyle="--")),
}
#: What else is trained, on network 0.
ALONE = (*IN_NUMPY, "rate", "rate-bptt")


def task_of(settings, network):
    """Target and input spikes of a network."""
    return PatternGeneration(seed=settings.seed + network)


def eprop(settings, network, feedback):
    """The part of a network trained by e-prop."""
    arguments = dict(
        device=settings.device,
        task=task_of(settings, network),
        seed=settings.seed,
        network=network,
        trials=settings.trials,
        feedback=feedback,
    )
    return Part(f"pattern-{feedback}-{network}", pattern, arguments, 20 + 0.05 * settings.trials)


def parts(settings):
    """e-prop on each network; the other kinds of feedback, BPTT and rates on network 0."""
    beside = dict(task=task_of(settings, 0), seed=settings.seed, network=0, trials=settings.trials)
    found = [eprop(settings, network, FEEDBACKS[0]) for network in range(settings.networks)]
    found += [eprop(settings, 0, feedback) for feedback in FEEDBACKS[1:]]
    found += [
        Part(f"pattern-{how}", pattern_in_numpy, beside | {"how": how}, 0.06 * settings.trials)
        for how in IN_NUMPY
    ]
    found += [Part("pattern-rate-bptt", pattern_rate_bptt, beside, 0.06 * settings.trials)]
    return [
        *found,
        Part(
            "pattern-rate",
            pattern_rate,
            beside | {"device": settings.device},
            20 + 0.05 * settings.trials,
        ),
    ]


def losses_of(settings, arrays):
    """Half the sum of squared errors of each trial, ``(networks, trials)``, by name."""
    n_steps = task_of(settings, 0).n_steps
    found = {
        FEEDBACKS[0]: np.concatenate(
            [
                arrays[f"pattern-{FEEDBACKS[0]}-{network}"]["losses"]
                for network in range(settings.networks)
            ]
        )
    }
    found |= {feedback: arrays[f"pattern-{feedback}-0"]["losses"] for feedback in FEEDBACKS[1:]}
    found |= {name: arrays[f"pattern-{name}"]["losses"] for name in ALONE}
    return {name: n_steps * losses for name, losses in found.items()}


def last(losses):
    """Mean of the last trials of each network."""
    return losses[:, -LATE:].mean(axis=1)


def rows_of(losses, settings):
    """Return the rows of the table."""
    first, final = losses[FEEDBACKS[0]][:, 0], last(losses[FEEDBACKS[0]])
    beside = [
        Row(
            f"{STYLES[name][0]}, network 0: mean of the last {LATE}",
            last(values)[0],
            spread=f"first {values[0, 0]:.3g}",
        )
        for name, values in losses.items()
        if name != FEEDBACKS[0]
    ]
    return [
        Row(
            "e-prop, random feedback: first loss, median",
            np.median(first),
            spread=listed(first, ".3g"),
        ),
        Row(
            f"e-prop, random feedback: mean of the last {LATE}, median",
            np.median(final),
            "curve (fig. 3), no number",
            spread=listed(final, ".3g"),
        ),
        Row(
            "e-prop, random feedback: last/first, worst network",
            (final / first).max(),
            high=0.2 if settings.full else None,
            spread=listed(final / first, ".3g"),
        ),
        *beside,
    ]


def replayed(settings, arrays):
    """Network 0 before and after training in NumPy: its trials, weights, and task."""
    task, found = task_of(settings, 0), arrays[f"pattern-{FEEDBACKS[0]}-0"]
    weights = [
        {
            name: found[f"weights_{when}_{name}"][0]
            for name in ("input", "recurrent", "output", "feedback")
        }
        for when in ("before", "after")
    ]
    return (
        [
            pattern_network().trial(each_one, *(array[None] for array in task.trial()))
            for each_one in weights
        ],
        weights[1],
        task,
    )


def outcome(settings, arrays):
    """Table and figure."""
    losses = losses_of(settings, arrays)
    return Outcome(
        rows_of(losses, settings),
        all_arrays(arrays),
        lambda: draw(losses, *replayed(settings, arrays)),
    )


def draw(losses, trials, weights, task):
    """Draw losses, and output, spikes, learning signals and eligibility traces of network 0."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.5), layout="constrained")
    axes = figure.subplot_mosaic(
        [["losses", "output", "raster"], ["signal", "eligibility", "filtered"]]
    )
    for name, values in losses.items():
        label, style = STYLES[name]
        plotting.plot_losses(values, axes["losses"], label=label, **style)
    axes["losses"].set(
        ylabel="Half the sum of squared errors", title="Loss (random feedback: all networks)"
    )
    figure.legend(
        *axes["losses"].get_legend_handles_labels(),
        title="Loss",
        loc="outside lower center",
        ncols=5,
        frameon=False,
        fontsize="small",
    )
    before, after = trials
    times = np.asarray(task.times)
    for trial, label, color in (
        (before, "before", plotting.CYCLE[0]),
        (after, "after", plotting.CYCLE[1]),
    ):
        plotting.plot_output(
            times, trial.output[:, 0], trial.target[:, 0], axes["output"], label=label, color=color
        )
    axes["output"].set(title="Output of network 0")
    plotting.legend_over(axes["output"])
    draw_raster(after.spikes[:, 0], times, axes["raster"]).set(
        title=f"Spikes after training ({1e3 * after.rates.mean():.0f} Hz)"
    )
    neurons = np.argsort(-after.gain.sum(axis=(0, 1)))[:3]
    signals = (before.error[:, 0] @ weights["feedback"].T)[:, neurons]
    plotting.plot_traces(
        times, signals, axes["signal"], [f"neuron {neuron}" for neuron in neurons]
    ).set(ylabel="Learning signal", title="Before training: learning signals")
    arrivals = np.concatenate([np.zeros_like(after.spikes[:1]), after.spikes[:-1]])
    eligibility, _, filtered = traces(
        pattern_network(),
        after,
        arrivals,
        [(neuron, neurons[number - 1]) for number, neuron in enumerate(neurons)],
    )
    labels = [f"{neurons[number - 1]} to {neuron}" for number, neuron in enumerate(neurons)]
    plotting.plot_traces(times, eligibility, axes["eligibility"], labels).set(
        ylabel="Eligibility", title="After training: eligibility of three synapses"
    )
    plotting.plot_traces(times, filtered, axes["filtered"], labels).set(
        ylabel="Filtered eligibility", title="The same as the error meets it"
    )
    for ax in list(axes.values())[1:]:
        ax.set_xlabel("Time in trial (ms)")
    figure.suptitle("Bellec et al. 2020: pattern generation by e-prop")
    return figure


PATTERN_GENERATION = Experiment(
    name="bellec2020/pattern_generation",
    title="A pattern of one second by e-prop",
    source="Bellec et al. 2020, Nature Communications 11:3625; settings of the NEST tutorial",
    parts=parts,
    outcome=outcome,
    networks=3,
    trials=2000,
    quick=dict(networks=1, trials=100),
    takes="16 min, quick 1.5 min",
    parameters=dict(
        N=N, tau_ms=30, eta=RATE, eta_adam=ADAM_RATE, c_reg=300, f_target_Hz=10, dt_ms=1
    ),
)
