"""Evidence accumulation: why BPTT may lag behind e-prop in a spiking network.

What is varied is how the gradient treats the reset, how high the pseudo-derivative is, and
clipping; learning rate, weights and trials are the same for all.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .evidence_trainings import BATCH, EVERY, RATE, N, accumulated

DETACHED = dict(through_time=True, through_reset=False)
#: What is compared: name, arguments, colour and style.
VARIANTS = {
    "e-prop, symmetric": (dict(through_time=False), plotting.CYCLE[0], "-"),
    "e-prop, random": (dict(through_time=False, random=True), plotting.CYCLE[0], ":"),
    "e-prop, symmetric, psi x .3": (
        dict(through_time=False, damping=0.3),
        plotting.CYCLE[0],
        "--",
    ),
    "BPTT": (dict(through_time=True), plotting.CYCLE[1], "-"),
    "BPTT, psi x .3": (dict(through_time=True, damping=0.3), plotting.CYCLE[1], "--"),
    "BPTT, clipped": (dict(through_time=True, clip=0.02), plotting.CYCLE[1], ":"),
    "BPTT, reset detached": (DETACHED, plotting.CYCLE[2], "-"),
    "BPTT, reset detached, psi x .3": (DETACHED | dict(damping=0.3), plotting.CYCLE[2], "--"),
    "BPTT, reset detached, clipped": (DETACHED | dict(clip=0.02), plotting.CYCLE[2], ":"),
}


def part(variant, network, settings):
    """The part of a network, which has weights and trials of its own."""
    slug = variant.replace(",", "").replace(" ", "_").replace(".", "")
    given = dict(seed=settings.seed + network, iterations=settings.trials)
    name = f"evidence-{slug}-{network}"
    return Part(name, accumulated, given | VARIANTS[variant][0], 0.05 * settings.trials)


def parts(settings):
    """All parts."""
    return [part(name, k, settings) for name in VARIANTS for k in range(settings.networks)]


def outcome(settings, arrays):
    """Table and figure."""
    found = {
        name: {
            what: np.stack(
                [arrays[part(name, k, settings).name][what] for k in range(settings.networks)]
            )
            for what in ("wrong", "norms", "cosine")
        }
        for name in VARIANTS
    }
    return Outcome(rows_of(found), all_arrays(arrays), lambda: draw(found))


def rows_of(found):
    """Wrong answers in the last fifth, norms, and cosines with BPTT."""
    rows = []
    for name, arrays in found.items():
        wrong, norms = arrays["wrong"], arrays["norms"]
        late = wrong[:, -max(1, wrong.shape[1] // 5) :].mean(axis=1)
        medians = np.median(norms, axis=1)
        rows.append(Row(f"{name}: wrong answers", np.median(late), spread=listed(late, ".3f")))
        rows.append(
            Row(f"{name}: norm of the gradient", np.median(medians), spread=listed(medians, ".3g"))
        )
        largest, cosines = norms.max(axis=1), arrays["cosine"].mean(axis=1)
        rows.append(Row(f"{name}: largest norm", np.median(largest), spread=listed(largest, ".3g")))
        what = f"{name}: cosine with BPTT through the reset"
        rows.append(Row(what, np.median(cosines), spread=listed(cosines, ".2f")))
    return rows


def draw(found):
    """Draw wrong answers, norms and cosines over batches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.5), layout="constrained")
    wrong, norms, near = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 3))
    for name, (_, color, style) in VARIANTS.items():
        arrays = found[name]
        width = max(1, arrays["wrong"].shape[1] // 10)
        smooth = np.convolve(arrays["wrong"].mean(axis=0), np.ones(width) / width, "valid")
        batches = np.arange(len(smooth)) + width
        wrong.plot(batches, smooth, color=color, linestyle=style, label=name)
        median = np.median(arrays["norms"], axis=0)
        norms.semilogy(np.arange(len(median)) + 1, median, color=color, linestyle=style)
        cosines = np.median(arrays["cosine"], axis=0)
        near.plot(EVERY * np.arange(len(cosines)) + 1, cosines, color=color, linestyle=style)
    near.set(xlabel="Batch", ylabel="Cosine with BPTT", ylim=(-0.3, 1.05), title="Median")
    wrong.set(xlabel="Batch", ylabel="Wrong answers", ylim=(0, 0.7), title="Mean over networks")
    norms.set(xlabel="Batch", ylabel="Norm of the gradient", title="Median over networks")
    plotting.legend_over(wrong)
    figure.suptitle("Evidence accumulation: BPTT and e-prop in spiking networks")
    return figure


EVIDENCE = Experiment(
    name="gradient/evidence",
    title="Evidence accumulation: when BPTT lags behind e-prop",
    source="docs/pretraining.md; Bellec et al. 2020, Nature Communications 11:3625",
    parts=parts,
    outcome=outcome,
    networks=3,
    trials=200,
    quick=dict(networks=1, trials=20),
    takes="4 min, quick 1 min",
    parameters=dict(N=N, batch=BATCH, learning_rate=RATE),
)
