"""Leaky integrate-and-fire neurons with an adaptive threshold.

Bellec et al. 2020, Nature Communications 11:3625: as in `lif.py`, but a spike where v > 1 + beta a,
and

    tau_adapt da/dt = -a                                         a spike of its own adds 1
    gain = psi = max(0, 1 - |v - (1 + beta a)|/width)/width      0 while refractory
"""

from typing import Any

from brian2 import Quantity

from ..brian.quantities import check_number, check_tau
from .lif import LIFNeurons

__all__ = ["ALIFNeurons"]


class ALIFNeurons(LIFNeurons):
    """Leaky integrate-and-fire neurons with an adaptive threshold (Bellec et al. 2020).

    Parameters
    ----------
    N, tau, tau_syn
        As for `LIFNeurons`.
    tau_adapt : Quantity
        Time constant of the adaptation.
    beta : float
        Increase of the threshold by a spike, in units of threshold minus rest. With 0 these are
        `LIFNeurons`.
    **lif_args
        Any other argument of `LIFNeurons`.

    Attributes
    ----------
    a : state variable
        Adaptation: low-pass filtered spikes.

    Raises
    ------
    TypeError, ValueError
        As for `LIFNeurons`; or if `beta` is negative.

    Notes
    -----
    The traces of the rules ignore the dependence of the adaptation on the weights.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> defaultclock.dt = 1*ms
    >>> neurons = ALIFNeurons(100, tau=20*ms, tau_syn=50*ms, tau_adapt=200*ms, beta=0.1)
    """

    threshold_text = "(threshold + beta*scale*a)"
    reset_text = "\na += 1"
    more_equations = "da/dt = -a/tau_adapt : 1\n"
    more_start = "a = 0"
    times = (*LIFNeurons.times, "tau_adapt")

    def __init__(
        self,
        N: int,
        tau: Quantity,
        tau_syn: Quantity,
        tau_adapt: Quantity,
        beta: float,
        name: str = "alifneurons*",
        **lif_args: Any,
    ):
        check_tau("ALIFNeurons", tau_adapt, tau_adapt, "tau_adapt")
        check_number("ALIFNeurons", "beta", beta, zero_allowed=True)
        self.tau_adapt, self.beta = tau_adapt, beta
        super().__init__(N, tau, tau_syn, name=name, **lif_args)

    def constants(self) -> dict[str, float | Quantity]:
        return {"tau_adapt": self.tau_adapt, "beta": self.beta}
