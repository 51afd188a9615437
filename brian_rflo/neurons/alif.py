"""Leaky integrate-and-fire neurons whose threshold adapts.

Bellec et al. 2020, Nature Communications 11:3625: as in `lif.py`, but a spike where v > 1 + beta a,
and

    tau_adapt da/dt = -a                                         a spike of its own adds 1
    gain = psi = max(0, 1 - |v - (1 + beta a)|/width)/width      0 while refractory
"""

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
        By how much a spike raises the threshold, in units of threshold minus rest. With 0 these are
        `LIFNeurons`.
    **lif_args
        Any other argument of `LIFNeurons`.

    Attributes
    ----------
    a : state variable
        Adaptation: spikes, low-passed.

    Raises
    ------
    TypeError, ValueError
        As for `LIFNeurons`; or if `beta` is negative.

    Notes
    -----
    A rule's trace takes the threshold as it is, and knows nothing of how weights change the
    adaptation.

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

    def __init__(self, N, tau, tau_syn, tau_adapt, beta, name="alifneurons*", **lif_args):
        check_tau("ALIFNeurons", tau_adapt, tau_adapt, "tau_adapt")
        check_number("ALIFNeurons", "beta", beta, zero_allowed=True)
        self.tau_adapt, self.beta = tau_adapt, beta
        super().__init__(N, tau, tau_syn, name=name, **lif_args)

    def constants(self):
        return {"tau_adapt": self.tau_adapt, "beta": self.beta}
