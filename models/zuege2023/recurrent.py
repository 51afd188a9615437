"""Recurrent rate networks learn a periodic output of 20 time constants by weight and by node
perturbation.

30 neurons, the task of Murray 2019, figure 2; recurrent and readout weights learn. Trials of 200
steps with noise in 31 units have far more perturbations than there are weights (930), so that
weight perturbation should be better. No network of the paper is this one; learning rates are those
of our prototypes.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.tasks import PeriodicOutput

from .recurrent_training import trained

N, SIGMA, PERIOD = 30, 1e-3, 200 * ms


@dataclass(frozen=True)
class Condition:
    """A rule with its learning rate, its trials, and the bound of its median loss."""

    rule: str
    rate: float
    trials: int
    high: float

    def __str__(self):
        return f"{self.rule}, {self.rate:g}"


CONDITIONS = (Condition("WP", 3e-3, 4000, 0.03), Condition("NP", 1e-3, 10000, 0.15))


def part(condition, settings):
    """The part of a condition."""
    task, trials = PeriodicOutput(period=PERIOD), min(settings.trials, condition.trials)
    what = dict(task=task, rule=condition.rule, rate=condition.rate, sigma=SIGMA, n=N)
    many = dict(networks=settings.networks, trials=trials, seed=settings.seed)
    cost = 20 + 2e-6 * trials * task.n_steps * settings.networks
    name = f"recurrent-{condition.rule}-{condition.rate:g}"
    return Part(name, trained, what | many | dict(device=settings.device), cost)


def ends(losses):
    """Return the mean loss of the last tenth of the trials, of each network; that of a network that
    has diverged is infinite.
    """
    values = losses[:, -max(losses.shape[1] // 10, 1) :].mean(axis=1)
    return np.nan_to_num(values, nan=np.inf)


def outcome(settings, arrays):
    """Table and figure."""
    found = {one: arrays[part(one, settings).name]["losses"] for one in CONDITIONS}
    medians, lines = {}, []
    for one, losses in found.items():
        measured, high = ends(losses), one.high if settings.full else None
        medians[one.rule] = np.median(measured)
        spread = listed(measured, ".3f")
        name = f"{one}, {losses.shape[1]} trials: loss, median"
        lines.append(Row(name, medians[one.rule], spread=spread, high=high))
        lines.append(Row(f"{one}: loss of the first trial, median", np.median(losses[:, 0])))
        lines.append(Row(f"{one}: networks that diverged", float(np.isinf(measured).sum())))
    low = 1.0 if settings.full else None
    lines.append(Row("NP / WP", medians["NP"] / medians["WP"], low=low))
    return Outcome(lines, all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw the losses over trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = plotting.axes_or_new(figure.subplots())
    for number, (one, losses) in enumerate(found.items()):
        plotting.plot_losses(losses, ax, label=f"{one}", color=f"C{number}")
    ax.set(ylabel="Loss", title=f"Periodic output, {len(next(iter(found.values())))} networks")
    plotting.legend_over(ax)
    return figure


RECURRENT = Experiment(
    name="zuege2023/recurrent",
    title="Recurrent networks by weight and node perturbation",
    source="rules: Zuege, Klos & Memmesheimer 2023; task: Murray 2019, figure 2",
    parts=lambda settings: [part(one, settings) for one in CONDITIONS],
    outcome=outcome,
    networks=5,
    trials=10000,
    quick=dict(networks=2, trials=60),
    takes="3 minutes, quick a minute",
    parameters=dict(N=N, sigma=SIGMA, tau_ms=10, period_ms=200, gain=1.5),
)
