"""Which learning rate? Twelve networks, four at each of three, on all cores; interrupt it, and it
goes on where it was.
"""

from brian2 import *

from brian_rflo import *
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput


def train(learning_rate, seed):
    """One network; called in a process of its own, in which nothing of Brian2 has happened yet."""
    task = PeriodicOutput(period=200 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(30, tau=10 * ms),
        RFLO(learning_rate, tau=10 * ms),
        initial=Murray2019(seed=seed),
    )
    return net.train(500)


prefs.codegen.target = "numpy"  # of all networks; without this line Brian2 compiles first
table = sweep(train, {"learning_rate": [0.01, 0.03, 0.1], "seed": range(4)}, "results/sweep")
print(table)

result = table.result(learning_rate=0.03, seed=2)  # what train returned
data = table.to_xarray()  # all of it, along learning_rate and seed
print(data.losses.isel(trial=slice(-100, None)).median(["trial", "seed"]).values.ravel())
table.plot("learning_rate")
show()
