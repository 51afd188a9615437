"""Rate neurons with a softplus nonlinearity.

tau da/dt = -a + log(1 + exp(u)),  gain = 1/(1 + exp(-u))
"""

from brian2 import NeuronGroup

from brian_rflo.schedule import GAIN, RESET
from brian_rflo.steps import Step


class SoftplusNeurons(NeuronGroup):
    steps = (Step("activity = initial", RESET, when="trial_start"),)

    def __init__(self, N, tau, initial=0.1, **args):
        super().__init__(N, """dactivity/dt = (phi - activity)/tau_m : 1
            phi : 1
            gain : 1
            feedback : 1
            initial : 1
            I_rec : 1""", method="euler", namespace={"tau_m": tau}, **args)  # fmt: skip
        self.initial = self.activity = initial
        self.run_regularly("phi = log(1 + exp(I_rec)); gain = 1/(1 + exp(-I_rec))", **GAIN)
