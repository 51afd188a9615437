"""Trials of one's own: which is shown when, masks of each output, padding, streams, other tasks."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import SpikeMonitor, StateMonitor, defaultclock, device, ms, prefs
from targets import LONG

from brian_rflo import (
    RFLO,
    EProp,
    FeedbackSynapses,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Task,
    TrainingResult,
    Trials,
    reference,
)
from brian_rflo.checks import check_task
from brian_rflo.network import TrialNetwork
from brian_rflo.plotting import plot_output
from brian_rflo.readouts import Leaky, SoftmaxReadout, TaskInput
from brian_rflo.tasks import ArrayTask
from brian_rflo.updates import FiringRate

RNG = np.random.default_rng(4)
INPUTS, TARGET = RNG.normal(size=(6, 8, 2)), RNG.normal(size=(6, 8, 3))
MASK = RNG.uniform(0.2, 2, size=(6, 8, 3)) * (RNG.uniform(size=(6, 8, 3)) < 0.7)
MINE = ArrayTask(target=TARGET, inputs=INPUTS, mask=MASK)
TAU, RATE = 10.0, 0.2


def built(task, neurons=None, learn=PerStep(), rule=None, **more):
    defaultclock.dt = task.dt
    neurons = RateNeurons(5, tau=TAU * ms) if neurons is None else neurons
    return LearningNetwork(task, neurons, rule or RFLO(RATE, tau=TAU * ms), learn=learn, **more)


def rflo(weights, trials, divisor, is_stream=False):
    """Murray 2019, equations 1 to 5, with the mask in the error: weights after, and losses."""
    w, win, out, back = (
        weights[name][0].copy() for name in ("recurrent", "input", "output", "feedback")
    )
    losses, a, state = [], 1 / TAU, None
    for inputs, target, mask in trials:
        if state is None or not is_stream:
            state = np.full(len(w), 0.1), np.zeros_like(w), np.zeros_like(win)
        h, p, q = state
        mask = mask[:, None] if mask.ndim == 1 else mask
        loss = 0.0
        for x, y, m in zip(inputs, target, mask):
            rate = np.tanh(w @ h + win @ x)
            gain = 1 - rate**2
            p, q = p + a * (np.outer(gain, h) - p), q + a * (np.outer(gain, x) - q)
            h = h + a * (rate - h)
            error = m * (y - out @ h)
            loss += (m * (y - out @ h) ** 2).sum() / (2 * len(inputs))
            signal = back @ error
            w, win = (
                w + RATE / divisor * signal[:, None] * p,
                win + RATE / divisor * signal[:, None] * q,
            )
            out = out + RATE / divisor * np.outer(error, h)
        state = h, p, q
        losses.append(loss)
    return {"recurrent": w, "input": win, "output": out}, losses


def farthest(result, weights, losses):
    """The largest difference between a result and a recursion."""
    found = [abs(result.weights_after[name][0] - w).max() for name, w in weights.items()]
    return max(*found, abs(result.losses[0] - losses).max())


def test_the_order_of_trials_and_which_is_shown_when():
    for order in ("in turn", "shuffled"):
        task = ArrayTask(target=TARGET, inputs=INPUTS, order=order, seed=3)
        shown = task.index_of(np.arange(18)).reshape(3, 6)
        assert (np.sort(shown, axis=1) == np.arange(6)).all() and task.random
        assert (shown == np.arange(6)).all() == (order == "in turn")
    epoch = [np.random.default_rng((3, epoch)).permutation(6) for epoch in range(3)]
    assert (shown == epoch).all() and (shown[0] != shown[1]).any()
    drawn = ArrayTask(target=TARGET, order="drawn", seed=3)
    assert drawn.index_of(7) == np.random.default_rng((3, 7)).integers(6)
    assert len(set(drawn.index_of(range(60)))) == 6
    for task in (drawn, MINE):
        for number in (0, 5, 7):
            inputs, target, _ = task.trial(number)
            assert np.array_equal(target, TARGET[task.index_of(number)])
            assert not inputs.size or np.array_equal(inputs, INPUTS[task.index_of(number)])


def test_arrays_without_trials_are_the_same_in_every_trial():
    same = ArrayTask(target=TARGET, inputs=INPUTS[0, :, 0], mask=MASK[0])
    for number in (0, 4):
        inputs, target, mask = same.trial(number)
        assert np.array_equal(inputs[:, 0], INPUTS[0, :, 0]) and np.array_equal(mask, MASK[0])
        assert np.array_equal(target, TARGET[number])
    assert np.array_equal(ArrayTask(target=TARGET[0], inputs=INPUTS).trial(3)[1], TARGET[0])
    assert np.array_equal(ArrayTask(target=TARGET, mask=MASK[..., 0]).trial(2)[2], MASK[2, :, 0])
    assert not ArrayTask(target=TARGET[:1]).random and not ArrayTask(target=TARGET[[1, 1]]).random
    assert ArrayTask(target=TARGET[0]).index_of(5) == 0


def test_train_and_test_parts():
    train, test = MINE.split(test=2)
    assert sorted([*train.rows, *test.rows]) == list(range(6)) and len(test.rows) == 2
    assert set(train.index_of(range(8))) == set(train.rows)
    assert np.array_equal(test.trial(1)[1], TARGET[test.index_of(1)])
    train, test = MINE.split(test=[4, 1])
    assert test.rows == (4, 1) and [test.index_of(k) for k in range(3)] == [4, 1, 4]
    assert ArrayTask(target=TARGET, continuous=True).split(test=2)[1].rows == (4, 5)
    inner, valid = train.split(test=[0])
    assert inner.rows == (2, 3, 5) and valid.index_of(0) == 0
    other = ArrayTask(target=TARGET, seed=1).split(test=2)[1], ArrayTask(target=TARGET).split(2)[1]
    assert other[0].rows != other[1].rows


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MINE.split(6), "test must be from 1 to 5"),
        (lambda: MINE.split(0.2), "must be a number of trials, or their places; got 0.2"),
        (lambda: MINE.split([1, 9]), "which shows 6; it has no trial 9"),
        (lambda: MINE.split(range(6)), "must leave trials on both sides; got 6 of 6"),
        (lambda: MINE.split([1, 1]), "must be whole numbers, each once"),
        (lambda: MINE.index_of(-1), "the number of a trial must be a non-negative whole number"),
        (lambda: ArrayTask(target=TARGET, order="random"), "order must be one of 'in turn', 'shuf"),
        (lambda: ArrayTask(target=TARGET, rows=[6]), "rows must be from 0 to 5"),
        (lambda: ArrayTask(target=TARGET, inputs=INPUTS[:5]), "as many trials; got 5 and 6"),
        (lambda: ArrayTask(target=TARGET, inputs=INPUTS[0, :5]), r"must have shape \(8, 2\); got"),
        (lambda: ArrayTask(target=TARGET, mask=MASK[:5]), r"or \(6, 8\) or \(6, 8, 3\); got"),
        (lambda: ArrayTask(target=RNG.normal(size=(4, 4, 4)), mask=np.ones((4, 4))), "can be one"),
        (lambda: ArrayTask(target=np.where(TARGET > 2, np.nan, TARGET)), "in step . of trial ."),
        (lambda: ArrayTask(target=TARGET, mask=-MASK), "in step . of trial . .the first.. A neg"),
        (lambda: ArrayTask(target=TARGET, continuous=1), "continuous must be True or False"),
        (lambda: ArrayTask(target=[TARGET[0], TARGET[0, :5, :2]]), "with the same n; got"),
        (lambda: ArrayTask(target=[TARGET[0, :, 0], TARGET[0, :5, 0]]), r"shape \(steps, n\)"),
        (
            lambda: ArrayTask(target=[TARGET[0], TARGET[1, :5]], inputs=INPUTS[:2]),
            "of the same lengths in inputs, target and mask; inputs differs from target",
        ),
        (
            lambda: ArrayTask(target=[TARGET[0], TARGET[1, :5]], continuous=True),
            "the windows of a stream must have the same length; got trials of 5 to 8 steps",
        ),
    ],
)
def test_bad_trials(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make()


def test_each_is_shown_once_in_an_epoch_and_its_frozen_loss_is_the_same_whenever_it_is():
    """Fifty trials of one's own, issue 23."""
    task = ArrayTask(target=RNG.normal(size=(50, 3, 1)), order="shuffled")
    net = built(task)
    net.train(3)
    test = net.evaluate(100, first=0)
    index = task.index_of(test.shown)
    assert (np.sort(index.reshape(2, 50), axis=1) == np.arange(50)).all()
    losses = [
        test.losses[0, first : first + 50][index[first : first + 50].argsort()] for first in (0, 50)
    ]
    assert np.array_equal(*losses) and len(set(losses[0])) == 50


