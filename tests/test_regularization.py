"""Firing-rate regularisation: against an independent sum in NumPy, on every path, and what it does
to rates.
"""

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, PoissonGroup, SpikeMonitor, defaultclock, ms, mV
from brian2.core.base import BrianObjectException
from helpers import assemble

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    Delta,
    FiringRate,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    reference,
)
from brian_rflo.brian.devices import device
from brian_rflo.network import Murray2019
from brian_rflo.reference.spiking import LIF
from brian_rflo.tasks import CursorMovements

N, TAU, NETWORKS, TRIALS = 12, 20 * ms, 2, 4
CURSOR = CursorMovements(movement=60 * ms, seed=3, input_height=2.0)
HELD = {"spikes": FiringRate(10 * Hz, 300), "rates": FiringRate(0.2, 30)}


def neurons_of(kind, networks=NETWORKS):
    rng, size = np.random.default_rng(5), networks * N
    if kind == "rates":
        return RateNeurons(size, tau=TAU)
    return LIFNeurons(
        size,
        tau=10 * ms,
        tau_syn=TAU,
        bias=rng.uniform(1, 1.5, size),
        initial=rng.uniform(0, 1, size),
        refractory=3 * ms,
    )


def network(kind, held=True, **options):
    defaultclock.dt = CURSOR.dt
    options = dict(update="trial", optimizer=Adam(decay=5)) | options
    return assemble(
        CURSOR,
        neurons_of(kind),
        RFLO(0.02, tau=TAU),
        Delta(0.04),
        networks=NETWORKS,
        gain=1.0,
        seed=4,
        regularization=HELD[kind] if held else None,
        **options,
    )


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize(
    "kind, target",
    [
        ("spikes", "numpy"),
        ("rates", "numpy"),
        pytest.param("rates", "cython", marks=[pytest.mark.compiled, pytest.mark.model]),
        pytest.param("spikes", "cpp_standalone", marks=[pytest.mark.compiled, pytest.mark.model]),
    ],
)
def test_as_the_reference(target, kind):
    with device(target):
        net = network(kind)
        parameters = LIF.of(net.neurons, NETWORKS) if kind == "spikes" else None
        result = net.train(TRIALS)
        assert target == "numpy" or net.recurrent.dense.why_not_batched is None
    rates = {"recurrent": 0.02, "input": 0.02, "output": 0.04}
    expected, free = (
        reference.train(
            CURSOR,
            result.weights_before,
            "rflo",
            rates,
            TAU,
            TRIALS,
            optimizer=Adam(decay=5),
            neurons=parameters,
            regularization=held,
        )
        for held in (HELD[kind], None)
    )
    for name in ("recurrent", "input", "output"):
        assert relative(result.weights_after[name], expected.weights_after[name]) < 1e-10, name
    assert relative(free.weights_after["recurrent"], expected.weights_after["recurrent"]) > 1e-3
    assert relative(result.losses, expected.losses) < 1e-10


@pytest.mark.parametrize("kind", HELD)
@pytest.mark.compiled
@pytest.mark.model
def test_runs_may_stop_anywhere(kind):
    """Histories and ordinary objects leave the same numbers where a run stops within a trial."""
    ends = []
    for target in ("numpy", "cython"):
        with device(target):
            net = network(kind)
            for steps in (30, 40, 61, 77):
                net.run(steps * ms)
            ends.append(
                [
                    np.array(getattr(net.recurrent, name))
                    for name in ("w", "trace", "change", "summed")
                ]
            )
    for one, other in zip(*ends):
        assert relative(one, other) < 1e-10 and np.abs(other).max() > 0


@pytest.mark.parametrize("kind", HELD)
def test_at_every_step_it_is_nearly_the_same(kind):
    changes = {}
    for update in ("trial", "step"):
        for held in (True, False):
            net = network(kind, held, update=update, optimizer=SGD())
            for part in net.trials.projections:
                part.learning_rate = 1e-6
            result = net.train(1)
            changes[update, held] = (
                result.weights_after["recurrent"] - result.weights_before["recurrent"]
            )
    errors = [changes[update, True] - changes[update, False] for update in ("trial", "step")]
    assert np.corrcoef(errors[0].ravel(), errors[1].ravel())[0, 1] > 0.7


