"""The exact gradient: against the NumPy references, finite differences, and rules in a limit."""

import numpy as np
import pytest
from brian2 import defaultclock, ms
from helpers import assemble

from brian_rflo import (
    RFLO,
    ALIFNeurons,
    DerivedNeurons,
    DiscreteLIFNeurons,
    LIFNeurons,
    RateNeurons,
)
from brian_rflo.neurons import PRESETS
from brian_rflo.reference.arguments import copies
from brian_rflo.reference.baseline_rules import RULES
from brian_rflo.reference.eprop_network import EpropNetwork
from brian_rflo.reference.simulation import Simulation
from brian_rflo.reference.spiking import LIF
from brian_rflo.rules import AdaptiveEProp
from brian_rflo.tasks import CursorMovements, EvidenceAccumulation, PeriodicOutput

TAU = 10 * ms


def relative(one, other):
    """Largest difference, in units of the largest value of the other."""
    return np.abs(np.asarray(one) - other).max() / np.abs(other).max()


def change_of_reference(net, task, trials):
    """What BPTT of the NumPy networks adds up over trials."""
    weights = {name: values for name, values in net.weights().items() if name in RULES_READ}
    total = {}
    for number in range(trials):
        simulation = Simulation(
            copies(weights), 10.0, 0.1, RULES["bptt"], 1.0, task.n_steps, online=False
        )
        _, changes = simulation.rule.run(simulation, *task.trial(number))
        total = {name: total.get(name, 0) + change for name, change in changes.items()}
    return total


RULES_READ = ("recurrent", "output", "feedback", "input")
INSIDE = "dh/dt = (-h + tanh(I_rec + I_in))/(10*ms) : 1"


def derived(N):
    """The rate neurons of the paper, from their equations."""
    return DerivedNeurons(
        N, INSIDE, input=("I_rec", "I_in"), activity="h", method="euler", initial={"h": 0.1}
    )


RATES = {
    "rate, periodic": (lambda N: RateNeurons(N, tau=TAU), None, 1, 1),
    "rate, 2 networks x 3": (lambda N: RateNeurons(N, tau=TAU), 30, 2, 3),
    "derived, 2 side by side": (derived, 30, 1, 2),
}


@pytest.mark.parametrize("case", RATES)
def test_rate_networks_are_those_of_the_reference(case):
    make, movement, networks, parallel = RATES[case]
    task = (
        PeriodicOutput(period=50 * ms)
        if movement is None
        else CursorMovements(n_movements=1, movement=movement * ms)
    )
    defaultclock.dt = task.dt
    neurons = make(10 * networks * parallel)
    rule = neurons.rule(0.03) if hasattr(neurons, "rule") else RFLO(0.03, tau=TAU)
    net = assemble(task, neurons, rule, update="trial", parallel=parallel, networks=networks)
    found = net.gradient(2 * parallel)
    expected = change_of_reference(net, task, 2 * parallel)
    for name, values in found.items():
        expected_here = -expected[name] / task.n_steps / (2 * parallel)
        assert relative(values, expected_here) < 1e-12, name
        assert np.abs(values).max() > 1e-5


@pytest.mark.parametrize("kind", ["LIF", "ALIF"])
def test_spiking_networks_are_those_of_the_reference(kind):
    """Which leaves out the adaptation, and has factors of its own."""
    task = CursorMovements(n_movements=1, movement=60 * ms)
    defaultclock.dt = task.dt
    rng = np.random.default_rng(1)
    given = dict(tau=20 * ms, tau_syn=50 * ms, refractory=3 * ms)
    given["bias"] = 1.2 + 0.1 * rng.standard_normal(20)
    neurons = (
        LIFNeurons(20, **given)
        if kind == "LIF"
        else ALIFNeurons(20, tau_adapt=200 * ms, beta=0.1, **given)
    )
    net = assemble(task, neurons, RFLO(0.03, tau=50 * ms), update="trial")
    found = net.gradient(1, resets={"a": "detach"} if kind == "ALIF" else None)
    lif = LIF.of(neurons)
    weights = net.weights()
    trial = lif.trial(weights, *task.trial(0))
    assert trial.spikes.sum() > 20
    assert np.array_equal(trial.spikes[:, 0], net.record(1, "spikes")[0])
    expected = lif.changes(RULES["bptt"], trial, weights)
    scale = -(1 - lif.decays[1]) / lif.spike_amplitude * task.n_steps
    for name, values in found.items():
        factor = -task.n_steps if name == "output" else scale
        assert relative(factor * values, expected[name]) < 1e-12, name


@pytest.mark.parametrize("beta", [0.0, 1.7])
@pytest.mark.parametrize("through_reset", [True, False])
def test_eprop_networks_are_those_of_the_reference(beta, through_reset):
    task = EvidenceAccumulation(n_cues=1, cue=40 * ms, delay=20 * ms, recall=30 * ms)
    defaultclock.dt = task.dt
    N, P = 15, 3
    rng = np.random.default_rng(4)
    betas = np.where(np.arange(N) % 2, beta, 0.0)
    neurons = DiscreteLIFNeurons(
        N * P,
        tau=20 * ms,
        tau_adapt=200 * ms,
        beta=np.tile(betas, P),
        refractory=5 * ms,
        **PRESETS["evidence_accumulation"],
    )
    recurrent = rng.standard_normal((N, N)) / np.sqrt(N)
    np.fill_diagonal(recurrent, 0)
    weights = dict(
        recurrent=recurrent,
        input=rng.standard_normal((N, 40)) / 2,
        output=rng.standard_normal((2, N)) / np.sqrt(N),
        feedback=rng.standard_normal((N, 2)),
    )
    net = assemble(
        task,
        neurons,
        AdaptiveEProp(1e-3, tau=20 * ms, tau_adapt=200 * ms),
        update="trial",
        tau_out=20 * ms,
        classify=True,
        self_connections=False,
        parallel=P,
        weights=weights,
    )
    found = net.gradient(P, cut=() if through_reset else [("v", "activity")])
    oracle = EpropNetwork(
        tau_m=20,
        tau_out=20,
        v_th=0.6,
        tau_adapt=200,
        beta=betas,
        t_ref=5,
        zeta_recurrent=1.0,
        height=0.5,
        width=0.6,
        loss="classification",
    )
    arrays = [np.stack(a) for a in zip(*(task.trial(k) for k in range(P)))]
    trial = oracle.trial(weights, *arrays)
    assert trial.spikes.sum() > 50
    symmetric = weights | {"feedback": weights["output"].T}
    expected = oracle.gradients(
        symmetric, trial, averaged=True, through_time=True, through_reset=through_reset
    )
    np.fill_diagonal(found["recurrent"][0], 0)
    for name, values in found.items():
        assert relative(P * values[0], expected[name]) < 1e-12, name
