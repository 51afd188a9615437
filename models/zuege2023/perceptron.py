"""Floors of the loss of a linear perceptron, beside theory: weight and node perturbation, and what
we derived from both, WP0, HP, and projected node perturbation (NPP).

With N_eff active inputs of mean square p, M outputs, T steps, and the standard deviation s that
perturbations give an output, at the learning rate 1/(p (M N_eff + 2)) at which the loss falls
fastest, it ends at

    E(WP) = E_opt + s^2 M (M N_eff + 4)/8                              whatever T is
    E(NP) = E_opt + s^2 N_eff M (M T + 2)(M T + 4)/(8 T (M N_eff + 2)) + E_opt M N_eff/(M N_eff + 2)

so that WP is better where T is longer than N_eff. WP0, HP and NPP have the floor of WP.
"""

from dataclasses import dataclass

from brian_rflo import plotting
from brian_rflo.crews import part as parts
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed

from . import projected, training
from .training import M

RULES = ("WP", "NP", "WP0", "HP", "NPP")
#: Losses that the figure names.
TICKS = (0.2, 0.5, 1, 2, 4)


@dataclass(frozen=True)
class Condition:
    """Steps of a trial, active inputs, trials, the loss that no weights reach below, and the
    standard deviation of an output by perturbation.
    """

    steps: int
    active: int
    trials: int
    unrealizable: float = 0.0
    noise: float = 0.04

    def __str__(self):
        rest = f", E_opt {self.unrealizable:g}" if self.unrealizable else ""
        return f"T {self.steps}, N_eff {self.active}{rest}"

    def floor(self, rule):
        """The loss at the end in theory."""
        n, t, s = self.active, self.steps, self.noise
        if rule != "NP":
            return self.unrealizable + s**2 * M * (M * n + 4) / 8
        own = s**2 * n * M * (M * t + 2) * (M * t + 4) / (8 * t * (M * n + 2))
        return self.unrealizable * (1 + M * n / (M * n + 2)) + own


CONDITIONS = (
    Condition(50, 50, 8000),
    Condition(100, 50, 8000),
    Condition(100, 10, 3000),
    Condition(20, 10, 3000),
    Condition(100, 50, 8000, unrealizable=2.0, noise=1e-6),
)
QUICK = CONDITIONS[3:4]


def pairs(settings):
    """Return all conditions with their rules; the quick variant has the smallest one."""
    if settings.quick:
        return [(condition, rule) for condition in QUICK for rule in ("WP", "NP")]
    return [(condition, rule) for condition in CONDITIONS for rule in RULES]


def part(condition, rule, settings):
    """The part of a condition and a rule."""
    trials = min(settings.trials, condition.trials)
    name = f"{rule}-T{condition.steps}-N{condition.active}-E{condition.unrealizable:g}"
    what = dict(rule=rule, steps=condition.steps, active=condition.active)
    what |= dict(unrealizable=condition.unrealizable, noise=condition.noise)
    what |= dict(networks=settings.networks, trials=trials, seed=settings.seed)
    if rule == "NPP":
        del what["rule"]
        return parts.Part(name, projected.trained, what, 5.0)
    cost = 20 + 1e-5 * trials * condition.steps * settings.networks
    return parts.Part(name, training.trained, what | dict(device=settings.device), cost)


def floors(losses):
    """Return the mean loss of the last fifth of the trials, of each network."""
    return losses[:, -max(losses.shape[1] // 5, 1) :].mean(axis=1)


def outcome(settings, arrays):
    """Table and figure."""
    found = {
        (condition, rule): arrays[part(condition, rule, settings).name]
        for condition, rule in pairs(settings)
    }
    return Outcome(rows(found, settings), all_arrays(arrays), lambda: draw(found))


def rows(found, settings):
    """Floors beside theory, weights of silent inputs, and how much better WP is where trials are
    ten times as long as there are active inputs.
    """
    judged, lines = settings.full, []
    for (condition, rule), arrays in found.items():
        measured, theory = floors(arrays["losses"]), condition.floor(rule)
        lines.append(
            Row(
                f"{condition}, {rule}: loss at the end",
                measured.mean(),
                published=f"{theory:.3f} in theory",
                low=0.9 * theory if judged else None,
                high=1.1 * theory if judged else None,
                spread=listed(measured, ".3f"),
            )
        )
        bounds = {} if not judged else dict(low=0.05) if rule == "WP" else dict(high=1e-300)
        lines.append(
            Row(f"{condition}, {rule}: sd of silent weights", float(arrays["silent"]), **bounds)
        )
    long = [c for c in CONDITIONS if c.steps == 10 * c.active and (c, "NP") in found]
    for condition in long:
        np_, wp = (floors(found[condition, rule]["losses"]).mean() for rule in ("NP", "WP"))
        bounds = dict(low=8, high=12) if judged else {}
        lines.append(Row(f"{condition}: NP / WP", np_ / wp, **bounds))
    return lines


def draw(found):
    """Draw the losses over trials in the smallest condition, and all floors beside theory."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = (plotting.axes_or_new(ax) for ax in figure.subplots(1, 2))
    smallest = min((condition for condition, _ in found), key=lambda one: (one.active, one.steps))
    names = [rule for rule in RULES if (smallest, rule) in found]
    for number, rule in enumerate(names):
        plotting.plot_losses(found[smallest, rule]["losses"], left, label=rule, color=f"C{number}")
        mine = [condition for condition, other in found if other == rule]
        right.plot(
            [condition.floor(rule) for condition in mine],
            [floors(found[condition, rule]["losses"]).mean() for condition in mine],
            "o",
            color=f"C{number}",
            fillstyle="none",
            markersize=5 + 3 * number,
            label=rule,
        )
    left.set(title=f"{smallest}", ylabel="Loss")
    theory = sorted(condition.floor(rule) for condition, rule in found)
    right.plot(theory, theory, color="0.6", linewidth=1, label="theory")
    right.set(
        xscale="log",
        yscale="log",
        xlabel="Loss in theory",
        ylabel="Loss at the end",
        title="Floors",
    )
    for axis in (right.xaxis, right.yaxis):
        axis.set_ticks(TICKS, [f"{tick:g}" for tick in TICKS])
    right.minorticks_off()
    plotting.legend_over(left)
    right.legend()
    return figure


PERCEPTRON = Experiment(
    name="zuege2023/perceptron",
    title="Linear perceptron: floors of weight and node perturbation",
    source="Zuege, Klos & Memmesheimer 2023, Physical Review X 13:021006",
    parts=lambda settings: [part(*pair, settings) for pair in pairs(settings)],
    outcome=outcome,
    networks=5,
    trials=8000,
    quick=dict(networks=3, trials=1000),
    takes="10 minutes on two cores, quick a minute",
    parameters=dict(M=M),
)
