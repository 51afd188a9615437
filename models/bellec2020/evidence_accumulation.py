"""Figure 4 of the article: which side had more cues? Half of the neurons adapt, and the slow part
of their traces bridges the delay.

Beside it what lacks one of these: no neuron adapts; all traces are those of RFLO, without
adaptation; the readout alone learns. The error is that of the training trials, each of which is
new, on average over the last third (quick) or fifth of the iterations.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part
from brian_rflo.tasks import EvidenceAccumulation

from .drawing import draw_raster, traces
from .evidence_trainings import evidence, evidence_network

LABELS = {"eprop": "e-prop", "lif": "LIF only", "rflo": "traces of RFLO", "readout": "readout only"}
COLOURS = {
    "eprop": plotting.CYCLE[0],
    "lif": plotting.COLOURS["untrained"],
    "rflo": plotting.CYCLE[1],
    "readout": plotting.CYCLE[2],
}
REPLAYS, REPLAY_BATCH = 8, 64


@dataclass(frozen=True)
class Recipe:
    """Settings of training (cues, delay, neurons, batch, learning rate and its decay), variants,
    and bounds of the error.
    """

    cues: int
    delay: int
    n: int
    batch: int
    rate: float
    falling: bool
    late: float
    most: float
    variants: tuple = tuple(LABELS)
    iterations: int = 0
    networks: int = 3

    def task(self, seed):
        """The task, whose trials all networks share."""
        return EvidenceAccumulation(n_cues=self.cues, delay=self.delay * ms, seed=seed)

    def networks_of(self, variant, settings):
        """Return the networks of a variant: all for e-prop, one for each control."""
        return settings.networks if variant == "eprop" else 1

    def part(self, variant, settings):
        """The part of a variant."""
        name = f"evidence-{self.cues}-{self.n}-{variant}"
        task, networks = self.task(settings.seed), self.networks_of(variant, settings)
        arguments = dict(
            device=settings.device,
            task=task,
            variant=variant,
            n=self.n,
            batch=self.batch,
            networks=networks,
            seed=settings.seed,
            iterations=settings.trials,
            rate=self.rate,
            falling=self.falling,
        )
        return Part(
            name,
            evidence,
            arguments,
            20
            + 2e-9
            * settings.trials
            * self.batch
            * networks
            * task.n_steps
            * self.n
            * (self.n + 40),
        )

    def error(self, arrays):
        """Return the fraction of wrong answers late in training for each network."""
        wrong = arrays["wrong"]
        return wrong[:, -max(1, round(self.late * wrong.shape[1])) :].mean(axis=1)

    def judged(self, settings):
        """Return True if the training was long enough for the bounds."""
        return settings.trials >= self.iterations and settings.networks >= self.networks


QUICK = Recipe(
    cues=1,
    delay=200,
    n=40,
    batch=16,
    rate=5e-3,
    falling=False,
    late=1 / 3,
    most=0.20,
    variants=("eprop", "lif", "rflo"),
    iterations=120,
)
FULL = Recipe(
    cues=7, delay=1050, n=40, batch=16, rate=1e-2, falling=True, late=0.2, most=0.15, iterations=400
)
LARGE = Recipe(
    cues=7,
    delay=1050,
    n=100,
    batch=64,
    rate=5e-3,
    falling=False,
    late=1 / 6,
    most=0.12,
    variants=("eprop",),
    iterations=600,
    networks=2,
)


def rows_of(recipe, settings, found):
    """Return the rows of the table."""
    rows = []
    for variant, arrays in found.items():
        error, judged = recipe.error(arrays), recipe.judged(settings)
        which, value = ("worst", error.max()) if variant == "eprop" else ("best", error.min())
        high, low = (
            recipe.most if judged and variant == "eprop" else None,
            0.4 if judged and variant in ("lif", "rflo") else None,
        )
        published = {"eprop": "learned (fig. 4)", "lif": "fails (fig. 4)"}.get(variant, "")
        rows.append(
            Row(
                f"{LABELS[variant]}: error, {which} network",
                value,
                published,
                low,
                high,
                " ".join(f"{number:.3f}" for number in error),
            )
        )
    return rows


def differences(task, inputs):
    """Cues right minus cues left of trials ``(n_steps, trials, n_inputs)``, from the spikes in each
    cue.
    """
    pause, cue = task.steps("pause"), task.steps("cue")
    total = np.zeros(inputs.shape[1])
    for number in range(task.n_cues):
        spikes = inputs[number * (pause + cue) + pause : (number + 1) * (pause + cue)].sum(axis=0)
        left, right = (
            spikes[:, side * task.n_per_group : (side + 1) * task.n_per_group].sum(axis=1)
            for side in (0, 1)
        )
        total += np.sign(right - left)
    return total


@dataclass(frozen=True, eq=False)
class Replay:
    """Trained networks in NumPy on new trials: a batch of network 0, its weights, and cues and
    answers of all networks.
    """

    task: object
    network: object
    weights: dict
    trial: object
    differences: np.ndarray
    right: np.ndarray


def replay(recipe, settings, arrays):
    """Trained networks on new trials."""
    task, network, first = (
        recipe.task(settings.seed),
        evidence_network(recipe.n),
        arrays["losses"].shape[1],
    )
    weights = [
        {
            name: arrays[f"weights_after_{name}"][k]
            for name in ("input", "recurrent", "output", "feedback")
        }
        for k in range(len(arrays["losses"]))
    ]
    seen, answers, shown = [], [], None
    for number in range(1 if settings.trials < 10 else REPLAYS):
        batch = [
            np.stack(values)
            for values in zip(
                *(task.trial(first + number * REPLAY_BATCH + k) for k in range(REPLAY_BATCH))
            )
        ]
        for one in weights:
            trial = network.trial(one, *batch)
            shown = trial if shown is None else shown
            seen.append(differences(task, trial.inputs))
            answers.append((trial.mask * trial.answer).sum(axis=0).argmax(axis=-1))
    return Replay(
        task, network, weights[0], shown, np.concatenate(seen), np.concatenate(answers) == 1
    )


def draw(recipe, found, seen):
    """Draw errors, the psychometric curve, and a trial of network 0: cues, spikes, traces, learning
    signals and answer.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 9), layout="constrained")
    axes = figure.subplot_mosaic(
        [
            ["error", "raster"],
            ["error", "raster"],
            ["psychometric", "slow"],
            ["psychometric", "signal"],
            ["inputs", "answer"],
        ]
    )
    draw_errors(found, axes["error"])
    plotting.plot_psychometric(seen.differences, seen.right, axes["psychometric"])
    axes["psychometric"].set(
        xlabel="Cues right minus left",
        ylabel="Answers right",
        title=f"{len(seen.right)} trials after training, all networks",
    )
    trial, n, times = seen.trial, recipe.n, np.asarray(seen.task.times)
    draw_raster(trial.inputs[:, 0], times, axes["inputs"]).set(
        ylabel="Channel", title="Input spikes: left, right, recall, noise"
    )
    draw_raster(trial.spikes[:, 0], times, axes["raster"], n - n // 2).set(
        title="Spikes after training, network 0"
    )
    plotting.legend_over(axes["raster"], markerscale=4)
    cued, adaptive = int(trial.target[-1, 0].argmax()) * seen.task.n_per_group, np.arange(n // 2, n)
    _, slow, _ = traces(seen.network, trial, trial.inputs, [(neuron, cued) for neuron in adaptive])
    largest = np.argsort(-np.abs(slow[-1]))[:3]
    neurons, slow = adaptive[largest], slow[:, largest]
    labels = [f"neuron {neuron}" for neuron in neurons]
    plotting.plot_traces(times, slow, axes["slow"], labels).set(
        ylabel="Slow trace", title="Adaptation part of traces from a cue channel onto ALIF neurons"
    )
    signals = (trial.error[:, 0] @ seen.weights["feedback"].T)[:, neurons]
    plotting.plot_traces(times, signals, axes["signal"], labels).set(
        ylabel="Learning signal", title="Learning signals"
    )
    plotting.plot_traces(times, trial.answer[:, 0], axes["answer"], ["left", "right"]).set(
        ylabel="Softmax", title="Answer; target dotted, in the steps that count"
    )
    axes["answer"].plot(
        1e3 * times,
        np.where(trial.mask[:, 0] > 0, trial.target[:, 0, 1:], np.nan),
        ":",
        color="black",
    )
    plotting.legend_over(axes["answer"])
    for name in ("raster", "slow", "signal"):
        axes[name].set_xlabel("")
    for name in ("inputs", "answer"):
        axes[name].set_xlabel("Time in trial (ms)")
    figure.suptitle(
        f"Bellec et al. 2020: evidence accumulation, {recipe.cues} cue(s), {n // 2} LIF and"
        f" {n - n // 2} ALIF neurons"
    )
    return figure


def draw_errors(found, ax):
    """Draw the fraction of wrong answers over iterations for each network."""
    for variant, arrays in found.items():
        plotting.plot_share(arrays["wrong"], ax, label=LABELS[variant], color=COLOURS[variant])
    ax.axhline(0.5, color="black", linewidth=0.5, linestyle=":")
    ax.set(
        xlabel="Iteration",
        ylabel="Wrong answers",
        ylim=(0, 0.75),
        title="Each network, mean over a fortieth of all batches",
    )
    plotting.legend_over(ax)


def experiment(name, title, chosen, networks, trials, quick, takes):
    """Return the experiment with the recipe that `chosen` selects for the settings."""

    def outcome(settings, arrays):
        recipe = chosen(settings)
        found = {
            variant: arrays[recipe.part(variant, settings).name] for variant in recipe.variants
        }
        seen = replay(recipe, settings, found["eprop"])
        rows = [
            *rows_of(recipe, settings, found),
            Row(
                "e-prop: error on trials after training",
                np.mean(seen.right != (seen.differences > 0)),
            ),
        ]
        return Outcome(rows, all_arrays(arrays), lambda: draw(recipe, found, seen))

    return Experiment(
        name=f"bellec2020/{name}",
        title=title,
        source="Bellec et al. 2020, Nature Communications 11:3625, figure 4",
        parts=lambda settings: [
            chosen(settings).part(variant, settings) for variant in chosen(settings).variants
        ],
        outcome=outcome,
        networks=networks,
        trials=trials,
        quick=quick,
        takes=takes,
        parameters=dict(tau_ms=20, tau_adapt_ms=2000, c_reg=300, f_target_Hz=10, dt_ms=1),
    )


EVIDENCE_ACCUMULATION = experiment(
    "evidence_accumulation",
    "Which side had more cues, 20 LIF and 20 ALIF neurons",
    lambda settings: QUICK if settings.quick else FULL,
    networks=3,
    trials=FULL.iterations,
    quick=dict(networks=3, trials=QUICK.iterations),
    takes="5 min, quick 1.5 min",
)
EVIDENCE_ACCUMULATION_LARGE = experiment(
    "evidence_accumulation_large",
    "The same with 50 LIF and 50 ALIF neurons",
    lambda settings: QUICK if settings.quick else LARGE,
    networks=LARGE.networks,
    trials=LARGE.iterations,
    quick=dict(networks=3, trials=QUICK.iterations),
    takes="half an hour, quick 1.5 min",
)
