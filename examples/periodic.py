"""A recurrent rate network learns a periodic output by RFLO, in ordinary Brian2 objects."""

from brian2 import *

from brian_rflo import *
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=200 * ms)
defaultclock.dt = task.dt
seed(1)

neurons = RateNeurons(30, tau=10 * ms, initial=0.1)
readout = Readout(task)

recurrent = PlasticSynapses(neurons, neurons, RFLO(learning_rate=0.03, tau=10 * ms), onto="I_rec")
recurrent.connect()
recurrent.w = "1.5*randn()/sqrt(N_pre)"
output = PlasticSynapses(neurons, readout, Delta(learning_rate=0.03), onto="output")
output.connect()
output.w = "(2*rand() - 1)/sqrt(N_pre)"
feedback = FeedbackSynapses(readout, neurons)  # fixed random weights
feedback.connect()

trials = Trials(task, neurons, readout, recurrent, output)
loss = LossMonitor(trials)
run(200 * task.duration, report="text")

figure(layout="constrained")
loglog(loss.t / task.duration, loss.loss[0])
xlabel("Trial")
ylabel("Loss")
show()
