"""Three synapses onto one neuron, step by step, in the first trial of a spiking network."""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=500 * ms)
defaultclock.dt = task.dt
rng = np.random.default_rng(1)
tau_syn, rate = 50 * ms, 0.01
neurons = LIFNeurons(
    20,
    tau=20 * ms,
    tau_syn=tau_syn,
    bias=rng.uniform(1, 1.5, 20),
    refractory=3 * ms,
    initial=rng.uniform(0, 1, 20),
)
net = LearningNetwork(
    task, neurons, RFLO(rate, tau=tau_syn), readout_rule=Delta(0.03), initial=Murray2019(gain=0.5)
)  # weights change in every step

pre, post = [0, 1, 2], 5
spikes = SpikeMonitor(neurons)
source = StateMonitor(neurons, "psp", record=pre, when="end")
target = StateMonitor(neurons, ["gain", "feedback"], record=[post], when="end")
synapses = StateMonitor(net.recurrent, ["trace", "w"], record=net.recurrent[pre, post], when="end")
net.add(spikes, source, target, synapses)
before = np.array(net.recurrent.w[pre, post])[:, None]
net.train(1)

# The trace low-passes the product of pseudo-derivative and activity; times the learning signal it
# is the change of the weight.
decay = exp(-task.dt / tau_syn)
last = np.hstack([zeros((3, 1)), synapses.trace[:, :-1]])
assert np.allclose(synapses.trace, decay * last + (1 - decay) * target.gain * source.psp)
assert np.allclose(
    np.diff(synapses.w, prepend=before),
    rate / task.n_steps * target.feedback * synapses.trace,
    atol=1e-12,
)

figure, rows = subplots(6, 1, figsize=(7.5, 7.5), sharex=True, layout="constrained")
rows[0].eventplot(
    [spikes.t[spikes.i == neuron] / ms for neuron in pre],
    lineoffsets=pre,
    linelengths=0.7,
    colors=plotting.CYCLE[:3],
)
rows[0].set_yticks([])
for row, values in zip(
    rows[1:],
    (source.psp, target.gain, synapses.trace, target.feedback, 1e3 * (synapses.w - before)),
):
    row.set_prop_cycle(color=plotting.CYCLE)
    row.plot(source.t / ms, values.T, color=None if len(values) == 3 else "0.3")
    row.axhline(0, color="0.8", linewidth=0.8, zorder=0)
for row, name in zip(
    rows,
    (
        "Spikes of three neurons j",
        "Low-passed activity of j, as a membrane sees it",
        "Pseudo-derivative of neuron i",
        "Eligibility trace ij: pseudo-derivative times activity, low-passed",
        "Learning signal at neuron i: the projected error",
        "Weight change ij (1e-3): the sum of learning signal times trace",
    ),
):
    row.set_title(name, loc="left", fontsize="medium")
    row.spines[["top", "right"]].set_visible(False)
rows[-1].set_xlabel("Time in trial (ms)")
show()