def test_a_mask_of_each_output_against_the_recursion():
    net = built(MINE)
    weights = net.weights()
    result = net.train(7)
    expected = rflo(weights, [MINE.trial(k) for k in range(7)], divisor=8)
    assert farthest(result, *expected) < 1e-12
    baseline = reference.train(MINE, weights, "rflo", RATE, TAU * ms, 7, update="step")
    assert abs(result.losses - baseline.losses).max() < 1e-12
    assert np.array_equal(result.mask, MASK[0]) and result.weights_after["output"][0].any()
    plain = rflo(weights, [(*MINE.trial(k)[:2], np.ones(8)) for k in range(7)], divisor=8)
    assert farthest(result, *plain) > 1e-3


def test_a_mask_of_one_column_is_that_of_each_step():
    """Case 21, and trials side by side."""
    by_step, by_output = MASK[0, :, 0], np.repeat(MASK[0, :, :1], 3, axis=1)
    tasks = [ArrayTask(target=TARGET, inputs=INPUTS, mask=mask) for mask in (by_step, by_output)]
    results = [
        built(task, RateNeurons(10, tau=TAU * ms), PerTrial(copies=2), networks=1).train(4)
        for task in tasks
    ]
    assert np.array_equal(results[0].losses, results[1].losses)
    assert np.array_equal(*(result.weights_after["recurrent"] for result in results))
    assert results[0].mask.shape == (8,) and results[1].mask.shape == (8, 3)
    one = ArrayTask(target=TARGET[:, :, :1], mask=MASK[0, :, :1])
    assert one.trial()[2].shape == (8,)
    check_task(ArrayTask(target=np.ones((50, 3)), mask=np.full((50, 3), 2.0)))


