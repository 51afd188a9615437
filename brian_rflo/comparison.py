"""Rate beside spiking networks on one task: `compare`, and ``brian-rflo compare``.

All networks of a comparison have the same size, task, trials and learning rates (but a `Kind` of yours may say how fast its readout learns), and, unless told
otherwise, the same time constant: that of the rates is that of the filtered spikes. Errors are normalised: the sum of squared errors in units of the target's variance (NMSE), so that
zero output has about 1.
"""

import os
import tempfile
from dataclasses import dataclass, field

import numpy as np
from brian2 import Network, Quantity, defaultclock, get_device, ms

from . import labelled, parts, plotting, reference
from .devices import chosen
from .devices import device as on
from .experiment import Outcome, Row, all_arrays, table
from .network import LearningNetwork, initial_weights
from .neurons import ALIFNeurons, LIFNeurons, RateNeurons
from .optimizers import Adam
from .quantities import check_count, check_number, check_seed, check_tau
from .reference_spiking import LIF
from .results import TrainingResult
from .rules import RFLO, Delta
from .tasks import CursorMovements, IntervalMatching, PatternGeneration, PeriodicOutput, Task
from .updates import check_instance

RATE, READOUT_RATE, DECAY, LATE = 1e-3, 3e-3, 200, 20
TAU_M, TAU_ADAPT, BETA, REFRACTORY = 20 * ms, 200 * ms, 0.1, 3 * ms

#: Tasks by name.
TASKS = {
    "periodic": lambda seed: PeriodicOutput(period=1000 * ms),
    "cursor": lambda seed: CursorMovements(n_movements=4, seed=seed),
    "pattern": lambda seed: PatternGeneration(seed=seed, input_height=4.0),
    "interval": lambda seed: IntervalMatching(n_inputs=2, input_height=2.0, tail=50 * ms, seed=seed),
}
RULES = ("rflo", "readout", "least_squares", "bptt")
#: Rules that run in Brian2, and the weights that they train.
TRAINED = {"rflo": ("recurrent", "input", "output"), "readout": ("output",)}


@dataclass(frozen=True)
class Kind:
    """A neuron model in a comparison: its name in figures, gain of the recurrent and factor of the readout weights at the beginning, the learning rate of the readout."""

    label: str
    gain: float
    readout: float = 1.0
    colour: str = "#555555"
    readout_rate: float = READOUT_RATE

    def make(self, size, tau, rng, noise):
        """A group of neurons; what differs from neuron to neuron is drawn with `rng`. Rates are without noise."""
        raise NotImplementedError

    def rule(self, neurons, tau):
        """What "rflo" stands for: the learning rule of recurrent and input weights."""
        return RFLO(RATE, tau=tau)


class Rates(Kind):
    """`RateNeurons`."""

    def make(self, size, tau, rng, noise):
        return RateNeurons(size, tau=tau, initial=0.1)


class Spikes(Kind):
    """`LIFNeurons`."""

    def make(self, size, tau, rng, noise):
        return LIFNeurons(size, TAU_M, tau, noise=noise, **self.start(size, rng))

    def start(self, size, rng):
        """Drive and initial state."""
        return dict(bias=rng.uniform(1, 1.5, size), initial=rng.uniform(0, 1, size), initial_activity=rng.uniform(0, 1, size), refractory=REFRACTORY)


class AdaptiveSpikes(Spikes):
    """`ALIFNeurons`."""

    def make(self, size, tau, rng, noise):
        return ALIFNeurons(size, TAU_M, tau, noise=noise, tau_adapt=TAU_ADAPT, beta=BETA, **self.start(size, rng))


#: Neuron models by name.
KINDS = {"rate": Rates("rate", 1.5, colour="#0072b2"), "lif": Spikes("LIF", 0.5, 0.1, "#d55e00"), "alif": AdaptiveSpikes("adaptive LIF", 0.5, 0.1, "#009e73")}
LINES = {"rflo": "-", "readout": ":", "least_squares": (0, (1, 4)), "bptt": "--"}


def kind_of(kind):
    """A neuron model by its name, or itself."""
    return kind if isinstance(kind, Kind) else KINDS[kind]


