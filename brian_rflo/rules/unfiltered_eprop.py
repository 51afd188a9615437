"""e-prop without the filter of the readout, for learning signals that contain it.

Bellec, Scherr, Hajek, Salaj, Legenstein & Maass 2019, arXiv:1901.09049, e-prop 2 and 3. With
psi = gain, the learning signal L = feedback, and the unit postsynaptic potential psp of the
presynaptic spikes:

    e_ji(t) = psi_j(t) psp_i(t)                                     LIF
    e_ji(t) = psi_j(t) (psp_i(t) - beta_j eps_ji(t))                adaptive threshold
    eps_ji(t+1) = rho eps_ji(t) + e_ji(t),  rho = exp(-dt/tau_adapt)
    dW_ji = learning_rate sum_t L_j(t) e_ji(t)

Where L_j(t) is the derivative of the loss by the spike z_j(t), through all that comes later, this
is the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity

from ..brian.quantities import check_time
from .base import BELLEC, LearningRule

__all__ = ["UnfilteredEProp"]


@dataclass(frozen=True)
class UnfilteredEProp(LearningRule):
    """Learning signals times the eligibility of e-prop, which no filter follows (Bellec et al.
    2019, e-prop 2 and 3).

    For learning signals that look ahead: of an `ErrorModule`, or of a `SyntheticSignal`.

    Parameters
    ----------
    learning_rate : float
        Factor of every update, see `LearningRule`.
    tau_adapt : Quantity, optional
        Time constant of the adaptation, for neurons with an adaptive threshold, which have the
        variable `beta`.

    Raises
    ------
    TypeError, ValueError
        If `tau_adapt` is not a positive time.

    Examples
    --------
    >>> UnfilteredEProp(learning_rate=1e-4).update
    'feedback_post*eligibility'
    """

    tau_adapt: Quantity | None = None

    citation = f"{BELLEC}; without the filter, e-prop 2 and 3: arXiv:1901.09049"
    traces = "eligibility : 1"
    advance = "eligibility = gain_post*psp_pre"
    update = "feedback_post*eligibility"
    rate_gradient = "eligibility"
    reset = "eligibility = 0"

    def __post_init__(self):
        super().__post_init__()
        if self.tau_adapt is None:
            return
        check_time("UnfilteredEProp: tau_adapt", self.tau_adapt)
        adaptive = {
            "traces": "eligibility : 1\neps : 1",
            "advance": (
                "eligibility = gain_post*(psp_pre - beta_post*eps)\n"
                "eps = exp(-dt/tau_adapt)*eps + eligibility"
            ),
            "reset": "eligibility = 0; eps = 0",
        }
        for name, text in adaptive.items():
            object.__setattr__(self, name, text)  # the dataclass is frozen