def test_a_mask_of_each_output_in_results(tmp_path):
    result = built(MINE).train(2)
    for ending in ("npz", "nc"):
        read = TrainingResult.load(result.save(tmp_path / f"result.{ending}"))
        assert np.array_equal(read.mask, MASK[1]) and read.shown.tolist() == [0, 1]
    assert result.to_xarray()["mask"].dims == ("time", "readout")
    axes = read.plot()
    grey = [
        line for line in axes[1].get_lines() if line.get_linewidth() == 4 and len(line.get_xdata())
    ]
    assert [len(line.get_xdata()) for line in grey] == (MASK[1] > 0).sum(axis=0).tolist()
    assert MINE.plot(trial=1).has_data()
    with pytest.raises(ValueError, match="plot_output: mask must have the shape"):
        plot_output(read.times, read.output[0], read.target, mask=np.ones((8, 2)))


def test_readouts_that_cannot_have_a_mask_of_each_output():
    task = ArrayTask(target=np.eye(3)[RNG.integers(3, size=8)], mask=np.ones((8, 3)))
    with pytest.raises(ValueError, match=r"must have shape \(8,\); got \(8, 3\)"):
        SoftmaxReadout(task, tau=20 * ms)

    @dataclass(frozen=True, kw_only=True)
    class Changing(Task):
        n_steps, n_outputs, random = 8, 3, True

        def sample(self, rng, number):
            return np.zeros((8, 0)), TARGET[0], MASK[0] if number else np.ones(8)

    with pytest.raises(ValueError, match="trial 1 has a mask of each output, but the network"):
        built(Changing()).train(3)


