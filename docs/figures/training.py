"""A training at a glance
======================

`plot_training`, which is also ``result.plot()``: loss, last output, alignment of readout and
feedback weights. The three are functions of their own, `plot_losses`, `plot_output` and
`plot_alignment`.
"""

from brian2 import ms

from brian_rflo import plotting, reference
from brian_rflo.network import initial_weights
from brian_rflo.tasks import PeriodicOutput

task = PeriodicOutput(period=200 * ms)
result = reference.train(
    task, initial_weights(30, 0, 1, networks=5, gain=1.5, seed=1), "rflo", 0.03, 10 * ms, trials=400
)
plotting.plot_training(result)

# %%
# On axes of your own:
ax = plotting.plot_output(
    result.times,
    result.first_output[0],
    result.target,
    mask=result.mask,
    label="before",
    color="black",
    linestyle=":",
)
plotting.plot_output(
    result.times, result.output[0], result.target, ax, name="rflo", mask=result.mask, label="after"
)
plotting.legend_over(ax)
