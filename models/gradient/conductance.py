"""Periodic output of one second by conductance-based integrate-and-fire neurons: the exact gradient
in the networks of `derived/periodic`, through their resets and at fixed spike times.
"""

import numpy as np
from brian2 import ms

from brian_rflo import plotting
from brian_rflo.comparison import power
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.tasks import PeriodicOutput

from ..derived.neurons import CONDUCTANCE
from .conductance_trainings import NOISE, RATE, N, taught

#: What is compared: how the gradient treats the reset of the membrane, the divisor of trials, and
#: the colour.
VARIANTS = {
    "through the reset": (dict(v="attach"), 1, plotting.CYCLE[1]),
    "reset detached": (None, 6, plotting.CYCLE[2]),
}
LATE = 20


def task_of():
    """Return the task of `derived/periodic`."""
    return PeriodicOutput(period=1000 * ms, dt=CONDUCTANCE.dt)


def part(variant, settings):
    """The part of a variant."""
    task, (resets, share, _) = task_of(), VARIANTS[variant]
    trials = max(1, settings.trials // share)
    what = dict(task=task, resets=resets, device=settings.device)
    many = dict(networks=settings.networks, seed=settings.seed, trials=trials)
    cost = 10 + 1e-4 * trials * task.n_steps * settings.networks
    return Part(f"conductance-{variant.replace(' ', '_')}", taught, what | many, cost)


def errors(arrays):
    """Return errors in units of the target's variance, ``[network, trial]``; those of a network
    that has diverged are infinite.
    """
    values = 2 * arrays["losses"] / power(task_of())
    return np.nan_to_num(values, nan=np.inf, posinf=np.inf)


def outcome(settings, arrays):
    """Table and figure."""
    found = {name: errors(arrays[part(name, settings).name]) for name in VARIANTS}
    rows = []
    for name, values in found.items():
        late = np.median(values[:, -LATE:], axis=1)
        what = f"BPTT, {name}: NMSE, median"
        rows.append(Row(what, np.median(late), spread=listed(late, ".3g")))
    return Outcome(rows, all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw errors over trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = plotting.axes_or_new(figure.subplots())
    for name, (_, _, color) in VARIANTS.items():
        plotting.plot_losses(found[name], ax, label=f"BPTT, {name}", color=color)
    ax.set(ylabel="Error (NMSE)", title="Conductance-based neurons, periodic output of one second")
    plotting.legend_over(ax)
    return figure


CONDUCTANCES = Experiment(
    name="gradient/conductance",
    title="Conductance-based neurons by the exact gradient",
    source="docs/pretraining.md; the networks of derived/periodic",
    parts=lambda settings: [part(name, settings) for name in VARIANTS],
    outcome=outcome,
    networks=5,
    trials=1200,
    quick=dict(networks=2, trials=10),
    takes="20 min, quick 1 min",
    parameters=dict(N=N, tau_ms=50, noise=NOISE, learning_rate=RATE),
)