def test_trials_of_different_length():
    lengths = (8, 3, 5)
    target, inputs = ([values[k, :n] for k, n in enumerate(lengths)] for values in (TARGET, INPUTS))
    task = ArrayTask(target=target, inputs=inputs)
    check_task(task)
    assert task.n_steps == 8 and task.lengths.tolist() == [8, 3, 5]
    for k, n in enumerate(lengths):
        x, y, mask = task.trial(k)
        assert np.array_equal(y[:n], target[k]) and mask.tolist() == [1] * n + [0] * (8 - n)
        assert np.array_equal(x[:n], inputs[k]) and not x[n:].any()
    net = built(task)
    weights = net.weights()
    result = net.train(3)
    assert farthest(result, *rflo(weights, [task.trial(k) for k in range(3)], divisor=8)) < 1e-12
    assert "trials of 3 to 8 steps, padded to 8" in str(result)
    masked = ArrayTask(target=target, inputs=INPUTS[0], mask=[np.full(n, 0.5) for n in lengths])
    assert masked.trial(1)[2].tolist() == [0.5] * 3 + [0] * 5 and not masked.trial(1)[0][3:].any()
    assert ArrayTask(target=TARGET).lengths is None


def test_sample_gets_the_number_of_the_trial_if_it_asks_for_it():
    @dataclass(frozen=True, kw_only=True)
    class Counting(Task):
        n_steps, random = 4, True

        def sample(self, rng, number):
            return np.zeros((4, 0)), np.full((4, 1), number), np.ones(4)

    check_task(Counting())
    assert Counting().trial(12)[1][0, 0] == 12
    assert built(Counting()).train(3).target[0, 0] == 2

    class Optional(Counting):
        def sample(self, rng, scale=3.0):
            return np.zeros((4, 0)), np.full((4, 1), scale), np.ones(4)

    assert Optional().trial(12)[1][0, 0] == 3
    for sample in (lambda self: None, lambda self, rng, number, other: None):
        kind = type("Wrong", (Counting,), {"sample": sample})
        with pytest.raises(
            TypeError, match=r"Wrong: sample must be defined as sample\(self, rng\)"
        ):
            kind().trial()


STREAM = ArrayTask(target=TARGET[:5], inputs=INPUTS[:5], continuous=True)
LONG_TRIAL = ArrayTask(target=np.concatenate(TARGET[:5]), inputs=np.concatenate(INPUTS[:5]))


def test_a_stream_of_windows_is_one_long_trial():
    """To the bit, and against the recursion; the paper's 1/T is that of a trial."""
    net, whole = built(STREAM), built(LONG_TRIAL, learn=PerStep(window=1))
    weights = net.weights()
    result, expected = net.train(5), whole.train(1)
    for name, values in expected.weights_after.items():
        assert np.array_equal(result.weights_after[name], values), name
    windows = [STREAM.trial(k) for k in range(5)]
    assert farthest(result, *rflo(weights, windows, divisor=1, is_stream=True)) < 1e-12
    assert np.isclose(result.losses.mean(), expected.losses.item(), rtol=1e-12)
    apart = rflo(weights, windows, divisor=1)
    assert farthest(result, *apart) > 1e-3


def test_a_stream_changes_weights_by_window():
    """The sum over a window, with what neurons and traces were before it."""
    net = built(STREAM, learn=PerTrial())
    state = StateMonitor(net.neurons, "activity", record=True, when="end")
    net.add(state)
    result = net.train(5)
    frozen = rflo(result.weights_before, [STREAM.trial(0)], divisor=np.inf, is_stream=True)
    assert np.isclose(result.losses[0, 0], frozen[1][0], rtol=1e-12)
    assert not np.array_equal(result.weights_before["recurrent"], result.weights_after["recurrent"])
    assert state.activity[:, ::8].any()


def by_parts(task, learn):
    """Spiking neurons, inputs with their filter, a leaky readout, and delays."""
    defaultclock.dt = task.dt
    inputs = TaskInput(task, tau=5 * ms)
    neurons = LIFNeurons(6, tau=5 * ms, tau_syn=3 * ms, bias=1.3, refractory=1 * ms)
    readout = Leaky(20 * ms).build(task)
    rule = EProp(0.02, tau=20 * ms)
    recurrent = PlasticSynapses(neurons, neurons, rule, onto="I_rec", learn=learn, name="rec*")
    inward = PlasticSynapses(inputs, neurons, rule, onto="I_in", learn=learn, name="in*")
    output = PlasticSynapses(
        neurons, readout, Leaky(20 * ms).default_rule(0.02), onto="drive", learn=learn, name="out*"
    )
    back = FeedbackSynapses(readout, neurons, name="back*")
    rng = np.random.default_rng(2)
    for part in (recurrent, inward, output, back):
        part.connect()
        part.set_matrix(rng.normal(size=(len(part.target), len(part.source))))
    recurrent.delay = 2 * ms
    trials = Trials(task, inputs, neurons, readout, recurrent, inward, output)
    spikes = SpikeMonitor(neurons)
    net = TrialNetwork(inputs, neurons, readout, recurrent, inward, output, back, trials, spikes)
    return net, (recurrent, inward, output), spikes


