"""Rows of synapses that rest between spikes have the numbers of synapses that are visited in each
step.
"""

import numpy as np
import pytest
from brian2 import Hz, StateMonitor, defaultclock, ms
from helpers import assemble
from resting import assert_equal, frozen, in_pieces, outcome, restored, whole, writes_between

from brian_rflo import (
    RFLO,
    Adam,
    ALIFNeurons,
    DiscreteLIFNeurons,
    EProp,
    FiringRate,
    LearningNetwork,
    LIFNeurons,
    PlasticSynapses,
    RateNeurons,
)
from brian_rflo.brian.devices import device
from brian_rflo.dense import lazy, parts
from brian_rflo.dense.ways import WAYS
from brian_rflo.network import AllToAll, Murray2019
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Leaky
from brian_rflo.tasks import PatternGeneration, PeriodicOutput

pytestmark = pytest.mark.compiled
N, TAU, TAU_SYN = 21, 20 * ms, 50 * ms
TASK = PeriodicOutput(period=75 * ms, dt=1 * ms)  # two full records and a part
PATTERN = PatternGeneration(length=150 * ms, seed=1)
RULE = RFLO(learning_rate=0.02, tau=TAU_SYN)


@pytest.fixture(autouse=True)
def without_blocks(monkeypatch):
    """Take no better way."""
    monkeypatch.setattr(parts, "WAYS", tuple(way for way in WAYS if way.name != "blocked"))


def lif(count=1, **settings):
    """Neurons that fire at some 60 Hz."""
    rng = np.random.default_rng(5)
    return LIFNeurons(
        N * count,
        tau=TAU,
        tau_syn=TAU_SYN,
        refractory=3 * ms,
        bias=rng.uniform(1.2, 2, N * count),
        name="neurons",
        **settings,
    )


def network(neurons, rule=RULE, **settings):
    """A network whose recurrent weights change in each step."""
    return assemble(TASK, neurons, rule, update="step", seed=2, **settings)


NETWORKS = {
    "lif": lambda: network(lif()),
    "adam_and_rates": lambda: network(
        lif(), optimizer=Adam(decay=20), regularization=FiringRate(20 * Hz, 1)
    ),
    "constraint": lambda: network(lif(), constraint="w = clip(w, -0.2, 0.2)"),
    "three_networks": lambda: network(lif(3), networks=3),
    "alif": lambda: network(
        ALIFNeurons(
            N, tau=TAU, tau_syn=TAU_SYN, tau_adapt=100 * ms, beta=0.5, bias=1.6, name="neurons"
        )
    ),
    "eprop_with_inputs": lambda: LearningNetwork(
        PATTERN,
        DiscreteLIFNeurons(N, tau=TAU, name="neurons", **PRESETS["pattern_generation"]),
        EProp(1e-2, tau=TAU),
        readout=Leaky(TAU),
        connectivity={"recurrent": AllToAll(self_connections=False)},
        initial=Murray2019(seed=2),
    ),
}


CASES = [
    *((name, whole) for name in NETWORKS),
    *(("lif", scenario) for scenario in (in_pieces, writes_between, restored, frozen)),
]


@pytest.mark.model
@pytest.mark.parametrize(("name", "scenario"), CASES)
def test_rest_changes_nothing(name, scenario):
    rested, dense = outcome(NETWORKS[name], scenario, "cython")
    walked, _ = outcome(NETWORKS[name], scenario, "cython", rests=False)
    assert dense.why_not_lazy is None
    assert_equal(rested, walked)


def test_rest_on_standalone():
    rested, dense = outcome(NETWORKS["lif"], whole, "cpp_standalone")
    walked, _ = outcome(NETWORKS["lif"], whole, "numpy", rests=False)
    assert dense.why_not_lazy is None
    assert_equal(rested, walked)


def watched(net):
    net.add(StateMonitor(net.recurrent, "w", record=[3, 4], name="watcher"))


def delayed(net):
    net.recurrent.delay = 2 * ms


def sent_early(net):
    net.recurrent.pre.order = -3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (watched, "'watcher' uses w"),
        (delayed, "its spikes arrive with a delay"),
        (sent_early, "its spikes are sent in another phase"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_no_rest_where_somebody_looks(change, reason, target):
    with device(target):
        defaultclock.dt = TASK.dt
        net = network(lif())
        change(net)
        assert next(lazy.problems(net.recurrent.dense, net.sorted_objects, {})) == reason


def test_rates_do_not_rest():
    neurons = RateNeurons(4, tau=10 * ms)
    synapses = PlasticSynapses(neurons, neurons, RFLO(0.1, tau=10 * ms), onto="I_rec")
    assert synapses.dense.runners["lazy"] == []
