"""Common parts of paths that put a learned credit in the place of the error: compartments of each
neuron, and the projections that make credit and learn from its mismatch.

    mismatch = credit(t-1) - (f(t-1) + back)
    A -= credit_rate mismatch a(t-1)^T              C -= credit_rate mismatch y(t-1)^T
    c -= credit_rate mismatch
    credit(t) = A a(t) + C y(t) + c  takes the place of f(t)

with the activity a, the target y, and f what feedback of the error brings. How the label, which
credit is expected in the next step, comes back as `back` is what they differ in.
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import BrianObject

from .. import schedule
from ..brian.quantities import check_count, check_number
from ..rules.base import LearningRule
from ..steps import Step
from ..updates import PerStep
from .base import Credit, Path
from .rewriting import Rewriting

#: Variables of the compartments of each neuron.
COMPARTMENTS = (
    "before label_own label_target label_constant label back mismatch projected"
    " credit_own credit_target credit_constant credit continues"
)


@dataclass(frozen=True)
class FromActivity(LearningRule):
    """Correct the credit of the step before by the activity of then."""

    update = "-mismatch_post*before_pre"


@dataclass(frozen=True)
class FromTarget(LearningRule):
    """Correct the credit of the step before by the target of then."""

    pre_traces = "held : 1"
    pre_advance = "held = target"
    update = "-mismatch_post*held_pre"


@dataclass(frozen=True)
class FromConstant(LearningRule):
    """Correct the credit of the step before by a constant."""

    update = "-mismatch_post"


class SyntheticGradient(Rewriting):
    """Base of `LocalDNI` and `LeakDNI`, which have the fields `credit_rate`, `every` and
    `feedback`; their own steps put the label back.
    """

    def __post_init__(self):
        super().__post_init__()
        name = type(self).__name__
        check_number(name, "credit_rate", self.credit_rate, zero_allowed=True)
        check_count(f"{name}: every", self.every)

    @property
    def variables(self) -> dict[str, str]:
        """The compartments of each neuron."""
        return {"post": "\n".join(f"{name} : 1" for name in COMPARTMENTS.split())}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of the compartments, by phase."""
        return (
            Step("continues = 0", schedule.RESET, "post", "trial_start"),
            Step("before = activity", schedule.TRACE, "post"),
            Step(
                "mismatch = continues*(credit - projected - back)\nprojected = feedback\n"
                "continues = 1",
                schedule.MISMATCH,
                "post",
            ),
            Step(
                "credit = credit_own + credit_target + credit_constant\nfeedback = credit",
                schedule.CREDIT,
                "post",
            ),
        )

    @property
    def resets(self) -> tuple[Step, ...]:
        """The first step of a trial has no step before."""
        return self.steps[:1]

    @property
    def paths(self) -> dict[str, Path]:
        """The projections that make credit, and their copies, which make labels."""
        ends = {
            "own": ("post", "activity", FromActivity(self.credit_rate)),
            "target": ("pre", "target", FromTarget(self.credit_rate)),
            "constant": ("constant", "activity", FromConstant(self.credit_rate)),
        }
        makes = {
            f"{name}_credit": Path(
                site,
                "post",
                f"credit_{name}",
                sends=sends,
                sum_at=schedule.CREDIT_DRIVE,
                rule=rule,
                learns_at=schedule.CREDIT_LEARN,
                learn=PerStep(window=1),
            )
            for name, (site, sends, rule) in ends.items()
        }
        copies = {
            f"{name}_label": Path(
                site,
                "post",
                f"label_{name}",
                sends=sends,
                sum_at=schedule.LABEL_SUM,
                learns_at=schedule.REFRESH,
                copy_of=f"{name}_credit",
                every=self.every,
            )
            for name, (site, sends, _) in ends.items()
        }
        return makes | copies

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the feedback and the projections between compartments, with random weights of
        what makes credit.
        """
        made = super().build(credit)
        sizes = [len(group) // credit.networks for group in credit.ends.values()]
        for name in ("own", "target", "constant"):
            made[f"{name}_credit"].w = f"randn()/sqrt({sum(sizes)})"
        return made
