"""Synaptic scaling, and presynaptic-dependent scaling: weights change once per trial, so that
neurons come to fire as often as they should (Buonomano 2005, J Neurophysiol 94:2275).

With the running averages of spikes per trial A, and the goal of the postsynaptic neuron:

    dw_ij = learning_rate (goal_i - A_i) w_ij              synaptic scaling (van Rossum, Bi &
                                                           Turrigiano 2000)
    dw_ij = learning_rate A_j (goal_i - A_i) w_ij          presynaptic-dependent scaling
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import LearningRule

__all__ = ["PresynapticScaling", "SynapticScaling"]


@dataclass(frozen=True)
class SynapticScaling(LearningRule):
    """Scale all weights onto a neuron alike, once per trial, towards its goal of spikes per trial.

    Neurons have the variables `average` and `goal`, as `ConductanceNeurons` do. The averages of a
    trial are known before weights change. Bound the weights: ``constraint="w = clip(w, 1e-4, 1)"``.

    Parameters
    ----------
    learning_rate : float
        The paper's alpha_W, of one trial.

    Examples
    --------
    >>> SynapticScaling(learning_rate=0.01).update
    {'trial_end': '(goal_post - average_post)*w'}
    """

    citation = (
        "van Rossum, M. C. W., Bi, G. Q. & Turrigiano, G. G. (2000). Stable Hebbian learning from"
        " spike timing-dependent plasticity. Journal of Neuroscience 20:8812-8821"
    )
    update = {"trial_end": "(goal_post - average_post)*w"}


@dataclass(frozen=True)
class PresynapticScaling(SynapticScaling):
    """Scale weights in proportion to how much their presynaptic neuron fires (Buonomano 2005).

    Parameters
    ----------
    learning_rate : float
        The paper's alpha_W, of one trial.

    Examples
    --------
    >>> PresynapticScaling(learning_rate=0.01).update
    {'trial_end': 'average_pre*(goal_post - average_post)*w'}
    """

    citation = (
        "Buonomano, D. V. (2005). A learning rule for the emergence of stable dynamics and timing"
        " in recurrent networks. Journal of Neurophysiology 94:2275-2283"
    )
    update = {"trial_end": "average_pre*(goal_post - average_post)*w"}