def test_a_stream_of_a_network_by_parts():
    """Spikes on their way, refractoriness, filters and traces go through the windows."""
    stream = ArrayTask(target=TARGET[:5], inputs=3 + INPUTS[:5], continuous=True)
    trial = ArrayTask(target=np.concatenate(TARGET[:5]), inputs=3 + np.concatenate(INPUTS[:5]))
    (net, parts, spikes), (whole, others, expected) = (
        by_parts(stream, PerStep()),
        by_parts(trial, PerStep(window=1)),
    )
    net.train(5), whole.train(1)
    assert expected.num_spikes > 10 and np.array_equal(spikes.t, expected.t)
    for one, other in zip(parts, others):
        assert np.array_equal(one.w, other.w) and one.w[:].any()
    assert net.trials.watched[0].spike_count[:].sum() == (spikes.t >= 32 * ms).sum()


def test_what_makes_no_sense_in_a_stream():
    with pytest.raises(ValueError, match="windows of a stream follow one another, so 2 of them"):
        built(STREAM, RateNeurons(10, tau=TAU * ms), PerTrial(copies=2))
    regular = dict(regularization=FiringRate(0.1, strength=1.0))
    with pytest.raises(ValueError, match="RFLO on .* by a mean over the trial so far"):
        built(STREAM, **regular)
    built(STREAM, learn=PerTrial(), **regular)
    net = built(STREAM)
    with pytest.raises(RuntimeError, match="is a stream, in which nothing resets diverged neurons"):
        net.trials.resume()
    with pytest.raises(ValueError, match="must have the continuous of the network's own, True"):
        net.train(1, task=ArrayTask(target=TARGET, inputs=INPUTS))
    with pytest.raises(ValueError, match="or give the stream as one long trial"):
        reference.train(STREAM, net.weights(), "rflo", RATE, TAU * ms, 2)


OTHER = ArrayTask(target=-TARGET, inputs=INPUTS[:, :, ::-1], mask=MASK)


def test_another_task_and_each_goes_on_where_it_stood(tmp_path):
    net, again = built(MINE), built(MINE)
    weights = net.weights()
    results = [net.train(2), net.train(3, task=OTHER), net.train(2)]
    net.save(tmp_path / "net.npz")
    results += [net.train(1, task=OTHER), net.train(1)]
    shown = [(MINE, 0), (MINE, 1), *((OTHER, k) for k in range(3)), (MINE, 2), (MINE, 3)]
    shown += [(OTHER, 3), (MINE, 4)]
    expected = rflo(weights, [task.trial(number) for task, number in shown], divisor=8)
    losses = np.concatenate([result.losses for result in results], axis=1)
    assert abs(losses[0] - expected[1]).max() < 1e-12
    assert abs(net.recurrent.matrix() - expected[0]["recurrent"]).max() < 1e-12
    assert [result.shown.tolist() for result in results] == [[0, 1], [0, 1, 2], [2, 3], [3], [4]]
    assert [result.settings["first_trial"] for result in results] == [0, 2, 5, 7, 8]
    assert np.array_equal(results[1].target, OTHER.trial(2)[1])
    assert results[1].settings["task"] != results[0].settings["task"] == net.settings["task"]
    assert results[1].settings["task_numbers"] != results[0].settings["task_numbers"]
    again.load(tmp_path / "net.npz")
    assert np.array_equal(again.train(1, task=OTHER).losses, results[3].losses)