def train(progress, device, task, kind, rule, n, networks, seed, trials, tau, noise=0.0, gain=None):
    """A part: networks of one kind trained by one rule; and a trial of the trained networks, replayed in NumPy. Arrays by name."""
    model, before = kind_of(kind), cpu_seconds()
    weights = initial_weights(n, task.n_inputs, task.n_outputs, networks, model.gain if gain is None else gain, seed)
    weights["output"] *= model.readout
    sent = None
    with on(device if rule in TRAINED else "numpy"):
        defaultclock.dt = task.dt
        neurons = model.make(networks * n, tau, np.random.default_rng((seed, 2)), noise)
        if noise:
            get_device().seed(seed)
        spiking = LIF.of(neurons, networks) if isinstance(neurons, LIFNeurons) else None
        if rule not in TRAINED:
            Network(neurons).run(0 * ms, namespace={})  # Brian2 warns of groups that were never in a network
        if rule in TRAINED:
            net = LearningNetwork(task, neurons, model.rule(neurons, tau), Delta(model.readout_rate), update="trial", networks=networks, weights=weights, trained=TRAINED[rule], optimizer=Adam(decay=DECAY))
            result = net.train(trials, namespace={}, **progress.report(device))
        elif rule == "bptt":
            rates = {"recurrent": RATE, "input": RATE, "output": model.readout_rate}
            result = reference.train(task, weights, rule, rates, tau, trials, optimizer=Adam(decay=DECAY), neurons=spiking, report=lambda done: progress(done / trials))
        else:
            result = reference.fit_readout(task, weights, tau, min(trials, LATE if noise or task.random else 1), neurons=spiking)
        if "sent" in neurons.variables and spiking is None:
            sent = np.array(neurons.sent).reshape(networks, n) / float(task.duration)
    arrays = result.arrays() | {"cpu_s": np.array(cpu_seconds() - before)}
    if sent is not None:
        arrays["rates"] = sent
    if spiking is not None:
        replayed = spiking.trial(result.weights_after, *task.trial(trials - 1), trials - 1)
        arrays |= {"spikes": replayed.spikes.astype(bool), "rates": replayed.spikes.mean(axis=0) / float(task.dt)}
    return arrays


def cpu_seconds():
    """CPU time of this process and of the programs that it has started; 0 where the system does not tell."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def power(task):
    """Variance of the target, summed over outputs, over the steps that count."""
    values = []
    for number in range(10 if task.random else 1):
        _, target, mask = task.trial(number)
        values.append((mask[:, None] * (target - target.mean(axis=0)) ** 2).sum() / len(target))
    return float(np.mean(values))


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns.

    Attributes
    ----------
    task : Task
    results : dict
        A `TrainingResult` for each pair of names ``(neurons, rule)``.
    arrays : dict
        All arrays of each pair, spikes of a trial of the trained networks ``[step, network, neuron]`` and firing rates in Hz among them.
    tau : Quantity
        Time constant that all of them share.
    """

    task: object
    results: dict
    arrays: dict
    tau: Quantity
    cut: float = field(default=0.1)

    def errors(self, kind, rule):
        """Normalised mean squared error of each trial; shape (networks, trials)."""
        return 2 * self.results[kind, rule].losses / power(self.task)

    def final_error(self, kind, rule):
        """Median over the last 20 trials; shape (networks,)."""
        return np.median(np.nan_to_num(self.errors(kind, rule)[:, -LATE:], nan=np.inf), axis=1)

    def trials_to(self, kind, rule):
        """First trial from which on the running median of 20 trials is below 0.1; shape (networks,), infinite where it never is."""
        errors = np.nan_to_num(self.errors(kind, rule), nan=np.inf)
        width = min(LATE, errors.shape[1])
        running = np.median(np.lib.stride_tricks.sliding_window_view(errors, width, axis=1), axis=-1)
        below = running < self.cut
        return np.where(below.any(axis=1), below.argmax(axis=1) + width, np.inf)

    def rows(self):
        """The table."""
        rows = []
        for kind, rule in self.results:
            name, final, trials = f"{kind_of(kind).label}, {rule}", self.final_error(kind, rule), self.trials_to(kind, rule)
            rows.append(Row(f"{name}: final error (NMSE), median", np.median(final), spread=" ".join(f"{value:.3g}" for value in final)))
            if rule != "least_squares":
                rows.append(Row(f"{name}: trials to an error of {self.cut:g}, median", np.median(trials), spread=" ".join(f"{value:.0f}" for value in trials)))
            if "rates" in self.arrays[kind, rule]:
                rates = self.arrays[kind, rule]["rates"].mean(axis=1)
                rows.append(Row(f"{name}: firing rate after training, Hz", np.median(rates), spread=" ".join(f"{value:.0f}" for value in rates)))
            rows.append(Row(f"{name}: CPU seconds, compiling included", float(self.arrays[kind, rule]["cpu_s"])))
        return rows + [Row(f"time constant of rates and of filtered spikes, ms: {float(self.tau / ms):g} for all", float(self.tau / ms))]

    def to_xarray(self):
        """An `xarray.Dataset` along ``neurons`` and ``rule``, spikes, rates and time taken among its variables; needs ``brian_rflo[results]``."""
        datasets = [labelled_pair(result, self.arrays[pair]) for pair, result in self.results.items()]
        return labelled.stacked(datasets, neurons=[kind for kind, _ in self.results], rule=[rule for _, rule in self.results])

    def save(self, path):
        """Write `to_xarray` as netCDF, whole or not at all; `xarray.open_dataset` reads it. Returns the path."""
        return labelled.write(self.to_xarray(), path)

    def __str__(self):
        return table(self.rows())

    def plot(self):
        """Error over trials, outputs early and late, raster, firing rates, weight changes, alignment; returns the figure."""
        return draw(self)


