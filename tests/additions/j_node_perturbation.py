"""Not in the list either: node perturbation. Noise in the drive of each unit and step, summed with
what drove it.

    dw_ij = -rate/sigma^2 (E_perturbed - E_free) sum_t xi_i(t) a_j(t)
"""

from dataclasses import dataclass

from brian2 import NeuronGroup

from brian_rflo.rules import LearningRule
from brian_rflo.schedule import GAIN, RESET
from brian_rflo.steps import Step


@dataclass(frozen=True)
class NodePerturbation(LearningRule):
    sigma: float

    pairs = True
    explores = "perturbed_network*sigma*randn()"
    traces = "product : 1"
    advance = "product = noise_post*activity_pre"
    summed = "product"
    reset = "product = 0"
    update = {"trial_end": "modulator_network*summed/sigma**2"}


class NoisyNeurons(NeuronGroup):
    steps = (Step("activity = 0.1", RESET, when="trial_start"),)

    def __init__(self, N, tau, **args):
        super().__init__(
            N,
            "dactivity/dt = (phi - activity)/tau_m : 1\nphi : 1\nnoise : 1\nI_rec : 1",
            method="euler",
            namespace={"tau_m": tau},
            **args,
        )
        self.activity = 0.1
        self.run_regularly("phi = tanh(I_rec + noise)", **GAIN)
