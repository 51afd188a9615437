"""The exact gradient of networks of subgroups: parts of a group send and receive by projections of
their own.
"""

from functools import partial

import numpy as np
import pytest
from brian2 import defaultclock, ms
from gradient_networks import LEAK, waves

from brian_rflo import (
    RFLO,
    Delta,
    FixedSynapses,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.checks import check_gradient
from brian_rflo.network import TrialNetwork
from brian_rflo.readouts import TaskInput

MODEL = pytest.mark.model
TASK = waves(40, graded=True)
N, N_E = 9, 6


def rates():
    return RateNeurons(N, tau=LEAK, bias=np.linspace(-0.3, 0.3, N), name="all")


def spiking():
    bias = np.linspace(1.2, 1.8, N)
    return LIFNeurons(N, tau=20 * ms, tau_syn=15 * ms, bias=bias, refractory=2 * ms, name="all")


def matrices(gain):
    """Weights of all projections, by name."""
    rng = np.random.default_rng(2)
    return {
        "E_to_E": gain * rng.random((N_E, N_E)) / N_E,
        "E_to_I": gain * rng.random((N - N_E, N_E)) / N_E,
        "I_to_E": -gain * rng.random((N_E, N - N_E)) / (N - N_E),
        "inward": rng.standard_normal((N_E, 2)),
        "outward": rng.standard_normal((2, N - N_E)),
    }


def network(make=rates, gain=1.5):
    """Excitatory neurons receive the input, inhibitory ones are read out; some weights learn."""
    defaultclock.dt = TASK.dt
    neurons, inputs, readout = make(), TaskInput(TASK), Readout(TASK)
    E, I = neurons[:N_E], neurons[N_E:]  # noqa: E741
    rule = RFLO(0.1, tau=neurons.activity_tau)
    parts = [
        PlasticSynapses(E, E, rule, "I_rec", name="E_to_E", learn=PerTrial()),
        FixedSynapses(E, I, onto="I_rec", name="E_to_I"),
        FixedSynapses(I, E, onto="I_rec", name="I_to_E"),
        PlasticSynapses(inputs, E, rule, "I_in", name="inward", learn=PerTrial()),
        PlasticSynapses(I, readout, Delta(0.1), "output", name="outward", learn=PerTrial()),
    ]
    for part in parts:
        part.connect()
        part.set_matrix(matrices(gain)[part.name])
    trials = Trials(TASK, neurons, inputs, readout, *(parts[k] for k in (0, 3, 4)))
    return TrialNetwork(neurons, inputs, readout, *parts, trials)


def by_hand():
    """The gradient of the rate network, by a recursion over one matrix for all its neurons."""
    given, dt = matrices(1.5), 0.1
    W, inward, outward = np.zeros((N, N)), np.zeros((N, 2)), np.zeros((2, N))
    W[:N_E, :N_E], W[N_E:, :N_E], W[:N_E, N_E:] = (given[k] for k in ("E_to_E", "E_to_I", "I_to_E"))
    inward[:N_E], outward[:, N_E:] = given["inward"], given["outward"]
    x, target, mask = TASK.trial(0)
    steps = len(x)
    h, phi = np.full((steps + 1, N), 0.1), np.zeros((steps, N))
    for t in range(steps):
        phi[t] = np.tanh(W @ h[t] + inward @ x[t] + np.linspace(-0.3, 0.3, N))
        h[t + 1] = h[t] + dt * (phi[t] - h[t])
    found = {"W": np.zeros((N, N)), "inward": np.zeros((N, 2)), "outward": np.zeros((2, N))}
    later = np.zeros(N)
    for t in reversed(range(steps)):
        error = np.reshape(mask[t], -1) * (outward @ h[t + 1] - target[t]) / steps
        found["outward"] += np.outer(error, h[t + 1])
        later += outward.T @ error
        drive = dt * (1 - phi[t] ** 2) * later
        found["W"] += np.outer(drive, h[t])
        found["inward"] += np.outer(drive, x[t])
        later = (1 - dt) * later + W.T @ drive
    return {
        "E_to_E": found["W"][:N_E, :N_E],
        "E_to_I": found["W"][N_E:, :N_E],
        "I_to_E": found["W"][:N_E, N_E:],
        "inward": found["inward"][:N_E],
        "outward": found["outward"][:, N_E:],
    }


def test_rates_are_those_of_one_recursion():
    expected = by_hand()
    found = network().gradient(1, by=list(expected))
    for name, values in expected.items():
        value = found[name][0]
        value = value.toarray() if hasattr(value, "toarray") else value
        assert value.shape == values.shape, name
        assert np.abs(value - values).max() < 1e-12 * np.abs(values).max(), name


@MODEL
@pytest.mark.parametrize("cut", [(), "I_to_E"])
@pytest.mark.parametrize("make, moves", [(rates, (1e-5, 1e-6)), (spiking, (1e-6, 1e-7))])
def test_they_agree_with_finite_differences(make, moves, cut):
    by = list(matrices(1))
    check_gradient(partial(network, make), by=by, cut=cut, moves=moves, directions=1)
