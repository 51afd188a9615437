"""Is the change by an oscillating teacher the gradient of its contrast? Periods of 10 to 100 time
constants, networks with five hidden neurons that have not learned, exclusive or.

The change is summed over a period and over four patterns, by `Contrastive` in Brian2; gradients are
finite differences of fixed points, in NumPy: of the contrast of an infinitely slow wave, and of
half the squared error, the contrast of a weak teacher.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part

from .oscillation_training import compared

#: Periods in time constants.
PERIODS, QUICK = (10, 20, 50, 100), (10, 50)


def periods(settings):
    """Return the periods of a run."""
    return QUICK if settings.quick else PERIODS


def part(period, settings):
    """The part of a period."""
    what = dict(period=period, networks=settings.networks, seed=settings.seed)
    name = f"oscillation-{period}"
    return Part(name, compared, what | dict(device=settings.device), 20.0 + period / 10)


def outcome(settings, arrays):
    """Table and figure."""
    lines, found = [], {}
    for period in periods(settings):
        found[period] = one = arrays[part(period, settings).name]
        for name, title in (("slow", "contrast of the wave"), ("weak", "squared error")):
            cosines = one[f"cosine_{name}"]
            lines.append(
                Row(
                    f"period {period} tau: cosine with the gradient of the {title}, mean",
                    cosines.mean(),
                    spread=f"least {cosines.min():.3f}",
                )
            )
        lines.append(
            Row(f"period {period} tau: length beside the first, median", np.median(one["ratio"]))
        )
    return Outcome(lines, all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw cosines over periods."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = plotting.axes_or_new(figure.subplots())
    shown = list(found)
    for number, (name, label) in enumerate(
        (("slow", "contrast of the wave"), ("weak", "squared error"))
    ):
        cosines = np.array([found[period][f"cosine_{name}"] for period in shown])
        ax.plot(shown, cosines, color=f"C{number}", alpha=0.2, linewidth=0.8)
        ax.plot(shown, cosines.mean(axis=1), "o-", color=f"C{number}", label=label)
    ax.set(xscale="log", xlabel="Period (time constants)", ylabel="Cosine with the gradient")
    ax.set_xticks(shown, [f"{period}" for period in shown])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return figure


OSCILLATION = Experiment(
    name="baldi1991/oscillation",
    title="The oscillating teacher and the gradient of its contrast",
    source="method: Baldi & Pineda 1991, Neural Computation 3:526-545",
    parts=lambda settings: [part(period, settings) for period in periods(settings)],
    outcome=outcome,
    networks=20,
    trials=1,
    quick=dict(networks=5),
    takes="2 minutes on two cores, quick a minute and a half",
    parameters=dict(hidden=5, strength=0.5, h=0.1),
)
