"""One experiment a task: five neurons learn by derived rules, beside the readout alone, with noise.

Bounds are for seeds that nothing was tuned on (100 and up). Networks, trials, optimizer and time constants are those of `rate_and_spiking`.
"""

import time
from dataclasses import dataclass

import numpy as np
from brian2 import Network, StateMonitor, defaultclock, ms

from brian_rflo import CursorMovements, PeriodicOutput, PlasticSynapses, parts, plotting
from brian_rflo.comparison import comparison_of, train
from brian_rflo.differences import steady_source
from brian_rflo.experiment import Experiment, Outcome, Row, all_arrays

from .neurons import ADAPTING, ADEX, COBAHH, CONDUCTANCE, IZHIKEVICH, NEURONS

N, TAU, NOISE, SHOWN = 100, 50 * ms, 0.095, 200 * ms
BY_NAME = {kind.label: kind for kind in NEURONS}
#: A task at the time step that a neuron needs.
TASKS = {
    "periodic": lambda kind, seed: PeriodicOutput(period=1000 * ms, dt=kind.dt),
    "cursor": lambda kind, seed: CursorMovements(n_movements=4, seed=seed, dt=kind.dt),
}


@dataclass(frozen=True)
class Condition:
    """Networks of one neuron: its name, whether the derived rule or the readout alone learns, gain of the initial weights, and the error expected of it."""

    neuron: str
    rule: str = "rflo"
    gain: float | None = None
    most: float | None = None

    @property
    def kind(self):
        """The neuron model."""
        return BY_NAME[self.neuron]

    def __str__(self):
        return f"{self.neuron}, {'derived rule' if self.rule == 'rflo' else 'readout alone'}{'' if self.gain is None else f', gain {self.gain:g}'}"


def trained(progress, device, task, neuron, **arguments):
    """A part: networks of one neuron, trained."""
    return train(progress, device, task, BY_NAME[neuron], **arguments)


def traced(progress, neuron, seed):
    """A part: the membrane of one neuron and the traces of a weight onto it; and what a synapse costs in a step."""
    kind = BY_NAME[neuron]
    defaultclock.dt = kind.dt
    neurons, source = kind.neurons(2, np.random.default_rng(seed)), steady_source(1)
    rule = neurons.rule(0.0)
    synapses = PlasticSynapses(source, neurons, rule, onto=neurons.receives["recurrent"])
    synapses.connect()
    synapses.w = 0.05
    names = [f"trace_{name}" for name in rule.derivation.placement.on_synapses]
    seen, states = StateMonitor(synapses, names, record=[0]), StateMonitor(neurons, list(neurons.text.units), record=[0])
    network = Network(neurons, source, synapses, seen, states)
    began = time.process_time()
    network.run(SHOWN, namespace={})
    values = {name: np.asarray(getattr(seen, name))[0] for name in names} | {name: np.asarray(getattr(states, name))[0] for name in neurons.text.units}
    return values | {"t": np.asarray(seen.t), "cpu_s": np.array(time.process_time() - began)}


def slug(text):
    """A name for a file."""
    return str(text).replace(" ", "_").replace(",", "")


def part(task, condition, settings):
    """The part of a condition."""
    made = TASKS[task](condition.kind, settings.seed)
    gain = condition.kind.gain if condition.gain is None else condition.gain
    arguments = dict(device=settings.device, task=made, neuron=condition.neuron, rule=condition.rule, n=N, networks=settings.networks, seed=settings.seed, trials=settings.trials, tau=TAU)
    noise = NOISE if condition.kind is not ADAPTING else 0.0
    return parts.Part(f"{task}-{slug(condition)}", trained, arguments | dict(noise=noise, gain=gain), 20 + 3e-6 * settings.trials * made.n_steps * settings.networks)


def trace_part(kind, settings):
    """The part of a neuron's traces."""
    return parts.Part(f"traces-{slug(kind.label)}", traced, dict(neuron=kind.label, seed=settings.seed), 5)


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
    (pair,) = comparison.results
    return comparison.final_error(*pair)


