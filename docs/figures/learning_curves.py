"""Learning curves
===============

`plot_losses`: median and quartiles over networks, on logarithmic axes. Five networks learn by RFLO
and by BPTT from the same weights.
"""

from brian2 import ms

from brian_rflo import plotting, reference
from brian_rflo.network import initial_weights
from brian_rflo.tasks import PeriodicOutput

task = PeriodicOutput(period=200 * ms)
weights = initial_weights(30, 0, 1, networks=5, gain=1.5, seed=1)

ax = None
for rule, label in (("rflo", "RFLO"), ("bptt", "BPTT")):
    result = reference.train(task, weights, rule, 0.03, 10 * ms, trials=300)
    ax = plotting.plot_losses(result.losses, ax, name=rule, label=label)
plotting.legend_over(ax)
