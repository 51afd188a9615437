"""Contrastive learning along trajectories: both phases are averaged over a period of the input.

Two inputs turn once in a period, the target oscillates twice. Networks are symmetric, so that they
cannot oscillate by themselves; they follow, the better the slower the trajectory. The paper
announces a form for trajectories in its appendix, which was not at hand; this one is ours.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .trajectory_training import trajectory_trained

#: Periods in time constants.
PERIODS, QUICK = (10, 20, 50, 100), (10, 50)


def periods(settings):
    """Return the periods of a run."""
    return QUICK if settings.quick else PERIODS


def part(period, settings):
    """The part of a period."""
    what = dict(period=period, networks=settings.networks, trials=settings.trials)
    given = dict(device=settings.device, seed=settings.seed)
    cost = 20 + 4e-5 * period * settings.trials
    return Part(f"trajectory-{period}", trajectory_trained, what | given, cost)


def outcome(settings, arrays):
    """Table and figure."""
    found = {period: arrays[part(period, settings).name] for period in periods(settings)}
    lines = []
    for period, one in found.items():
        left = one["errors"][:, -1] / one["variance"]
        name = f"period {period} tau: error beside the variance of the target, median"
        lines.append(Row(name, np.median(left), spread=listed(left, ".3f")))
    return Outcome(lines, all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw errors over trials."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = plotting.axes_or_new(figure.subplots())
    for number, (period, one) in enumerate(found.items()):
        errors = one["errors"] / one["variance"]
        at = np.arange(1, errors.shape[1] + 1)
        ax.loglog(at, np.median(errors, axis=0), color=f"C{number}", label=f"{period} tau")
        ax.fill_between(
            at, errors.min(axis=0), errors.max(axis=0), color=f"C{number}", alpha=0.15, linewidth=0
        )
    ax.set(xlabel="Trial", ylabel="Error beside the variance")
    ax.legend(title="Period")
    return figure


TRAJECTORY = Experiment(
    name="baldi1991/trajectory",
    title="Contrastive learning along a trajectory",
    source="method: after Baldi & Pineda 1991, Neural Computation 3:526-545; form and task: ours",
    parts=lambda settings: [part(period, settings) for period in periods(settings)],
    outcome=outcome,
    networks=10,
    trials=1500,
    quick=dict(networks=3, trials=100),
    takes="3 minutes on two cores, quick a minute",
    parameters=dict(hidden=10, strength=0.5, rate=2.0),
)
