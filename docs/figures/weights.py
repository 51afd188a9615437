"""Weights and eigenvalues
=======================

`plot_weights` shows a matrix ``[post, pre]`` on a symmetric scale, `plot_spectrum` its eigenvalues
with the unit circle, `plot_changes` how much it has changed.
"""

import matplotlib.pyplot as plt
from brian2 import ms

from brian_rflo import plotting, reference
from brian_rflo.network import initial_weights
from brian_rflo.tasks import PeriodicOutput

task = PeriodicOutput(period=200 * ms)
result = reference.train(
    task, initial_weights(50, 0, 1, networks=1, gain=1.5, seed=1), "rflo", 0.03, 10 * ms, trials=300
)
before, after = (
    weights["recurrent"][0] for weights in (result.weights_before, result.weights_after)
)

plotting.plot_weights(after)

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
plotting.plot_spectrum(before, left, name="untrained", label="before")
plotting.plot_spectrum(after, left, name="rflo", label="after")
plotting.legend_over(left)
plotting.plot_changes(before, after, right, name="rflo")
