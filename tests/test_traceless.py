"""Rate networks whose weights rest for a trial, without stored traces, have the numbers of networks
whose synapses are visited in each step.
"""

import numpy as np
import pytest
from brian2 import StateMonitor, defaultclock, ms, prefs
from helpers import assemble

from brian_rflo import RFLO, SGD, RateNeurons
from brian_rflo.brian.devices import device
from brian_rflo.dense import traceless
from brian_rflo.rules import Instantaneous
from brian_rflo.tasks import PeriodicOutput

pytestmark = pytest.mark.compiled
N, TAU = 37, 10 * ms
TASK = PeriodicOutput(period=21 * ms, dt=1 * ms)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Networks of these tests are small."""
    monkeypatch.setattr(traceless, "LEAST", 4)
    monkeypatch.setattr(traceless, "SHARE", 1)


def network(rule=RFLO(0.1, tau=TAU), count=1, **settings):
    neurons = RateNeurons(N * count, tau=TAU, name="neurons")
    return assemble(TASK, neurons, rule, seed=2, networks=count, **settings)


NETWORKS = {
    "rflo": network,
    "three": lambda: network(count=3),
    "instantaneous": lambda: network(Instantaneous(0.1, tau=TAU)),
    "symmetric": lambda: network(feedback="symmetric"),
    "decay": lambda: network(optimizer=SGD(decay="1/(1 + update/20)")),
}


def whole(net):
    net.train(3)


def in_pieces(net):
    for steps in (1, 12, 2, 6, 42, 5):
        net.run(steps * ms)


def frozen(net):
    net.run(9 * ms)
    net.recurrent.plastic = False
    net.run(4 * ms)
    net.recurrent.plastic = True
    net.recurrent.learning_rate = 0.5
    net.run(50 * ms)


def writes_between(net):
    net.run(9 * ms)
    net.recurrent.w["i == 3"] = 0.5
    net.recurrent.trace = 0.1
    net.run(30 * ms)


def restored(net):
    net.run(9 * ms)
    net.store()
    net.run(25 * ms)
    net.restore()
    net.run(30 * ms)


def outcome(dense, build, scenario, target):
    """Everything that was recorded in a scenario, and why traces were stored."""
    prefs["brian_rflo.dense_pass"] = dense
    try:
        with device(target):
            defaultclock.dt = TASK.dt
            net = build()
            monitor = StateMonitor(net.neurons, ["activity", "I_rec"], record=True, name="states")
            net.add(monitor)
            scenario(net)
            synapses = net.recurrent
            names = [name for name in ("w", "trace") if name in synapses.variables]
            found = {name: np.array(getattr(synapses, name)) for name in names}
            found |= {name: np.array(getattr(monitor, name)) for name in ("activity", "I_rec")}
            return found, synapses.dense.why_not_traceless
    finally:
        prefs["brian_rflo.dense_pass"] = True


def assert_equal(rested, walked):
    """All equal to rounding, relative to the largest number."""
    for name, values in walked.items():
        assert np.isfinite(values).all()
        off = np.abs(rested[name] - values).max() / (np.abs(values).max() or 1)
        assert off <= 1e-12, (name, off)


CASES = [
    ("rflo", writes_between),
    *(pytest.param(name, whole, marks=pytest.mark.model) for name in NETWORKS),
    *(
        pytest.param("rflo", scenario, marks=pytest.mark.model)
        for scenario in (in_pieces, restored, frozen)
    ),
]


@pytest.mark.parametrize(("name", "scenario"), CASES)
def test_no_stored_trace_changes_nothing(name, scenario):
    rested, reason = outcome(True, NETWORKS[name], scenario, "cython")
    walked, _ = outcome(False, NETWORKS[name], scenario, "numpy")
    assert reason is None
    assert_equal(rested, walked)


@pytest.mark.parametrize(
    "name", ["rflo", *(pytest.param(name, marks=pytest.mark.model) for name in list(NETWORKS)[1:])]
)
def test_no_stored_trace_changes_nothing_on_standalone(name):
    rested, reason = outcome(True, NETWORKS[name], whole, "cpp_standalone")
    walked, _ = outcome(False, NETWORKS[name], whole, "numpy")
    assert reason is None
    assert_equal(rested, walked)
