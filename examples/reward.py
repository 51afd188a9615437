"""Choices learned from reward: actor and critic, with the traces of RFLO.

Four cues, a pause, and two actions, of which one is rewarded: nobody says which. The rule is that
of Bellec et al. 2020 (Nature Communications 11:3625), with rate neurons and random feedback.
"""

from brian2 import *

from brian_rflo import *
from brian_rflo.credit import TDError
from brian_rflo.readouts import ActorCritic
from brian_rflo.rules import Rewarded
from brian_rflo.tasks import ArrayTask
from brian_rflo.trials import RewardMonitor

prefs.codegen.target = "numpy"  # begins at once
step = np.arange(10)
cues = np.eye(4)[:, None] * (step < 3)[:, None]  # each in the first three of ten steps
right = np.eye(2)[[0, 1, 1, 0]][:, None].repeat(10, axis=1)  # the action that is rewarded
task = ArrayTask(inputs=cues, target=right, mask=step == 8, order="drawn", seed=1)
defaultclock.dt = task.dt  # chosen in step 8, rewarded in step 9
seed(1)
neurons = RateNeurons(5 * 30, tau=4 * ms)  # five networks
rule, readout_rule = Rewarded(RFLO(0.1, tau=4 * ms)), Rewarded(Delta(0.1))
actor, credit = ActorCritic(entropy=0.02), TDError(discount=0.99)
net = LearningNetwork(
    task, neurons, rule, actor, readout_rule=readout_rule, credit=credit, networks=5
)
answers = RewardMonitor(net.trials)
net.add(answers)
print(result := net.train(300))
print("right in the last 50 trials:", answers.reward[:, -50:].mean(axis=1))
answers.plot()
show()
