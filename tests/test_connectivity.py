"""Connectivity of the standard network: which synapses are there, those and no others learn, and
neurons of two signs are balanced.
"""

import numpy as np
import pytest
from brian2 import defaultclock, ms, start_scope
from scipy import sparse
from targets import LONG

from brian_rflo import (
    RFLO,
    Delta,
    FeedbackSynapses,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    TrainingResult,
    Trials,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import AdaptiveFeedback
from brian_rflo.network import AllToAll, Masked, Murray2019, Sparse, TrialNetwork, initial_weights
from brian_rflo.network.initial import balanced, thinned
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.tasks import CursorMovements, PeriodicOutput
from brian_rflo.updates import DALE

TAU = 10 * ms
TASK = PeriodicOutput(period=10 * ms)
CURSOR = CursorMovements(movement=10 * ms, seed=1)
N = 12
RNG = np.random.default_rng(0)
MASK, WEIGHTS = RNG.random((N, N)) < 0.3, RNG.normal(size=(N, N))
ZEROS, ABSENT = np.where(MASK, WEIGHTS, 0), np.where(MASK, WEIGHTS, np.nan)
SPARSE = {name: Sparse(0.4) for name in ("recurrent", "input", "output")}


def network(task=TASK, blocks=1, neurons=None, rate=0.3, **network_args):
    """A small network, on rate neurons."""
    defaultclock.dt = task.dt
    neurons = RateNeurons(blocks * N, tau=TAU, initial=0.3) if neurons is None else neurons
    return LearningNetwork(task, neurons, RFLO(rate, tau=TAU), **network_args)


def recurrent(weights):
    return weights["recurrent"][0]


def trained(trials, weights, mask, signs, rate):
    """Murray 2019's equations with RFLO in each step, for synapses of `mask` with fixed signs."""
    w, out, back = (weights[name][0].copy() for name in ("recurrent", "output", "feedback"))
    a, (_, target, counts) = float(TASK.dt / TAU), TASK.trial(0)
    for _ in range(trials):
        h, p = np.full(len(w), 0.3), np.zeros_like(w)
        for wanted, count in zip(target, counts):
            u = w @ h
            p = (1 - a) * p + a * np.outer(1 - np.tanh(u) ** 2, h)
            h = (1 - a) * h + a * np.tanh(u)
            error = count * (wanted - out @ h)
            w = w + rate / len(target) * (back @ error)[:, None] * p * mask
            w = np.where(signs * w > 0, w, 0)
            out = out + rate / len(target) * np.outer(error, h)
    return {"recurrent": w, "output": out}


def test_only_synapses_that_are_there_learn():
    signs = np.where(np.arange(N) < 9, 1, -1)
    neurons = RateNeurons(N, tau=TAU, initial=0.3, excitatory=signs > 0)
    result = network(neurons=neurons, rate=3, connectivity=MASK, constraint=DALE).train(6)
    for name, weights in trained(6, result.weights_before, MASK, signs, 3).items():
        np.testing.assert_allclose(result.weights_after[name][0], weights, rtol=1e-12, atol=1e-14)
    before, after = recurrent(result.weights_before), recurrent(result.weights_after)
    assert np.count_nonzero(before) == MASK.sum() > np.count_nonzero(after)  # some are held at 0
    assert (after[MASK] != before[MASK]).mean() > 0.5
    assert not after[~MASK].any() and (signs * after >= 0).all()


def test_absent_synapses_in_initial_weights():
    """The case zeros_are_synapses: NaN and scipy.sparse are taken, and the right weights learn."""
    nets = [
        network(initial={"recurrent": ABSENT}),
        network(initial={"recurrent": sparse.csr_matrix(ZEROS)}),
        network(initial={"recurrent": ZEROS}, connectivity={"recurrent": Masked(MASK)}),
    ]
    for net in nets:
        np.testing.assert_array_equal(recurrent(net.weights(absent=np.nan)), ABSENT)
        np.testing.assert_array_equal(net.recurrent.matrix(), ZEROS)
    results = [net.train(3) for net in nets[:2]]
    assert np.array_equal(*(result.losses for result in results))
    after = recurrent(results[0].weights_after)
    assert not after[~MASK].any() and (after != ZEROS)[MASK].all()
    again = network(initial=nets[0].weights(absent=np.nan))
    np.testing.assert_array_equal(again.recurrent.w[:], nets[0].recurrent.w[:])


def test_zeros_are_synapses_that_learn_and_the_log_says_so(caplog):
    net = network(initial={"recurrent": ZEROS})
    said = (
        f"initial['recurrent'] is 0 in {np.sum(~MASK)} of {N * N} entries, and zeros are synapses"
    )
    assert said in caplog.text and "Write NaN (or scipy.sparse)" in caplog.text
    net.train(1)
    assert (recurrent(net.weights()) != 0).all()
    caplog.clear()
    network(initial={"recurrent": ZEROS}, connectivity=AllToAll())
    network(initial={"recurrent": ZEROS}, trained=("output",))
    network(initial={"recurrent": ABSENT, "output": np.zeros((1, N))})
    assert not caplog.text


@pytest.mark.parametrize("learn", [PerTrial(batch=4), PerTrial(batch=2, copies=2)])
def test_several_networks_and_copies(learn):
    """Each network has synapses of its own, and copies share them."""
    blocks = 2 * learn.copies
    net = network(CURSOR, blocks, networks=2, learn=learn, connectivity=SPARSE)
    result = net.train(4)
    alone = network(
        CURSOR,
        learn=PerTrial(batch=4),
        initial={name: weights[1] for name, weights in result.weights_before.items()},
        connectivity={name: result.weights_before[name][1] != 0 for name in SPARSE},
    ).train(4)
    np.testing.assert_allclose(result.losses[1], alone.losses[0], rtol=1e-12)
    for name, weights in alone.weights_after.items():
        np.testing.assert_allclose(
            result.weights_after[name][1], weights[0], rtol=1e-12, atol=1e-15
        )
    there = [recurrent(result.weights_before) != 0, result.weights_before["recurrent"][1] != 0]
    assert (there[0] != there[1]).any() and 0.3 < np.mean(there) < 0.5
    after = result.weights_after["recurrent"]
    assert (after[0][~there[0]] == 0).all() and (
        after[0] != result.weights_before["recurrent"][0]
    ).any()


def test_a_full_mask_is_all_to_all():
    one, other = network(connectivity=np.ones((N, N), bool)), network(connectivity=Sparse(1.0))
    assert one.recurrent.geometry is not None
    assert np.array_equal(one.train(2).losses, network().train(2).losses)
    assert np.array_equal(other.weights()["recurrent"], network().weights()["recurrent"])


def test_sparse_draws_from_the_seed_of_the_weights():
    nets = [
        network(connectivity=connectivity, initial=Murray2019(seed=seed))
        for connectivity, seed in (
            (Sparse(0.3), 7),
            (Sparse(0.3, seed=7), 8),
            (Sparse(0.3), 8),
            (Sparse(0.3, self_connections=False), 7),
        )
    ]
    one, same, other, without = (recurrent(net.weights()) != 0 for net in nets)
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert np.array_equal(without, one & ~np.eye(N, dtype=bool)) and one.trace() > 0


def test_feedback_of_absent_readout_synapses_is_absent():
    """Adaptive feedback has the synapses of the readout, and keeps the difference of both."""
    result = network(CURSOR, connectivity={"output": Sparse(0.5)}, credit=AdaptiveFeedback()).train(
        3
    )
    before, after = (
        weights["feedback"][0] - weights["output"][0].T
        for weights in (result.weights_before, result.weights_after)
    )
    assert (
        (result.weights_after["feedback"][0] == 0) == (result.weights_after["output"][0].T == 0)
    ).all()
    np.testing.assert_allclose(after, before, atol=1e-15)
    assert not np.array_equal(result.weights_after["feedback"], result.weights_before["feedback"])
    assert 0 < (before == 0).mean() < 1 and result.alignment.shape[1] == 4


def test_saved_and_loaded(tmp_path):
    net, again = (network(CURSOR, connectivity=SPARSE, learn=PerTrial()) for _ in range(2))
    first = net.train(2)
    net.save(tmp_path / "net.npz")
    assert np.array_equal(again.load(tmp_path / "net.npz").train(2).losses, net.train(2).losses)
    read = TrainingResult.load(first.save(tmp_path / "result.npz"))
    assert all(
        np.array_equal(read.weights_after[name], first.weights_after[name]) for name in SPARSE
    )
    other = network(CURSOR, connectivity=SPARSE, learn=PerTrial(), initial=Murray2019(seed=1))
    with pytest.raises(ValueError, match="(?s)another network.*(values in the file|connections)"):
        other.load(tmp_path / "net.npz")


WRONG = {
    "probability": (lambda: Sparse(10), "Sparse: probability must be a number above 0 .* got 10"),
    "no probability": (lambda: Sparse(0), "above 0"),
    "mask of numbers": (lambda: network(connectivity=ZEROS), "an array of True and False"),
    "shape of a mask": (
        lambda: network(connectivity=MASK[:3]),
        r"connectivity\['recurrent'\] must have shape \(12, 12\), \[post, pre\].*got \(3, 12\)",
    ),
    "weights where there are none": (
        lambda: network(initial={"recurrent": WEIGHTS}, connectivity=MASK),
        "has .* weights for pairs without a synapse of connectivity",
    ),
    "no weights where there are synapses": (
        lambda: network(initial={"recurrent": ABSENT}, connectivity=~MASK),
        "has .* write NaN or 0 exactly where",
    ),
    "no inputs": (
        lambda: network(connectivity={"input": AllToAll(), "recurrent": MASK}),
        "'input'",
    ),
    "self-connections of a readout": (
        lambda: network(connectivity={"output": Sparse(0.1, self_connections=False)}),
        "is for recurrent connections",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_errors(wrong):
    make, says = WRONG[wrong]
    with pytest.raises((TypeError, ValueError), match=says):
        make()


# Neurons of two signs


def signs_of(n, share=0.8):
    return np.where(np.arange(n) < share * n, 1, -1)[None, None]


@pytest.mark.parametrize("probability", [1, 0.4])
def test_balanced_weights_have_no_eigenvalue_that_grows(probability):
    """The case 03_dale_outlier: the mean is 0 and the radius the gain, where |w| with signs has an
    eigenvalue that grows with sqrt(N).
    """
    largest = {}
    for n in (60, 240):
        mask = np.random.default_rng(1).random((1, n, n)) < probability
        drawn = thinned(initial_weights(n, 0, 1, 1, 1.5, 5)["recurrent"], mask) * mask
        weights, plain = balanced(drawn, signs_of(n), mask)[0], np.abs(drawn[0]) * signs_of(n)[0]
        moduli = np.sort(np.abs(np.linalg.eigvals(weights)))[::-1]
        largest[n] = moduli[0], np.abs(np.linalg.eigvals(plain)).max()
        assert (signs_of(n) * weights >= 0).all() and abs(moduli[n // 15] - 1.5) < 0.25
        assert abs(weights.sum()) < 0.1 * np.abs(weights).sum()
    assert largest[240][0] < 1.25 * largest[60][0] < 1.25 * 2.2
    assert largest[240][1] > 1.7 * largest[60][1]


def test_weights_of_one_sign_or_none_are_as_drawn():
    drawn = initial_weights(N, 0, 1, 2, 1.5, 5)["recurrent"]
    np.testing.assert_array_equal(balanced(drawn, np.ones((2, 1, N))), np.abs(drawn))
    np.testing.assert_array_equal(
        recurrent(network(initial=Murray2019(seed=5)).weights()), drawn[0]
    )
    each = np.concatenate([signs_of(N, 0.5), signs_of(N, 0.75)])  # each network its own fraction
    weights = balanced(drawn, each)
    factors = (weights / np.abs(drawn))[1]
    np.testing.assert_allclose(factors[:, -1], -3 * factors[:, 0])
    np.testing.assert_allclose(weights[0], each[0] * np.abs(drawn[0]) / np.sqrt(1 - 2 / np.pi))


@pytest.mark.parametrize("kind", [RateNeurons, PotentialNeurons])
def test_saturated_rate_neurons_are_reported(kind, caplog):
    """Excitation alone, in a network of two; once, at the end of the first trial."""
    excitatory = np.tile(np.arange(2 * N) < 18, 2) | (np.arange(4 * N) < 2 * N)
    neurons = kind(4 * N, tau=TAU, initial=0.9, excitatory=excitatory, name="cells")
    rule = neurons.rule(0.01) if kind is PotentialNeurons else RFLO(0.01, tau=TAU)
    net = LearningNetwork(TASK, neurons, rule, networks=2, initial=Murray2019(gain=8))
    net.train(1)
    assert caplog.text.count("'cells' is saturated in network 0: the mean slope") == 1
    net.train(1)
    assert caplog.text.count("saturated") == 1


def populations(kind, mask=None):
    """80 excitatory and 20 inhibitory neurons, 10 % connected, through the assembly."""
    signs, rng = np.arange(100) < 80, np.random.default_rng(2)
    task = PeriodicOutput(period=(5 if kind == "rate" else 10) * ms)
    defaultclock.dt = task.dt
    if kind == "rate":
        neurons = RateNeurons(100, tau=TAU, initial=0.3, excitatory=signs)
    else:
        neurons = LIFNeurons(100, 2 * TAU, TAU, initial=rng.uniform(0, 1, 100), excitatory=signs)
    connectivity = {"recurrent": Sparse(0.1)} if mask is None else mask
    rule = RFLO(0.1 if kind == "rate" else 0.01, tau=TAU)
    return task, neurons, rule, dict(constraint=DALE, connectivity=connectivity)


def by_parts(task, neurons, rule, weights):
    """The same network, from its parts."""
    readout = Readout(task)
    within = PlasticSynapses(neurons, neurons, rule, onto="I_rec", constraint=DALE, name="within")
    within.connect_matrix(weights["recurrent"][0], absent=np.nan)
    output = PlasticSynapses(neurons, readout, Delta(rule.learning_rate), onto="output", name="out")
    output.connect_matrix(weights["output"][0], absent=np.nan)
    back = FeedbackSynapses(readout, neurons)
    back.connect_matrix(weights["feedback"][0], absent=np.nan)
    trials = Trials(task, neurons, readout, within, output)
    return TrialNetwork(neurons, readout, within, output, back, trials)


@pytest.mark.parametrize("kind", ["rate", "lif"])
@pytest.mark.parametrize("trials", [8, pytest.param(1000, marks=pytest.mark.model)])
def test_two_populations(kind, trials):
    """No absent synapse appears, no sign changes; equal to the same network by parts."""
    task, neurons, rule, arguments = populations(kind)
    net = LearningNetwork(task, neurons, rule, **arguments)
    start = net.weights(absent=np.nan)
    result = net.train(trials)
    start_scope()
    parts = by_parts(*populations(kind)[:3], start).train(trials)
    np.testing.assert_allclose(parts.losses, result.losses, rtol=1e-12)
    after = recurrent(result.weights_after)
    np.testing.assert_allclose(parts.weights_after["within"][0], after, rtol=1e-12, atol=1e-12)
    absent = np.isnan(recurrent(start))
    assert 0.88 < absent.mean() < 0.92 and not after[absent].any()
    assert (signs_of(100)[0] * after >= 0).all()
    assert (after != recurrent(result.weights_before))[~absent].mean() > 0.9


@pytest.mark.parametrize(
    "target", [pytest.param(name, marks=LONG) for name in ("cython", "cpp_standalone")]
)
@pytest.mark.parametrize("copies", [1, 2])
def test_compiled(target, copies):
    """Sparse projections run as ordinary objects, with the same numbers."""

    def trained():
        start_scope()
        signs = np.tile(np.arange(N) < 9, 2 * copies)
        neurons = RateNeurons(2 * copies * N, tau=TAU, initial=0.3, excitatory=signs)
        net = network(
            CURSOR,
            neurons=neurons,
            networks=2,
            learn=PerTrial(copies=copies),
            constraint=DALE,
            connectivity=SPARSE,
            credit=AdaptiveFeedback(),
        )
        before = net.weights()
        return before, net.train(6)

    before, expected = trained()
    with device(target):
        same, result = trained()
    for name, weights in expected.weights_after.items():
        np.testing.assert_array_equal(same[name], before[name])
        np.testing.assert_array_equal(result.weights_before[name], before[name])
        np.testing.assert_allclose(result.weights_after[name], weights, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(result.losses, expected.losses, rtol=1e-12)
    np.testing.assert_allclose(result.alignment, expected.alignment, rtol=1e-12)
    assert not np.array_equal(expected.weights_after["feedback"], before["feedback"])


@pytest.mark.compiled
@pytest.mark.model
def test_loaded_into_a_program(tmp_path):
    """A program begins with the weights of a file, of sparse projections too."""
    net = network(CURSOR, connectivity=SPARSE)
    net.train(2)
    net.save(tmp_path / "net.npz")
    weights, expected = net.weights(), net.train(2)
    start_scope()
    with device("cpp_standalone"):
        again = network(CURSOR, connectivity=SPARSE).load(tmp_path / "net.npz")
        result = again.train(2)
    for name, values in weights.items():
        np.testing.assert_array_equal(result.weights_before[name], values)
    np.testing.assert_allclose(result.losses, expected.losses, rtol=1e-12)


@pytest.mark.compiled
@pytest.mark.model
def test_networks_of_two_signs_learn():
    """The case 03_dale_outlier: 80 excitatory and 20 inhibitory neurons with weights as drawn."""
    task, signs, start = PeriodicOutput(period=200 * ms), np.arange(100) < 80, []
    for seed in range(3, 13):
        start_scope()
        neurons = RateNeurons(100, tau=TAU, excitatory=signs)
        net = network(task, neurons=neurons, constraint=DALE, initial=Murray2019(seed=seed))
        start.append(net.weights())
    initial = {name: np.concatenate([one[name] for one in start]) for name in start[0]}
    start_scope()
    with device("cpp_standalone"):
        neurons = RateNeurons(1000, tau=TAU, excitatory=np.tile(signs, 10))
        net = network(
            task, neurons=neurons, rate=0.03, constraint=DALE, initial=initial, networks=10
        )
        losses = np.median(net.train(400).losses[:, -20:], axis=1)
    print(np.round(losses, 4))
    assert (losses < 0.05).sum() >= 6 and losses.max() <= 0.2, losses
