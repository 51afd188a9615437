"""One experiment per task: RFLO in rate and spiking networks, without and with noise, compared with
readouts of the untrained network.

Bounds are for the seeds that nothing was tuned on (100 and up); `compare` computes the parts, with
the settings that all comparisons have.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.comparison import KINDS, TASKS, comparison_of, train
from brian_rflo.crews import part as parts
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed

N, TAU = 100, 50 * ms
#: Standard deviation of the membrane that noise of .03 per step causes, with a time constant of 20
#: steps.
NOISE = 0.095
RULE = {"rflo": "RFLO", "readout": "readout alone", "least_squares": "readout alone, least squares"}


@dataclass(frozen=True)
class Condition:
    """Networks of a comparison: neurons, rule, noise and gain of the initial weights; and the error
    that is expected of them.
    """

    kind: str
    rule: str = "rflo"
    noisy: bool = False
    gain: float | None = None
    most: float | None = None

    @property
    def name(self):
        """Name of its part."""
        gain = "" if self.gain is None else f"-g{self.gain:g}"
        return f"{self.kind}-{self.rule}{'-noise' if self.noisy else ''}{gain}"

    def __str__(self):
        gain = "" if self.gain is None else f", gain {self.gain:g}"
        return f"{KINDS[self.kind].label}, {RULE[self.rule]}{', noise' if self.noisy else ''}{gain}"


def part(task, condition, settings):
    """The part of a condition."""
    made = TASKS[task](settings.seed)
    arguments = dict(
        device=settings.device,
        task=made,
        kind=condition.kind,
        rule=condition.rule,
        n=N,
        networks=settings.networks,
        seed=settings.seed,
        trials=settings.trials,
        tau=TAU,
    )
    return parts.Part(
        f"{task}-{condition.name}",
        train,
        arguments | dict(noise=NOISE if condition.noisy else 0.0, gain=condition.gain),
        20 + 3e-6 * settings.trials * made.n_steps * settings.networks,
    )


def compared(task, conditions, settings, arrays):
    """A `Comparison` for each condition: of its one pair of neurons and rule."""
    made = {condition: part(task, condition, settings) for condition in conditions}
    return {
        condition: comparison_of([wanted], {wanted.name: arrays[wanted.name]})
        for condition, wanted in made.items()
    }


def error(comparison):
    """Normalised mean squared error of each network at the end."""
    (pair,) = comparison.results
    return comparison.final_error(*pair)


def rows_of(found, settings, noisy_share):
    """The table: final errors, firing rates, and the lead of learning over readouts under noise."""
    rows = []
    for condition, comparison in found.items():
        values, (pair,) = error(comparison), comparison.results
        rows.append(
            Row(
                f"{condition}: NMSE, median",
                np.median(values),
                high=condition.most if settings.full else None,
                spread=listed(values, ".3g"),
            )
        )
        if condition.rule == "rflo":
            rows.append(Row(f"{condition}: untrained", np.median(comparison.errors(*pair)[:, 0])))
        if condition.kind != "rate" and condition.rule == "rflo":
            rates = comparison.arrays[pair]["rates"].mean(axis=1)
            rows.append(
                Row(f"{condition}: firing rate, Hz", np.median(rates), spread=listed(rates, ".0f"))
            )
    medians = {
        condition: np.median(error(comparison))
        for condition, comparison in found.items()
        if condition.kind == "lif" and condition.noisy
    }
    learned = [value for condition, value in medians.items() if condition.rule == "rflo"]
    readouts = [value for condition, value in medians.items() if condition.rule != "rflo"]
    if learned and readouts:
        rows.append(
            Row(
                "LIF, noise: RFLO / best readout alone",
                learned[0] / min(readouts),
                high=noisy_share if settings.full else None,
            )
        )
    return rows


def styles_of(conditions):
    """Colours of the neuron models, and of each the conditions' styles of lines."""
    found = {}
    for kind in dict.fromkeys(condition.kind for condition in conditions):
        of_kind = [condition for condition in conditions if condition.kind == kind]
        for condition, style in zip(of_kind, plotting.styles(len(of_kind))):
            found[condition] = dict(color=KINDS[kind].colour, linestyle=style)
    return found


