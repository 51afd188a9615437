"""Figure 2, supplement 3: network size and initial gain.

The periodic task at T = 200 steps, eta = .03 (the paper does not say which): final loss against the
number of neurons, and against the gain g of the initial weights, where the readout starts from
U(-1, 1) g/sqrt(N).
"""

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays

from .fig2 import final, results_of, spread, training
from .fig2s2 import renamed

SIZES, GAINS = (10, 20, 30, 50), (0.5, 1.0, 1.5, 2.0)
#: Where the loss is to fall from one to the next.
FALLING = {"N": (10, 20, 30), "g": (0.5, 1.0, 1.5)}


def axes_of(settings):
    """Values of N and g."""
    return {"N": SIZES[::2], "g": GAINS[:3:2]} if settings.quick else {"N": SIZES, "g": GAINS}


def name_of(axis, value):
    """Name of a part; N = 30 is figure 2's own."""
    return "rflo-T200" if (axis, value) == ("N", 30) else f"rflo-T200-{axis}{value:g}"


def parts(settings):
    """A part for each size and each gain."""
    values = axes_of(settings)
    sizes = [renamed(training("rflo", 200, settings, n=n), name_of("N", n)) for n in values["N"]]
    return sizes + [
        renamed(training("rflo", 200, settings, gain=gain, scaled=True), name_of("g", gain))
        for gain in values["g"]
    ]


def rows_of(axis, values, results, settings):
    """The table along one axis: the loss falls from one value to the next."""
    losses = [final(results[name_of(axis, value)]) for value in values]
    falls = [
        settings.full and number > 0 and value in FALLING[axis]
        for number, value in enumerate(values)
    ]
    return [
        Row(
            f"{axis} = {value:g}: final loss, median",
            loss,
            "falls",
            high=losses[number - 1] if falls[number] else None,
            spread=spread(results[name_of(axis, value)]),
        )
        for number, (value, loss) in enumerate(zip(values, losses))
    ]


def outcome(settings, arrays):
    """Table and figure."""
    results, values = results_of(arrays), axes_of(settings)
    rows = [row for axis in values for row in rows_of(axis, values[axis], results, settings)]
    return Outcome(rows, all_arrays(arrays), lambda: draw(results, values))


def draw(results, values):
    """Final loss of each network against size and gain."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    for ax, (axis, along) in zip(figure.subplots(1, 2, sharey=True), values.items()):
        plotting.plot_points(
            along,
            [results[name_of(axis, value)].final_loss for value in along],
            ax,
            name="rflo",
            label="RFLO",
        )
        plotting.logarithmic(ax.yaxis)
        ax.set(
            xlabel={"N": "Neurons N", "g": "Initial gain g"}[axis],
            ylabel="Final loss",
            title="Each network, and the median",
        )
    figure.suptitle("Murray 2019, figure 2, supplement 3: size and initial gain (T = 20 tau)")
    return figure


FIG2S3 = Experiment(
    name="murray2019/fig2s3",
    title="Network size and initial gain",
    source="Murray 2019, eLife 8:e43299, figure 2, supplement 3",
    parts=parts,
    outcome=outcome,
    networks=9,
    trials=10_000,
    quick=dict(networks=3, trials=300),
    takes="2.5 min, quick 45 s",
    parameters=dict(tau_ms=10, eta=0.03, period_ms=200, update="trial"),
)
