"""REINFORCE for neurons with graded activity: noise in the neurons, and what it brings in reward.

Williams 1992, Machine Learning 8:229, in the form of Portes, Schmid & Murray 2022 (arXiv
2206.13448, code), in the names of the code, with the drive u and the reward R of each step:

    output_noise_i(t) ~ N(0, sigma^2)                inside the leak, outside the function:
    h_i(t) = h_i(t-1) + dt/tau (-h_i(t-1) + f(u_i(t)) + output_noise_i(t))
    p_ij(t) = (1 - dt/tau) p_ij(t-1) + dt/tau output_noise_i(t) f'(u_i(t)) h_j(t-1)
    dw_ij = learning_rate/T sum_t (R(t) - expected) p_ij(t)

The likelihood of h(t) given h(t-1) has the score output_noise_i(t) f'(u_i(t)) h_j(t-1)/sigma^2. The
published trace p forgets it with the time constant of the neurons, and leaves 1/sigma^2 to the
learning rate. With noise in the drive, u + noise, the score is noise_i(t) h_j(t-1)/sigma^2, without
the slope.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from brian2 import Group, Quantity

from ..brian.declared import declares, parent_group
from ..brian.quantities import check_time
from ..schedule import DRIVEN, Phase
from .base import LearningRule
from .perturbing import check_sigma

if TYPE_CHECKING:
    from ..updates import PerStep

__all__ = ["Reinforce"]

WILLIAMS = (
    "Williams, R. J. (1992). Simple statistical gradient-following algorithms for connectionist"
    " reinforcement learning. Machine Learning 8:229-256"
)
#: What each port contributes to the score, and the phase of the trace.
PORTS = {"output_noise": ("output_noise_post*gain_post", None), "noise": ("noise_post", DRIVEN)}


@dataclass(frozen=True)
class Reinforce(LearningRule):
    """REINFORCE for neurons with graded activity (Williams 1992; Portes, Schmid & Murray 2022).

    It needs a modulator that is known in each step, such as `RewardBaseline`, and no error or
    feedback. All projections onto a group share its noise; there is none where all of them are
    frozen (``plastic = False``).

    Parameters
    ----------
    learning_rate : float
        The paper's eta. The update of one step is ``learning_rate/T`` times the product of
        modulator and trace in trials of `T` steps. It has the factor 1/sigma^2 of the likelihood in
        it.
    sigma : float
        Standard deviation of the noise of a step.
    port : {"output_noise", "noise"}
        Where the noise goes: behind the neurons' function, inside the leak, which multiplies the
        trace by the function's slope; or into the drive, as in `NodePerturbation`, also of
        readouts.
    tau : Quantity, optional
        Time constant with which the trace forgets; by default that of the neurons.

    Raises
    ------
    TypeError, ValueError
        If `sigma` is not positive, `port` is neither of the two, or `tau` is not a positive time;
        and at the projection, if `tau` is left out and the target has no time constant.

    Examples
    --------
    >>> from brian2 import ms
    >>> Reinforce(0.1, sigma=0.3, tau=10*ms).update
    'modulator_network*p'
    """

    sigma: float
    port: str = "output_noise"
    tau: Quantity | None = None

    citation = WILLIAMS
    reset = "p = 0"
    update = "modulator_network*p"

    def __post_init__(self):
        super().__post_init__()
        check_sigma(self)
        check_port_of_noise(self)
        if self.tau is not None:
            check_time("Reinforce: tau", self.tau)

    @property
    def explores(self) -> dict[str, str]:
        """The noise, by its port."""
        return {self.port: "sigma*randn()"}

    @property
    def traces(self) -> str:
        """The score, low-pass filtered."""
        score, _ = PORTS[self.port]
        tau = "tau_post" if self.tau is None else "tau"
        return f"dp/dt = ({score}*arriving_pre - p)/{tau} : 1 (clock-driven)"

    @property
    def phase(self) -> Phase | None:
        """Noise of the drive meets what was summed in this step, also in readouts."""
        return PORTS[self.port][1]

    def bind(self, target: Group, onto: str, learn: PerStep | None = None) -> LearningRule:
        """Return the rule with the time constant of the neurons if `tau` is None and they share
        one.
        """
        neurons = parent_group(target)
        if self.tau is not None or "tau" in neurons.variables:
            return self
        if not declares(neurons, "activity_tau"):
            raise ValueError(
                f"Reinforce has tau=None, which takes it from the neurons, but '{neurons.name}' has"
                " no variable 'tau'; write for example tau=10*ms"
            )
        return replace(self, tau=neurons.activity_tau)


def check_port_of_noise(rule) -> None:
    """Raise unless a rule draws into a port of neurons."""
    if rule.port not in PORTS:
        raise ValueError(
            f"{rule.title}: port must be 'output_noise' (behind the function) or 'noise' (in the"
            f" drive); got {rule.port!r}"
        )
