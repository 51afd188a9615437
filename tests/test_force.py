"""FORCE learning against recursive least squares in NumPy, in networks of parts and in the standard
network; in the limit of least squares; and what is refused.
"""

import re

import numpy as np
import pytest
from brian2 import BrianObjectException, Hz, StateMonitor, defaultclock, ms
from targets import NUMPY_FIRST, TARGETS

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    FixedSynapses,
    LearningNetwork,
    PerStep,
    PerTrial,
    PlasticSynapses,
    Readout,
    Trials,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import FORCE, Credit, RandomFeedback, force
from brian_rflo.network import AllToAll, TrialNetwork
from brian_rflo.neurons import LIFNeurons, PotentialNeurons
from brian_rflo.readouts import Leaky, Softmax
from brian_rflo.rules import RecursiveLeastSquares
from brian_rflo.tasks import ArrayTask
from brian_rflo.updates import L2

TAU = 10


def drawn(n, outputs=1, networks=1, seed=3, gain=1.5, p=0.3):
    """Weights and initial potentials of networks side by side."""
    rng = np.random.default_rng(seed)
    there = rng.random((networks, n, n)) < p
    return {
        "recurrent": there * rng.standard_normal((networks, n, n)) * gain / np.sqrt(p * n),
        "back": rng.uniform(-1, 1, (networks, n, outputs)),
        "start": 0.5 * rng.standard_normal((networks, n)),
    }


def targets_of(steps, outputs=1):
    """Sums of sines, ``[step, output]``."""
    phase = np.pi * np.arange(steps)[:, None] * (1 + 0.3 * np.arange(outputs)) / 100
    return np.sin(phase) + np.sin(2 * phase + 1) / 2


def recursive_least_squares(given, target, alpha=1.0, every=1, rate=1.0, mask=None, trials=None):
    """Outputs, weights and P of one network, ``[step, output]``; with `trials` it begins anew
    after so many steps.
    """
    M, back, start = given["recurrent"], given["back"], given["start"]
    x, n, z, outputs = start, len(start), given.get("first", 0), []
    w, P = np.zeros((target.shape[1], n)), np.eye(n) / alpha
    r = np.tanh(x)
    for step, wanted in enumerate(target):
        if trials and step % trials == 0:
            x, r = start, np.tanh(start)
        x = x + (M @ r + back @ np.broadcast_to(z, target.shape[1]) - x) / TAU
        r = np.tanh(x)
        z = w @ r
        outputs.append(z)
        if (step + 1) % every == 0:
            k = P @ r
            counts = 1 if mask is None else mask[step]
            P = P - counts * np.outer(k, k) / (1 + counts * r @ k)
            w = w + rate * np.outer(counts * (wanted - z), k) / (1 + counts * r @ k)
    return np.array(outputs), w, P


def network(given, task, path, rule=RecursiveLeastSquares(), learn=PerStep()):
    """A network of parts, and the monitor of its outputs."""
    defaultclock.dt = task.dt
    networks, n = given["start"].shape
    neurons = PotentialNeurons(
        networks * n, tau=TAU * ms, initial=given["start"].ravel(), inputs=("I_rec", "I_out")
    )
    readout = Readout(task, networks=networks)
    recurrent = FixedSynapses(neurons, neurons, onto="I_rec", name="recurrent")
    back = FixedSynapses(readout, neurons, sends="output", onto="I_out", name="back")
    output = PlasticSynapses(neurons, readout, rule, onto="output", learn=learn, name="output")
    recurrent.connect_matrix(given["recurrent"])
    back.connect_matrix(given["back"], absent=np.nan)
    output.connect(networks=networks)
    credit = Credit(path, readout, neurons, output, networks=networks)
    trials = Trials(task, neurons, readout, output, credit, networks=networks)
    outputs = StateMonitor(readout, "output", record=True, when="end")
    net = TrialNetwork(neurons, readout, recurrent, back, output, *credit, trials, outputs)
    return net, outputs, output, credit.projections["inverse_correlation"]


