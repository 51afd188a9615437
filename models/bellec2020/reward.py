"""Choices learned from reward: delayed non-match by actor and critic, with RFLO's traces.

An answer is right if it is rewarded. A network that answers right for three of the four pairs of
cues, and wrong for the fourth, is in a local optimum: .75.
"""

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .reward_trainings import DISCOUNT, ENTROPY, GAIN, HEIGHT, RATE, READOUT_RATE, N, rewards

LABELS = {
    "symmetric": "symmetric feedback",
    "random": "random feedback",
    "adaptive": "adaptive feedback",
    "readout": "readout alone",
}
COLOURS = {
    "symmetric": plotting.CYCLE[1],
    "random": plotting.CYCLE[0],
    "adaptive": plotting.CYCLE[2],
    "readout": plotting.COLOURS["untrained"],
}
#: Share of right answers from which a network counts as one that has learned the task.
LEARNED = {"symmetric": 0.95, "random": 0.9, "adaptive": 0.9}
#: Seed of the first network: 0 to 3 chose settings.
FIRST_SEED = 70
#: Fraction of the trials, at the end, in which shares are taken, and those of the local optimum.
LATE, TRAP = 0.2, (0.7, 0.8)


def seeds(settings):
    """Return the seeds of the networks."""
    first = FIRST_SEED + settings.seed
    return range(first, first + settings.networks)


def part(settings, function, variant, seed, cost):
    """Return the part of a network."""
    arguments = dict(device=settings.device, variant=variant, seed=seed, trials=settings.trials)
    name = f"{function.__name__}-{variant}-{seed}"
    return Part(name, function, arguments, 30 + cost * settings.trials)


def parts(settings):
    """One part for each network of each variant."""
    return [
        part(settings, rewards, variant, seed, 1e-4)
        for variant in LABELS
        for seed in seeds(settings)
    ]


def late(right):
    """Return the share of right answers late in training of each network."""
    return right[:, -max(1, round(LATE * right.shape[1])) :].mean(axis=1)


def trapped(share):
    """Return the number of networks in the local optimum."""
    return int(((share > TRAP[0]) & (share < TRAP[1])).sum())


def rows(right, settings):
    """Shares of right answers, and how many networks have learned, by variant."""
    found, judged = [], settings.full
    for variant, values in right.items():
        share, label = late(values), LABELS[variant]
        found.append(
            Row(f"{label}: right answers, median", np.median(share), spread=listed(share, ".3f"))
        )
        if variant in LEARNED:
            least, needed = LEARNED[variant], len(share) * 2 / 3 - 0.5
            found += [
                Row(
                    f"{label}: networks of {len(share)} with {least} or more",
                    (share >= least).sum(),
                    low=needed if judged else None,
                ),
                Row(f"{label}: networks at .75", trapped(share)),
            ]
        else:
            found.append(Row(f"{label}: best network", share.max(), high=0.8 if judged else None))
    return found


def draw(right):
    """Draw the share of right answers over trials, a panel for each variant."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(right), 3.2), layout="constrained")
    for ax, (variant, values) in zip(np.ravel(figure.subplots(1, len(right))), right.items()):
        ax.axhline(0.75, color="0.6", linewidth=0.7, linestyle=":")
        plotting.plot_share(values.astype(float), ax, color=COLOURS[variant])
        ax.set(title=LABELS[variant].capitalize(), ylim=(0.4, 1.02), ylabel="")
    figure.axes[0].set_ylabel("Right answers")
    return figure


def right_of(settings, arrays):
    """Return for each variant whether answers were right, ``[network, trial]``."""
    return {
        variant: np.stack(
            [arrays[f"rewards-{variant}-{seed}"]["rewards"] > 0 for seed in seeds(settings)]
        )
        for variant in LABELS
    }


def outcome(settings, arrays):
    """Table and figure."""
    right = right_of(settings, arrays)
    return Outcome(rows(right, settings), all_arrays(arrays), lambda: draw(right))


REWARD = Experiment(
    name="bellec2020/reward",
    title="Choices learned from reward, rate neurons",
    source="the rule of Bellec et al. 2020, Nature Communications 11:3625, figure 5",
    parts=parts,
    outcome=outcome,
    networks=6,
    trials=20_000,
    quick=dict(networks=1, trials=2000),
    takes="6 min, quick 1 min",
    parameters=dict(
        N=N,
        gain=GAIN,
        input_height=HEIGHT,
        learning_rate=RATE,
        readout_learning_rate=READOUT_RATE,
        discount=DISCOUNT,
        entropy=ENTROPY,
    ),
)
