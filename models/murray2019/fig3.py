"""Figure 3: interval matching. Two pulses, and after the same delay a third is to follow.

N = 100 rate neurons, tau = 10 ms; Gaussian pulses of 15 steps; updates added up over 10 trials. As
printed: one input, pulses of height 1, 5000 trials, eta = .003 (BPTT) and .001 (RFLO), each trial
from h = .1; what the paper does not say: first pulse at step 50, delays from 50 steps on, 100 steps
after the latest target. The setting S3, with which RFLO learns: a channel for each pulse, pulses of
height 2, 50 steps at the end, a fixed random start, eta = .002, 20 000 trials.

Tested on 11 delays from 50 steps to the longest, without learning: the time at which the output is
greatest, beside the target's.
"""

import numpy as np
from brian2 import ms

from brian_rflo import TrainingResult, plotting, reference
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.tasks import ArrayTask, IntervalMatching

from . import trainings
from .trainings import TAU, part, start_of

N, BATCH, TESTS = 100, 10, 11
#: Settings as printed, and S3.
PRINTED = dict(tail=100 * ms, n_inputs=1, input_height=1.0)
S3 = dict(tail=50 * ms, n_inputs=2, input_height=2.0)
LABELS = {"rflo": "RFLO", "bptt": "BPTT"}


def task_of(setting, longest, seed):
    """The task with delays up to `longest` time constants."""
    return IntervalMatching(delays=(50 * ms, longest * TAU), seed=seed, **setting)


def test_delays(task):
    """Delays to test, in steps."""
    return np.round(np.linspace(task.steps("shortest"), task.steps("longest"), TESTS)).astype(int)


def responses(task, weights, initial):
    """Outputs ``(networks, delays, n_steps)`` to the test delays, without learning."""
    trials = [
        ArrayTask(target=target, inputs=inputs, mask=mask, dt=task.dt)
        for inputs, target, mask in map(task.trial_of, test_delays(task))
    ]
    return np.concatenate(
        [reference.respond(trial, weights, TAU, [0], initial)[..., 0] for trial in trials], axis=1
    )


def train(progress, by, task, n, networks, seed, trials, initial, **arguments):
    """Networks trained by RFLO in Brian2 or by a baseline, and what they answer in the test."""
    arrays = getattr(trainings, by)(
        progress,
        task=task,
        n=n,
        networks=networks,
        seed=seed,
        trials=trials,
        initial=initial,
        **arguments,
    )
    result, start = TrainingResult.from_arrays(arrays), start_of(initial, n, networks, seed)
    return arrays | {
        "test_output": responses(task, result.weights_after, start),
        "untrained_output": responses(task, result.weights_before, start),
    }


