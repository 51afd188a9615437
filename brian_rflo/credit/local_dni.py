"""Local synthetic gradients: neurons learn to predict how the loss of later steps depends on them
(Marschall, Cho & Savin 2019; Jaderberg et al. 2017, PMLR 70:1627).

Each neuron has compartments (the cells of this path), which hold a prediction of its activity, a
label, and its credit. With the activity a, the target y, and f what feedback of the error brings:

    prediction = J a(t-1)            J    += predictor_rate (a(t) - prediction) a(t-1)^T
    label = tanh(A' a(t) + C' y(t) + c')            back = J^T label
    mismatch = credit(t-1) - (f(t-1) + back)
    A -= credit_rate mismatch a(t-1)^T              C -= credit_rate mismatch y(t-1)^T
    c -= credit_rate mismatch
    credit(t) = A a(t) + C y(t) + c  takes the place of f(t)

A', C', c' are copies of A, C, c, which are renewed after every few steps. J^T is a projection of
its own, with the increments of J. All this happens between feedback and learning, in this order, in
each step.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from brian2 import BrianObject

from .. import schedule
from ..brian.quantities import check_count, check_number
from ..rules.base import LearningRule
from ..steps import Step
from ..updates import PerStep
from ..updates.arguments import check_instance
from .base import Credit, CreditPath, Path
from .random import RandomFeedback

__all__ = ["LocalDNI"]

#: Variables of the compartments of each neuron.
COMPARTMENTS = (
    "before prediction label_own label_target label_constant label back mismatch projected"
    " credit_own credit_target credit_constant credit continues"
)


@dataclass(frozen=True)
class Predict(LearningRule):
    """Predict the activity of a step from that of the step before."""

    update = "(activity_post - prediction_post)*before_pre"


@dataclass(frozen=True)
class PredictBack(LearningRule):
    """The increments of `Predict` at the transposed weights."""

    update = "(activity_pre - prediction_pre)*before_post"


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


@dataclass(frozen=True)
class LocalDNI(CreditPath):
    """Credit that each neuron learns to predict from activity and target, in place of the error
    that comes back (Marschall, Cho & Savin 2019).

    Neurons learn by `Instantaneous`, since the credit contains what the activity does later. The
    path's own weights learn in each step, whatever the network's learning schedule is, and its
    rates are not divided by the steps of a trial. In the first step of a trial nothing is learned
    from the step before.

    Parameters
    ----------
    credit_rate : float
        Learning rate of A, C and c; several times that of the network.
    predictor_rate : float
        Learning rate of J.
    every : int
        Steps after which the copies of A, C and c are renewed.
    feedback : CreditPath
        How the error comes back: `RandomFeedback`, `SymmetricFeedback` or `AdaptiveFeedback`.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Notes
    -----
    The projections are ``net.credit.projections["predictor"]`` (J), ``"transposed"``,
    ``"own_credit"`` (A), ``"target_credit"`` (C), ``"constant_credit"`` (c) and their copies,
    ``"own_label"``, ... J begins at 0, A, C and c at N(0, 1/m) with m = N + n_outputs + 1; the
    published J begins at the recurrent weights: set it by ``set_matrix``, and ``"transposed"`` to
    its transpose.
    """

    credit_rate: float
    predictor_rate: float
    every: int = 5
    feedback: CreditPath = field(default_factory=RandomFeedback)

    def __post_init__(self):
        check_number("LocalDNI", "credit_rate", self.credit_rate, zero_allowed=True)
        check_number("LocalDNI", "predictor_rate", self.predictor_rate, zero_allowed=True)
        check_count("LocalDNI: every", self.every)
        check_instance("LocalDNI: feedback", self.feedback, CreditPath, "RandomFeedback()")
        if self.feedback.variables or self.feedback.steps:
            raise ValueError(
                "LocalDNI: feedback must bring the error itself, such as RandomFeedback(); got"
                f" {type(self.feedback).__name__}, which has cells of its own"
            )

    @property
    def parameters(self) -> dict[str, float]:
        """Empty: its rates are parameters of its projections."""
        return {}

    @property
    def variables(self) -> dict[str, str]:
        """The compartments of each neuron."""
        return {"post": "\n".join(f"{name} : 1" for name in COMPARTMENTS.split())}

    @property
    def steps(self) -> tuple[Step, ...]:
        """What the compartments do, by phase."""
        return (
            Step("continues = 0", schedule.RESET, "post", "trial_start"),
            Step("before = activity", schedule.TRACE, "post"),
            Step("label = tanh(label_own + label_target + label_constant)", schedule.LABEL, "post"),
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
        """The projections between compartments, and their copies."""
        each = PerStep(window=1)
        learned = {
            "own": ("post", "activity", FromActivity(self.credit_rate)),
            "target": ("pre", "target", FromTarget(self.credit_rate)),
            "constant": ("constant", "activity", FromConstant(self.credit_rate)),
        }
        predictor = Path(
            "post",
            "post",
            "prediction",
            sum_at=schedule.DRIVE,
            rule=Predict(self.predictor_rate),
            learns_at=schedule.PREDICT_LEARN,
            learn=each,
        )
        transposed = Path(
            "post",
            "post",
            "back",
            sends="label",
            sum_at=schedule.BACK,
            rule=PredictBack(self.predictor_rate),
            learns_at=schedule.PREDICT_LEARN,
            learn=each,
        )
        makes = {
            f"{name}_credit": Path(
                site,
                "post",
                f"credit_{name}",
                sends=sends,
                sum_at=schedule.CREDIT_DRIVE,
                rule=rule,
                learns_at=schedule.CREDIT_LEARN,
                learn=each,
            )
            for name, (site, sends, rule) in learned.items()
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
            for name, (site, sends, _) in learned.items()
        }
        return {"predictor": predictor, "transposed": transposed} | makes | copies

    @property
    def is_aligned(self) -> bool:
        """Whether the alignment of the feedback with the readout is defined."""
        return self.feedback.is_aligned

    @property
    def is_symmetric(self) -> bool:
        """Whether the readout weights, transposed, bring the error back."""
        return self.feedback.is_symmetric

    @property
    def follows_readout(self) -> bool:
        """Whether the feedback gets the changes of the readout weights."""
        return self.feedback.follows_readout

    def check(self, trained: Collection[str], output_rule: LearningRule) -> None:
        """Raise unless the feedback fits."""
        self.feedback.check(trained, output_rule)

    def build(self, credit: Credit) -> dict[str, BrianObject]:
        """Return the feedback and the projections between compartments, with random weights of
        what makes credit.
        """
        credit.projections |= self.feedback.build(credit)
        made = super().build(credit)
        sizes = [len(group) // credit.networks for group in credit.ends.values()]
        for name in ("own", "target", "constant"):
            made[f"{name}_credit"].w = f"randn()/sqrt({sum(sizes)})"
        return made
