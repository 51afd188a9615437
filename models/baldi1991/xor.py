"""Exclusive or by contrastive learning, with three teachers.

Two inputs and a constant one, five hidden neurons, an output; hidden neurons and output are
connected both ways, with equal weights. Teachers clamp the output, pull it softly, or oscillate.
Two sets of 20 networks for each teacher.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part

from .training import KINDS, Y, xor_trained

SETS = 2
#: Epochs over which the figure averages shares.
SMOOTH = 20
#: Epochs after which networks are counted, and how many of 20 are to be right then.
CONDITIONS = {"clamp": (500, 19), "soft": (1000, 12), "oscillating": (1000, 17)}


def part(kind, number, settings):
    """The part of a teacher and a set of networks."""
    epochs = min(settings.trials, CONDITIONS[kind][0])
    what = dict(kind=kind, networks=settings.networks, epochs=epochs, number=number)
    steps = KINDS[kind].free + KINDS[kind].taught * (2 if KINDS[kind].oscillates else 1)
    cost = 20 + 1e-5 * epochs * steps
    given = dict(device=settings.device, seed=settings.seed)
    return Part(f"xor-{kind}-{number}", xor_trained, what | given, cost)


def parts_of(settings):
    """Return all parts."""
    return [part(kind, number, settings) for kind in CONDITIONS for number in range(SETS)]


def right(answers):
    """Return whether all patterns are named rightly ``[epoch, network]``."""
    return ((answers > 0.5) == (Y[:, 0] > 0.5)).all(axis=-1)


def since(named):
    """Return the epoch from which on a network is right to the end; infinite if it never is."""
    wrong = ~named[::-1]
    streak = np.where(wrong.any(axis=0), wrong.argmax(axis=0), len(named))
    return np.where(streak > 0, len(named) - streak, np.inf)


def outcome(settings, arrays):
    """Table and figure."""
    lines, found = [], {}
    for kind, (_, least) in CONDITIONS.items():
        for number in range(SETS):
            one = arrays[part(kind, number, settings).name]
            answers = one["answers"]
            found.setdefault(kind, []).append(answers)
            lines += rows(f"{kind}, set {number}", answers, one, least if settings.full else None)
    return Outcome(lines, all_arrays(arrays), lambda: draw(found))


def rows(name, answers, arrays, least):
    """Rows of a set of networks."""
    named, networks = right(answers), answers.shape[1]
    at = since(named)
    settled = at[np.isfinite(at)]
    spread = f"last one from epoch {settled.max():.0f} on" if settled.size else ""
    errors = ((answers[-1] - Y[:, 0]) ** 2).mean(axis=-1)
    moves = arrays["unsettled"]
    return [
        Row(
            f"{name}: right after {len(answers)} epochs, of {networks}",
            named[-1].sum(),
            low=least,
            spread=spread,
        ),
        Row(f"{name}: with a squared error below .01", (errors < 0.01).sum()),
        Row(
            f"{name}: largest change of an activity in a time constant, median",
            np.median(moves),
            spread=f"up to {moves.max():.2g}",
        ),
    ]


def draw(found):
    """Draw squared errors and shares of right networks over epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right_ = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2))
    for number, (kind, sets) in enumerate(found.items()):
        color = f"C{number}"
        errors = [((answers - Y[:, 0]) ** 2).mean(axis=-1) for answers in sets]
        for one, answers in zip(errors, sets):
            epochs = np.arange(1, len(one) + 1)
            left.semilogy(epochs, np.median(one, axis=1), color=color)
            shares = right(answers).mean(axis=1)
            width = min(SMOOTH, len(shares))
            smooth = np.convolve(shares, np.full(width, 1 / width), "valid")
            right_.plot(epochs[width - 1 :], smooth, color=color)
        left.plot([], [], color=color, label=kind)
    left.set(xlabel="Epoch", ylabel="Squared error, median")
    right_.set(xlabel="Epoch", ylabel="Share of networks that are right", ylim=(0, 1.02))
    left.legend()
    return figure


XOR = Experiment(
    name="baldi1991/xor",
    title="Exclusive or with three teachers",
    source="method: Baldi & Pineda 1991, Neural Computation 3:526-545; task and sizes: ours",
    parts=parts_of,
    outcome=outcome,
    networks=20,
    trials=1000,
    quick=dict(networks=20, trials=100),
    takes="2 minutes on two cores, quick a minute and a half",
    parameters=dict(hidden=5, rate=1.0),
)
