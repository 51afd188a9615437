"""A second trace filters the eligibility trace: a rule of ten lines, checked, then trained."""

from dataclasses import dataclass

from brian2 import *

from brian_rflo import *
from brian_rflo.checks import check_rule
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"


@dataclass(frozen=True)
class TwoStage(LearningRule):
    tau: Quantity
    tau_slow: Quantity
    traces = """dp/dt = (gain_post*activity_pre - p)/tau : 1 (clock-driven)
                ds/dt = (p - s)/tau_slow : 1 (clock-driven)"""
    update = "feedback_post*s"
    reset = "p = 0; s = 0"


check_rule(TwoStage(learning_rate=0.03, tau=10 * ms, tau_slow=5 * ms))

task = PeriodicOutput(period=200 * ms)
defaultclock.dt = task.dt
figure(layout="constrained")
for rule in (
    RFLO(learning_rate=0.02, tau=10 * ms),
    TwoStage(learning_rate=0.02, tau=10 * ms, tau_slow=5 * ms),
):
    net = LearningNetwork(task, RateNeurons(30, tau=10 * ms), rule, initial=Murray2019(seed=1))
    result = net.train(200, report="text")
    print(f"{type(rule).__name__}: {result}")
    semilogy(result.losses[0], label=type(rule).__name__)
xlabel("Trial")
ylabel("Loss")
legend()
show()
