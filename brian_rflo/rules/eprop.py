"""e-prop: eligibility propagation.

Bellec et al. 2020, Nature Communications 11:3625, equations 4, 22 to 28 (LIF) and 24 to 25
(adaptive threshold), with the postsynaptic neuron j, the presynaptic neuron or input i, psi = gain,
the learning signal L = feedback, kappa = exp(-dt/tau), rho = exp(-dt/tau_adapt):

    e_ji(t) = psi_j(t) psp_i(t)                                     LIF
    e_ji(t) = psi_j(t) (psp_i(t) - beta_j eps_ji(t))                adaptive threshold
    eps_ji(t+1) = rho eps_ji(t) + e_ji(t)
    trace_ji(t) = kappa trace_ji(t-1) + (1 - kappa) e_ji(t)
    dW_ji = learning_rate sum_t L_j(t) trace_ji(t)

`psp` is the unit postsynaptic potential of the presynaptic spikes, as the neurons define it. tau is
the time constant of the readout, tau_adapt that of the neurons' adaptation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import Group, Quantity

from ..brian.declared import parent_group
from ..brian.quantities import check_time
from .base import BELLEC, LearningRule, check_one_tau

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["AdaptiveEProp", "EProp"]

FILTER = "trace = exp(-dt/tau)*trace + (1 - exp(-dt/tau))*eligibility"


@dataclass(frozen=True)
class EProp(LearningRule):
    """e-prop for neurons without an adaptive threshold (Bellec et al. 2020, equations 22 and 28).

    Parameters
    ----------
    learning_rate : float
        Factor of every update, see `LearningRule`: an update is ``learning_rate/T`` times the
        product of learning signal and trace.
    tau : Quantity
        Time constant with which eligibility is filtered, that of the readout: for
        `DiscreteLIFNeurons`, whose activity is the spike itself, that of the `LeakyReadout`. Rate
        neurons and `LIFNeurons` filter what they send; with a plain `Readout` use their `tau` or
        `tau_syn`.

    Notes
    -----
    For rate neurons, with their time constant, this is RFLO with exponential Euler instead of
    Euler: both agree to rounding if ``exp(-dt/tau)`` here is ``1 - dt/tau`` of the neurons.

    Examples
    --------
    >>> from brian2 import ms
    >>> EProp(learning_rate=1e-3, tau=30*ms).update
    'feedback_post*trace'
    """

    tau: Quantity

    citation = BELLEC
    traces = "eligibility : 1\ntrace : 1"
    advance = f"eligibility = gain_post*psp_pre\n{FILTER}"
    update = "feedback_post*trace"
    rate_gradient = "eligibility"
    reset = "eligibility = 0; trace = 0"

    def __post_init__(self):
        super().__post_init__()
        check_time(f"{type(self).__name__}: tau", self.tau)

    @property
    def readout_tau(self) -> Quantity:
        """Its `tau`."""
        return self.tau

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return the rule itself; raise for rate neurons that each have a time constant of their
        own.
        """
        check_one_tau(self, parent_group(target))
        return self


@dataclass(frozen=True)
class AdaptiveEProp(EProp):
    """e-prop for neurons with an adaptive threshold, and for both kinds in one group (Bellec et al.
    2020, equations 24 and 25).

    The postsynaptic group has a variable `beta`, 0 for neurons whose threshold does not adapt.

    Parameters
    ----------
    learning_rate, tau
        As for `EProp`.
    tau_adapt : Quantity
        Time constant of the neurons' adaptation.

    Examples
    --------
    >>> from brian2 import ms
    >>> AdaptiveEProp(learning_rate=1e-3, tau=20*ms, tau_adapt=2000*ms).reads("post")
    ('beta', 'feedback', 'gain')
    """

    tau_adapt: Quantity

    traces = "eligibility : 1\neps : 1\ntrace : 1"
    advance = (
        "eligibility = gain_post*(psp_pre - beta_post*eps)\neps = exp(-dt/tau_adapt)*eps +"
        f" eligibility\n{FILTER}"
    )
    reset = "eligibility = 0; eps = 0; trace = 0"

    def __post_init__(self):
        super().__post_init__()
        check_time(f"{type(self).__name__}: tau_adapt", self.tau_adapt)
