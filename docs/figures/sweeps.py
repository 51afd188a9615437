"""Sweeps
======

`plot_sweep` shows a number of each network of a `sweep` against one of its parameters, and the
medians: a line for each value of the other parameters, or of those in ``hue``.
"""

import tempfile

from brian2 import ms

from brian_rflo import plotting, reference, sweep
from brian_rflo.network import initial_weights
from brian_rflo.tasks import PeriodicOutput


def train(learning_rate, neurons, seed):
    task = PeriodicOutput(period=200 * ms)
    return reference.train(
        task,
        initial_weights(neurons, 0, 1, networks=1, gain=1.5, seed=seed),
        "rflo",
        learning_rate,
        10 * ms,
        trials=60,
    )


with tempfile.TemporaryDirectory() as folder:
    table = sweep(
        train,
        {"learning_rate": [0.003, 0.01, 0.03, 0.1], "neurons": [10, 30], "seed": range(3)},
        folder,
        workers=1,
        report=None,
    )

plotting.plot_sweep(table, "learning_rate", "final_loss")
