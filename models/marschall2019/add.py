"""The task Add, learned from a stream by local rules and by approximations of the gradient.

The leak is 1 (every step of a network is new) or 1/2, where bits are held for two steps. The loss
is the cross entropy, in means over 10 000 steps; the final loss is the last point of its running
mean over ten such means, as in the authors' analysis.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import uniform_filter1d

from brian_rflo import plotting
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part

from .training import BASELINES, FAST, RATE, RULES, SLOW, WINDOW, N, Setting, baseline, learned

#: What is best without any dependency, with the first one, and with both.
FLOORS = {"nothing": 0.66156, "first summand": 0.51917, "both": 0.45445}
LABELS = {
    "output": "output weights alone",
    "rflo_random": "RFLO, random feedback",
    "rflo": "RFLO, symmetric feedback",
    "snap1": "SnAp-1, symmetric feedback",
    "dni_random": "local DNI, random feedback",
    "dni_symmetric": "local DNI, symmetric feedback",
    "kernl": "KeRNL",
    "dni": "DNI, exact Jacobian",
    "uoro": "UORO",
    "rkf_rtrl": "R-KF-RTRL",
    "kf_rtrl": "KF-RTRL",
    "rtrl": "RTRL",
}
#: Most seeds of a baseline in NumPy, which takes minutes.
MOST = 3


@dataclass(frozen=True)
class Variant:
    """One leak: its setting, the published final losses and the bounds of those measured here."""

    name: str
    setting: Setting
    published: dict = field(default_factory=dict)
    bounds: dict = field(default_factory=dict)

    def seeds(self, settings, rule):
        """Return the seeds of the networks of a rule."""
        most = settings.networks if rule in RULES else min(settings.networks, MOST)
        return tuple(range(settings.seed, settings.seed + most))

    def part(self, settings, rule):
        """Return the part of a rule."""
        seeds = self.seeds(settings, rule)
        given = dict(setting=self.setting, rule=rule, seeds=seeds, stream=settings.seed)
        given["windows"], steps = settings.trials, settings.trials * WINDOW
        if rule in RULES:
            cost = 40 + 2e-6 * steps * len(seeds)
            return Part(f"{self.name}-{rule}", learned, given | {"device": settings.device}, cost)
        return Part(f"{self.name}-{rule}", baseline, given, 2e-4 * steps)

    def parts(self, settings):
        """One part for each rule."""
        return [self.part(settings, rule) for rule in (*RULES, *BASELINES)]

    def outcome(self, settings, arrays):
        """Table and figure."""
        losses = {rule: arrays[self.part(settings, rule).name]["losses"] for rule in LABELS}
        found = self.rows({rule: final(values) for rule, values in losses.items()}, settings.full)
        return Outcome(found, all_arrays(arrays), lambda: draw(losses, self.published))

    def rows(self, ends, judged):
        """Final losses, and differences within seeds."""
        found = []
        for rule, values in ends.items():
            low, high = self.bounds.get(rule, (None, None)) if judged else (None, None)
            spread = f"s.e. {error_of(values):.4f}: {listed(values, '.4f')}"
            published = self.published.get(rule, "")
            published = f"{published:.4f}" if published else ""
            name = f"{LABELS[rule]}: final loss, mean"
            found.append(Row(name, np.mean(values), published, low, high, spread))
        return found + [
            self.difference(ends, *pair, np.max, "largest", judged and at_most)
            if pair[0].startswith("dni")
            else self.difference(ends, *pair, np.mean, "mean", judged and at_most)
            for pair, at_most in PAIRS.items()
        ]

    def difference(self, ends, rule, other, measure, name, high):
        """Return the row of the difference of two rules within seeds."""
        count = min(len(ends[rule]), len(ends[other]))
        values = ends[rule][:count] - ends[other][:count]
        label = f"{LABELS[rule]} minus {LABELS[other]}: {name}"
        shown = [f"{value:+.4f}" for value in values]
        bound = None if high is False else high
        return Row(label, measure(values), high=bound, spread=" ".join(shown))


#: Pairs of rules, with the bound of their difference: the largest of local DNI, else the mean.
PAIRS = {("dni_random", "output"): 0.0, ("snap1", "rflo"): 0.0, ("kernl", "rflo"): 0.005}


def final(losses):
    """Return the final loss of each network."""
    return uniform_filter1d(losses, 10, axis=1)[:, -1]


def error_of(values):
    """Return the standard error of a mean; NaN of one value."""
    return np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan


def draw_floors(ax):
    """Draw what is best by how much of the past is known."""
    across = ax.get_yaxis_transform()
    for name, value in FLOORS.items():
        ax.axhline(value, color="0.6", linestyle=":", linewidth=0.7)
        ax.annotate(name, (1, value), xycoords=across, ha="right", va="bottom")


def draw(losses, published):
    """Draw the losses over steps, and the final losses beside those published."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2, width_ratios=(3, 2)))
    colours = dict(zip(losses, plotting.colours(len(losses))))
    for rule, values in losses.items():
        steps = (np.arange(values.shape[1]) + 1) * WINDOW
        smooth = uniform_filter1d(values, 10, axis=1)
        left.plot(steps, smooth.mean(axis=0), color=colours[rule], label=LABELS[rule])
    for name, value in FLOORS.items():
        left.axhline(value, color="0.6", linestyle=":", linewidth=0.7)
        left.annotate(
            name, (1, value), xycoords=left.get_yaxis_transform(), ha="right", va="bottom"
        )
    left.set(xlabel="Step", ylabel="Cross entropy", title="Mean over networks")
    for place, (rule, values) in enumerate(losses.items()):
        ends = final(values)
        right.plot(ends, np.full(len(ends), place), "o", color=colours[rule], markersize=3)
        if rule in published:
            right.plot(published[rule], place, "|", color="black", markersize=10)
    right.set_yticks(range(len(losses)), [LABELS[rule] for rule in losses])
    right.set(xlabel="Final cross entropy", title="Networks; lines: published")
    right.invert_yaxis()
    return figure


