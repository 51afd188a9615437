"""Phases of an experiment: evaluate, record, lesion, go on; in one process and in one program."""

import numpy as np
import pytest
from brian2 import SpikeMonitor, StateMonitor, Synapses, defaultclock, ms, prefs, seed
from targets import LONG

from brian_rflo import (
    RFLO,
    Adam,
    EProp,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    RateNeurons,
    schedule,
)
from brian_rflo.network.contents import variables
from brian_rflo.tasks import CursorMovements

TASK = CursorMovements(movement=20 * ms, seed=1)
RUNTIME = ("numpy", pytest.param("cython", marks=LONG))


def rate_network(networks=2, batch=4, noise="0.01*randn()"):
    """Two noisy networks on random trials, with Adam and batches."""
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(8 * networks, tau=10 * ms, name="neurons")
    net = LearningNetwork(
        TASK,
        neurons,
        RFLO(0.003, tau=10 * ms),
        learn=PerTrial(Adam(), batch=batch),
        networks=networks,
    )
    if noise:
        neurons.run_regularly(f"activity += {noise}", **schedule.STATE.behind(5))
    return net


def spiking_network():
    """Spikes with delays, some of them in transit at the end of a trial; spike-driven synapses of
    the user.
    """
    defaultclock.dt = TASK.dt
    neurons = LIFNeurons(12, bias=1.6, tau=10 * ms, tau_syn=5 * ms, name="neurons")
    net = LearningNetwork(TASK, neurons, EProp(0.01, tau=10 * ms), learn=PerTrial(Adam(), batch=4))
    own = Synapses(neurons, neurons, "x : 1", on_pre="x += rand()\nv_post += 0.01*x", name="own")
    own.connect(p=0.3)
    own.delay = "(1 + 3*rand())*ms"
    neurons.run_regularly("v += 0.05*randn()", **schedule.STATE.behind(5))
    net.add(own)
    return net


def state(net):
    """All that changes in a network, the time, and a random number that comes next."""
    values = {name: variable.get_value().copy() for name, variable in variables(net).items()}
    return values | {"t": net.t_, "step": net.trials.t_in_timesteps[:], "next": np.random.rand()}


def same(one, other):
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.mark.parametrize("build", [rate_network, spiking_network])
@pytest.mark.parametrize("target", RUNTIME)
def test_evaluation_changes_nothing(build, target):
    """Neither a weight, nor a trace, nor a later random number; and trials are those that come."""
    prefs.codegen.target = target
    found = []
    for evaluates in (False, True):
        seed(3)
        net = build()
        synapses = net.recurrent
        own = [StateMonitor(synapses, "w", record=[0, 3])]
        own += [SpikeMonitor(net.neurons)] if build is spiking_network else []
        net.add(*own)
        seed(5)
        results = [net.train(10)] if evaluates else []
        if evaluates:
            test = net.evaluate(7)
            net.evaluate(2, first=3)
        results.append(net.train(10 if evaluates else 20))
        losses = np.concatenate([result.losses for result in results], axis=1)
        found.append(
            state(net)
            | {"losses": losses, "recorded": own[0].w[:], "known": net.losses.loss[:]}
            | {"spikes": own[-1].t[:]}
        )
    same(*found)
    assert test.settings["first_trial"] == 10 and test.losses.shape == (net.networks, 7)
    assert (test.losses != losses[:, 10:17]).any() and np.isfinite(test.losses).all()
    for name, before in test.weights_before.items():
        np.testing.assert_array_equal(before, test.weights_after[name])


def test_trials_of_an_evaluation_are_those_of_a_frozen_training():
    """Without noise: each loss to the bit; of trials that were and of trials that come."""
    net = rate_network(noise="")
    net.train(3)
    test, earlier = net.evaluate(5), net.evaluate(3, first=4)
    for projection in (net.recurrent, net.input_synapses, net.output):
        projection.plastic = False
    frozen = net.train(5)
    np.testing.assert_array_equal(test.losses, frozen.losses)
    np.testing.assert_array_equal(test.first_output, frozen.first_output)
    np.testing.assert_array_equal(test.output, frozen.output)
    np.testing.assert_array_equal(test.target, frozen.target)
    np.testing.assert_array_equal(earlier.losses, test.losses[:, 1:4])


def test_a_network_that_has_diverged_is_evaluated():
    """With the weights that it got back."""
    net = rate_network(networks=1)
    expected = net.evaluate(2)
    net.trials.diverged_in = 0
    np.testing.assert_array_equal(net.evaluate(2).losses, expected.losses)
    assert net.trials.diverged_in[0] == 0


@pytest.mark.parametrize("first", [-1, 1.5, True, "2"])
def test_no_such_first_trial(first):
    with pytest.raises(ValueError, match="first must be the number of a trial"):
        rate_network(networks=1).evaluate(2, first=first)
