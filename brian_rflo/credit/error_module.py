"""An error module: a second network, whose spikes or activity become learning signals.

Bellec, Scherr, Hajek, Salaj, Legenstein & Maass 2019, arXiv:1901.09049, e-prop 2, inner loop. With
the spikes z_m of the module, filtered,

    s_m(t) = exp(-dt/tau) s_m(t-1) + z_m(t)
    L_j(t) = sum_m P_jm s_m(t)
    dW_ji = learning_rate sum_t L_j(t) psi_j(t) psp_i(t)             the rule `UnfilteredEProp`
"""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity

from .. import schedule
from ..brian.quantities import check_time
from ..steps import Step
from .base import CreditPath, Path

__all__ = ["ErrorModule"]


@dataclass(frozen=True)
class ErrorModule(CreditPath):
    """Learning signals from any group: its spikes or its activity, through fixed weights (Bellec et
    al. 2019).

    Pass the group to `Credit` in the place of the readout; in a `LearningNetwork` the readout is
    that group.

    Parameters
    ----------
    tau : Quantity, optional
        Time constant with which what is sent is filtered; without it, it arrives as it is.
    sends : str
        Variable of the group that is sent, or ``"spikes"``.

    Raises
    ------
    TypeError, ValueError
        If `tau` is not a positive time, or spikes are not filtered; at `Credit`, if the group lacks
        the variable.

    Notes
    -----
    The weights P begin at N(0, 1/M) for a module of M units. The learning signal of a step has what
    the module sends in it.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> from brian_rflo.credit import Credit
    >>> from brian_rflo.rules import UnfilteredEProp
    >>> defaultclock.dt = 1*ms
    >>> neurons, module = (DiscreteLIFNeurons(n, tau=20*ms, threshold=0.4) for n in (40, 30))
    >>> recurrent = PlasticSynapses(neurons, neurons, UnfilteredEProp(1e-4), onto="I_rec")
    >>> recurrent.connect()
    >>> credit = Credit(ErrorModule(tau=20*ms), module, neurons)
    >>> sorted(credit.projections)
    ['feedback']
    """

    tau: Quantity | None = None
    sends: str = "activity"

    def __post_init__(self):
        if self.tau is not None:
            check_time("ErrorModule: tau", self.tau)
        if not isinstance(self.sends, str) or not self.sends.isidentifier():
            raise ValueError(
                f"ErrorModule: sends must be the name of a variable, or 'spikes'; got"
                f" {self.sends!r}. Write sends='activity'"
            )
        if self.tau is None and self.sends == "spikes":
            raise ValueError(
                "ErrorModule: spikes must be filtered; got tau=None. Write for example"
                " ErrorModule(tau=20*ms, sends='spikes')"
            )

    @property
    def variables(self) -> dict[str, str]:
        """Variable of the units of the module: what each sends, filtered."""
        return {} if self.tau is None else {"pre": "filtered : 1"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The filter."""
        if self.tau is None:
            return ()
        decays, place = "filtered = exp(-dt/tau)*filtered", schedule.FILTER
        if self.sends == "spikes":
            at_spikes = Step("filtered += 1", place.behind(), "pre", "spike")
            return (*self.resets, Step(decays, place, "pre"), at_spikes)
        return (*self.resets, Step(f"{decays} + {self.sends}", place, "pre"))

    @property
    def resets(self) -> tuple[Step, ...]:
        """Resets at the start of a trial: nothing has been sent before."""
        if self.tau is None:
            return ()
        return (Step("filtered = 0", schedule.RESET, "pre", "trial_start"),)

    @property
    def paths(self) -> dict[str, Path]:
        """The weights P."""
        sends = self.sends if self.tau is None else "filtered"
        initial = "randn()/sqrt(N_incoming)"
        return {"feedback": Path("pre", "post", "feedback", sends=sends, initial=initial)}
