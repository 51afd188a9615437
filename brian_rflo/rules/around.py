"""Rules that wrap another rule: rewards, tags, firing-rate control. They take over the strings of
the inner rule and define only the differences.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from brian2 import Group, Quantity

from ..steps import Step
from .base import LearningRule, summation_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..steps import Mechanism
    from ..updates import PerStep

__all__ = ["Around"]

#: Attributes that are taken from the inner rule, unless a subclass defines them.
INHERITED = (
    "traces",
    "advance",
    "reset",
    "rate_gradient",
    "pre_traces",
    "pre_advance",
    "pre_reset",
    "post_traces",
    "post_advance",
    "post_reset",
    "averages_sum",
    "brings",
    "explores",
    "transmits",
    "pairs",
    "phase",
    "with_units",
    "readout_tau",
    "needs_trials",
    "mirrors_readout",
    "needs_numbers",
)


@dataclass(frozen=True)
class Around(LearningRule):
    """A rule that wraps another: its strings are those of the inner rule, except for those that a
    subclass defines.

    Parameters
    ----------
    learning_rate : float
        Factor of every update; that of the inner rule is ignored.
    rule : LearningRule
        The inner rule.

    Raises
    ------
    TypeError
        If `rule` is not a learning rule.
    """

    rule: LearningRule

    def __post_init__(self):
        check_inside(type(self).__name__, self.rule)
        super().__post_init__()

    @property
    def citation(self) -> str:
        """The paper to cite, that of the inner rule."""
        return self.rule.citation

    @property
    def core(self) -> LearningRule:
        """The innermost rule."""
        return self.rule.core

    @property
    def for_readout(self) -> LearningRule | None:
        """Rule of readout weights of the inner rule, with the learning rate of this one."""
        inner = self.rule.for_readout
        return inner and replace(inner, learning_rate=self.learning_rate)

    def beside(self, readout_rule: LearningRule) -> LearningRule:
        """Return the default rule of readout weights as it learns beside the inner rule."""
        return self.rule.beside(readout_rule)

    @property
    def updates(self) -> dict[str, str]:
        """Expressions of the weight change; those of the inner rule, unless `update` is defined."""
        return super().updates or self.rule.updates

    @property
    def parameters(self) -> dict[str, float | Quantity]:
        """Parameters of the inner rule and of this one."""
        return self.rule.parameters | super().parameters

    @property
    def constants(self) -> dict[str, object]:
        """Constants of the inner rule."""
        return self.rule.constants

    @property
    def variables(self) -> dict[str, str]:
        """Equations of the inner rule and of this one, by site."""
        inner, own = self.rule.variables, super().variables
        lines = {
            site: [
                line.strip() for line in f"{inner.get(site, '')}\n{own.get(site, '')}".splitlines()
            ]
            for site in inner | own
        }
        return {
            site: "\n".join(dict.fromkeys(filter(None, texts))) for site, texts in lines.items()
        }

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of the inner rule and of this one."""
        return (
            *self.rule.steps,
            *(summation_steps(self.summed) if self.summed and not self.rule.summed else ()),
            *self.more_steps,
        )

    @property
    def resets(self) -> tuple[Step, ...]:
        """The steps of the inner rule that reset traces."""
        return self.rule.resets

    #: Further steps of a subclass.
    more_steps = ()

    def check_paths(self, paths: Sequence[Mechanism]) -> None:
        """Raise unless the credit paths are those that the inner rule needs."""
        self.rule.check_paths(paths)

    def with_field(self, name: str) -> LearningRule:
        """Return the rule that has the parameter `name`: this one, or one that it contains."""
        return (
            self
            if any(field.name == name for field in fields(self))
            else self.rule.with_field(name)
        )

    def with_rate_gradient(self) -> LearningRule:
        """Return this rule with the `rate_gradient` of its inner rule defined."""
        return replace(self, rule=self.rule.with_rate_gradient())

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return this rule with its inner rule specialised for a projection."""
        return replace(self, rule=self.rule.bind(target, onto, learn))


def check_inside(kind, rule):
    """Raise, in the name of `kind`, unless what it holds is a learning rule."""
    if not isinstance(rule, LearningRule):
        raise TypeError(
            f"{kind}: rule must be a LearningRule, for example RFLO(0.01, tau=10*ms); got {rule!r}"
        )


def from_inner_rule(name):
    """Return a property that has the value of the inner rule."""

    def read(self) -> object:
        return getattr(self.rule, name)

    return property(read, doc="Value of the inner rule.")


for _name in INHERITED:
    setattr(Around, _name, from_inner_rule(_name))
