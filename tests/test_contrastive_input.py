"""What contrastive networks refuse: weights and masks that are not symmetric, and patterns that do
not relax; and that they run in the dense loops.
"""

import numpy as np
import pytest
from brian2 import BrianObjectException, Network, defaultclock, ms
from test_contrastive import network

from brian_rflo import LossMonitor, PerTrial, PlasticSynapses, Readout, Trials
from brian_rflo.brian.devices import device
from brian_rflo.credit import Oscillation, TwoPhases
from brian_rflo.neurons import RelaxationNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import Contrastive
from brian_rflo.tasks import Patterns

TEACHER = TwoPhases(free=40 * ms, taught=20 * ms)
PATTERNS = dict(inputs=[[0.0, 1.0], [1.0, 0.0]], target=[[0.9], [0.1]])
N = 3
MASK = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], dtype=bool)
SYMMETRIC = np.where(MASK, 0.5, 0.0)
ASYMMETRIC = SYMMETRIC + np.triu(SYMMETRIC)


def projection(networks=1, **args):
    """A recurrent projection that is not yet connected."""
    task = Patterns(**PATTERNS, phases=TEACHER.phases)
    defaultclock.dt = task.dt
    units = RelaxationNeurons(networks * N, 4 * ms, task, TEACHER, networks=networks)
    return PlasticSynapses(units, units, Contrastive(1), onto="I_rec", learn=PerTrial(), **args)


def run(synapses):
    """Run a projection for a trial."""
    units = synapses.source
    trials = Trials(units.task, units, Readout(units.task), synapses, TEACHER)
    net = Network(units, synapses, trials, *trials.readouts, LossMonitor(trials))
    net.run(units.task.duration)


