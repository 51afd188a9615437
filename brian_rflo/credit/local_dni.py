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

from dataclasses import dataclass, field

from .. import schedule
from ..brian.quantities import check_number
from ..rules.base import LearningRule
from ..steps import Step
from ..updates import PerStep
from .base import CreditPath, Path
from .random import RandomFeedback
from .synthetic import SyntheticGradient

__all__ = ["LocalDNI"]


@dataclass(frozen=True)
class Predict(LearningRule):
    """Predict the activity of a step from that of the step before."""

    update = "(activity_post - prediction_post)*before_pre"


@dataclass(frozen=True)
class PredictBack(LearningRule):
    """The increments of `Predict` at the transposed weights."""

    update = "(activity_pre - prediction_pre)*before_post"


@dataclass(frozen=True)
class LocalDNI(SyntheticGradient):
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
        super().__post_init__()
        check_number("LocalDNI", "predictor_rate", self.predictor_rate, zero_allowed=True)

    @property
    def variables(self) -> dict[str, str]:
        """The compartments of each neuron."""
        return {"post": f"{super().variables['post']}\nprediction : 1"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of the compartments, by phase."""
        label = "label = tanh(label_own + label_target + label_constant)"
        return (*super().steps, Step(label, schedule.LABEL, "post"))

    @property
    def paths(self) -> dict[str, Path]:
        """The projections between compartments, and their copies."""
        each = PerStep(window=1)
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
        return {"predictor": predictor, "transposed": transposed} | super().paths
