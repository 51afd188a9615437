"""BCM: no error, no slope. Bienenstock, Cooper, Munro 1982, with a threshold for each postsynaptic
cell.

    tau dtheta_i/dt = y_i^2 - theta_i,      dw_ij = rate y_i (y_i - theta_i) x_j
"""

from dataclasses import dataclass

from brian_rflo.rules import LearningRule


@dataclass(frozen=True)
class BCM(LearningRule):
    tau_theta: object

    citation = (
        "Bienenstock EL, Cooper LN, Munro PW (1982). Theory for the development of neuron"
        " selectivity: orientation specificity and binocular interaction in visual cortex."
        " J Neurosci 2:32-48."
    )
    post_traces = "dthreshold/dt = (activity**2 - threshold)/tau_theta : 1"
    update = "activity_post*(activity_post - threshold_post)*activity_pre"
