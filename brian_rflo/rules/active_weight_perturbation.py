"""Weight perturbation of active synapses only: WP0, our own derivation.

Zuege, Klos & Memmesheimer 2023 (Physical Review X 13:021006) find that weights of silent inputs
drift under weight perturbation, and suggest that rules may join its merits to those of node
perturbation. This one is derived here, not read there: with arriving_j(t) what enters the drive in
step t for each unit of weight, as in `NodePerturbation`,

    pw_ij ~ N(0, sigma^2)                            once per trial; w + pw is sent
    dw_ij = -learning_rate/sigma^2 (E' - E) pw_ij    where sum_t arriving_j(t)^2 > 0, else 0

The perturbation of a silent synapse changes neither output nor loss, so that leaving out its update
is the same as not perturbing it, and needs no knowledge at the beginning of the trial: the expected
change and the final error are those of weight perturbation.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..schedule import DRIVEN
from ..steps import Step
from .weight_perturbation import WeightPerturbation

__all__ = ["ActiveWeightPerturbation"]


@dataclass(frozen=True)
class ActiveWeightPerturbation(WeightPerturbation):
    """Weight perturbation of the synapses that were active in the trial, WP0; derived here.

    The weights of silent inputs, and of neurons that have not spiked, stay as they are, to the bit.
    Everything else is as with `WeightPerturbation`.

    Parameters
    ----------
    learning_rate, sigma : float
        As for `WeightPerturbation`.

    Examples
    --------
    >>> ActiveWeightPerturbation(1e-3, sigma=1e-3).update["trial_end"]
    'modulator_network*pw*int(power_pre > 0)/sigma**2'
    """

    pre_traces = "power : 1"
    pre_reset = "power = 0"
    update = {"trial_end": "modulator_network*pw*int(power_pre > 0)/sigma**2"}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of weight perturbation, and the power of what each presynaptic cell has sent."""
        return *super().steps, Step("power += arriving**2", DRIVEN, "pre")
