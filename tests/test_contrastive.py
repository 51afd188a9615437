"""Contrastive learning with a clamping, a soft and an oscillating teacher, against stored cases of
another implementation.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import BrianObjectException, Network, defaultclock, ms
from targets import NUMPY_FIRST

from brian_rflo import FixedSynapses, LossMonitor, PerTrial, PlasticSynapses, Readout, Trials
from brian_rflo.brian.devices import device
from brian_rflo.credit import Oscillation, TwoPhases
from brian_rflo.neurons import RelaxationNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import Contrastive
from brian_rflo.tasks import Patterns

DATA = Path(__file__).parent / "data"


def teacher_of(data, name):
    """The teacher of a case."""
    strength = None if name == "chl" else float(data["beta"])
    if name == "oscillating":
        return Oscillation(int(data["free"]) * ms, int(data["period"]) * ms, strength)
    return TwoPhases(int(data["free"]) * ms, int(data["taught"]) * ms, strength)


def network(task, teacher, W, Win, mask, mask_in, tau, eta, batch):
    """A network of several side by side; its parts that are looked at."""
    networks, n, _ = W.shape
    units = RelaxationNeurons(networks * n, tau, task, teacher, networks=networks)
    inputs, readout = TaskInput(task), Readout(task, networks=networks)
    rule, learn = Contrastive(eta / batch), PerTrial(batch=batch)
    recurrent = PlasticSynapses(units, units, rule, onto="I_rec", learn=learn)
    inward = PlasticSynapses(inputs, units, rule, onto="I_in", learn=learn)
    recurrent.connect_matrix(np.where(mask, W, np.nan), absent=np.nan)
    start = np.where(mask_in, Win, np.nan).reshape(networks * n, -1)
    inward.connect_matrix(start, absent=np.nan)
    answer, n_out = FixedSynapses(units, readout, onto="output"), task.n_outputs
    first = np.arange(networks)[:, None] * n + n - n_out
    answer.connect(i=(first + np.arange(n_out)).ravel(), j=np.arange(networks * n_out))
    answer.w = 1.0
    trials = Trials(task, units, readout, recurrent, inward, teacher, networks=networks)
    loss = LossMonitor(trials)
    return Network(units, inputs, readout, recurrent, inward, answer, trials, loss)


@pytest.mark.parametrize("name", ["chl", "soft", "oscillating"])
@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_stored_case(name, target):
    with np.load(DATA / f"contrastive_{name}.npz") as file:
        data = {key: file[key] for key in file.files}
    epochs, patterns = int(data["epochs"]), np.arange(len(data["X"]))
    order = data["order"].ravel() if "order" in data else np.tile(patterns, epochs)
    teacher, networks = teacher_of(data, name), len(data["start_W"])
    inputs = np.column_stack([data["X"], np.ones(len(data["X"]))])
    with device(target):
        task = Patterns(inputs=inputs[order], target=data["Y"][order], phases=teacher.phases)
        defaultclock.dt = task.dt
        net = network(
            task,
            teacher,
            data["start_W"],
            data["start_Win"],
            data["mask"],
            data["mask_in"],
            1 / float(data["h"]) * ms,
            float(data["eta"]),
            int(data.get("batch", 1)),
        )
        net.run(len(order) * task.duration)
        recurrent, inward = (
            part for part in net.sorted_objects if isinstance(part, PlasticSynapses)
        )
        after = recurrent.matrix(networks, absent=0.0)
        inward_after = inward.matrix(absent=0.0).reshape(data["start_Win"].shape)
    assert np.abs(after - data["after_W"][-1]).max() < 1e-12
    assert np.abs(inward_after - data["after_Win"][-1]).max() < 1e-12
    np.testing.assert_allclose(after, after.swapaxes(1, 2), atol=1e-14)


def test_half_a_step_of_a_period_is_refused():
    teacher = Oscillation(20 * ms, 7.5 * ms)
    task = Patterns(inputs=[[0.0]], target=[[1.0]], phases=teacher.phases)
    defaultclock.dt = task.dt
    with pytest.raises(ValueError, match="must be a whole number of steps of .*; got 7.5"):
        RelaxationNeurons(2, 4 * ms, task, teacher)


def test_the_loss_is_that_of_the_free_answer():
    teacher = TwoPhases(free=40 * ms, taught=20 * ms)
    task = Patterns(inputs=[[1.0]], target=[[1.0]], phases=teacher.phases)
    defaultclock.dt = task.dt
    W, Win = np.zeros((1, 2, 2)), np.zeros((1, 2, 1))
    ones = np.ones((2, 2)), np.ones((2, 1))
    net = network(task, teacher, W, Win, *ones, 4 * ms, 0.0, 1)
    net.run(task.duration)
    loss = next(part for part in net.sorted_objects if isinstance(part, LossMonitor))
    assert loss.loss[0][0] == pytest.approx(0.5**2 / (2 * task.n_steps))


TEACHER = TwoPhases(free=20 * ms, taught=10 * ms)
TASK = Patterns(inputs=[[0.0]], target=[[1.0, 0.0]], phases=TEACHER.phases)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: TwoPhases(20, 10 * ms), "TwoPhases: free must be a"),
        (lambda: TwoPhases(20 * ms, 10 * ms, 0), "TwoPhases: strength must be a finite and posit"),
        (lambda: Oscillation(20 * ms, 0 * ms), "Oscillation: period must be"),
        (lambda: Oscillation(20 * ms, 8 * ms, np.nan), "Oscillation: strength must be a finite"),
        (
            lambda: RelaxationNeurons(3, 4 * ms, TASK, TEACHER, networks=2),
            "RelaxationNeurons: N must be a multiple of networks = 2",
        ),
        (
            lambda: RelaxationNeurons(3, 4 * ms, TASK, TwoPhases(free=30 * ms, taught=9 * ms)),
            "the first phases of Patterns must be those of the teacher, {'free': 30",
        ),
        (
            lambda: RelaxationNeurons(3, 4 * ms, TASK, "clamp"),
            "RelaxationNeurons: teacher must be a teacher, .* got 'clamp'",
        ),
        (
            lambda: Patterns(inputs=[[0.0]], target=[[1.0], [0.0]], phases=TEACHER.phases),
            "Patterns: inputs and target must have as many patterns; got 1 and 2",
        ),
        (
            lambda: Patterns(inputs=[0.0], target=[[1.0]], phases=TEACHER.phases),
            r"Patterns: inputs must be finite, of shape \(n_patterns, n\); got shape \(1,\)",
        ),
        (
            lambda: Patterns(inputs=[[0.0]], target=[[1.0]], phases={"taught": 3 * ms}),
            "Patterns: phases must be durations by name, 'free' among them",
        ),
        (
            lambda: Patterns(inputs=[[0.0]], target=[[1.0]], phases={"free": 3.5 * ms}),
            "Patterns: phase 'free' .* whole number",
        ),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    defaultclock.dt = 1 * ms
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    "other, message",
    [
        (dict(teacher=replace(TEACHER, strength=0.1)), "must have the same teacher; got TwoPhases"),
        (dict(task=replace(TASK, target=[[0.0, 1.0]])), "must have the same task; got Patterns"),
        (dict(networks=2), "networks=2 that are taught one trial after the other, but .* has 1"),
    ],
)
def test_neurons_and_trials_must_agree(other, message):
    defaultclock.dt = 1 * ms
    units = RelaxationNeurons(4, 4 * ms, **dict(task=TASK, teacher=TEACHER) | other)
    with pytest.raises(ValueError, match=message):
        Trials(TASK, units, Readout(TASK), TEACHER)


def two_groups(back, rate=1.0):
    """Hidden neurons and outputs in two halves of a group, with a projection each way."""
    defaultclock.dt = TASK.dt
    units, readout = RelaxationNeurons(5, 4 * ms, TASK, TEACHER), Readout(TASK)
    ways, w = [], np.random.default_rng(0).normal(size=(2, 3))
    for source, target, matrix, its in (
        (units[:3], units[3:], w, 1.0),
        (units[3:], units[:3], back(w), rate),
    ):
        ways.append(
            PlasticSynapses(source, target, Contrastive(its), onto="I_rec", learn=PerTrial())
        )
        ways[-1].connect_matrix(matrix, absent=np.nan)
    trials = Trials(TASK, units, readout, *ways, TEACHER)
    return Network(units, readout, *ways, trials), ways


def test_two_projections_between_two_groups_stay_transposed():
    net, (there, back) = two_groups(lambda w: w.T)
    start = there.matrix()
    net.run(3 * TASK.duration)
    assert (there.matrix() != start).any()
    np.testing.assert_array_equal(there.matrix(), back.matrix().T)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(back=lambda w: 2 * w.T), "weights must be the same in both directions"),
        (dict(back=lambda w: w.T, rate=0.5), "learning_rate must be the same in both directions"),
        (dict(back=lambda w: np.where(w.T > 0, w.T, np.nan)), "a synapse back for each synapse"),
    ],
)
def test_two_projections_that_are_not_transposed_are_refused(change, message):
    net, _ = two_groups(**change)
    with pytest.raises(BrianObjectException) as error:
        net.run(TASK.duration)
    with pytest.raises(ValueError, match=message):
        raise error.value.__cause__


def squared_error(task, W, Win, steps=600):
    """Squared error of the outputs of a network that has settled."""
    (inputs, *_), (target, *_), _ = task.trial(0)
    u = np.zeros(len(W))
    for _ in range(steps):
        u = u + (W @ (1 / (1 + np.exp(-u))) + Win @ inputs - u) / 4
    return ((1 / (1 + np.exp(-u[-len(target) :])) - target) ** 2).sum() / 2


def test_with_a_weak_teacher_changes_are_the_gradient():
    teacher = TwoPhases(free=150 * ms, taught=150 * ms, strength=0.01)
    task = Patterns(inputs=[[0.7, -1.0]], target=[[0.9, 0.2]], phases=teacher.phases)
    defaultclock.dt = task.dt
    rng = np.random.default_rng(2)
    W, Win = rng.normal(size=(4, 4)), rng.normal(size=(4, 2))
    W = (W + W.T) * (1 - np.eye(4)) / 2
    net = network(task, teacher, W[None], Win[None], W[None] != 0, Win[None] != 0, 4 * ms, 1.0, 1)
    net.run(task.duration)
    recurrent, inward = (part for part in net.sorted_objects if isinstance(part, PlasticSynapses))
    pairs, size = [(i, j) for i in range(4) for j in range(i)], 1e-5
    slopes = []
    for i, j in pairs:
        step = np.zeros((4, 4))
        step[i, j] = step[j, i] = size
        errors = [squared_error(task, W + sign * step, Win) for sign in (1, -1)]
        slopes.append((errors[0] - errors[1]) / (2 * size))
    changes = [recurrent.matrix(absent=0.0)[i, j] - W[i, j] for i, j in pairs]
    np.testing.assert_allclose(changes, -np.array(slopes), atol=0.01 * np.abs(slopes).max())
    step = np.zeros((4, 2))
    step[0, 1] = size
    errors = [squared_error(task, W, Win + sign * step) for sign in (1, -1)]
    change = inward.matrix()[0, 1] - Win[0, 1]
    assert change == pytest.approx(-(errors[0] - errors[1]) / (2 * size), rel=0.02)