def labelled_pair(result, arrays):
    """The dataset of one neuron model and rule."""
    extra = {"cpu_s": ((), arrays["cpu_s"], {"long_name": "CPU time, compiling included", "units": "s"})}
    if "spikes" in arrays:
        extra["spikes"] = (("time", "network", "post"), arrays["spikes"].astype(np.int8), {"long_name": "spikes of a trial after training", "units": "1"})
        extra["rates"] = (("network", "post"), arrays["rates"], {"long_name": "firing rate after training", "units": "Hz"})
    return result.to_xarray().assign(extra)


def compare(task="periodic", neurons=("rate", "lif"), rules=("rflo", "readout"), networks=5, trials=600, n=100, tau=50 * ms, noise=0.0, gain=None, seed=0, device="auto"):
    """Train networks of several neuron models by several rules on one task.

    Parameters
    ----------
    task : Task or {"periodic", "cursor", "pattern", "interval"}
    neurons : sequence of {"rate", "lif", "alif"} or of Kind
        A `Kind` of your own makes other neurons, and says by which rule they learn: that is what "rflo" stands for.
    rules : sequence of {"rflo", "readout", "least_squares", "bptt"}
        RFLO; the readout alone, on the initial recurrent weights, trained trial by trial or fitted to 20 trials (to one, where all are the same)
        and judged on others; BPTT in NumPy, for spikes with the surrogate gradient.
    networks, trials, n : int
        Networks of each kind, trials, neurons.
    tau : Quantity
        Time constant of the rates and of the filtered spikes.
    noise : float
        Noise of spiking neurons (see `LIFNeurons`): standard deviation of the membrane, in units of threshold minus rest.
    gain : float, optional
        Gain of the initial recurrent weights; each neuron model has its own by default (rates 1.5, spikes 0.5).
    seed : int
        Seed of weights, neurons and noise.
    device : {"auto", "numpy", "cython", "cpp_standalone"}

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError, ValueError
        For names that do not exist, or numbers out of their range.
    """
    wanted = wanted_parts(task, neurons, rules, networks, trials, n, tau, seed, chosen(device), noise, gain)
    with tempfile.TemporaryDirectory(prefix="brian_rflo_") as folder:
        silent = parts.Progress(os.path.join(folder, "progress"))
        arrays = {part.name: part.function(silent, **part.arguments) for part in wanted}
    return comparison_of(wanted, arrays)


def wanted_parts(task, neurons, rules, networks, trials, n, tau, seed, device, noise=0.0, gain=None):
    """A part for each pair of neurons and rule."""
    check_seed("compare: seed", seed)
    task = task_of(task, seed)
    for name, given, known in (("neurons", neurons, KINDS), ("rules", rules, RULES)):
        listed = given if isinstance(given, (list, tuple)) else ()
        unknown = [value for value in listed if not isinstance(value, Kind) and not (isinstance(value, str) and value in known)]
        if unknown or not listed:
            raise ValueError(f"compare: {name} must be some of {', '.join(known)}; got {given!r}{f': write {name}=({given!r},)' if isinstance(given, str) and given in known else ''}")
    for name, value in (("networks", networks), ("trials", trials), ("n", n)):
        check_count(f"compare: {name}", value)
    check_tau("compare", tau, task.dt)
    for name, value in (("noise", noise), ("gain", 0 if gain is None else gain)):
        check_number("compare", name, value, zero_allowed=True)
    for kind in (kind for kind in neurons if isinstance(kind, Kind)):
        only_numpy = [rule for rule in rules if rule not in TRAINED]
        if only_numpy:
            raise ValueError(f"compare: '{only_numpy[0]}' is computed in NumPy, for rates and LIF neurons alone; for {kind.label} choose among {', '.join(TRAINED)}")
    pairs = dict.fromkeys((kind, rule) for kind in neurons for rule in rules)
    steps = trials * task.n_steps * networks
    return [parts.Part(f"{kind if isinstance(kind, str) else kind.label}-{rule}".replace(" ", "_"), train, dict(device=device, task=task, kind=kind, rule=rule, n=n, networks=networks, seed=seed, trials=trials, tau=tau, noise=noise, gain=gain), 20 + steps * (2e-5 if rule == "bptt" else 3e-10 * n**2)) for kind, rule in pairs]