def compare(given, task, target, where, alpha=1.0, every=1, runs=1, within=1e-10, **settings):
    """Compare with NumPy, outputs of each step, weights and P."""
    with device(where):
        net, outputs, output, P = network(given, task, FORCE(alpha=alpha, every=every))
        if "rate" in settings:
            output.learning_rate = settings["rate"]
        for _ in range(runs):
            net.run(len(target) / runs * ms)
        networks = len(given["start"])
        seen = np.array(outputs.output).reshape(networks, -1, len(target)).swapaxes(1, 2)
        w, matrices = output.arranged(np.array(output.w), networks), P.arranged(P.w, networks)
        why = [part.dense.why_not_dense for part in (output, P)]
    for k in range(networks):
        one = {name: values[k] for name, values in given.items()}
        wanted = recursive_least_squares(one, target, alpha, every, **settings)
        for measured, expected in zip((seen[k], w[k], matrices[k]), wanted):
            assert np.abs(measured - expected).max() < within
        assert np.abs(wanted[1]).max() > 1e-2
        assert np.abs(wanted[2] - np.eye(len(wanted[2])) / alpha).max() > 1e-2
    assert where == "numpy" or why == [None, None]


@pytest.mark.parametrize("where", TARGETS)
def test_force_is_recursive_least_squares(where):
    target = targets_of(300)
    task = ArrayTask(target=target, dt=1 * ms, continuous=True)
    compare(drawn(60), task, target, where, every=2)


@pytest.mark.parametrize("where", NUMPY_FIRST)
def test_several_outputs_share_p_and_each_network_has_its_own(where):
    target = targets_of(120, outputs=3)
    task = ArrayTask(target=target, dt=1 * ms, continuous=True)
    compare(drawn(12, outputs=3, networks=2), task, target, where, alpha=0.5)


def test_runs_can_be_split_and_the_rate_lowered():
    target = targets_of(120)
    task = ArrayTask(target=target, dt=1 * ms, continuous=True)
    compare(drawn(12), task, target, "numpy", every=3, runs=4, rate=0.5)


def test_in_trials_p_goes_on_and_rates_are_not_divided():
    target, mask = targets_of(40), np.repeat([0.0, 1.0], 20)
    task = ArrayTask(target=target, mask=mask, dt=1 * ms)
    again, counts = np.tile(target, (3, 1)), np.tile(mask, 3)
    compare(drawn(12), task, again, "numpy", mask=counts, trials=40)


GRADED = np.tile([0.0, 1.0, 0.4], 34)[:100]


@pytest.mark.parametrize("mask", [np.ones(100), GRADED], ids=["all steps", "graded"])
def test_weights_are_those_of_ridge_regression(mask):
    """Of the steps that count, each as much as its mask says."""
    target, alpha = targets_of(100), 0.1
    given = drawn(12)
    given["back"][:] = 0  # activity that does not depend on the weights
    task = ArrayTask(target=target, mask=mask, dt=1 * ms, continuous=True)
    net, _, output, P = network(given, task, FORCE(alpha=alpha))
    rates = StateMonitor(output.source, "activity", True, when="end")
    net.add(rates)
    net.run(100 * ms)
    r = np.array(rates.activity)
    correlation = mask * r @ r.T + alpha * np.eye(12)
    assert np.abs(P.matrix() @ correlation - np.eye(12)).max() < 1e-9
    wanted = np.linalg.solve(correlation, mask * r @ target[:, 0])
    assert np.abs(output.matrix()[0] - wanted).max() < 1e-9


def standard(task, neurons, rule=RecursiveLeastSquares(), path=FORCE(), **settings):
    """The standard network, of which the readout learns by FORCE."""
    own = dict(
        trained=["output"],
        connectivity={"current": AllToAll()},
        initial={
            "current": np.linspace(-1, 1, len(neurons) * task.n_outputs).reshape(len(neurons), -1),
            "output": np.zeros((task.n_outputs, len(neurons))),
        },
    )
    passive = neurons.rule(0.1) if hasattr(neurons, "rule") else RFLO(0.1, tau=None)
    settings = own | dict(credit=path, readout_rule=rule) | settings
    return LearningNetwork(task, neurons, passive, **settings)


