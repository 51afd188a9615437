"""Synthetic gradients that come back through the leak alone, without a learned Jacobian: `LocalDNI`
with what a neuron keeps of its own activity in place of J. Our own simplification.

Of the derivative of a step by the activity before it, J = (1 - dt/tau) 1 + dt/tau f'(u) W, RFLO
keeps the first part, looking back. The same looking ahead, with the names of `LocalDNI`:

    label = A' a(t) + C' y(t) + c'                  back = keep label
    mismatch = credit(t-1) - (f(t-1) + back)
    A -= credit_rate mismatch a(t-1)^T              C -= credit_rate mismatch y(t-1)^T
    c -= credit_rate mismatch
    credit(t) = A a(t) + C y(t) + c  takes the place of f(t)

The label needs no bound, since `keep` is less than 1. No synapse between neurons brings it back,
and nothing predicts the activity.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import schedule
from ..brian.quantities import check_fraction
from ..steps import Step
from .base import CreditPath
from .random import RandomFeedback
from .synthetic import SyntheticGradient

__all__ = ["LeakDNI"]


@dataclass(frozen=True)
class LeakDNI(SyntheticGradient):
    """Credit that each neuron learns to predict from activity and target, and that comes back from
    the next step through its leak alone.

    As with `LocalDNI`, neurons learn by `Instantaneous`, the path's own weights learn in each step,
    and in the first step of a trial nothing is learned from the step before.

    Parameters
    ----------
    credit_rate : float
        Learning rate of A, C and c; several times that of the network.
    keep : float
        Share of a neuron's activity that is left after a step without input: ``1 - dt/tau`` for
        `RateNeurons`. With 0 the credit is a prediction of what feedback brings in this step.
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
    The projections are ``net.credit.projections["own_credit"]`` (A), ``"target_credit"`` (C),
    ``"constant_credit"`` (c) and their copies, ``"own_label"``, ... A, C and c begin at N(0, 1/m)
    with m = N + n_outputs + 1.

    Examples
    --------
    >>> print(LeakDNI(credit_rate=0.01, keep=0.9).steps[-1].code)
    label = label_own + label_target + label_constant
    back = keep*label
    """

    credit_rate: float
    keep: float
    every: int = 5
    feedback: CreditPath = field(default_factory=RandomFeedback)

    def __post_init__(self):
        super().__post_init__()
        check_fraction("LeakDNI: keep", self.keep, ". Write 1 - dt/tau of the neurons.")

    @property
    def parameters(self) -> dict[str, float]:
        """Parameters that the compartments read: `keep`."""
        return {"keep": self.keep}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of the compartments, by phase."""
        label = "label = label_own + label_target + label_constant\nback = keep*label"
        return (*super().steps, Step(label, schedule.LABEL, "post"))
