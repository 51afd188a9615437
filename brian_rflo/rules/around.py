"""Rules around a rule: rewards, tags, firing-rate control. They have the strings of the rule
inside, and say only what is different.
"""

from dataclasses import dataclass, fields, replace

from .base import LearningRule, adding_up

__all__ = ["Around"]

#: Strings that are those of the rule inside, unless a subclass has its own.
STRINGS = (
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
    "explores",
    "transmits",
    "pairs",
    "phase",
    "with_units",
)


@dataclass(frozen=True)
class Around(LearningRule):
    """A rule around a rule: its strings are those of the rule inside, but for what a subclass
    writes anew.

    Parameters
    ----------
    learning_rate : float
        Factor of every update; that of the rule inside is not read.
    rule : LearningRule
        The rule inside.
    """

    rule: LearningRule

    @property
    def citation(self):
        """That of the rule inside."""
        return self.rule.citation

    @property
    def core(self):
        """The innermost rule."""
        return self.rule.core

    @property
    def updates(self):
        """Expressions of the weight change; those of the rule inside, unless it has an `update` of
        its own.
        """
        return super().updates or self.rule.updates

    @property
    def parameters(self):
        """Those of the rule inside, and its own."""
        return self.rule.parameters | super().parameters

    @property
    def constants(self):
        """Those of the rule inside."""
        return self.rule.constants

    @property
    def variables(self):
        """Those of the rule inside, and its own."""
        own = super().variables
        lines = {
            site: [
                line.strip() for line in f"{self.rule.variables[site]}\n{own[site]}".splitlines()
            ]
            for site in own
        }
        return {
            site: "\n".join(dict.fromkeys(filter(None, texts))) for site, texts in lines.items()
        }

    @property
    def steps(self):
        """Those of the rule inside, and what it adds up itself."""
        return (
            *self.rule.steps,
            *(adding_up(self.summed) if self.summed and not self.rule.summed else ()),
            *self.more_steps,
        )

    #: Further steps of a subclass.
    more_steps = ()

    def with_field(self, name):
        """Return the rule that has a parameter: this one, or a rule inside."""
        return (
            self
            if any(field.name == name for field in fields(self))
            else self.rule.with_field(name)
        )

    def bind(self, target, onto, learn=None):
        """Return this rule with the rule inside specialised for a projection."""
        return replace(self, rule=self.rule.bind(target, onto, learn))


for _name in STRINGS:
    setattr(
        Around,
        _name,
        property(
            lambda self, _name=_name: getattr(self.rule, _name), doc="That of the rule inside."
        ),
    )
