"""Node perturbation: each unit gets noise in each step of one of two runs of a trial, and learns
from the difference of their losses.

Zuege, Klos & Memmesheimer 2023, Physical Review X 13:021006, in the names of the code, with the
loss E of the free run and E' of the perturbed one, on the same input and from the same state:

    noise_i(t) ~ N(0, sigma^2)                       added to the drive of neurons, or to an output
    dw_ij = -learning_rate/sigma^2 (E' - E) sum_t noise_i(t) arriving_j(t)

With the drive u_i(t) = sum_j w_ij arriving_j(t) + noise_i(t), (E' - E) noise_i(t)/sigma^2 is on
average the derivative of E by u_i(t), and arriving_j(t) that of u_i(t) by the weight. So
arriving_j(t) is what enters the drive of that step for each unit of weight, by whichever way:

    sums       what is summed in that step: the activity of the step before for recurrent weights,
               this step's input for input weights, the new activity for readout weights
    spikes     what they have left of the variable to which they add. In LIF neurons the noise is in
               the membrane's drive, as a current is: tau dv/dt = -v + amplitude I_rec + noise, with
               tau_syn dI_rec/dt = -I_rec and w_ij added to I_rec at spikes of j. The weights do not
               change in a trial, so that amplitude I_rec is the sum of w_ij arriving_j, with
                   tau_syn d(arriving)/dt = -arriving      a spike of j adds amplitude
               from 0 at the beginning of each trial. In neurons of discrete time it is the spike
               of the step before, which acts for one step.

This leaves out nothing: what noise does later, through membrane, spikes, resets and recurrence, is
in E'. While a neuron is refractory, noise does nothing to it, nor to E' - E, and adds 0 on average.
The difference E - E' is the modulator of the perturbed copy, `PairDifference`.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..schedule import DRIVEN
from .base import LearningRule
from .perturbing import ZUEGE, check_sigma

__all__ = ["NodePerturbation"]


@dataclass(frozen=True)
class NodePerturbation(LearningRule):
    """Node perturbation, NP (Züge, Klos & Memmesheimer 2023).

    Each trial runs twice side by side, so the groups hold two consecutive copies of each network:
    a free one, and one with noise. It needs a modulator, `PairDifference`, which a
    `LearningNetwork` has by itself, and no error, slope or feedback. All projections onto a group
    share its noise; there is none where all of them are frozen (``plastic = False``). In spiking
    neurons the noise is on the membrane, in units of threshold minus rest.

    Parameters
    ----------
    learning_rate : float
        The paper's eta; it is not divided by the steps of the trial.
    sigma : float
        Standard deviation of the noise of a step. Above 1e-6, since the difference of two losses
        has a relative error of about 1e-16.

    Raises
    ------
    ValueError
        If `sigma` is not positive; if the target has no variable `noise` and is not a group of
        this package; or if spikes arrive with delays, or in neurons that do not say what a spike
        adds to their drive.

    Examples
    --------
    >>> from brian2 import ms, defaultclock
    >>> task = PeriodicOutput(period=20*ms)
    >>> defaultclock.dt = task.dt
    >>> neurons = RateNeurons(2*10, tau=10*ms)
    >>> net = LearningNetwork(task, neurons, NodePerturbation(1e-3, sigma=1e-3))
    >>> result = net.train(5)
    >>> result.losses.shape
    (1, 5)
    """

    sigma: float

    citation = ZUEGE
    pairs = True
    explores = "perturbed_network*sigma*randn()"
    traces = "product : 1"
    advance = "product = noise_post*arriving_pre"
    reset = "product = 0"
    phase = DRIVEN
    summed = "product"
    averages_sum = False
    update = "modulator_network*summed/sigma**2"

    def __post_init__(self):
        super().__post_init__()
        check_sigma(self)
