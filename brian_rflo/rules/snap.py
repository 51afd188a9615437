"""SnAp-1: the sparse one-step approximation of real-time recurrent learning.

Menick et al. 2020, arXiv:2006.07232, section 3: of the influence of weights on activities, J M +
immediate part, only those entries are kept in which a weight acts at once, its own neuron. With the
postsynaptic neuron a, the presynaptic neuron (or input) b, tanh'(u_a) = gain, the weight w_aa of
the neuron onto itself, and the error e_a = feedback that the readout weights bring back:

    tau dp_ab/dt = -p_ab + tanh'(u_a) (h_b + w_aa p_ab)
    dW_ab = learning_rate/T e_a(t) p_ab(t)

So it is RFLO whose trace also goes through the neuron's own weight, w_aa = own_weight, which is as
local; without such synapses it is RFLO. As the paper's, it is for the exact error of this step,
`SymmetricFeedback`; random feedback may bring it back as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brian2 import Group

from ..brian.declared import declared, parent_group
from .rflo import RFLO

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["SnAp1"]


@dataclass(frozen=True)
class SnAp1(RFLO):
    """SnAp-1, for recurrent, input and bias weights of rate neurons: RFLO with a trace that also
    goes through the weight of the neuron onto itself (Menick et al. 2020, section 3).

    Parameters
    ----------
    learning_rate, tau
        As for `RFLO`.

    Raises
    ------
    TypeError, ValueError
        As for `RFLO`; and at the projection, for neurons of which the trace is not a derivative:
        those that spike, have their function outside the leak, or are not integrated by forward
        Euler; and where a projection between the neurons sends with a delay.

    Notes
    -----
    ``own_weight_post`` is the sum of ``w_ii`` over all projections of the group onto itself,
    plastic and fixed, as they are in this step, and 0 without such synapses.

    Examples
    --------
    >>> from brian2 import ms
    >>> SnAp1(learning_rate=0.03, tau=10*ms).reads("post")
    ('feedback', 'gain', 'own_weight')
    """

    citation = (
        "Menick, J., Elsen, E., Evci, U., Osindero, S., Simonyan, K. & Graves, A. (2020). A"
        " practical sparse approximation for real time recurrent learning. arXiv:2006.07232"
    )
    traces = (
        "dtrace/dt = (gain_post*(psp_pre + own_weight_post*trace) - trace)/tau : 1 (clock-driven)"
    )

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> SnAp1:
        """Return the rule for these neurons, as `RFLO` does; raise unless they are integrated by
        forward Euler.
        """
        method = declared(parent_group(target), "method_choice", "euler")
        if "own_weight" in target.variables and method != "euler":
            raise ValueError(
                f"{self.title} is for neurons that are integrated by forward Euler, but"
                f" '{target.name}' is integrated by {method!r}; write method='euler'"
            )
        return super().bind(target, onto, learn)
