"""Reward around any eligibility: what a rule would have changed leaves a decaying tag, and a number
of the network, such as the error of temporal differences, turns tags into weight changes.

Bellec et al. 2020, Nature Communications 11:3625 (reward-based e-prop); Sutton & Barto 2018,
Reinforcement Learning, sections 12.2 and 13.5. With the update of the inner rule in a step,
update(t), and the modulator delta(t):

    dw(t) = learning_rate delta(t) tag(t-1)
    tag(t) = discount tag(t-1) + update(t)           0 at the beginning of a trial

In step t, after neurons, error and feedback are known, the update of the step before enters the
tag, so that delta(t) pays for what happened before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from brian2 import Group

from ..brian.borrowed import word_substitute
from ..brian.declared import declared, parent_group
from ..brian.quantities import check_discount
from ..schedule import LEARN, RESET
from ..steps import Step
from .around import Around, check_inside
from .base import BELLEC, LearningRule

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["Rewarded"]

#: Variables that it adds to those of the inner rule.
OWN = ("tag", "last_update")


@dataclass(frozen=True)
class Rewarded(Around):
    """Learning from reward with the eligibility of another rule: the modulator of the network times
    a decaying sum of that rule's updates.

    Around `RFLO`, `EProp`, `AdaptiveEProp` or a rule derived from neurons for recurrent and input
    weights, around `Delta` or `LeakyDelta` for those of an `ActorCritic` readout. The modulator is
    `TDError`, or one of your own. Updates are not divided by the steps of a trial.

    Parameters
    ----------
    rule : LearningRule
        The inner rule, whose update is read in each step.
    discount : float
        Factor of the tag in each step, from 0 to 1; that of `TDError`, or less for eligibility that
        decays faster.
    learning_rate : float, optional
        Factor of every update; that of the inner rule by default.
    at_once : str
        Expression of a weight change that does not wait for the modulator. The projection onto an
        `ActorCritic` readout with an entropy bonus has that here by itself.

    Raises
    ------
    TypeError
        If `rule` is not a learning rule.
    ValueError
        If the inner rule reads its update at another time than in each step, or perturbs, or reads
        a modulator itself; or if `discount` is out of its range.

    Examples
    --------
    >>> from brian2 import ms
    >>> rule = Rewarded(RFLO(1e-2, tau=10*ms), discount=0.99)
    >>> rule.update, rule.learning_rate
    ('modulator_network*tag', 0.01)
    """

    learning_rate: float | None = field(default=None, kw_only=True)
    discount: float = 0.99
    at_once: str = field(default="", kw_only=True)

    citation = BELLEC
    averages_sum = False

    def __post_init__(self):
        check_inner(self.rule)
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", self.rule.learning_rate)
        super().__post_init__()
        check_discount("Rewarded", self.discount)

    @property
    def title(self) -> str:
        """Name in error messages."""
        return f"Rewarded({self.rule.title})"

    @property
    def eligibility(self) -> str:
        """Expression that enters the tag in each step: the update of the inner rule."""
        return self.rule.updates["step"]

    @property
    def traces(self) -> str:
        """Traces of the inner rule, the tag, and the update that enters it in the next step."""
        return "\n".join(filter(None, [self.rule.traces, *(f"{name} : 1" for name in OWN)]))

    @property
    def update(self) -> str:
        """The modulator times the tag, and what does not wait for it."""
        return " + ".join(filter(None, ["modulator_network*tag", self.at_once]))

    @property
    def more_steps(self) -> tuple[Step, ...]:
        """Steps that advance the tag, and reset it in each trial."""
        code = f"tag = discount*tag + last_update\nlast_update = {self.eligibility}"
        return Step(code, LEARN), *self._own_resets

    @property
    def resets(self) -> tuple[Step, ...]:
        """Resets of the inner rule and of the tag."""
        return *self.rule.resets, *self._own_resets

    @property
    def _own_resets(self):
        return (Step("\n".join(f"{name} = 0" for name in OWN), RESET, when="trial_start"),)

    def beside(self, readout_rule: LearningRule) -> LearningRule:
        """Return the default rule of readout weights with the same reward."""
        return replace(self, rule=readout_rule, learning_rate=readout_rule.learning_rate)

    def transposed(self) -> LearningRule:
        """Return the rule that makes the same changes to the feedback weights, except for what does
        not wait for the modulator.
        """
        return replace(self, rule=self.rule.transposed(), at_once="")

    @property
    def transposes(self) -> LearningRule:
        """The rule on which it depends whether it can be transposed."""
        return self.rule

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return this rule for a projection; onto a readout with a bonus beside the error, with
        that of the readout, in place of the error in the update of the inner rule.
        """
        bound = super().bind(target, onto, learn)
        bonus = declared(parent_group(target), "bonus_name", "")
        if not bonus or self.at_once or "error" not in bound.reads("post"):
            return bound
        at_once = word_substitute(bound.eligibility, {"error_post": f"{bonus}_post"})
        return replace(bound, at_once=at_once)


def check_inner(rule):
    """Raise unless a rule can be rewarded."""
    check_inside("Rewarded", rule)
    if rule.pairs or rule.noises or rule.transmits != "w":
        raise ValueError(
            f"Rewarded: {rule.title} perturbs weights or units and learns from the loss of a trial;"
            " use it without Rewarded"
        )
    if "modulator" in rule.reads("network"):
        raise ValueError(
            f"Rewarded: {rule.title} reads modulator_network itself; use it without Rewarded"
        )
    if set(rule.updates) != {"step"}:
        times = ", ".join(map(repr, rule.updates)) or "no time"
        raise ValueError(
            f"Rewarded: the update of {rule.title} must be read in each step, and only there; it is"
            f" read at {times}. Put penalties and rates around Rewarded:"
            " L2(1e-4).around(Rewarded(...))"
        )
    taken = sorted({*OWN, "discount"} & {*rule.parameters, *own_names(rule)})
    if taken:
        raise ValueError(f"Rewarded: {rule.title} has a variable '{taken[0]}' too; rename it")


def own_names(rule):
    """Return the names of the synaptic variables of a rule."""
    return [line.split(":")[0].strip() for line in rule.variables["own"].splitlines()]