def sines(steps=40, outputs=1):
    task = ArrayTask(target=targets_of(steps, outputs), dt=1 * ms, continuous=True)
    defaultclock.dt = task.dt
    return task


def potentials(n=8):
    return PotentialNeurons(n, tau=TAU * ms, inputs=("I_rec", "I_out"))


def p_of(net):
    return net.credit.projections["inverse_correlation"]


def test_the_standard_network_learns_and_p_stays_when_it_is_evaluated():
    net = standard(sines(), potentials(20))
    losses = net.train(5).losses[0]
    before = p_of(net).matrix()
    test = net.evaluate(2)
    np.testing.assert_array_equal(p_of(net).matrix(), before)
    assert losses[-1] < losses[0] / 3
    assert test.losses[0, 0] < losses[0]


def test_a_saved_network_goes_on_with_its_p(tmp_path):
    net = standard(sines(), potentials())
    net.train(2)
    net.save(tmp_path / "net.npz")
    other = standard(sines(), potentials())
    other.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(p_of(other).matrix(), p_of(net).matrix())
    assert np.abs(p_of(net).matrix() - np.eye(8)).max() > 0.1
    np.testing.assert_array_equal(other.train(2).losses, net.train(2).losses)


def test_a_lesioned_network_goes_on_without_the_neuron():
    net = standard(sines(), potentials())
    net.train(2)
    net.lesion([3])
    result = net.train(2)
    assert np.isfinite(result.losses).all()
    assert not net.output.matrix()[0, 3]
    matrix = p_of(net).matrix()
    assert not matrix[3].any() and not matrix[:, 3].any()


def test_frozen_weights_and_p_stay_to_the_bit():
    net = standard(sines(), potentials())
    net.train(1)
    net.output.plastic = p_of(net).plastic = False
    before = net.output.matrix(), p_of(net).matrix()
    net.train(1)
    for values, part in zip(before, (net.output, p_of(net))):
        np.testing.assert_array_equal(part.matrix(), values)


def test_spiking_neurons_given_their_activity():
    task = sines(200)
    neurons = LIFNeurons(
        12,
        tau=10 * ms,
        tau_syn=20 * ms,
        bias=np.linspace(1.2, 2, 12),
        inputs=("I_in", "I_out"),
        rate_unit=20 * Hz,
    )
    net = standard(task, neurons, path=FORCE(alpha=2.0, every=2))
    rates = StateMonitor(neurons, "activity", True, when="end")
    net.add(rates)
    net.train(2)
    w, P = np.zeros(12), np.eye(12) / 2
    for step, r in enumerate(np.array(rates.activity).T):
        if step % 2:
            k = P @ r
            P = P - np.outer(k, k) / (1 + r @ k)
            w = w + (task.trial(0)[1][step % 200, 0] - w @ r) * k / (1 + r @ k)
    assert np.abs(p_of(net).matrix() - P).max() < 1e-10
    assert np.abs(net.output.matrix()[0] - w).max() < 1e-10 < np.abs(w).max()


def test_a_regularized_rule_is_still_that_of_p():
    net = standard(sines(), potentials(), rule=L2(1e-3).around(RecursiveLeastSquares()))
    plain = standard(sines(), potentials())
    net.train(2), plain.train(2)
    assert 0 < np.abs(net.output.matrix()).sum() < np.abs(plain.output.matrix()).sum()


def with_subgroup():
    neurons, readout = potentials(), Readout(sines())
    output = PlasticSynapses(neurons[:4], readout, RecursiveLeastSquares(), onto="output")
    Credit(FORCE(), readout, neurons[:4], output)


def of_parts(output=None):
    neurons, readout = potentials(), Readout(sines())
    rule = Delta(0.1) if output == "delta" else None
    given = rule and PlasticSynapses(neurons, readout, rule, onto="output")
    Credit(FORCE(), readout, neurons, given)


