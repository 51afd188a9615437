"""Weight matrices in and out: rows are postsynaptic neurons, whatever the projection and its
pattern.
"""

import numpy as np
import pytest
from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor, Synapses, ms
from scipy import sparse
from targets import NUMPY_FIRST

from brian_rflo import (
    RFLO,
    FeedbackSynapses,
    FixedSynapses,
    LIFNeurons,
    PlasticSynapses,
    RateNeurons,
    Readout,
)
from brian_rflo.brian.devices import device
from brian_rflo.tasks import PeriodicOutput

MATRIX = np.array(
    [[0.0, 1.5, 0.0, -2.0], [0.25, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 3.0]]
)  # [post, pre]: three neurons get input from four


def rates(n, name="rates*"):
    return RateNeurons(n, tau=10 * ms, initial=np.arange(n) + 1.0, name=name)


def plastic(source, target):
    return PlasticSynapses(source, target, RFLO(0.1, tau=10 * ms), onto="I_rec")


def fixed(source, target):
    return FixedSynapses(source, target, onto="I_rec")


KINDS = pytest.mark.parametrize("make", [plastic, fixed], ids=["plastic", "fixed"])


@KINDS
def test_rows_are_postsynaptic(make):
    source, target = rates(4), rates(3)
    synapses = make(source, target)
    synapses.connect_matrix(MATRIX)
    assert len(synapses) == 4 and synapses.geometry is None
    np.testing.assert_array_equal(synapses.matrix(), MATRIX)
    Network(source, target, synapses).run(1 * ms)
    np.testing.assert_allclose(target.I_rec, MATRIX @ (np.arange(4) + 1), rtol=1e-15)


@KINDS
def test_full_matrices_are_all_to_all(make):
    synapses = make(rates(4), rates(3))
    synapses.connect_matrix(MATRIX + 5)
    assert synapses.geometry is not None
    np.testing.assert_array_equal(synapses.matrix(), MATRIX + 5)


def test_absent_is_not_zero():
    synapses = fixed(rates(4), rates(3))
    weights = np.where(MATRIX, MATRIX, np.nan)
    weights[0, 1] = 0
    synapses.connect_matrix(weights, absent=np.nan)
    assert len(synapses) == 4
    np.testing.assert_array_equal(synapses.matrix(absent=np.nan), weights)
    again = fixed(rates(4), rates(3))
    again.connect_matrix(synapses.matrix(absent=np.nan), absent=np.nan)
    assert all(
        np.array_equal(getattr(again, name)[:], getattr(synapses, name)[:]) for name in "ijw"
    )


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.coo_matrix, sparse.csc_array])
def test_sparse_matrices(kind):
    synapses = fixed(rates(4), rates(3))
    synapses.connect_matrix(kind(MATRIX))
    dense = fixed(rates(4), rates(3))
    dense.connect_matrix(MATRIX)
    assert all(
        np.array_equal(getattr(synapses, name)[:], getattr(dense, name)[:]) for name in "ijw"
    )


def test_what_a_sparse_matrix_stores_is_a_synapse():
    stored = sparse.coo_matrix(([0.0, 1.0, 2.0], ([2, 1, 1], [0, 3, 3])), shape=(3, 4))
    synapses = fixed(rates(4), rates(3))
    synapses.connect_matrix(stored)
    assert len(synapses) == 2 and synapses.matrix()[1, 3] == 3 and stored.nnz == 3


def test_new_weights_for_sparse_synapses():
    synapses = fixed(rates(4), rates(3))
    synapses.connect_matrix(MATRIX)
    synapses.set_matrix(2 * MATRIX)
    np.testing.assert_array_equal(synapses.matrix(), 2 * MATRIX)
    with pytest.raises(
        ValueError,
        match=r"has 1 weights for pairs without a synapse \(the first for post = 2, pre = 0\)",
    ):
        synapses.set_matrix(MATRIX + [[0], [0], [1]] * (np.arange(4) == 0))
    np.testing.assert_array_equal(synapses.matrix(), 2 * MATRIX)


def test_synapses_of_one_pair_are_added_up():
    synapses = fixed(rates(2), rates(2))
    synapses.connect(i=[0, 0, 1], j=[1, 1, 0])
    synapses.w = [1, 2, 4]
    np.testing.assert_array_equal(synapses.matrix(), [[0, 4], [3, 0]])


def test_feedback():
    feedback = FeedbackSynapses(Readout(PeriodicOutput(period=100 * ms)), rates(3))
    feedback.connect_matrix([[1], [0], [-1]])
    np.testing.assert_array_equal(feedback.matrix(), [[1], [0], [-1]])


def test_without_any_synapse():
    source, target = rates(4), rates(3)
    synapses = fixed(source, target)
    synapses.connect_matrix(np.zeros((3, 4)))
    Network(source, target, synapses).run(2 * ms)
    assert not len(synapses) and not np.any(target.I_rec) and not synapses.matrix().any()


BAD = {
    "transposed": (MATRIX.T, r"must have shape \(3, 4\), \[post, pre\]; got \(4, 3\)"),
    "sparse, transposed": (
        sparse.csr_matrix(MATRIX.T),
        r"must have shape \(3, 4\), \[post, pre\]; got \(4, 3\)",
    ),
    "not finite": (np.where(MATRIX == 3, np.inf, MATRIX), "must be finite"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_matrices(case):
    matrix, words = BAD[case]
    with pytest.raises(ValueError, match=words):
        fixed(rates(4), rates(3)).connect_matrix(matrix)


def spiking(kind):
    """Spikes of neurons that are driven by given spikes, through a current."""
    source = SpikeGeneratorGroup(4, [0, 1, 3, 3, 2], [1, 2, 3, 9, 12] * ms)
    target = LIFNeurons(3, tau=10 * ms, tau_syn=20 * ms, bias=0.9, name="target*")
    if kind is FixedSynapses:
        synapses = FixedSynapses(source, target, onto="I_rec")
        synapses.connect_matrix(np.abs(MATRIX))
    else:
        synapses = Synapses(source, target, "w : 1", on_pre="I_rec_post += w")
        post, pre = np.nonzero(MATRIX)
        synapses.connect(i=pre, j=post)
        synapses.w = np.abs(MATRIX)[post, pre]
    spikes = SpikeMonitor(target)
    Network(source, target, synapses, spikes).run(60 * ms)
    return np.array(spikes.i), np.array(spikes.t)


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_fixed_weights_send_spikes(target):
    with device(target):
        ours = spiking(FixedSynapses)
    plain = spiking(Synapses)
    assert len(plain[0]) > 5 and all(np.array_equal(a, b) for a, b in zip(ours, plain))