def task_of(task, seed):
    """The task itself, or that of the name."""
    if not isinstance(task, str):
        check_instance("compare: task", task, Task, "'periodic' or PeriodicOutput(period=200*ms)")
        return task
    if task not in TASKS:
        raise ValueError(f"compare: no task {task!r}; there are: {', '.join(TASKS)}")
    return TASKS[task](seed)


def comparison_of(wanted, arrays):
    """The comparison of what the parts have computed."""
    named = {(part.arguments["kind"], part.arguments["rule"]): arrays[part.name] for part in wanted}
    return Comparison(wanted[0].arguments["task"], {pair: TrainingResult.from_arrays(values) for pair, values in named.items()}, named, wanted[0].arguments["tau"])


def outcome(wanted, arrays):
    """Table and figure for the command line."""
    comparison = comparison_of(wanted, arrays)
    return Outcome(comparison.rows(), all_arrays(arrays), comparison.plot)


def draw(comparison):
    """The figure of a comparison."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 8), layout="constrained")
    plotting.plot_comparison(comparison, figure.subplot_mosaic(GRID))
    networks, trials = next(iter(comparison.results.values())).losses.shape
    figure.suptitle(f"{type(comparison.task).__name__}: {networks} networks of each kind, {trials} trials, time constant {float(comparison.tau / ms):g} ms for all")
    return figure


def styled(comparison):
    """Each result with the pair of names that it has, and how its lines are drawn."""
    for (kind, rule), result in comparison.results.items():
        yield (kind, rule), result, dict(color=kind_of(kind).colour, linestyle=LINES[rule])


def draw_error(comparison, ax):
    """Errors over trials; a readout that was fitted has one number."""
    for (kind, rule), _, style in styled(comparison):
        label = f"{kind_of(kind).label}, {rule}"
        if rule == "least_squares":
            ax.axhline(np.median(comparison.final_error(kind, rule)), label=label, **style)
        else:
            plotting.plot_losses(comparison.errors(kind, rule), ax, label=label, **style)
    ax.set(ylabel="Error (NMSE)", title="Median and quartiles")
    ax.legend(frameon=False, fontsize="x-small")


def draw_early(comparison, ax):
    """Outputs in the first trial."""
    _, target, mask = comparison.task.trial(0)
    for _, result, style in styled(comparison):
        plotting.plot_output(result.times, result.first_output[0], target, ax, mask=mask, **style)
    ax.set(title="First trial, network 0")


def draw_late(comparison, ax):
    """Outputs in the last trial."""
    for _, result, style in styled(comparison):
        plotting.plot_output(result.times, result.output[0], result.target, ax, mask=result.mask, **style)
    ax.set(title="Last trial, network 0")


def draw_alignment(comparison, ax):
    """Alignment of readout and feedback weights, where trials change it."""
    for (_, rule), result, style in styled(comparison):
        if rule != "least_squares":
            plotting.plot_alignment(result.aligned_trials, result.alignment, ax, **style)


def draw_changes(comparison, ax):
    """How much the recurrent weights have changed."""
    for _, result, style in styled(comparison):
        plotting.plot_changes(result.weights_before["recurrent"], result.weights_after["recurrent"], ax, **style)
    ax.set(xlabel="Change of recurrent weights")


def draw_rates(comparison, ax):
    """Firing rates of spiking neurons."""
    for pair, _, style in styled(comparison):
        if "rates" in comparison.arrays[pair]:
            plotting.plot_rates(comparison.arrays[pair]["rates"], ax, **style)
    ax.set(title="After training")


def draw_raster(comparison, ax):
    """Spikes of network 0 of each kind in a trial after training, one kind above the other."""
    offset = 0
    for (kind, rule), arrays in comparison.arrays.items():
        if "spikes" in arrays:
            steps, neurons = np.nonzero(arrays["spikes"][:, 0])
            plotting.plot_raster(steps * comparison.task.dt, neurons + offset, ax, label=f"{kind_of(kind).label}, {rule}", color=kind_of(kind).colour)
            offset += arrays["spikes"].shape[2]
    ax.set(xlabel="Time in trial (ms)", title="Spikes after training, network 0")
    if offset:
        ax.legend(frameon=False, fontsize="x-small", loc="upper right", markerscale=4)


#: What `plotting.plot_comparison` draws, and where.
GRID = [["error", "early", "late", "raster"], ["alignment", "changes", "rates", "raster"]]
PANELS = {"error": draw_error, "early": draw_early, "late": draw_late, "raster": draw_raster, "alignment": draw_alignment, "changes": draw_changes, "rates": draw_rates}
