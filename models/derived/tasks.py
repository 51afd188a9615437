"""One experiment per task: five neurons learn by derived rules, compared with the readout alone,
with noise.

Bounds are for seeds 100 and up, and settings were found on seed 0; what seed 100 had a part in is
said in README.md. Optimizer and time constants are those of `rate_and_spiking`.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.comparison import comparison_of, train
from brian_rflo.crews import part as parts
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed

from .neurons import ADAPTING, ADEX, COBAHH, CONDUCTANCE, IZHIKEVICH, NEURONS
from .training import BY_NAME, TASKS, traced, trained

N, TAU, NOISE = 100, 50 * ms, 0.095


@dataclass(frozen=True)
class Condition:
    """Networks of one neuron: its name, the rule (derived, or readout alone), gain of the initial
    weights, the expected error and, for slow neurons, the largest numbers of networks and trials.
    """

    neuron: str
    rule: str = "rflo"
    gain: float | None = None
    most: float | None = None
    networks: int | None = None
    trials: int | None = None

    @property
    def kind(self):
        """The neuron model."""
        return BY_NAME[self.neuron]

    def __str__(self):
        rule = "derived rule" if self.rule == "rflo" else "readout alone"
        gain = "" if self.gain is None else f", gain {self.gain:g}"
        return f"{self.neuron}, {rule}{gain}"


def slug(text):
    """A name for a file."""
    return str(text).replace(" ", "_").replace(",", "")


def part(task, condition, settings):
    """The part of a condition."""
    made = TASKS[task](condition.kind, settings.seed)
    gain = condition.kind.gain if condition.gain is None else condition.gain
    networks = min(settings.networks, condition.networks or settings.networks)
    trials = min(settings.trials, condition.trials or settings.trials)
    what = dict(task=made, neuron=condition.neuron, rule=condition.rule, n=N, tau=TAU)
    many = dict(networks=networks, trials=trials, device=settings.device, seed=settings.seed)
    noise = NOISE if condition.kind is not ADAPTING else 0.0
    return parts.Part(
        f"{task}-{slug(condition)}",
        trained,
        what | many | dict(noise=noise, gain=gain),
        20 + 3e-6 * trials * made.n_steps * networks,
    )


def trace_part(kind, settings):
    """The part of a neuron's traces."""
    return parts.Part(
        f"traces-{slug(kind.label)}", traced, dict(neuron=kind.label, seed=settings.seed), 5
    )


def outcome_of(task, conditions, settings, arrays):
    """Table and figure."""
    found = {}
    for condition in conditions:
        wanted = part(task, condition, settings)
        named = parts.Part(wanted.name, train, wanted.arguments | dict(kind=condition.kind), 0)
        found[condition] = comparison_of([named], {wanted.name: arrays[wanted.name]})
    return Outcome(rows_of(found, settings), all_arrays(arrays), lambda: draw(task, found, arrays))


def error(comparison):
    """Normalised mean squared error of each network at the end."""
    return comparison.final_error(*pair_of(comparison))


def pair_of(comparison):
    """The only pair of names in a comparison."""
    (pair,) = comparison.results
    return pair


def seconds_per_step(comparison):
    """CPU time of a step of one network in the compiled program."""
    return float(comparison.arrays[pair_of(comparison)]["program_s"]) / (
        comparison.task.n_steps * comparison.results[pair_of(comparison)].losses.size
    )


def rows_of(found, settings):
    """Final errors, firing rates, and how far the derived rule is ahead of the readout alone."""
    rows = []
    for condition, comparison in found.items():
        pair, values = pair_of(comparison), error(comparison)
        rows.append(
            Row(
                f"{condition}: NMSE, median",
                np.median(values),
                high=condition.most if settings.full else None,
                spread=listed(values, ".3g"),
            )
        )
        if "rates" in comparison.arrays[pair]:
            rates = comparison.arrays[pair]["rates"].mean(axis=1)
            rows.append(
                Row(f"{condition}: firing rate, Hz", np.median(rates), spread=listed(rates, ".0f"))
            )
        if (ns := cost(condition, found)) is not None:
            rows.append(Row(f"{condition}: ns per plastic synapse and step", ns))
    for neuron in dict.fromkeys(condition.neuron for condition in found):
        medians = {
            rule: [
                np.median(error(comparison))
                for condition, comparison in found.items()
                if condition.neuron == neuron and condition.rule == rule
            ]
            for rule in ("rflo", "readout")
        }
        judged = any(condition.most for condition in found if condition.neuron == neuron)
        if all(medians.values()):
            rows.append(
                Row(
                    f"{neuron}: derived rule / best readout alone",
                    min(medians["rflo"]) / min(medians["readout"]),
                    high=0.5 if settings.full and judged else None,
                )
            )
    return rows


def cost(condition, found):
    """CPU time of a plastic synapse and step, in ns: what the derived rule takes beside the same
    networks without it. None where that was not measured, or a network diverged and stopped
    learning.
    """
    without = next(
        (
            other
            for other in found
            if other.neuron == condition.neuron
            and other.rule == "readout"
            and other.gain in (None, condition.kind.gain)
        ),
        None,
    )
    if condition.rule != "rflo" or without is None:
        return None
    difference = seconds_per_step(found[condition]) - seconds_per_step(found[without])
    learned = np.isfinite(found[condition].results[pair_of(found[condition])].losses).all()
    return 1e9 * difference / N**2 if learned and np.isfinite(difference) else None


