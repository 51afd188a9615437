"""Neurons that come to fire once per trial, one after the other, and tell the time.

Presynaptic-dependent scaling (Buonomano 2005, J Neurophysiol 94:2275) has neither error nor reward:
weights scale once per trial, so that each neuron fires as often as it should.
"""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.neurons import ConductanceNeurons
from brian_rflo.readouts import SpikeTraces
from brian_rflo.rules import PresynapticScaling
from brian_rflo.tasks import ArrayTask
from brian_rflo.trials import TrialMonitor

prefs.codegen.target = "numpy"  # begins at once
seed(1)
defaultclock.dt = 0.5 * ms
time = arange(80) * 0.5  # of a trial, in ms
told_in = (time >= 15) & (time < 24)
task = ArrayTask(target=time / 20, mask=told_in, dt=0.5 * ms)
neurons = {"noise": 0.4 * mV, "average_rate": 0.2}
excitatory = ConductanceNeurons(120, tau=30 * ms, refractory=3 * ms, **neurons)
inhibitory = ConductanceNeurons(30, 10 * ms, 2 * ms, ahp=0, goal=2, **neurons)
rule = PresynapticScaling(learning_rate=0.05)
learns = {"learn": PerTrial(), "constraint": "w = clip(w, 1e-4, 1)"}
ee = PlasticSynapses(excitatory, excitatory, rule, "g_exc", delay=1.5 * ms, **learns)
ei = PlasticSynapses(excitatory, inhibitory, rule, "g_exc", delay=1 * ms, **learns)
ie = FixedSynapses(inhibitory, excitatory, onto="g_inh")
ee.connect("i != j and j >= 12", p=0.3)  # the first twelve are the stimulus
ei.connect(p=0.3)
ie.connect("j >= 12", p=0.3)
ee.w, ei.w, ie.w = "clip(0.1 + 0.05*randn(), 0.01, 1)", "0.05 + 0.02*rand()", 0.05

traces, readout = SpikeTraces(excitatory, tau=5 * ms), Readout(task)  # what tells the time
output = PlasticSynapses(traces, readout, Delta(0.3), onto="output")
output.connect()
trials = Trials(task, excitatory, inhibitory, ee, ei, traces, readout, output)
trials.at_start(excitatory, "fires_in = int(i < 12)*int((11*ms + 0.3*ms*randn())/dt) - 1")
counts = TrialMonitor(trials, excitatory, "spike_count")
told, spikes = StateMonitor(readout, "output", record=True, when="end"), SpikeMonitor(excitatory)
net = Network(excitatory, inhibitory, ee, ei, ie, traces, readout, output, trials, counts)
net.run(200 * task.duration, report="text")
net.add(told, spikes)
ee.plastic = ei.plastic = output.plastic = False  # trials that nothing learns from
net.run(10 * task.duration)
print("share that fires once:", (counts.spike_count[12:, -10:] == 1).mean())

_, (left, middle, right) = subplots(1, 3, figsize=(11, 3.4), layout="constrained")
left.plot(counts.spike_count[12:].mean(axis=0))
left.set(xlabel="Trial", ylabel="Spikes per neuron")
when = rint(spikes.t / task.dt) % 80 * 0.5
order = argsort(argsort([mean(when[spikes.i == k]) if k in spikes.i else 0 for k in range(120)]))
middle.plot(when, order[spikes.i], ".", markersize=2)
middle.set(xlabel="Time in trial (ms)", ylabel="Neuron, by latency", xlim=(0, 40))
right.plot(time, 20 * told.output[0].reshape(-1, 80).T, color=plotting.CYCLE[0], lw=0.7)
right.plot(time[told_in], time[told_in], color="0.7", lw=4, zorder=0)
right.set(xlabel="Time in trial (ms)", ylabel="Time that is told (ms)")
show()
