"""Weights are frozen for a test phase, and learn again; a monitor has those of each tenth trial."""

from brian2 import *

from brian_rflo import *
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=200 * ms)
defaultclock.dt = task.dt
net = LearningNetwork(
    task,
    RateNeurons(30, tau=10 * ms),
    RFLO(learning_rate=0.02, tau=10 * ms),
    initial=Murray2019(seed=1),
)

weights = TrialMonitor(net.trials, net.recurrent, "w", every=10)
net.add(weights)
training = net.train(200, report="text")
net.recurrent.plastic = net.output.plastic = False  # frozen, to the bit
net.trials.at_start(
    net.neurons, "activity = initial + 0.02*randn()"
)  # other initial states than it was trained with
test = net.train(20)
net.recurrent.plastic = net.output.plastic = True
again = net.train(200)

print("training:", training)
print("test, perturbed and frozen:", test)
print("training goes on, perturbed:", again)
result = np.concatenate([part.losses[0] for part in (training, test, again)])
changes = np.abs(weights.w - training.weights_before["recurrent"][0].T.ravel()[:, None])
_, (above, below) = subplots(2, sharex=True, layout="constrained")
above.semilogy(result)
above.set_ylabel("Loss")
below.plot(weights.trial, changes.mean(axis=0))
below.set_ylabel("Mean change of\na recurrent weight")
below.set_xlabel("Trial (frozen where grey)")
for part in (above, below):
    part.axvspan(200, 220, color="0.85")
show()
