"""Tasks
=====

`plot_task` and, where inputs are spikes, `plot_spike_task`, which are also ``task.plot()``.
"""

from brian2 import ms

from brian_rflo import plotting
from brian_rflo.tasks import EvidenceAccumulation, IntervalMatching

plotting.plot_task(IntervalMatching(n_inputs=2))

# %%
plotting.plot_spike_task(EvidenceAccumulation(n_cues=3, delay=200 * ms))
