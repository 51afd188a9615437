"""Rate and spiking networks learn the same task by the same rule; only one line differs."""

from brian2 import *

from brian_rflo import *
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=500 * ms)
defaultclock.dt = task.dt
tau_syn = 50 * ms  # of the rates, and of the synapses of spiking neurons
rng = np.random.default_rng(1)

kinds = {
    "rate": RateNeurons(100, tau=tau_syn),
    "spiking": LIFNeurons(
        100,
        tau=20 * ms,
        tau_syn=tau_syn,
        bias=rng.uniform(1, 1.5, 100),
        refractory=3 * ms,
        initial=rng.uniform(0, 1, 100),
    ),
}
figure(layout="constrained")
for kind, neurons in kinds.items():
    net = LearningNetwork(
        task,
        neurons,
        RFLO(learning_rate=1e-3, tau=tau_syn),
        readout_rule=Delta(learning_rate=3e-3),
        learn=PerTrial(Adam(decay=100)),
        initial=Murray2019(gain=1.5 if kind == "rate" else 0.5),
    )
    if kind == "spiking":
        spikes = SpikeMonitor(neurons)
        net.add(spikes)
    result = net.train(60, report="text")
    subplot(211)
    loglog(arange(1, len(result.losses[0]) + 1), result.losses[0], label=kind)

xlabel("Trial")
ylabel("Loss")
legend()
subplot(212)
last = spikes.t > net.t - task.duration
plot((spikes.t[last] - net.t + task.duration) / ms, spikes.i[last], ".k", markersize=2)
xlabel("Time in last trial (ms)")
ylabel("Neuron")
show()
