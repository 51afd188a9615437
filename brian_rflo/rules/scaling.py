"""Synaptic scaling, and presynaptic-dependent scaling: weights change once per trial, so that
neurons come to fire as often as they should (Buonomano 2005, J Neurophysiol 94:2275).

With the running averages of spikes per trial A, and the goal of the postsynaptic neuron:

    dw_ij = learning_rate (goal_i - A_i) w_ij              synaptic scaling (van Rossum, Bi &
                                                           Turrigiano 2000)
    dw_ij = learning_rate A_j (goal_i - A_i) w_ij          presynaptic-dependent scaling
"""

from __future__ import annotations

import ast
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

    Raises
    ------
    ValueError
        Of a projection whose constraint clips weights at bounds that are not positive: a weight of
        0 would stay 0, and a negative one grow where it should shrink.

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

    def check_constraint(self, constraint: str) -> None:
        """Raise if weights are clipped at bounds that are not positive."""
        for bounds in clips_of(constraint):
            if not all(bound > 0 for bound in bounds):
                raise ValueError(
                    f"{type(self).__name__} multiplies weights, so bounds must be positive; got"
                    f" constraint={constraint!r}. Write 'w = clip(w, 1e-4, 1)'."
                )


def clips_of(constraint):
    """Return the bounds at which statements clip weights, of each clip those that are numbers."""
    calls = [
        node
        for node in ast.walk(ast.parse("\n".join(map(str.strip, constraint.splitlines()))))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "clip"
    ]
    return [[bound for arg in call.args[1:] for bound in number_in(arg)] for call in calls]


def number_in(node):
    """Return the number that an expression is, in a list; an empty one for any other expression."""
    try:
        return [float(ast.literal_eval(ast.unparse(node).replace("inf", "1e999")))]
    except (ValueError, TypeError, SyntaxError):
        return []


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
