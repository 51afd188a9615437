"""Rate networks whose weights rest for a trial, without stored traces, have the numbers of networks
whose synapses are visited in each step.
"""

import pytest
from brian2 import ms
from helpers import assemble
from resting import assert_equal, frozen, in_pieces, outcome, restored, whole, writes_between

from brian_rflo import RFLO, SGD, RateNeurons
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
    rested, dense = outcome(NETWORKS[name], scenario, "cython")
    walked, _ = outcome(NETWORKS[name], scenario, "numpy", rests=False)
    assert dense.why_not_traceless is None
    assert_equal(rested, walked)


@pytest.mark.parametrize(
    "name", ["rflo", *(pytest.param(name, marks=pytest.mark.model) for name in list(NETWORKS)[1:])]
)
def test_no_stored_trace_changes_nothing_on_standalone(name):
    rested, dense = outcome(NETWORKS[name], whole, "cpp_standalone")
    walked, _ = outcome(NETWORKS[name], whole, "numpy", rests=False)
    assert dense.why_not_traceless is None
    assert_equal(rested, walked)
