"""Handwritten digits by contrastive learning with a clamping teacher.

The 8 x 8 images of scikit-learn, 1400 to learn from and 397 to test: 64 pixels, 32 hidden neurons
and ten outputs, one for each digit, which are connected with the hidden neurons both ways.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .digits_training import CLASSES, digits_trained


def part(number, settings):
    """The part of a network."""
    what = dict(epochs=settings.trials, device=settings.device, seed=settings.seed)
    name = f"digits-{number}"
    return Part(name, digits_trained, what | dict(number=number), 20.0 + settings.trials)


def outcome(settings, arrays):
    """Table and figure."""
    found = [arrays[part(number, settings).name] for number in range(settings.networks)]
    test, train = (np.array([one[name] for one in found]) for name in ("test", "train"))
    low = 0.93 if settings.full else None
    moves = max(one["unsettled"].max() for one in found)
    lines = [
        Row(
            "named rightly of 397 test images, least",
            test.min(),
            "",
            low,
            None,
            listed(test, ".3f"),
        ),
        Row("of the 1400 that were shown, mean", train.mean(), spread=listed(train, ".3f")),
        Row("largest change of an activity in a time constant", moves),
    ]
    return Outcome(lines, all_arrays(arrays), lambda: draw(found))


def draw(found):
    """Draw the share of right answers while learning, and which digits are confused."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2))
    for number, one in enumerate(found):
        shares = one["shares"]
        epochs = (np.arange(len(shares)) + 1) / len(shares) * one["epochs"]
        left.plot(epochs, shares, color=f"C{number}", label=f"network {number}")
        left.axhline(one["test"], color=f"C{number}", linestyle=":", linewidth=1)
    left.set(xlabel="Epoch", ylabel="Share of right answers", title="Dotted: test images")
    left.legend(loc="lower right")
    confused = sum(one["confused"] for one in found)
    shown = right.imshow(np.log10(confused + 1), cmap="Greys")
    right.set(xlabel="Answer", ylabel="Digit", title="Test images of all networks")
    right.set_xticks(range(CLASSES))
    right.set_yticks(range(CLASSES))
    bar = figure.colorbar(shown, ax=right, label="Number of images + 1")
    bar.set_ticks(np.arange(3), labels=["1", "10", "100"])
    return figure


DIGITS = Experiment(
    name="baldi1991/digits",
    title="Handwritten digits with a clamping teacher",
    source="method: Baldi & Pineda 1991, Neural Computation 3:526-545; task and sizes: ours",
    parts=lambda settings: [part(number, settings) for number in range(settings.networks)],
    outcome=outcome,
    networks=3,
    trials=20,
    quick=dict(networks=1, trials=4),
    takes="a minute and a half on two cores, quick a minute",
    parameters=dict(hidden=32, rate=0.15, batch=20),
)
