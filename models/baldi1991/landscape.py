"""The contrast function of three teachers along training, and along random directions from where
training ends.

Networks of `baldi1991/xor`; the contrast is computed in NumPy from fixed points (`contrast.py`).
In a random direction each weight, and with it the one back, moves by a normal number times the
distance.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays
from brian_rflo.crews.part import Part

from .landscape_training import FAR, landscape
from .training import KINDS

#: Change of the contrast between neighbouring points of a line that counts as a jump.
JUMP = 0.2


def part(kind, settings):
    """The part of a teacher."""
    what = dict(kind=kind, networks=settings.networks, epochs=settings.trials)
    given = dict(device=settings.device, seed=settings.seed, lines=4 if settings.quick else 10)
    return Part(f"landscape-{kind}", landscape, what | given, 30.0 + 60 * KINDS[kind].oscillates)


def outcome(settings, arrays):
    """Table and figure."""
    found = {kind: arrays[part(kind, settings).name] for kind in KINDS}
    lines = [row for kind, one in found.items() for row in rows(kind, one)]
    return Outcome(lines, all_arrays(arrays), lambda: draw(found))


def rows(kind, one):
    """Rows of a teacher."""
    along, lines = one["along"], one["lines"]
    middle = lines.shape[-1] // 2
    jumps = np.abs(np.diff(lines, axis=-1)).max(axis=-1) > JUMP
    near = lines[..., middle - 1 : middle + 2]
    falls = np.diff(along, axis=0) < 0
    return [
        Row(f"{kind}: contrast at the start, median", np.median(along[0])),
        Row(
            f"{kind}: contrast at the end, median",
            np.median(along[-1]),
            spread=f"up to {along[-1].max():.3g}",
        ),
        Row(f"{kind}: share of ten epochs in which it falls", falls.mean()),
        Row(f"{kind}: share of contrasts below 0", (along < -1e-9).mean()),
        Row(
            f"{kind}: share of lines on which the end is the lowest point",
            (lines.argmin(-1) == middle).mean(),
        ),
        Row(f"{kind}: lowest among its neighbours", (near.argmin(-1) == 1).mean()),
        Row(f"{kind}: share of lines with a jump above {JUMP}", jumps.mean()),
    ]


def draw(found):
    """Draw contrasts along training, and along lines through the end of the first network."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    for column, (kind, one) in enumerate(found.items()):
        top, below = (
            plotting.axes_or_new(figure.add_subplot(2, 3, 1 + column + 3 * row)) for row in (0, 1)
        )
        color = f"C{column}"
        top.plot(one["at"], one["along"], color=color, alpha=0.3, linewidth=0.8)
        top.plot(one["at"], np.median(one["along"], axis=1), color=color, linewidth=2)
        top.set(xlabel="Epoch", title=kind)
        distances = np.linspace(-FAR, FAR, one["lines"].shape[-1])
        below.plot(distances, one["lines"][0].T, color=color, alpha=0.5, linewidth=0.8)
        below.set(xlabel="Distance in random directions")
        if not column:
            top.set(ylabel="Contrast")
            below.set(ylabel="Contrast")
    return figure


LANDSCAPE = Experiment(
    name="baldi1991/landscape",
    title="The contrast along training and along random directions",
    source="method: Baldi & Pineda 1991, Neural Computation 3:526-545",
    parts=lambda settings: [part(kind, settings) for kind in KINDS],
    outcome=outcome,
    networks=10,
    trials=500,
    quick=dict(networks=3, trials=60),
    takes="3 minutes on two cores, quick a minute and a half",
    parameters=dict(hidden=5, far=FAR),
)