def draw(task, found):
    """Errors over trials; output and target; spikes of a network after training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    learning, output, raster = figure.subplots(1, 3)
    styles = styles_of(found)
    for condition, comparison in found.items():
        (pair,) = comparison.results
        style = styles[condition]
        if condition.rule == "least_squares":
            value = np.median(error(comparison))
            learning.axhline(value, linewidth=0.8, label=str(condition), **style)
        else:
            plotting.plot_losses(comparison.errors(*pair), learning, label=str(condition), **style)
        if condition.rule == "rflo" and not condition.noisy:
            result = comparison.results[pair]
            plotting.plot_output(
                result.times,
                result.output[0],
                result.target,
                output,
                label=str(condition),
                mask=result.mask,
                **style,
            )
        if condition.kind == "lif" and condition.rule == "rflo" and not condition.noisy:
            steps, neurons = np.nonzero(comparison.arrays[pair]["spikes"][:, 0])
            plotting.plot_raster(steps * comparison.task.dt, neurons, raster, color=style["color"])
    learning.set(ylabel="Error (NMSE)", title="Median and quartiles over networks")
    plotting.legend_over(learning)
    output.set(title="Last trial, network 0")
    plotting.legend_over(output)
    raster.set(xlabel="Time in trial (ms)", title="LIF spikes after training, network 0")
    figure.suptitle(f"RFLO in rate and spiking networks: {task}")
    return figure


def experiment(task, title, conditions, trials, takes, noisy_share=None):
    """The experiment of one task."""

    def outcome(settings, arrays):
        found = compared(task, conditions, settings, arrays)
        return Outcome(
            rows_of(found, settings, noisy_share), all_arrays(arrays), lambda: draw(title, found)
        )

    return Experiment(
        name=f"rate_and_spiking/{task}",
        title=title,
        source="Formulation and tasks: docs/spiking.md",
        parts=lambda settings: [part(task, condition, settings) for condition in conditions],
        outcome=outcome,
        networks=5,
        trials=trials,
        quick=dict(networks=2, trials=max(20, trials // 20)),
        takes=takes,
        parameters=dict(N=N, tau_ms=50, noise=NOISE, dt_ms=1),
    )


PERIODIC = experiment(
    "periodic",
    "Periodic output of one second",
    (
        Condition("rate", most=0.06),
        Condition("lif", most=0.08),
        Condition("lif", noisy=True, most=0.12),
        Condition("rate", "readout"),
        Condition("lif", "readout"),
        Condition("lif", "least_squares"),
        *(
            Condition("lif", rule, noisy=True, gain=gain)
            for rule in ("readout", "least_squares")
            for gain in (0.5, 1.0)
        ),
    ),
    trials=600,
    takes="3 min, quick 1 min",
    noisy_share=0.6,
)
CURSOR = experiment(
    "cursor",
    "Four movements of a cursor",
    (
        Condition("rate"),
        Condition("lif", most=0.15),
        Condition("lif", noisy=True, most=0.22),
        Condition("lif", "readout"),
        Condition("lif", "least_squares"),
        Condition("lif", "readout", noisy=True),
        Condition("lif", "least_squares", noisy=True),
    ),
    trials=2400,
    takes="8 min, quick 1 min",
)
PATTERN = experiment(
    "pattern",
    "Pattern generation from frozen spikes",
    (
        Condition("rate"),
        Condition("lif", most=0.05),
        Condition("lif", noisy=True, most=0.07),
        Condition("lif", "readout"),
        Condition("lif", "least_squares"),
        Condition("lif", "readout", noisy=True),
        Condition("lif", "least_squares", noisy=True),
    ),
    trials=500,
    takes="3 min, quick 1 min",
)
INTERVAL = experiment(
    "interval",
    "Interval matching",
    (
        Condition("rate"),
        Condition("lif", most=0.75),
        Condition("alif", most=0.75),
        Condition("lif", "readout"),
        Condition("lif", "least_squares"),
        Condition("alif", "least_squares"),
    ),
    trials=3000,
    takes="6 min, quick 1 min",
)
