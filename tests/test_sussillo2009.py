"""The networks of models/sussillo2009 in a smaller size against NumPy; what its table counts."""

import numpy as np
from brian2 import StateMonitor, ms
from brian_rflo.models.sussillo2009 import spiking_training, training
from brian_rflo.models.sussillo2009.sines import errors
from test_force import recursive_least_squares


def test_the_networks_are_those_of_the_equations():
    n, seeds, steps = 12, [3, 4], 80
    net = training.network(n, 1.5, seeds)
    outputs = StateMonitor(net.readout, "output", True, when="end")
    net.add(outputs)
    net.run(steps * ms)
    for seed, output in zip(seeds, outputs.output):
        names = "recurrent", "back", "start", "first"
        given = dict(zip(names, training.drawn(n, 1.5, seed)))
        target = training.four_sines()[:steps, None]
        wanted, *_ = recursive_least_squares(given, target, training.ALPHA, training.EVERY)
        assert np.abs(output - wanted[:, 0]).max() < 1e-10
        assert np.abs(wanted).max() > 0.1


def test_spiking_networks_spike_and_learn():
    net = spiking_training.network(40, [3, 4])
    losses = net.train(3).losses
    assert (losses < 0.25 / 5).all()  # 0.25 without an output
    assert np.array(net["neurons"].spike_count).sum() > 0


def test_errors_are_means_of_periods():
    cycle = training.four_sines()
    outputs = np.stack([np.tile(cycle, 2), np.concatenate([cycle, cycle + 0.5])])
    np.testing.assert_allclose(errors(outputs), [[0, 0], [0, 0.5]], atol=1e-15)