def test_it_brings_rates_to_their_target():
    rates = {}
    for strength in (0, 3000):
        defaultclock.dt = CURSOR.dt
        net = LearningNetwork(
            CURSOR,
            neurons_of("spikes"),
            RFLO(0.02, tau=TAU),
            readout_rule=Delta(0.04),
            learn=PerTrial(Adam()),
            regularization=FiringRate(10 * Hz, strength),
            initial=Murray2019(gain=1.0, seed=4),
            networks=NETWORKS,
        )
        net.train(60)
        rates[strength] = float(np.mean(net.neurons.spike_count)) / float(CURSOR.duration)
    assert abs(rates[3000] - 10) < 4 and rates[0] > 30


def test_spikes_of_a_group_of_ones_own_are_counted_trial_by_trial():
    defaultclock.dt = CURSOR.dt
    mine = NeuronGroup(
        5,
        "dv/dt = (1.5 - v)/(10*ms) : 1\ndI/dt = -I/(5*ms) : 1\nactivity : 1\ngain :"
        " 1\nfeedback : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
        name="mine",
    )
    recurrent, readout = (
        PlasticSynapses(
            mine,
            mine,
            FiringRate(10 * Hz, 300).around(RFLO(0.1, tau=TAU)),
            onto="I",
            learn=PerTrial(),
        ),
        Readout(CURSOR),
    )
    recurrent.connect()
    spikes = SpikeMonitor(mine)
    Network(mine, readout, recurrent, Trials(CURSOR, readout, recurrent), spikes).run(
        CURSOR.duration * 2
    )
    counted = recurrent.cells["post"].n_spikes
    np.testing.assert_array_equal(
        counted, np.bincount(spikes.i[spikes.t >= CURSOR.duration], minlength=5)
    )
    assert counted[0] > 1


BAD = {
    "no rate": (
        lambda: FiringRate(10 * mV, 300),
        "FiringRate: target must be one rate, for example 10",
    ),
    "negative strength": (
        lambda: FiringRate(10 * Hz, -1),
        "FiringRate: strength must be a finite number and not negative; got -1",
    ),
    "negative target": (
        lambda: LearningNetwork(
            CURSOR,
            neurons_of("spikes", 1),
            RFLO(0.1, tau=TAU),
            regularization=FiringRate(-10 * Hz, 1),
        ),
        "FiringRate: target must not be negative",
    ),
    "hertz for rates": (
        lambda: LearningNetwork(
            CURSOR,
            neurons_of("rates", 1),
            RFLO(0.1, tau=TAU),
            regularization=FiringRate(10 * Hz, 1),
        ),
        "has rates, not spikes, so its target must be a number",
    ),
    "a number for spikes": (
        lambda: LearningNetwork(
            CURSOR, neurons_of("spikes", 1), RFLO(0.1, tau=TAU), regularization=FiringRate(0.1, 1)
        ),
        "spikes, so its target must be a rate, for example 10",
    ),
    "a rule without": (
        lambda: PlasticSynapses(
            PoissonGroup(2, 5 * Hz),
            Readout(CURSOR),
            FiringRate(0.1, 1).around(Delta(0.1)),
            onto="output",
        ),
        "FiringRate: Delta has no rate_gradient",
    ),
    "no value object": (
        lambda: LearningNetwork(
            CURSOR, neurons_of("rates", 1), RFLO(0.1, tau=TAU), regularization=10 * Hz
        ),
        "regularization must be FiringRate",
    ),
    "online baseline": (
        lambda: reference.train(CURSOR, {}, "rtrl", 0.1, TAU, 1, regularization=HELD["rates"]),
        "regularization of rates needs a rule that goes backwards",
    ),
}


@pytest.mark.parametrize("act, message", BAD.values(), ids=BAD)
def test_bad_input(act, message):
    defaultclock.dt = CURSOR.dt
    with pytest.raises((TypeError, ValueError), match=message):
        act()


def test_it_needs_trials():
    defaultclock.dt = CURSOR.dt
    neurons = neurons_of("spikes", 1)
    recurrent = PlasticSynapses(
        neurons,
        neurons,
        FiringRate(10 * Hz, 300).around(RFLO(0.1, tau=TAU)),
        onto="I_rec",
        name="recurrent",
    )
    recurrent.connect()
    with pytest.raises(BrianObjectException) as error:
        Network(neurons, recurrent).run(1 * ms)
    assert "reads trial_steps, the length of a trial, but was not passed to a Trials" in str(
        error.value.__cause__
    )