def training(rule, setting, longest, settings):
    """A part: a rule, in a setting, with delays up to `longest` time constants."""
    printed = setting is PRINTED
    by = (
        dict(by="rflo", device=settings.device, eta=0.001 if printed else 0.002)
        if rule == "rflo"
        else dict(by="baseline", rule="bptt", eta=0.003)
    )
    trials = settings.trials if rule == "rflo" and not printed else settings.trials // 4
    trials = max(1, trials // BATCH) * BATCH  # whole batches
    networks = settings.networks if rule == "rflo" else min(3, settings.networks)
    return part(
        name_of(rule, setting, longest),
        train,
        settings,
        task_of(setting, longest, settings.seed),
        n=N,
        networks=networks,
        trials=trials,
        batch=BATCH,
        initial=0.1 if printed else "random",
        **by,
    )


def name_of(rule, setting, longest):
    """Name of a part."""
    return f"{rule}-{'printed' if setting is PRINTED else 'S3'}-{longest}tau"


def cases(settings):
    """Rule, setting and longest delay of each part."""
    few = [("rflo", S3, 15), ("bptt", PRINTED, 15)]
    return (
        few
        if settings.quick
        else few
        + [
            ("rflo", S3, 20),
            ("rflo", PRINTED, 15),
            *(("bptt", S3, longest) for longest in (15, 20, 25)),
        ]
    )


def parts(settings):
    """All trainings."""
    return [training(*case, settings) for case in cases(settings)]


def measures(case, settings, arrays, output="test_output"):
    """Delays, time of the output's peak ``(networks, delays)``, its correlation with the delay, and
    its mean absolute error in steps.
    """
    _rule, setting, longest = case
    task, output = task_of(setting, longest, settings.seed), arrays[name_of(*case)][output]
    delays = test_delays(task)
    peaks = output.argmax(axis=-1) + 1
    target = task.steps("first_pulse") + 2 * delays
    still = np.ptp(peaks, axis=1) == 0
    r = np.array(
        [0.0 if still[k] else np.corrcoef(peaks[k], delays)[0, 1] for k in range(len(peaks))]
    )
    return delays, peaks, r, np.abs(peaks - target).mean(axis=1)


def outcome(settings, arrays):
    """Table and figure."""
    rows = []
    for case in cases(settings):
        rule, setting, longest = case
        _, _, r, error = measures(case, settings, arrays)
        bounds = {}
        name = f"{LABELS[rule]} {'as printed' if setting is PRINTED else 'S3'}, <= {longest} tau"
        if settings.full and case == ("bptt", PRINTED, 15):
            rows += [
                Row(
                    f"{name}: r, worst",
                    r.min(),
                    "follows the line",
                    low=0.98,
                    spread=listed(r, ".3f"),
                ),
                Row(
                    f"{name}: error in steps, worst",
                    error.max(),
                    "follows the line",
                    high=8,
                    spread=listed(error, ".1f"),
                ),
            ]
            continue
        if settings.full and case == ("rflo", S3, 15):
            best = error.argmin()
            rows += [
                Row(f"{name}: r, best network", r[best], "follows the line", low=0.95),
                Row(
                    f"{name}: error in steps, best network", error[best], "follows the line", high=8
                ),
            ]
            bounds = dict(r=dict(low=0.9), error=dict(high=13))
        rows += medians(name, r, error, "follows the line", **bounds)
    _, _, r, error = measures(("rflo", S3, 15), settings, arrays, "untrained_output")
    rows += medians("untrained, S3, <= 15 tau", r, error)
    return Outcome(rows, all_arrays(arrays), lambda: draw(settings, arrays))


def medians(name, r, error, published="", **bounds):
    """Rows of the two medians."""
    measured = {"r": (r, ".2f"), "error in steps": (error, ".1f")}
    return [
        Row(
            f"{name}: {what}, median",
            np.median(values),
            published,
            spread=listed(values, digits),
            **bounds.get(what.split()[0], {}),
        )
        for what, (values, digits) in measured.items()
    ]


def draw(settings, arrays):
    """Trials of one network; loss over trials; time of the output's peak against the delay, for
    each part.
    """
    from matplotlib.figure import Figure

    shown = cases(settings)
    figure = Figure(figsize=(13, 7 if len(shown) > 2 else 6.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    *examples, losses = top.subplots(1, 4)
    draw_trials(("rflo", S3, 15), settings, arrays, examples)
    for rule in dict.fromkeys(case[0] for case in shown):
        of_rule = [case for case in shown if case[0] == rule]
        for case, style in zip(of_rule, plotting.styles(len(of_rule))):
            plotting.plot_losses(
                arrays[name_of(*case)]["losses"],
                losses,
                name=rule,
                label=name_of(*case),
                linestyle=style,
            )
    plotting.legend_over(losses)
    panels = bottom.subplots(1, len(shown), squeeze=False, sharey=True)[0]
    for ax, case in zip(panels, shown):
        draw_peaks(case, settings, arrays, ax)
    panels[0].set(ylabel="Output peak after first pulse (ms)")
    figure.suptitle(f"Murray 2019, figure 3: interval matching, N = {N}")
    return figure


def draw_trials(case, settings, arrays, axes):
    """Panel a: three delays, by the network with the median error."""
    task, (delays, _, _, error) = (
        task_of(case[1], case[2], settings.seed),
        measures(case, settings, arrays),
    )
    typical = np.argsort(error)[len(error) // 2]
    for ax, which in zip(axes, (0, len(delays) // 2, len(delays) - 1)):
        inputs, target, _ = task.trial_of(delays[which])
        times = np.asarray(task.times)
        plotting.plot_output(
            times,
            arrays[name_of(*case)]["test_output"][typical, which][:, None],
            target,
            ax,
            name=case[0],
        )
        ax.plot(times * 1e3, inputs / inputs.max() - 1.6, color="black", linewidth=0.8)
        ax.set(
            title=f"RFLO S3, network {typical}, delay {delays[which]} ms",
            ylabel="Output; input below",
        )


def draw_peaks(case, settings, arrays, ax):
    """Panels b, c: time of the peak, counted from the first pulse, against the delay."""
    rule, setting, longest = case
    delays, peaks, r, _ = measures(case, settings, arrays)
    first = task_of(setting, longest, settings.seed).steps("first_pulse")
    plotting.plot_answers(delays, peaks - first, 2 * delays, ax, name=rule).set(xlabel="Delay (ms)")
    ax.set_title(
        f"{LABELS[rule]} {'as printed' if setting is PRINTED else 'S3'}\n<= {longest} tau\nmedian r"
        f" {np.median(r):.2f}",
        fontsize="medium",
    )


FIG3 = Experiment(
    name="murray2019/fig3",
    title="Interval matching by RFLO and BPTT",
    source="Murray 2019, eLife 8:e43299, figure 3",
    parts=parts,
    outcome=outcome,
    networks=9,
    trials=20_000,
    quick=dict(networks=3, trials=1500),
    takes="10 min, quick 25 s",
    parameters=dict(
        N=N,
        tau_ms=10,
        batch=BATCH,
        pulse_width_ms=15,
        eta=dict(rflo_printed=0.001, rflo_S3=0.002, bptt=0.003),
    ),
)