def rows_of(found, settings):
    """Final errors, firing rates, and how far the derived rule is ahead of the readout alone."""
    rows = []
    for condition, comparison in found.items():
        (pair,), values = comparison.results, error(comparison)
        rows.append(Row(f"{condition}: NMSE, median", np.median(values), high=condition.most if settings.full else None, spread=" ".join(f"{value:.3g}" for value in values)))
        if "rates" in comparison.arrays[pair]:
            rates = comparison.arrays[pair]["rates"].mean(axis=1)
            rows.append(Row(f"{condition}: firing rate, Hz", np.median(rates), spread=" ".join(f"{value:.0f}" for value in rates)))
    for neuron in dict.fromkeys(condition.neuron for condition in found):
        medians = {rule: [np.median(error(comparison)) for condition, comparison in found.items() if condition.neuron == neuron and condition.rule == rule] for rule in ("rflo", "readout")}
        judged = any(condition.most for condition in found if condition.neuron == neuron)
        if all(medians.values()):
            rows.append(Row(f"{neuron}: derived rule / best readout alone", min(medians["rflo"]) / min(medians["readout"]), high=0.5 if settings.full and judged else None))
    return rows


def draw(task, found, arrays):
    """Learning curves with their spread, a membrane and the traces of a weight, and what a step of all traces costs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 8), layout="constrained")
    learning, *rest = figure.subplots(2, 3).ravel()
    for condition, comparison in found.items():
        (pair,) = comparison.results
        plotting.plot_losses(comparison.errors(*pair), learning, label=str(condition), color=condition.kind.colour, linestyle="-" if condition.rule == "rflo" else ":")
    learning.set(ylabel="Error (NMSE)", title="Median and quartiles over networks")
    learning.legend(frameon=False, fontsize="xx-small")
    for kind, ax in zip(NEURONS, rest):
        draw_traces(kind, arrays[f"traces-{slug(kind.label)}"], plotting.axes_or_new(ax))
    figure.suptitle(f"Derived learning rules: {task}")
    return figure


def draw_traces(kind, seen, ax):
    """Membrane and traces of one weight, each in units of its largest value, one above the other."""
    names = [next(iter(name for name in seen if name in ("v", "x"))), *(name for name in seen if name.startswith("trace_"))]
    for height, name in enumerate(names):
        values = seen[name] - seen[name].min() if height == 0 else seen[name]
        ax.plot(seen["t"] * 1e3, height + 0.8 * values / max(np.abs(values).max(), 1e-30), color=kind.colour if height else "0.4", linewidth=1)
    ax.set(xlabel="Time (ms)", title=kind.label, yticks=range(len(names)), yticklabels=names)


def experiment(task, title, conditions, trials, takes):
    """The experiment of one task."""
    return Experiment(
        name=f"derived/{task}",
        title=title,
        source="docs/derived.md",
        parts=lambda settings: [part(task, condition, settings) for condition in conditions] + [trace_part(kind, settings) for kind in NEURONS],
        outcome=lambda settings, arrays: outcome_of(task, conditions, settings, arrays),
        networks=5,
        trials=trials,
        quick=dict(networks=2, trials=max(5, trials // 40)),
        takes=takes,
        parameters=dict(N=N, tau_ms=50, noise=NOISE),
    )


def conditions(bounds):
    """Every neuron with its derived rule and with the readout alone."""
    learned = [Condition(kind.label, most=bounds.get(kind.label)) for kind in NEURONS]
    return (*learned, *(Condition(kind.label, "readout", gain) for kind in (CONDUCTANCE, ADEX, IZHIKEVICH) for gain in (0.5, 1.0)), Condition(COBAHH.label, "readout"), Condition(ADAPTING.label, "readout"))


PERIODIC = experiment("periodic", "Periodic output of one second, by derived rules", conditions({CONDUCTANCE.label: 0.15, ADEX.label: 0.15}), trials=600, takes="not measured")
CURSOR = experiment("cursor", "Four movements of a cursor, by derived rules", conditions({}), trials=2400, takes="not measured")
