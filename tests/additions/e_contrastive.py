"""Contrastive learning in two phases of a trial: free, and with the output clamped to the target.

tau du/dt = -u + sum,  a = 1/(1 + exp(-u)),  clamped outputs a = target
dw_ij = rate (a_i a_j clamped - a_i a_j free)
"""

from dataclasses import dataclass

from brian2 import NeuronGroup

from brian_rflo.rules import LearningRule
from brian_rflo.schedule import RESET, STATE
from brian_rflo.steps import Step
from brian_rflo.steps.cells import FUNCTIONS
from brian_rflo.tasks import ArrayTask
from brian_rflo.tasks.values import TaskValues


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoPhases(ArrayTask):
    phases: dict


@dataclass(frozen=True)
class Contrastive(LearningRule):
    update = {
        "free_end": "-activity_pre*activity_post",
        "clamped_end": "activity_pre*activity_post",
    }


class RelaxationNeurons(NeuronGroup):
    steps = (
        Step("u = 0; activity = 0.5", RESET, when="trial_start"),
        Step(
            "activity = where(teaches > 0, target_of(t_in_timesteps, int(column)), activity)",
            STATE.behind(2),
            when="clamped",
        ),
    )

    def __init__(self, N, tau, task, **args):
        namespace = {"tau_u": tau, "target_of": TaskValues(task, "target")} | FUNCTIONS
        super().__init__(
            N,
            "du/dt = (-u + I_rec)/tau_u : 1\nI_rec : 1\nactivity : 1\nteaches : 1\ncolumn : 1",
            method="euler",
            namespace=namespace,
            **args,
        )
        self.run_regularly("activity = 1/(1 + exp(-u))", **STATE.behind())