def best_readout(neuron, found):
    """Return the networks of a neuron with the smallest error of the readout alone."""
    return min(
        (
            condition
            for condition in found
            if condition.neuron == neuron and condition.rule == "readout"
        ),
        key=lambda condition: np.median(error(found[condition])),
    )


def draw(task, found, arrays):
    """Draw learning curves with their spread, the cost of a step of the rule, and a membrane with
    the traces of a weight for each neuron.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1))
    learning, costs = above.subplots(1, 2, width_ratios=(2, 1))
    draw_learning(found, learning)
    draw_costs(found, plotting.axes_or_new(costs))
    for kind, ax in zip(NEURONS, below.subplots(1, len(NEURONS))):
        draw_traces(kind, arrays[f"traces-{slug(kind.label)}"], plotting.axes_or_new(ax))
    figure.suptitle(f"Derived learning rules: {TITLES[task]}")
    return figure


#: Error at the top of the figure.
LARGEST_SHOWN = 3


def draw_learning(found, ax):
    """Errors over trials: derived rules, and for each neuron the best readout alone; larger ones
    as the largest shown, below the legend.
    """
    for kind in dict.fromkeys(condition.kind for condition in found):
        for condition in (
            next(
                condition
                for condition in found
                if condition.kind is kind and condition.rule == "rflo"
            ),
            best_readout(kind.label, found),
        ):
            alone = condition.rule == "readout"
            errors = found[condition].errors(*pair_of(found[condition]))
            plotting.plot_losses(
                np.minimum(errors[:, np.isfinite(errors).any(axis=0)], LARGEST_SHOWN),
                ax,
                label=None if alone else kind.label,
                color=kind.colour,
                linestyle=":" if alone else "-",
            )
    ax.plot([], [], color=plotting.COLOURS["untrained"], linestyle=":", label="best readout alone")
    ax.set(
        ylabel=f"Error (NMSE, up to {LARGEST_SHOWN})",
        ylim=(0.01, LARGEST_SHOWN),
        title="Median and quartiles over networks",
    )
    plotting.legend_over(ax)


def draw_costs(found, ax):
    """CPU time of the derived rules for each synapse and step."""
    known = {
        condition.kind: value
        for condition in found
        if (value := cost(condition, found)) is not None
    }
    ax.barh(
        [kind.label for kind in known], list(known.values()), color=[kind.colour for kind in known]
    )
    ax.invert_yaxis()
    ax.set(xlabel="ns per plastic synapse and step (one core)", title="Cost of the derived rule")


def draw_traces(kind, seen, ax):
    """Draw the membrane and the traces of one weight, stacked, each in units of its range; ticks
    are at 0, and for the membrane at its lowest value.
    """
    names = [
        next(iter(name for name in seen if name in ("v", "x"))),
        *(name for name in seen if name.startswith("trace_")),
    ]
    ticks = []
    for height, name in enumerate(names):
        lowest, size = seen[name].min(), max(np.ptp(seen[name]), 1e-30)
        ax.plot(
            seen["t"] * 1e3,
            height + 0.8 * (seen[name] - lowest) / size,
            color=kind.colour if height else "0.4",
            linewidth=1,
        )
        ticks.append(height - 0.8 * lowest / size if height else 0)
    ax.set(
        xlabel="Time (ms)",
        title=kind.label,
        yticks=ticks,
        yticklabels=[
            f"∂{name.removeprefix('trace_')}/∂w" if name.startswith("trace_") else name
            for name in names
        ],
    )


TITLES = {"periodic": "periodic output of one second", "cursor": "four movements of a cursor"}


def experiment(task, title, conditions, trials, takes):
    """The experiment of one task."""
    return Experiment(
        name=f"derived/{task}",
        title=title,
        source="docs/derived.md",
        parts=lambda settings: (
            [part(task, condition, settings) for condition in conditions]
            + [trace_part(kind, settings) for kind in NEURONS]
        ),
        outcome=lambda settings, arrays: outcome_of(task, conditions, settings, arrays),
        networks=5,
        trials=trials,
        quick=dict(networks=2, trials=max(5, trials // 40)),
        takes=takes,
        parameters=dict(N=N, tau_ms=50, noise=NOISE),
    )


#: Neurons that take two and ten steps in a millisecond have fewer trials and networks.
FEWER = {
    IZHIKEVICH: dict(trials=600),
    COBAHH: dict(networks=2, trials=200),
    ADAPTING: dict(trials=600),
}
#: Gains of networks whose readout alone learns, where it is not that of the others.
GAINS = {CONDUCTANCE: (0.5, 1.0, 1.5), ADEX: (0.5, 1.0, 2.0, 3.0), IZHIKEVICH: (0.5, 1.0)}


def conditions(bounds):
    """Every neuron with its derived rule and with the readout alone."""
    return tuple(
        Condition(
            kind.label,
            rule,
            gain,
            most=bounds.get(kind.label) if rule == "rflo" else None,
            **FEWER.get(kind, {}),
        )
        for rule in ("rflo", "readout")
        for kind in NEURONS
        for gain in (GAINS.get(kind, (None,)) if rule == "readout" else (None,))
    )


PERIODIC = experiment(
    "periodic",
    "Periodic output of one second, by derived rules",
    conditions({CONDUCTANCE.label: 0.15, ADEX.label: 0.15}),
    trials=1200,
    takes="35 minutes on one core",
)
CURSOR = experiment(
    "cursor",
    "Four movements of a cursor, by derived rules",
    conditions({}),
    trials=1200,
    takes="an hour on one busy core",
)
