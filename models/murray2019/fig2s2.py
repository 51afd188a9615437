"""Figure 2, supplement 2: readout or recurrent weights alone.

The periodic task at T = 200 steps (the paper does not say which), eta = .03: all weights learn; the
readout alone, while its output is fed back into the network, u += B y(t); the readout alone without
that; the recurrent weights alone.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part

from .fig2 import final, results_of, spread, training

VARIANTS = {
    "both": {},
    "readout_fed_back": dict(trained=("output",), output_current=True),
    "readout": dict(trained=("output",)),
    "recurrent": dict(trained=("recurrent",)),
}
LABELS = {
    "both": "recurrent and readout",
    "readout_fed_back": "readout, output fed back",
    "readout": "readout alone",
    "recurrent": "recurrent alone",
}
COLOURS = {
    "both": "rflo",
    "readout_fed_back": "nonlocal_random",
    "readout": "local_symmetric",
    "recurrent": "bptt",
}


def renamed(part, name):
    """Return a part under a descriptive name."""
    return Part(name, part.function, part.arguments, part.cost)


def name_of(variant):
    """Name of a part; that in which all weights learn is figure 2's own."""
    return "rflo-T200" if variant == "both" else f"rflo-T200-{variant}"


def parts(settings):
    """A part for each variant."""
    return [
        renamed(training("rflo", 200, settings, **changed), name_of(variant))
        for variant, changed in VARIANTS.items()
    ]


def outcome(settings, arrays):
    """Table and figure."""
    by_name = results_of(arrays)
    results = {variant: by_name[name_of(variant)] for variant in VARIANTS}
    losses, full = {name: final(result) for name, result in results.items()}, settings.full
    bounds = {
        "both": dict(high=losses["readout_fed_back"]),
        "readout_fed_back": dict(high=losses["recurrent"]),
        "readout": {},
        "recurrent": dict(low=0.1),
    }
    published = {
        "both": "best",
        "readout_fed_back": "in between",
        "readout": "not in the paper",
        "recurrent": "worst",
    }
    rows = [
        Row(
            f"{LABELS[name]}: final loss, median",
            loss,
            published[name],
            spread=spread(results[name]),
            **(bounds[name] if full else {}),
        )
        for name, loss in losses.items()
    ]
    return Outcome(rows, all_arrays(arrays), lambda: draw(results))


def draw(results):
    """Loss over trials, and the last output of one network."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    typical = np.argsort(results["both"].final_loss)[len(results["both"].losses) // 2]
    for name, result in results.items():
        plotting.plot_losses(result.losses, left, name=COLOURS[name], label=LABELS[name])
        plotting.plot_output(
            result.times,
            result.output[typical],
            result.target,
            right,
            name=COLOURS[name],
            mask=result.mask,
        )
    plotting.legend_over(left)
    right.set(title=f"Last trial of network {typical}")
    figure.suptitle("Murray 2019, figure 2, supplement 2: which weights learn (T = 20 tau)")
    return figure


FIG2S2 = Experiment(
    name="murray2019/fig2s2",
    title="Readout or recurrent weights alone",
    source="Murray 2019, eLife 8:e43299, figure 2, supplement 2",
    parts=parts,
    outcome=outcome,
    networks=9,
    trials=10_000,
    quick=dict(networks=3, trials=300),
    takes="1.5 min, quick 45 s",
    parameters=dict(N=30, tau_ms=10, eta=0.03, period_ms=200, update="trial"),
)
