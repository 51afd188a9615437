"""Projections that connect most pairs are a full matrix in C++ standalone, with the numbers of
ordinary objects.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import ms
from test_dense import N, clips, frozen, in_pieces, kicks, plain
from test_sparse import CHOOSING, TWO, check, check_sanitized, looked_at, some, writes_between

from brian_rflo import FixedSynapses, LearningRule, RateNeurons
from brian_rflo.brian.devices import device

pytestmark = pytest.mark.compiled
MATRIX = "it is in a full matrix"


def pairs(share=0.8, n_pre=N, n_post=N, shuffled=False):
    """Pairs of neurons, each once."""
    rng = np.random.default_rng(3)
    there = rng.random((n_pre, n_post)) < share
    i, j = np.nonzero(there)
    order = rng.permutation(len(i)) if shuffled else slice(None)
    return dict(i=i[order], j=j[order])


@dataclass(frozen=True)
class Exploding(LearningRule):
    """Infinite changes wherever both neurons have the same activity: from a neuron onto itself."""

    tau: object
    traces = "dp/dt = (gain_post*activity_pre - p)/tau : 1 (clock-driven)"
    update = "feedback_post*where(activity_pre == activity_post, inf, p)"
    reset = "p = 0"


def without_itself(p):
    p.neurons.activity = "0.3 + 0.01*i"
    in_pieces(p)


EXPLODING = dict(rule=Exploding(learning_rate=0.5, tau=10 * ms))
OTHERS = dict(zip("ij", np.nonzero(~np.eye(N, dtype=bool))))
PARTS = dict(source=slice(2, 9), target=slice(4, 13))
#: What happens, to what network, and the beginning of why it was not in slices.
CASES = {
    "trials": (in_pieces, {}, MATRIX),
    "choices": (in_pieces, CHOOSING | dict(connect=pairs(shuffled=True)), MATRIX),
    "infinite": (without_itself, EXPLODING | dict(connect=OTHERS), MATRIX),
    "without_trials": (in_pieces, dict(trials=False), MATRIX),
    "writes": (writes_between, {}, MATRIX),
    "kicks": (kicks, dict(trials=False), MATRIX),
    "frozen": (frozen, {}, MATRIX),
    "subgroups": (looked_at, PARTS | dict(connect=pairs(0.7, 7, 9)), MATRIX),
    "per_trial": (in_pieces, dict(update="trial"), MATRIX),
    "functions": (plain, TWO, MATRIX),
    "looked_at": (looked_at, {}, MATRIX),
    "sparse": (plain, dict(connect=pairs(0.3)), None),
    "unknown": (plain, dict(connect=some(0.9)), None),
    "few_targets": (plain, dict(target=slice(4, 6), connect=pairs(0.9, N, 2)), None),
    "clips": (clips("end"), {}, "'clips_0_recurrent_clip_end' uses w"),
}
CASES = {
    name: (scenario, dict(connect=pairs()) | settings, reason)
    for name, (scenario, settings, reason) in CASES.items()
}
FEW = ("infinite",)


def test_same_numbers_in_a_full_matrix():
    check({name: CASES[name] for name in FEW})


#: How synapses are made, and the share of pairs that is known before the program runs.
SHARES = {
    "pairs": (dict(i=[0, 1, 2], j=[3, 3, 0]), 3 / 20),
    "one_neuron": (dict(i=2, j=[0, 1]), 2 / 20),
    "twice": (dict(i=[0, 1, 0], j=[3, 3, 3]), None),
    "several": (dict(i=[0, 1], j=[3, 3], n=2), None),
    "condition": (dict(condition="i != j"), None),
    "generator": (dict(j="k for k in range(i)"), None),
    "all": ({}, None),
}


@pytest.mark.parametrize("name", SHARES)
def test_share_of_pairs_is_that_of_single_synapses(name):
    connect, share = SHARES[name]
    with device("cpp_standalone"):
        neurons = RateNeurons(5, tau=10 * ms)
        synapses = FixedSynapses(neurons, neurons[1:], onto="I_rec")
        synapses.connect(**connect)
        assert synapses.share_connected == share


@pytest.mark.model
@pytest.mark.parametrize("part", range(3))
def test_same_numbers_whatever_happens(part):
    check({name: CASES[name] for name in [name for name in CASES if name not in FEW][part::3]})


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 compares with 1e50
def test_single_precision():
    results = check({name: CASES[name] for name in ("trials", "functions")}, np.float32, 2e-5)
    assert results["trials", 0]["recurrent.w"].dtype == np.float32


@pytest.mark.model
def test_sanitizers(capfd, monkeypatch):
    cases = {name: CASES[name] for name in ("subgroups", "infinite")}
    check_sanitized(cases, capfd, monkeypatch)