REFUSED = {
    "alpha": (lambda: FORCE(alpha=0), "FORCE: alpha must be a finite and positive"),
    "alpha, negative": (lambda: FORCE(alpha=-1), "FORCE: alpha must be a finite and positive"),
    "every": (lambda: FORCE(every=0), "FORCE: every must be a whole number of at least 1; got 0"),
    "rate": (lambda: RecursiveLeastSquares(2.5), "learning_rate must be at most 2.*got 2.5"),
    "schedule": (
        lambda: standard(
            sines(), potentials(), learn={"output": PerTrial(), "recurrent": PerTrial()}
        ),
        r"RecursiveLeastSquares: learn must be PerStep\(\).*got PerTrial",
    ),
    "optimizer": (
        lambda: standard(sines(), potentials(), learn=PerStep(Adam())),
        r"RecursiveLeastSquares: learn must be PerStep\(\).*got PerStep\(optimizer=Adam",
    ),
    "rule": (
        lambda: standard(sines(), potentials(), rule=Delta(0.1)),
        "FORCE: the rule of the readout weights must be RecursiveLeastSquares; got Delta",
    ),
    "no path": (
        lambda: standard(sines(), potentials(), path=RandomFeedback()),
        r"RecursiveLeastSquares reads 'shrink_network', .* write credit=FORCE\(\)",
    ),
    "readout does not learn": (
        lambda: standard(sines(), potentials(), trained=["recurrent"]),
        "FORCE: the readout weights must learn; got trained=",
    ),
    "bias": (
        lambda: standard(
            sines(),
            potentials(),
            trained=["output", "output_bias"],
            connectivity={"output_bias": AllToAll()},
        ),
        "FORCE: the bias of the readout must not learn, .*got trained=.*'output_bias'",
    ),
    "leaky": (
        lambda: standard(sines(), potentials(), readout=Leaky(20 * ms)),
        "FORCE: 'readout.*' must be a Readout, .* got LeakyReadout",
    ),
    "softmax": (
        lambda: standard(ArrayTask(target=np.eye(2), dt=1 * ms), potentials(), readout=Softmax()),
        "FORCE: 'readout.*' must be a Readout, .* got SoftmaxReadout",
    ),
    "subgroup": (with_subgroup, "FORCE: '.*' must come from the whole group of neurons"),
    "no output": (of_parts, "FORCE: the projection onto the readout must learn by Recu.*got None"),
    "other rule": (lambda: of_parts("delta"), "must learn by RecursiveLeastSquares; got Delta\\("),
    "some outputs": (
        lambda: standard(
            sines(),
            potentials(),
            connectivity={"output": np.arange(8)[None] > 2, "current": AllToAll()},
        ).train(1),
        "FORCE: 'output' must connect all neurons with all outputs",
    ),
    "masks of outputs": (
        lambda: standard(
            ArrayTask(target=targets_of(40, 2), mask=np.eye(2)[np.arange(40) % 2], dt=1 * ms),
            potentials(),
        ),
        r"FORCE: the mask of a step must be one for all outputs, .* for each of 2\. Write",
    ),
    "factors": (
        lambda: standard(sines(), potentials(), trained={"output": np.full((1, 8), 0.5)}).train(1),
        "FORCE: 'output' must connect all neurons.*all of its weights must learn",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_force_is_refused(name):
    make, message = REFUSED[name]
    with pytest.raises((ValueError, BrianObjectException)) as raised:
        make()
    assert re.search(message, str(raised.value.__cause__ or raised.value))


@pytest.mark.parametrize("n, networks", [(40_000, 1), (100_000, 2)])
def test_a_p_that_does_not_fit_says_how_much_it_needs(monkeypatch, n, networks):
    monkeypatch.setattr(force, "memory", lambda: 8e9)
    needed = f"{16e-9 * n**2 / networks:.3g} GB, here at most 8 GB"
    with pytest.raises(ValueError, match=f"FORCE: P must fit into memory.*{needed}"):
        force.check_memory(n, networks)
    force.check_memory(1000, 1)


def test_more_synapses_than_have_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(force, "memory", lambda: float("inf"))
    with pytest.raises(ValueError, match="FORCE: P must fit.*here at most 34.4 GB"):
        force.check_memory(50_000, 1)