def test_evaluation_with_another_task_changes_nothing():
    net = built(MINE)
    net.train(1)
    weights = net.weights()
    found = net.evaluate(3, task=OTHER)
    assert found.shown.tolist() == [0, 1, 2] and np.array_equal(found.target, OTHER.trial(2)[1])
    frozen = rflo(weights, [OTHER.trial(k) for k in range(3)], divisor=np.inf)
    assert abs(found.losses[0] - frozen[1]).max() < 1e-12
    assert net.evaluate(2, first=4, task=OTHER).shown.tolist() == [4, 5]
    net.store()
    result = net.train(1, task=OTHER)
    assert farthest(result, *rflo(weights, [OTHER.trial(0)], divisor=8)) < 1e-12
    assert net.train(1).shown == 1
    net.restore()
    assert np.array_equal(net.train(1, task=OTHER).losses, result.losses)
    test = net.evaluate(2, first=1)
    assert test.shown.tolist() == [1, 2] and np.array_equal(test.target, MINE.trial(2)[1])


def test_another_task_of_a_network_by_parts():
    net, (recurrent, _, _), _ = by_parts(MINE, PerTrial())
    assert np.array_equal(net.train(2, task=OTHER).target, OTHER.trial(1)[1])
    assert np.array_equal(net.train(2, task=MINE).target, MINE.trial(1)[1])
    assert recurrent.w[:].any()


def test_another_task_that_does_not_fit():
    net = built(MINE)
    for words, task in {
        "must have the n_inputs of the network's own, 2; got 0": ArrayTask(target=TARGET),
        "must have the n_steps of": ArrayTask(target=TARGET[:, :5], inputs=INPUTS[:, :5]),
        "must have the dt of": ArrayTask(target=TARGET, inputs=INPUTS, dt=2 * ms),
        "task must be a task, for example PeriodicOutput": 3,
    }.items():
        for run in (net.train, net.evaluate):
            with pytest.raises((TypeError, ValueError), match=words):
                run(1, task=task)


def test_another_task_needs_the_inputs_of_the_own_one():
    defaultclock.dt = MINE.dt
    inputs = RateNeurons(2, tau=5 * ms)
    net = built(MINE, connectivity={"input": inputs})
    with pytest.raises(ValueError, match="no TaskInput of '.*' has the inputs of its task"):
        net.train(1, task=OTHER)


def test_another_task_with_a_mask_that_the_network_cannot_have():
    own = ArrayTask(target=TARGET, inputs=INPUTS)
    net = built(own)
    net.train(1)
    with pytest.raises(ValueError, match="trial 0 has a mask of each output, but the network was"):
        net.train(1, task=MINE)
    again = net.train(1)
    assert again.shown.tolist() == [1] and np.array_equal(again.target, TARGET[1])


@pytest.mark.parametrize("target", [pytest.param("cpp_standalone", marks=LONG)])
@pytest.mark.parametrize("case", ["own", "other", "stream", "phases"])
def test_compiled_trials_are_those_of_numpy(case, target, tmp_path):
    from brian2 import set_device

    def run(is_phased=False):
        if case == "stream":
            return [built(STREAM).train(5)]
        net = built(MINE)
        if case == "own":
            return [net.train(9)]
        if case == "other":
            return [net.train(9, task=OTHER)]
        return [net.train(2), net.train(3, task=OTHER), net.evaluate(2, task=OTHER), net.train(2)]

    expected = run()
    later = case == "phases"
    set_device("cpp_standalone", directory=str(tmp_path), build_on_run=not later)
    try:
        found = run()
        if later:
            device.build(directory=str(tmp_path), compile=True, run=True)
        for one, other in zip(found, expected):
            assert abs(one.losses - other.losses).max() < 1e-12
            assert one.shown.tolist() == other.shown.tolist()
            assert np.array_equal(one.target, other.target)
            for name, values in other.weights_after.items():
                assert abs(one.weights_after[name] - values).max() < 1e-12
    finally:
        device.reinit()
        set_device("runtime")


@pytest.mark.parametrize("target", [pytest.param("cython", marks=LONG)])
def test_a_stream_in_dense_loops(target):
    prefs.codegen.target = target
    for learn in (PerStep(), PerTrial()):
        net, ordinary = (built(STREAM, RateNeurons(40, tau=TAU * ms), learn) for _ in range(2))
        ordinary.add(StateMonitor(ordinary.recurrent, "w", record=[0]))
        a, b = net.train(5), ordinary.train(5)
        assert abs(a.weights_after["recurrent"] - b.weights_after["recurrent"]).max() < 1e-12
