"""Tracks of a cursor
==================

`plot_tracks` adds velocities up: where three networks go that learn a movement from the left to the
right and up, in units of the first movement.
"""

import numpy as np
from brian2 import ms

from brian_rflo import plotting, reference
from brian_rflo.network import initial_weights
from brian_rflo.tasks import ArrayTask

bell = np.sin(np.pi * (np.arange(100) + 1) / 100) ** 2
velocity = np.zeros((200, 2))
velocity[:100, 0] = velocity[100:, 1] = bell
task = ArrayTask(target=velocity, dt=1 * ms)
result = reference.train(
    task, initial_weights(50, 0, 2, networks=3, gain=1.5, seed=1), "rflo", 0.03, 10 * ms, trials=400
)
plotting.plot_tracks(result.output / bell.sum(), result.target / bell.sum())
