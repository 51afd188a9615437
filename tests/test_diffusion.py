"""Learning signals that spread over a grid, against NumPy."""

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms
from targets import NUMPY_FIRST

from brian_rflo import RFLO, LearningNetwork, PerTrial, RateNeurons
from brian_rflo.brian.devices import device
from brian_rflo.credit import Diffusion, RandomFeedback
from brian_rflo.tasks import ArrayTask

N, STEPS, SHAPE = 6, 12, (4, 3)


def network(path, networks=2):
    rng = np.random.default_rng(3)
    inputs, target = rng.normal(size=(2, 2, STEPS, 2))
    its = ArrayTask(inputs=inputs, target=target, dt=1 * ms)
    shapes = dict(recurrent=(N, N), input=(N, 2), output=(2, N), feedback=(N, 2))
    defaultclock.dt = its.dt
    return LearningNetwork(
        its,
        RateNeurons(networks * N, tau=4 * ms),
        RFLO(0.3, tau=4 * ms),
        credit=path,
        networks=networks,
        learn=PerTrial(),
        initial={name: rng.normal(size=(networks, *shape)) for name, shape in shapes.items()},
    )


def test_without_a_field_that_lasts_it_is_the_feedback_to_the_bit():
    plain, same, spread = (
        network(path).train(3).weights_after["recurrent"]
        for path in (RandomFeedback(), Diffusion(SHAPE, keep=0), Diffusion(SHAPE))
    )
    np.testing.assert_array_equal(same, plain)
    assert np.abs(spread - plain).max() > 1e-3


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_the_field_is_that_of_numpy(target):
    with device(target):
        net = network(Diffusion(SHAPE, keep=0.75, seed=2))
        told = StateMonitor(net.neurons, "feedback", record=range(2 * N), when="end")
        error = StateMonitor(net.readout, "error", record=range(4), when="end")
        net.add(told, error)
        B = net.weights()["feedback"]
        net.train(2)
        L, e = told.feedback.T, error.error.T
    places = np.random.default_rng(2).permutation(12)[:N]
    x, y = np.divmod(places, SHAPE[1])
    for network_ in range(2):
        own, outputs = slice(network_ * N, network_ * N + N), slice(2 * network_, 2 * network_ + 2)
        g = np.zeros(SHAPE)
        for t in range(2 * STEPS):
            g = np.zeros(SHAPE) if t % STEPS == 0 else g
            moved = [np.roll(g, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)]
            g = 0.75 * np.mean(moved, axis=0)
            g[x, y] += B[network_] @ e[t, outputs]
            np.testing.assert_allclose(L[t, own], g[x, y], rtol=0, atol=1e-11)
    assert np.abs(L).max() > 1


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Diffusion(4), "Diffusion: shape must be width and height of a grid; got 4"),
        (lambda: Diffusion("ab"), "shape must be width and height of a grid; got 'ab'. Write"),
        (lambda: Diffusion((2, 5)), "Diffusion: shape must be a whole number of at least 3; got 2"),
        (lambda: Diffusion(SHAPE, keep=2), "Diffusion: keep must be from 0 to 1; got 2"),
        (lambda: network(Diffusion((3, 3), seed=-1)), "Diffusion: seed must be a whole number"),
        (lambda: network(Diffusion((3, 3)), 1) and network(Diffusion((3, 1))), "at least 3"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_grid_has_a_place_for_each_neuron():
    net = network(Diffusion((3, 3)))
    assert len(net.credit.projections["inward"]) == 2 * N
    its = net.task
    with pytest.raises(ValueError, match=r"a place for each of 20 neurons; got \(4, 3\)"):
        LearningNetwork(its, RateNeurons(20, 4 * ms), RFLO(0.1, 4 * ms), credit=Diffusion(SHAPE))