def connected(**args):
    synapses = projection(**args)
    synapses.connect()
    return synapses


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: projection().connect_matrix(ASYMMETRIC), "matrix must be symmetric.*Write"),
        (lambda: connected().set_matrix(ASYMMETRIC), "weights must be symmetric"),
        (lambda: setattr(connected(), "w", ASYMMETRIC.T.ravel()), "weights must be symmetric"),
        (
            lambda: projection(networks=2).connect_matrix(np.stack([SYMMETRIC, ASYMMETRIC])),
            "must be symmetric, .* got 1 from 5 to 3, and 0.5 back",
        ),
        (lambda: projection().connect_matrix(np.triu(SYMMETRIC)), "mask must be symmetric"),
        (lambda: connected(plasticity=np.triu(MASK)), "plasticity must be symmetric"),
    ],
)
def test_asymmetric_weights_and_masks_are_refused_where_they_are_written(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_weights_of_a_string_are_refused_in_the_run():
    synapses = connected()
    synapses.w = "i - j"
    with pytest.raises(BrianObjectException) as error:
        run(synapses)
    assert "weights must be symmetric" in f"{error.value.__cause__}"
    synapses = projection()
    synapses.connect(condition="i < j")
    with pytest.raises(BrianObjectException) as error:
        run(synapses)
    assert "mask must be symmetric" in f"{error.value.__cause__}"


def test_strings_and_asymmetric_weights_are_refused_in_standalone():
    with device("cpp_standalone"):
        with pytest.raises(ValueError, match="C.* standalone evaluates a string.*set_matrix"):
            connected().w = "i + j"
        with pytest.raises(ValueError, match="weights must be symmetric"):
            connected().set_matrix(ASYMMETRIC)
        with pytest.raises(ValueError, match="must be symmetric"):
            projection().connect_matrix(np.where(MASK, ASYMMETRIC, np.nan), absent=np.nan)


def test_symmetric_weights_are_accepted():
    connected(plasticity=MASK).set_matrix(SYMMETRIC)
    synapses = projection(networks=2)
    synapses.connect_matrix(np.stack([SYMMETRIC, 2 * SYMMETRIC]))
    synapses.w = 2.0
    synapses = connected()
    synapses.w = "0.1*(i + j)"
    run(synapses)


def pattern_network(weight, tau, teacher=TEACHER, drive=1.0):
    """A network of three neurons with one strength of all weights."""
    task = Patterns(**PATTERNS, phases=teacher.phases)
    defaultclock.dt = task.dt
    W, Win = np.where(MASK, weight, 0.0)[None], np.full((1, N, 2), drive)
    return task, network(task, teacher, W, Win, MASK[None], np.ones((1, N, 2)), tau, 0.0, 1)


def part_of(net, kind):
    return next(part for part in net.sorted_objects if isinstance(part, kind))


def recurrent_of(net):
    return next(part for part in net.sorted_objects if getattr(part, "onto", "") == "I_rec")


def test_a_pattern_that_does_not_relax_is_refused():
    """The energy has a minimum, but Euler steps of .9 tau oscillate between two states."""
    task, net = pattern_network(-30.0, 1.1 * ms, drive=10.0)
    with pytest.raises(RuntimeError, match="does not relax: in trial 0 .* shorter dt"):
        net.run(2 * task.duration)


def test_phases_that_are_too_short_are_refused():
    task, net = pattern_network(0.5, 60 * ms)
    with pytest.raises(RuntimeError, match="does not relax: in trial 0 .* longer phases"):
        net.run(2 * task.duration)


def test_what_still_moves_is_measured():
    """Against the relaxation of the same network in NumPy."""
    task, net = pattern_network(1.5, 8 * ms)
    net.run(task.duration)
    W, inputs, u, expected = np.where(MASK, 1.5, 0.0), np.ones(N), np.zeros(N), np.zeros(N)
    for k in range(60):
        a = 1 / (1 + np.exp(-u))
        if k >= 40:
            a[2] = 0.9
        change = W @ a + inputs - u
        if k in (39, 59):  # the last steps of both phases
            speed = 8 * np.abs(1 / (1 + np.exp(-u - change / 8)) - a) * ([1, 1, k < 40])
            expected = np.maximum(expected, speed)
        u = u + change / 8
    np.testing.assert_allclose(part_of(net, RelaxationNeurons).unsettled, expected, rtol=1e-9)


def test_networks_that_stop_relaxing_later_are_warned_of_once(caplog):
    task, net = pattern_network(0.5, 1.1 * ms, drive=10.0)
    net.run(2 * task.duration)
    assert not caplog.records
    recurrent_of(net).w = -30.0
    net.run(4 * task.duration)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "does not relax: in trial 2 " in said[0]


def test_along_trajectories_nothing_has_to_relax():
    task, net = pattern_network(0.5, 60 * ms, TwoPhases(40 * ms, 20 * ms, window=20 * ms))
    net.run(2 * task.duration)
    assert (part_of(net, RelaxationNeurons).unsettled[:] == 0).all()


@pytest.mark.parametrize("strength", [None, 0.5])
def test_a_window_averages_products_of_both_phases(strength):
    teacher = TwoPhases(30 * ms, 20 * ms, strength, window=8 * ms)
    task = Patterns(**PATTERNS, phases=teacher.phases)
    defaultclock.dt = task.dt
    W, Win = np.where(MASK, 0.5, 0.0), np.ones((N, 2))
    net = network(task, teacher, W[None], Win[None], MASK[None], Win[None], 10 * ms, 0.3, 1)
    net.run(task.duration)
    u, products, inputs = np.zeros(N), [], np.array([0.0, 1.0])
    taught = np.array([False, False, True])
    for k in range(50):
        a, on = 1 / (1 + np.exp(-u)), taught & (k >= 30)
        a = np.where(on, 0.9, a) if strength is None else a
        pull = 0 if strength is None else strength * on * (0.9 - a)
        u = u + (W @ a + Win @ inputs + pull - u) / 10
        a = 1 / (1 + np.exp(-u))
        a = np.where(on, 0.9, a) if strength is None else a
        products.append(np.outer(a, a))
    change = np.mean(products[42:50], axis=0) - np.mean(products[22:30], axis=0)
    recurrent = recurrent_of(net)
    expected = W + 0.3 / (strength or 1) * np.where(MASK, change, 0)
    assert np.abs(expected - W).max() > 1e-3
    np.testing.assert_allclose(recurrent.matrix(), expected, atol=1e-12)


@pytest.mark.parametrize(
    "window, message",
    [(0 * ms, "TwoPhases: window must be"), (25 * ms, "window must not be longer than a phase")],
)
def test_wrong_windows_are_refused(window, message):
    with pytest.raises(ValueError, match=message):
        TwoPhases(30 * ms, 20 * ms, window=window)


@pytest.mark.compiled
@pytest.mark.parametrize(
    "teacher",
    [
        TEACHER,
        pytest.param(TwoPhases(40 * ms, 20 * ms, 0.5), marks=pytest.mark.model),
        pytest.param(Oscillation(40 * ms, 20 * ms), marks=pytest.mark.model),
    ],
)
def test_contrastive_projections_run_in_the_dense_loops(teacher):
    """All to all with a mask of what learns, with the sum and with histories, in C++ standalone."""
    with device("cpp_standalone"):
        task = Patterns(**PATTERNS, phases=teacher.phases)
        defaultclock.dt = task.dt
        units = RelaxationNeurons(2 * N, 4 * ms, task, teacher, networks=2)
        inputs, learn = TaskInput(task), PerTrial(batch=2)
        rule = Contrastive(1 / 2)
        recurrent = PlasticSynapses(units, units, rule, onto="I_rec", learn=learn, plasticity=MASK)
        inward = PlasticSynapses(inputs, units, rule, onto="I_in", learn=learn)
        recurrent.connect_matrix(np.stack([SYMMETRIC, 2 * SYMMETRIC]), absent=np.nan)
        inward.connect_matrix(np.ones((2 * N, 2)))
        readout = Readout(task, networks=2)
        trials = Trials(task, units, readout, recurrent, inward, teacher, networks=2)
        Network(units, inputs, readout, recurrent, inward, trials).run(4 * task.duration)
        for part in (recurrent, inward):
            assert part.dense.why_not_dense is None and part.dense.why_not_batched is None
        after = recurrent.matrix(networks=2)
        assert (after[:, ~MASK] == 0).all()
        np.testing.assert_allclose(after, after.swapaxes(1, 2), atol=1e-14)
        assert np.abs(after - [SYMMETRIC, 2 * SYMMETRIC]).max() > 1e-3
