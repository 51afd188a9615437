"""Choices learned from reward: delayed non-match by actor and critic, with the traces of RFLO in
rate neurons, and of e-prop in spiking ones.

An answer is right if it is rewarded. A network that answers right for three of the four pairs of
cues, and wrong for the fourth, is in a local optimum: .75.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from . import reward_trainings as settings_of
from .reward_trainings import rewards, spiking_rewards

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
#: Fraction of the trials, at the end, in which shares are taken, and those of the local optimum.
LATE, TRAP = 0.2, (0.7, 0.8)


@dataclass(frozen=True)
class Form:
    """Form of a computation: the function of a network, seconds per trial, variants, the seed of
    the first network (0 to 3 chose settings), and whether there are bounds.
    """

    function: Callable
    cost: float
    variants: tuple
    first_seed: int
    is_judged: bool

    def seeds(self, settings):
        """Return the seeds of the networks."""
        first = self.first_seed + settings.seed
        return range(first, first + settings.networks)

    def part(self, settings, variant, seed):
        """Return the part of a network."""
        given = dict(device=settings.device, variant=variant, seed=seed, trials=settings.trials)
        name = f"{self.function.__name__}-{variant}-{seed}"
        return Part(name, self.function, given, 30 + self.cost * settings.trials)

    def parts(self, settings):
        """One part for each network of each variant."""
        return [
            self.part(settings, variant, seed)
            for variant in self.variants
            for seed in self.seeds(settings)
        ]

    def arrays(self, settings, arrays, name):
        """Return an array of all networks by variant, ``[network, ...]``."""
        return {
            variant: np.stack(
                [
                    arrays[self.part(settings, variant, seed).name][name]
                    for seed in self.seeds(settings)
                ]
            )
            for variant in self.variants
        }

    def outcome(self, settings, arrays):
        """Table and figure."""
        right = {
            variant: np.where(np.isnan(values), np.nan, values > 0)
            for variant, values in self.arrays(settings, arrays, "rewards").items()
        }
        found = rows(right, self.is_judged and settings.full)
        return Outcome(found, all_arrays(arrays), lambda: draw(right))


RATE = Form(rewards, 1e-4, tuple(LABELS), 70, True)
SPIKING = Form(spiking_rewards, 1e-3, ("symmetric", "readout"), 80, False)


def late(right):
    """Return the share of right answers late in training of each network; NaN if it diverged."""
    return right[:, -max(1, round(LATE * right.shape[1])) :].mean(axis=1)


def trapped(share):
    """Return the number of networks in the local optimum."""
    return int(((share > TRAP[0]) & (share < TRAP[1])).sum())


def rows(right, judged):
    """Shares of right answers, and how many networks have learned, by variant."""
    found = []
    for variant, values in right.items():
        share, label = late(values), LABELS[variant]
        diverged = np.isnan(share)
        found.append(
            Row(f"{label}: right answers, median", np.median(share), spread=listed(share, ".3f"))
        )
        if diverged.any():
            found.append(Row(f"{label}: networks that diverged", diverged.sum()))
        if variant not in LEARNED:
            best = share[~diverged].max(initial=0.0)
            found.append(Row(f"{label}: best network", best, high=0.8 if judged else None))
            continue
        least, needed = LEARNED[variant], 2 / 3 * len(share) - 0.5
        found += [
            Row(
                f"{label}: networks of {len(share)} with {least} or more",
                (share >= least).sum(),
                low=needed if judged else None,
            ),
            Row(f"{label}: networks at .75", trapped(share)),
        ]
    return found


def draw(right):
    """Draw the share of right answers over trials, a panel for each variant."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(right), 3.2), layout="constrained")
    for ax, (variant, values) in zip(np.ravel(figure.subplots(1, len(right))), right.items()):
        ax.axhline(0.75, color="0.6", linewidth=0.7, linestyle=":")
        plotting.plot_share(values, ax, color=COLOURS[variant])
        ax.set(title=LABELS[variant].capitalize(), ylim=(0.4, 1.02), ylabel="")
        ax.set_xlim(0, values.shape[1])
    figure.axes[0].set_ylabel("Right answers")
    return figure


def parameters_of(names):
    """Return settings by name, of those without units."""
    return {name.lower(): getattr(settings_of, name) for name in names}


COMMON = ("DISCOUNT", "ENTROPY", "CRITIC", "POLICY")
REWARD = Experiment(
    name="bellec2020/reward",
    title="Choices learned from reward, rate neurons",
    source="the rule of Bellec et al. 2020, Nature Communications 11:3625, figure 5",
    parts=RATE.parts,
    outcome=RATE.outcome,
    networks=6,
    trials=20_000,
    quick=dict(networks=1, trials=2000),
    takes="10 min, quick 1.5 min",
    parameters=parameters_of((*COMMON, "N", "GAIN", "HEIGHT", "RATE", "READOUT_RATE", "FEEDBACK")),
)
REWARD_SPIKING = Experiment(
    name="bellec2020/reward_spiking",
    title="The same with 32 LIF and 32 ALIF neurons, by e-prop",
    source="the rule of Bellec et al. 2020, Nature Communications 11:3625, figure 5",
    parts=SPIKING.parts,
    outcome=SPIKING.outcome,
    networks=5,
    trials=20_000,
    quick=dict(networks=1, trials=2000),
    takes="15 min, quick 1.5 min",
    parameters=parameters_of(
        (
            *COMMON,
            *(f"SPIKING_{name}" for name in ("N", "GAIN", "HEIGHT", "FEEDBACK")),
            *("SPIKING_RATE", "SPIKING_READOUT_RATE", "BETA", "THRESHOLD"),
        )
    ),
)
