"""Weight perturbation (Zuege, Klos, Memmesheimer 2023): each trial runs twice side by side, free
and perturbed.

    p_ij ~ N(0, sigma^2) once a trial, transmitted w + p
    dw_ij = -rate/sigma^2 (E_perturbed - E_free) p_ij
"""

from dataclasses import dataclass

from brian_rflo.rules import LearningRule
from brian_rflo.schedule import MODULATE
from brian_rflo.steps import Mechanism, Step


@dataclass(frozen=True)
class PairDifference(Mechanism):
    variables = {"network": "modulator : 1"}
    steps = (Step("modulator = loss_first - loss", MODULATE, "network", "trial_end"),)


@dataclass(frozen=True)
class WeightPerturbation(LearningRule):
    sigma: float

    pairs = True
    traces = "pw : 1"
    transmits = "w + pw"
    reset = "pw = perturbed_network*sigma*randn()"
    update = {"trial_end": "modulator_network*pw/sigma**2"}
