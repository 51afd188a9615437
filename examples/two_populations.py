"""Sparsely connected neurons of two kinds, whose weights keep their signs while they learn."""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.network import Murray2019, Sparse
from brian_rflo.tasks import PeriodicOutput
from brian_rflo.updates import DALE

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=200 * ms)
defaultclock.dt = task.dt
excitatory = arange(100) < 80  # 80 excitatory and 20 inhibitory neurons
net = LearningNetwork(
    task,
    RateNeurons(100, tau=10 * ms, excitatory=excitatory),
    RFLO(learning_rate=0.03, tau=10 * ms),
    constraint=DALE,
    connectivity={"recurrent": Sparse(probability=0.1)},
    initial=Murray2019(seed=4),
)
result = net.train(200, report="text")
activity = StateMonitor(net.neurons, "activity", record=True)
net.add(activity)
net.run(task.duration)

print(result)
before, after = (w["recurrent"][0] for w in (result.weights_before, result.weights_after))
print(f"{count_nonzero(before)} synapses before, {count_nonzero(after)} after")
assert not after[before == 0].any() and (after * where(excitatory, 1, -1) >= 0).all()

_, (left, middle, right) = subplots(1, 3, figsize=(11, 3.2), layout="constrained")
left.semilogy(result.losses[0])
left.set(xlabel="Trial", ylabel="Loss")
bins = linspace(after.min(), after.max(), 60)
blue, red = plotting.CYCLE[:2]
for cells, colour, name in ((excitatory, red, "Excitatory"), (~excitatory, blue, "Inhibitory")):
    middle.plot(result.times * 1000, activity.activity[cells][:4].T, colour, lw=0.8)
    right.hist(after[:, cells][after[:, cells] != 0], bins, color=colour, label=name)
middle.set(xlabel="Time in trial (ms)", ylabel="Activity of four neurons each")
right.set(xlabel="Weight after training", ylabel="Synapses")
right.legend(frameon=False)
show()
