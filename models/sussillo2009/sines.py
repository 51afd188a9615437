"""Chaotic networks learn a sum of four sines, and go on by themselves.

Errors are means of |output - target| over a period of the target: the last one of learning, and the
first two in which nothing learns; a network with g = .7, which is not chaotic, fails.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .training import ALPHA, EVERY, PERIOD, TAU, TESTS, P, four_sines, trained

#: Neurons; gains of networks that learn and that do not; bounds of the errors.
N, QUICK_N, CHAOTIC, QUIET = 1000, 300, 1.5, 0.7
LEARNED, RECALLED, LOST, FAILED = 0.01, 0.02, 0.05, 0.5


def size(settings):
    """Return the number of neurons."""
    return QUICK_N if settings.quick else N


def part(settings, gain):
    """The part of a gain: networks of all seeds side by side, or of the first seed where it is too
    small.
    """
    many = settings.networks if gain == CHAOTIC else 1
    seeds = [settings.seed + number for number in range(many)]
    what = dict(n=size(settings), gain=gain, periods=settings.trials, device=settings.device)
    cost = 40 + 1e-3 * settings.trials * many * size(settings)
    return Part(f"sines-g{gain:g}-{settings.seed}", trained, what | dict(seeds=seeds), cost)


def parts(settings):
    """One part for each gain."""
    return [part(settings, CHAOTIC), part(settings, QUIET)]


def errors(outputs):
    """Return the mean absolute error of each period, ``[network, period]``."""
    miss = np.abs(outputs.reshape(len(outputs), -1, PERIOD) - four_sines())
    return miss.mean(axis=2)


def outcome(settings, arrays):
    """Table and figure."""
    chaotic, quiet = (arrays[part(settings, gain).name] for gain in (CHAOTIC, QUIET))
    last = settings.trials - 1
    miss, failed = errors(chaotic["outputs"]), errors(quiet["outputs"])
    lines = [
        worst("error of the last period of learning, largest", miss[:, last], settings, LEARNED),
        median("first period after it, median", miss[:, last + 1], settings, RECALLED),
        Row(f"first period, networks above {LOST:g}", np.sum(miss[:, last + 1] > LOST)),
        median("second period, median", miss[:, last + 2]),
        Row("g = 0.7, one network: last period of learning", failed[0, last]),
        Row(
            "g = 0.7, one network: first period after it",
            failed[0, last + 1],
            "fails",
            low=FAILED if settings.full else None,
        ),
    ]
    return Outcome(lines, all_arrays(arrays), lambda: draw(chaotic, quiet, last + 1))


def worst(name, values, settings, high):
    """Return the row of the largest of some values."""
    high = high if settings.full else None
    return Row(name, values.max(), high=high, spread=listed(values, ".4f"))


def median(name, values, settings=None, high=None):
    """Return the row of the median of some values."""
    high = high if settings and settings.full else None
    return Row(name, np.median(values), high=high, spread=listed(values, ".4f"))


def draw(chaotic, quiet, periods):
    """Draw output, activity and weight changes of the first network: when learning begins, when it
    ends, and afterwards.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6.5), layout="constrained")
    axes = figure.subplots(4, 3, sharex="col", sharey="row")
    cuts = (
        (0, "Learning begins"),
        (periods - 1, "Learning ends"),
        (periods, "Afterwards, no learning"),
    )
    for column, (first, title) in zip(axes.T, cuts):
        steps = np.arange(first * PERIOD, (first + 2 - (first == periods - 1)) * PERIOD)
        draw_column(column, steps, chaotic, quiet)
        column[0].set_title(title)
        column[-1].set_xlabel("Time in time constants")
    for ax, name in zip(axes[:, 0], ("Output", "g = 0.7", "Neurons", "Change of w")):
        ax.set_ylabel(name)
    return figure


def draw_column(axes, steps, chaotic, quiet):
    """Draw some steps: outputs over the target, activity of some neurons, norm of the changes."""
    times = (steps + 1) / TAU
    target = four_sines()[steps % PERIOD]
    for ax, arrays in zip(axes, (chaotic, quiet)):
        ax.plot(times, target, color="0.7", linewidth=3, label="target")
        ax.plot(times, arrays["outputs"][0, steps], color=plotting.CYCLE[1], label="output")
    for number, values in enumerate(chaotic["activity"][:, steps]):
        axes[2].plot(times, values / 2.2 - number, color=plotting.CYCLE[0], linewidth=0.8)
    axes[2].set_yticks([])
    changes = chaotic["changes"][0]
    ends = 20 * (np.arange(len(changes)) + 1) / TAU
    inside = (ends > times[0]) & (ends <= times[-1])
    axes[3].plot(ends[inside], changes[inside], color=plotting.CYCLE[2])
    axes[3].set_ylim(0, max(np.max(changes[: PERIOD // 20]) * 1.05, 1e-3))


SINES = Experiment(
    name="sussillo2009/sines",
    title="Chaotic networks learn a sum of four sines by FORCE",
    source="Sussillo & Abbott 2009, Neuron 63:544, figure 2, and the authors' public script",
    parts=parts,
    outcome=outcome,
    networks=5,
    trials=12,
    quick=dict(networks=1),
    takes="three minutes on two idle cores, quick a minute",
    parameters=dict(
        N=N, p=P, g=CHAOTIC, alpha=ALPHA, every=EVERY, steps_of_a_period=PERIOD, tests=TESTS
    ),
)
