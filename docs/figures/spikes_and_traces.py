"""Spikes and traces
=================

`plot_raster` takes what a SpikeMonitor has recorded, `plot_traces` what a StateMonitor has,
`plot_rates` the firing rates of neurons.
"""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.network import Murray2019
from brian_rflo.tasks import PeriodicOutput

task = PeriodicOutput(period=300 * ms)
defaultclock.dt = task.dt
neurons = LIFNeurons(
    60, tau=20 * ms, tau_syn=50 * ms, bias=np.linspace(1, 1.5, 60), refractory=3 * ms
)
net = LearningNetwork(task, neurons, RFLO(1e-3, tau=50 * ms), initial=Murray2019(gain=0.5))
spikes = SpikeMonitor(neurons)
traces = StateMonitor(net.recurrent, "trace", record=net.recurrent[:3, 5], when="end")
net.add(spikes, traces)
net.train(1)

plotting.plot_raster(spikes.t, spikes.i)

# %%
plotting.plot_traces(traces.t, traces.trace.T, labels=["0 to 5", "1 to 5", "2 to 5"]).set(
    ylabel="Eligibility"
)

# %%
plotting.plot_rates(spikes.count / task.duration)
