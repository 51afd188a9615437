"""A credit path that predicts the error: units with plastic synapses of their own, whose prediction
is what comes back to the neurons.

    e^_k = sum_j C_kj a_j,            dC_kj = rate (e_k - e^_k) a_j
    feedback_i = sum_k B_ik e^_k,     B ~ N(0, 1)
"""

from dataclasses import dataclass

from brian_rflo.credit import CreditPath, Path
from brian_rflo.rules import LearningRule
from brian_rflo.schedule import CREDIT, CREDIT_SUM, READOUT
from brian_rflo.steps import Step


@dataclass(frozen=True)
class Predict(LearningRule):
    update = "mismatch_post*activity_pre"


@dataclass(frozen=True)
class PredictedError(CreditPath):
    rate: float

    variables = {"pre": "prediction : 1\nmismatch : 1"}
    steps = (Step("mismatch = error - prediction", CREDIT, "pre"),)

    @property
    def paths(self):
        return {
            "predictor": Path("post", "pre", "prediction", sum_at=READOUT, rule=Predict(self.rate)),
            "feedback": Path(
                "pre", "post", "feedback", sends="prediction", sum_at=CREDIT_SUM, initial="randn()"
            ),
        }
