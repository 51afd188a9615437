"""A credit path that learns: local synthetic gradients.

Two bits of a stream, of two and four steps ago, are to be added. Neurons learn to predict how later
losses depend on them (Marschall, Cho & Savin 2019). All that their compartments do in a step is
printed; the figure shows what they hold.
"""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.credit import LocalDNI
from brian_rflo.network import AllToAll
from brian_rflo.readouts import Softmax
from brian_rflo.rules import Instantaneous
from brian_rflo.tasks import Add

prefs.codegen.target = "numpy"  # begins at once
seed(1)
task = Add(first=2, second=4, length=500 * ms)  # a loss for each 500 steps
defaultclock.dt = task.dt
path = LocalDNI(credit_rate=0.05, predictor_rate=0.01)
print(path)
net = LearningNetwork(
    task,
    RateNeurons(3 * 24, tau=1 * ms, initial=0),  # three networks
    Instantaneous(0.01, tau=1 * ms),
    readout=Softmax(),
    readout_rule=Delta(0.01),
    credit=path,
    connectivity={"bias": AllToAll(), "output_bias": AllToAll()},
    networks=3,
)
names = ["activity", "prediction", "credit", "mismatch"]
held = StateMonitor(net.credit.cells["post"], names, record=[0], when="end")
net.add(held)
print(result := net.train(10))
print("knowing nothing: .662, one of the bits: .519, both: .454")
result.plot()
values = np.array([getattr(held, name)[0, -50:] for name in names]).T
plotting.plot_traces(held.t[-50:], values, labels=names).set(title="Compartments of a neuron")
show()