PUBLISHED = {
    "fast": dict(
        rtrl=0.4653,
        kf_rtrl=0.4663,
        uoro=0.4704,
        rkf_rtrl=0.4715,
        dni=0.4875,
        rflo=0.4967,
        kernl=0.4981,
        dni_random=0.5134,
        output=0.5381,
    ),
    "slow": dict(
        rtrl=0.4955,
        kf_rtrl=0.4956,
        uoro=0.4959,
        rkf_rtrl=0.4964,
        dni=0.5021,
        rflo=0.5202,
        kernl=0.5193,
        dni_random=0.5121,
        output=0.5773,
    ),
}
BOUNDS = {
    "fast": dict(
        output=(0.53, 0.56),
        rflo=(0.490, 0.505),
        dni_random=(None, 0.523),
        dni_symmetric=(None, 0.498),
        rtrl=(0.460, 0.470),
        kf_rtrl=(0.460, 0.470),
        uoro=(0.462, 0.478),
        rkf_rtrl=(0.462, 0.478),
        dni=(0.478, 0.492),
    ),
    "slow": dict(
        output=(0.56, 0.58),
        rflo=(0.514, 0.525),
        dni_random=(None, 0.515),
        rtrl=(0.494, 0.500),
        kf_rtrl=(0.494, 0.500),
        uoro=(0.494, 0.502),
        rkf_rtrl=(0.494, 0.502),
        dni=(0.500, 0.509),
    ),
}
VARIANTS = {
    name: Variant(name, setting, PUBLISHED[name], BOUNDS[name])
    for name, setting in (("fast", FAST), ("slow", SLOW))
}
SOURCE = "Marschall, Cho & Savin 2019, Cognitive Computational Neuroscience; 2020, JMLR 21:1-34"


def experiment(name, variant, title):
    """Return the experiment of a leak."""
    chosen = variant.setting
    return Experiment(
        name=f"marschall2019/{name}",
        title=title,
        source=SOURCE,
        parts=variant.parts,
        outcome=variant.outcome,
        networks=6,
        trials=100,
        quick=dict(networks=2, trials=2),
        takes="20 minutes, quick a minute",
        parameters=dict(
            N=N,
            rate=RATE,
            steps_of_a_trial=WINDOW,
            leak=chosen.leak,
            lags=[chosen.first, chosen.second],
            credit_rate=chosen.credit_rate,
            predictor_rate=chosen.predictor_rate,
        ),
    )


ADD = experiment("add", VARIANTS["fast"], "Add, leak 1")
ADD_SLOW = experiment("add_slow", VARIANTS["slow"], "Add, leak 1/2, bits held for two steps")
