"""Instantaneous: what a weight does to its neuron in this step alone, times feedback.

With the postsynaptic neuron a, the presynaptic neuron (or input) b and tanh'(u_a) = gain:

    dW_ab = learning_rate/T feedback_a(t) dt/tau tanh'(u_a) h_b(t - dt)

It is for feedback that already contains how the loss of all later steps depends on the activity,
such as that of `LocalDNI` (Marschall, Cho & Savin 2019; 2020, J Mach Learn Res 21:1-34). With
feedback of the error alone it is RFLO without its trace.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..brian.borrowed import word_substitute
from .rflo import RFLO

__all__ = ["Instantaneous"]


@dataclass(frozen=True)
class Instantaneous(RFLO):
    """Feedback times what a weight does at once, for feedback that looks ahead.

    Parameters
    ----------
    learning_rate : float
        The update of one step is ``learning_rate/T`` times the product of feedback and trace in
        trials of `T` steps; in a stream it is not divided.
    tau : Quantity or None
        Time constant of the neurons; None takes it from them.

    Raises
    ------
    TypeError, ValueError
        As for `RFLO`.

    Examples
    --------
    >>> from brian2 import ms
    >>> Instantaneous(learning_rate=0.03, tau=10*ms).update
    'feedback_post*trace*dt/tau'
    """

    citation = (
        "Marschall, O., Cho, K. & Savin, C. (2020). A unified framework of online learning"
        " algorithms for training recurrent neural networks. Journal of Machine Learning Research"
        " 21:135"
    )
    traces = "trace : 1"
    advance = "trace = gain_post*psp_pre"
    update = "feedback_post*trace*dt/tau"
    rate_gradient = ""

    def __post_init__(self):
        super().__post_init__()
        if self.tau is None:
            own = word_substitute(self.update, {"tau": "tau_post"})
            object.__setattr__(self, "update", own)
