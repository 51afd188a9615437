"""Synthetic learning signals: neurons learn to predict the errors that are still to come.

Bellec, Scherr, Hajek, Salaj, Legenstein & Maass 2019, arXiv:1901.09049, e-prop 3: the learning
signal is the derivative of the loss by a spike, of this step and of all later ones, and the later
ones are predicted (Jaderberg et al. 2017, PMLR 70:1627). There by backpropagation through a window
and a network of its own; here, its local member, in each step by each neuron. With f what feedback
of the error brings, the target y, and activity that is filtered, s:

    V(t) = A s(t) + C y(t) + c                       errors still to come
    L(t) = f(t) + V(t)  takes the place of f(t)
    mismatch = V(t-1) - keep L(t)                    keep = exp(-dt/tau)
    A -= credit_rate mismatch s(t-1)^T               C -= credit_rate mismatch y(t-1)^T
    c -= credit_rate mismatch
    s(t) = keep s(t-1) + (1 - keep) activity(t)

keep is how much of what a spike does is left after a step: in a leaky readout, or in the neuron
itself where that is the leak. A perfect V makes of f the sum of keep^k f(t+k), k = 0, 1, ...: what
e-prop gains by filtering its eligibility. Eligibility looks back, and this looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from brian2 import Quantity

from .. import schedule
from ..brian.quantities import check_number, check_time
from ..steps import Step
from ..updates import PerStep
from .base import CreditPath, Path
from .random import RandomFeedback
from .rewriting import Rewriting
from .synthetic import FromActivity, FromConstant, FromTarget

__all__ = ["SyntheticSignal"]

VARIABLES = "seen before value_own value_target value_constant value mismatch continues"


@dataclass(frozen=True)
class SyntheticSignal(Rewriting):
    """Learning signals with a learned prediction of those that come later (Bellec et al. 2019,
    e-prop 3, its local member).

    For the rule `UnfilteredEProp`. The path's own weights learn in each step, whatever the
    network's learning schedule is, and its rate is not divided by the steps of a trial. In the
    first step of a trial nothing is learned from the step before.

    Parameters
    ----------
    credit_rate : float
        Learning rate of A, C and c, below ``2/(|s|**2 + |y|**2 + 1)``.
    tau : Quantity
        Time constant of the readout, or where that has no leak, of what the neurons send.
    feedback : CreditPath
        How the error comes back: `RandomFeedback`, `SymmetricFeedback` or `AdaptiveFeedback`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.

    Notes
    -----
    The projections are ``net.credit.projections["own_credit"]`` (A), ``"target_credit"`` (C) and
    ``"constant_credit"`` (c), which begin at 0: then it is the feedback itself, to the bit. What
    e-prop does with a leaky readout has the factor ``1 - exp(-dt/tau)``, which is not in here:
    choose the learning rate accordingly.
    """

    credit_rate: float
    tau: Quantity
    feedback: CreditPath = field(default_factory=RandomFeedback)

    def __post_init__(self):
        super().__post_init__()
        check_number("SyntheticSignal", "credit_rate", self.credit_rate, zero_allowed=True)
        check_time("SyntheticSignal: tau", self.tau)

    @property
    def parameters(self) -> dict[str, Quantity]:
        """Its time constant; its rate is a parameter of its projections."""
        return {"tau": self.tau}

    @property
    def variables(self) -> dict[str, str]:
        """Variables that each neuron keeps."""
        return {"post": "\n".join(f"{name} : 1" for name in VARIABLES.split())}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps that set what neurons see, and what they make of it."""
        return (
            *self.resets,
            Step(
                "before = seen\nseen = exp(-dt/tau)*seen + (1 - exp(-dt/tau))*activity",
                schedule.FILTER,
                "post",
            ),
            Step(
                "feedback = feedback + (value_own + value_target + value_constant)\n"
                "mismatch = continues*(value - exp(-dt/tau)*feedback)\n"
                "value = value_own + value_target + value_constant\n"
                "continues = 1",
                schedule.MISMATCH,
                "post",
            ),
        )

    @property
    def resets(self) -> tuple[Step, ...]:
        """The first step of a trial has no step before."""
        return (Step("seen = 0\ncontinues = 0", schedule.RESET, "post", "trial_start"),)

    @property
    def paths(self) -> dict[str, Path]:
        """Paths that predict, from the activity of all neurons, the target and a constant."""
        learned = {
            "own": ("post", "seen", FromActivity),
            "target": ("pre", "target", FromTarget),
            "constant": ("constant", "activity", FromConstant),
        }
        return {
            f"{name}_credit": Path(
                site,
                "post",
                f"value_{name}",
                sends=sends,
                sum_at=schedule.LABEL_SUM,
                rule=rule(self.credit_rate),
                learns_at=schedule.CREDIT_LEARN,
                learn=PerStep(window=1),
            )
            for name, (site, sends, rule) in learned.items()
        }
