"""Penalties on weights: what L1 and L2 have in common.

With the penalty strength*P(w), each update of a rule becomes update - strength*P'(w), and an update
that is read once per trial is penalised once. So the penalty scales with windows, batches and
trials side by side as updates do. By default the weights descend the loss of each trial plus
strength*P(w); for updates in each of the T steps of a trial,

    dw = learning_rate (1/T sum_t update(t) - strength P'(w))        by `SGD` at the end of a trial
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, ClassVar

from brian2 import Group

from ..rules.around import Around

if TYPE_CHECKING:
    from ..rules import LearningRule
    from .learning import PerStep


@dataclass(frozen=True)
class Penalised(Around):
    """A rule with a penalty on its weights. A subclass has the strength as a field, which is also a
    shared variable of the synapses, and the gradient of the penalty.

    Parameters
    ----------
    learning_rate : float
        Learning rate; see `LearningRule`.
    rule : LearningRule
        The inner rule.
    accumulates : bool
        True if updates are applied at the end of a trial; set when the rule is bound to a
        projection. All steps of the trial are then penalised at once.
    """

    accumulates: bool = field(default=True, kw_only=True)

    penalty: ClassVar[str] = ""

    def __post_init__(self):
        super().__post_init__()
        own = {one.name for one in fields(self)} - {"learning_rate", "rule", "accumulates"}
        for name in own & set(self.rule.parameters):
            raise ValueError(
                f"{name.upper()}: {self.title} has this penalty already, or another parameter"
                f" '{name}'; it cannot have it twice"
            )

    @property
    def title(self) -> str:
        """Name in error messages: that of the inner rule, which the user wrote."""
        return self.rule.title

    @property
    def summed(self) -> str:
        """The sum of the inner rule."""
        return self.rule.summed

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return this rule for a projection; the learning schedule determines where it is
        penalised.
        """
        bound = super().bind(target, onto, learn)
        return replace(bound, accumulates=getattr(learn, "accumulates", True))

    @property
    def updates(self) -> dict[str, str]:
        """Updates of the inner rule minus the gradient of the penalty: in each step, or for all
        steps at the end of the trial; once per trial if no update is read in each step.
        """
        inside, penalty = self.rule.updates, f"({self.penalty})"
        if "step" in inside and not self.accumulates:
            penalty += "" if self.rule.is_averaged else "/trial_steps"
            return inside | {"step": f"{inside['step']} - {penalty}"}
        penalty += "*trial_steps" if self.accumulates and self.rule.is_averaged else ""
        penalty += "*perturbed_network" if self.pairs else ""  # once for both trials of a pair
        return inside | {"trial_end": f"{inside.get('trial_end', '')} - {penalty}".strip()}
