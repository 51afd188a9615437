"""From spikes to weight changes, step by step: recording three synapses onto one neuron in the
first trial.
"""

from brian2 import *

from brian_rflo import *
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

figure, rows = subplots(6, 1, figsize=(7, 9), sharex=True, layout="constrained")
rows[0].eventplot(
    [spikes.t[spikes.i == neuron] / ms for neuron in pre],
    lineoffsets=pre,
    linelengths=0.7,
    colors=["C0", "C1", "C2"],
)
for row, values in zip(
    rows[1:],
    (source.psp, target.gain, synapses.trace, target.feedback, 1e3 * (synapses.w - before)),
):
    row.plot(source.t / ms, values.T, color=None if len(values) == 3 else "0.3")
    row.axhline(0, color="0.8", linewidth=0.8, zorder=0)
for row, name in zip(
    rows,
    (
        "Spikes of three\nneurons j",
        "Low-passed\nactivity of j",
        "Pseudo-derivative\nof neuron i",
        "Eligibility\ntrace ij",
        "Learning signal\nat neuron i",
        "Weight change\nij (1e-3)",
    ),
):
    row.set_ylabel(name)
rows[0].set(yticks=[])
rows[-1].set_xlabel("Time in trial (ms)")
figure.align_ylabels()
show()
