"""Find a good learning rate: four networks at each of three rates; if interrupted, it resumes."""

from brian2 import *

from brian_rflo import *
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput


def train(learning_rate, seed):
    """Train one network; called in a new process with a fresh Brian2."""
    task = PeriodicOutput(period=200 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(30, tau=10 * ms),
        RFLO(learning_rate, tau=10 * ms),
        initial=Murray2019(seed=seed),
    )
    return net.train(200)


prefs.codegen.target = "numpy"  # of all networks; without this line Brian2 compiles first
table = sweep(train, {"learning_rate": [0.01, 0.03, 0.1], "seed": range(4)}, "results/sweep")
print(table)

result = table.result(learning_rate=0.03, seed=2)  # what train returned
data = table.to_xarray()  # all of it, along learning_rate and seed
print(data.losses.isel(trial=slice(-100, None)).median(["trial", "seed"]).values.ravel())
table.plot("learning_rate")
show()
