"""The tasks with spikes as inputs: rates, cues and targets are those of their papers. And those
that classify: what they show is what the datasets have.
"""

import random
import sys
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms

from brian_rflo.tasks import (
    MNIST1D,
    ArrayTask,
    EmptyTask,
    EvidenceAccumulation,
    PatternGeneration,
    Patterns,
    SequentialDigits,
    StoreRecall,
    digits,
    mnist1d,
)
from brian_rflo.tasks.base import same_task

EVIDENCE = EvidenceAccumulation(seed=3)
QUICK = EvidenceAccumulation(n_cues=1, delay=200 * ms, seed=5)


def groups(task, trial):
    """Spikes of a trial by group, ``[group, step, channel]``."""
    return np.stack(np.split(task.trial(trial)[0], len(task.groups), axis=1))


def cues(task, trial):
    """The side of each cue, read from the spikes."""
    pause, cue = task.steps("pause"), task.steps("cue")
    shown = groups(task, trial)[:2, : task.n_cues * (pause + cue)].reshape(
        2, task.n_cues, pause + cue, -1
    )
    assert not shown[:, :, :pause].any()
    on = shown.any(axis=(2, 3))
    assert (on.sum(axis=0) == 1).all()
    return on.argmax(axis=0)


def test_pattern_is_frozen_and_its_seed_another_one():
    task = PatternGeneration(seed=1)
    inputs, target, mask = task.trial()
    assert inputs.shape == (1000, 100) and target.shape == (1000, 1) and mask.all()
    assert all(np.array_equal(a, b) for a, b in zip(task.trial(0), task.trial(7)))
    assert set(np.unique(inputs)) == {0, 1} and abs(inputs.mean() - 0.05) < 0.003
    other = PatternGeneration(seed=2).trial()
    assert (other[0] != inputs).any() and np.abs(other[1] - target).max() > 0.1


def test_pattern_is_a_sum_of_the_sines_of_the_paper():
    """Four sines and a constant explain all of it, and no three sines do."""
    target = PatternGeneration(seed=4).trial()[1][:, 0]
    assert target[0] == 0 and np.abs(target).max() == 1 and abs(target[-1]) < 1e-12
    angle = 2 * np.pi * np.arange(1000) / 999

    def misfit(harmonics):
        columns = np.column_stack(
            [np.ones(1000)] + [f(h * angle) for h in harmonics for f in (np.sin, np.cos)]
        )
        return np.abs(columns @ np.linalg.lstsq(columns, target)[0] - target).max()

    assert misfit((1, 2, 3, 5)) < 1e-12
    assert all(misfit({1, 2, 3, 5} - {h}) > 0.05 for h in (1, 2, 3, 5))


def test_pattern_window_is_the_end_of_the_trial():
    mask = PatternGeneration(length=200 * ms, learning_window=50 * ms).trial()[2]
    assert not mask[:150].any() and mask[150:].all()


def test_evidence_target_is_the_side_with_more_cues():
    counts = []
    for trial in range(200):
        _, target, mask = EVIDENCE.trial(trial)
        right = cues(EVIDENCE, trial).sum()
        assert not target[:2100].any() and (target[2100:] == np.eye(2)[int(right >= 4)]).all()
        assert not mask[:2100].any() and mask[2100:].all()
        counts.append(right)
    counts = np.array(counts)
    assert abs(counts.mean() / 7 - 0.5) < 0.06
    assert abs((counts >= 4).mean() - 0.5) < 0.12
    # a mixture of two binomials: 7 p (1 - p) within a side and 49 0.2^2 between them; one fair coin
    # would have 1.75
    assert abs(counts.var() - (7 * 0.21 + 49 * 0.04)) < 0.6


def test_evidence_rates():
    spikes = np.mean([groups(EVIDENCE, trial) for trial in range(60)], axis=(0, 3))
    during_cues = spikes[:2, :1050].sum(axis=0).reshape(7, 150)
    assert not during_cues[:, :50].any() and abs(during_cues[:, 50:].mean() - 0.04) < 0.002
    assert not spikes[:2, 1050:].any() and not spikes[2, :2100].any()
    assert abs(spikes[2, 2100:].mean() - 0.04) < 0.002
    assert abs(spikes[3].mean() - 0.01) < 0.0005


def test_evidence_quick():
    assert QUICK.n_steps == 500
    sides = [cues(QUICK, trial)[0] for trial in range(100)]
    assert sides == [int(QUICK.trial(trial)[1][-1, 1]) for trial in range(100)]
    assert 35 < sum(sides) < 65


def test_evidence_of_one_side_only():
    task = EvidenceAccumulation(p_likely=1.0, n_cues=3, delay=50 * ms)
    assert all(len(set(cues(task, trial))) == 1 for trial in range(20))


@pytest.mark.parametrize(
    "task",
    [
        StoreRecall(seed=2),
        StoreRecall(symbol=100 * ms, n_symbols=5, expected_delay=2.0, n_per_group=10),
    ],
)
def test_recall_is_the_bit_that_was_stored(task):
    length, delays, asked = task.steps("symbol"), [], 0
    for trial in range(100):
        _, target, mask = task.trial(trial)
        on = groups(task, trial).reshape(4, task.n_symbols, length, -1).any(axis=(2, 3))
        target, mask = target.reshape(-1, length, 2), mask.reshape(-1, length)
        assert (
            (np.ptp(target, axis=1) == 0).all()
            and (mask.any(axis=1) == on[3]).all()
            and (mask.all(axis=1) == on[3]).all()
        )
        assert (target.any(axis=(1, 2)) == on[3]).all() and on[3].any()
        assert (on[:2].sum(axis=0) == ~on[3]).all(), "one bit in each symbol but that of a recall"
        commands = np.flatnonzero(on[2] | on[3])
        assert (
            on[2][commands[::2]].all() and on[3][commands[1::2]].all() and not (on[2] & on[3]).any()
        )
        for store, recall in zip(commands[::2], commands[1::2]):
            assert target[recall, 0, on[1, store].astype(int)] == 1 and target[recall, 0].sum() == 1
            delays.append(recall - store)
            asked += on[1, store]
    assert abs(asked / len(delays) - 0.5) < 0.12 and 1 < np.mean(delays) < task.expected_delay


def test_recall_rates():
    task = StoreRecall(symbol=50 * ms)
    spikes = np.concatenate(
        [
            task.trial(trial)[0].reshape(12, 50, 4, 25).mean(axis=(1, 3)).ravel()
            for trial in range(40)
        ]
    )
    assert abs(spikes[spikes > 0].mean() - 0.05) < 0.002


@pytest.mark.parametrize(
    "task", [EVIDENCE, StoreRecall(seed=2)], ids=lambda task: type(task).__name__
)
def test_a_trial_needs_only_its_number(task):
    late = task.trial(11)
    for number in range(3):
        task.trial(number)
    again = type(task)(seed=task.seed).trial(11)
    assert all(np.array_equal(a, b) for a, b in zip(late, again))
    assert (task.trial(12)[0] != late[0]).any()


def test_rates_follow_the_time_step():
    task = PatternGeneration(dt=0.5 * ms, input_rate=100 * Hz)
    assert task.n_steps == 2000 and abs(task.trial()[0].mean() - 0.05) < 0.003


def test_a_published_case_is_an_array_task():
    inputs, target, mask = PatternGeneration(seed=9).trial()
    assert all(
        np.array_equal(a, b)
        for a, b in zip(ArrayTask(target=target, inputs=inputs).trial(), (inputs, target, mask))
    )


ROWS, PIXELS = (
    SequentialDigits(show=3 * ms, answer=7 * ms),
    SequentialDigits(by="pixel", show=1 * ms, answer=7 * ms),
)
SMALL = MNIST1D(samples=60, show=2 * ms, answer=5 * ms)


def shown(task, number):
    """The image of a trial, and its digit."""
    inputs, target, mask = task.trial(number)
    count, answer = task.steps("show"), task.steps("answer")
    assert (
        not inputs[-answer:].any()
        and mask[-answer:].all()
        and not mask[:-answer].any()
        and not target[:-answer].any()
    )
    assert (target[-answer:] == target[-1]).all() and target[-1].sum() == 1
    rows = inputs[:-answer].reshape(-1, count, task.n_inputs)
    assert (np.ptp(rows, axis=1) == 0).all()
    return rows[:, 0], int(target[-1].argmax())


@pytest.mark.parametrize("task", [ROWS, PIXELS], ids=["row", "pixel"])
def test_digits_are_those_of_scikit_learn(task):
    from sklearn.datasets import load_digits

    data = load_digits()
    known = {image.tobytes(): digit for image, digit in zip(data.images, data.target)}
    assert len(known) == 1797
    for number in range(30):
        image, digit = shown(task, number)
        assert known[(image.reshape(8, 8) * 16).tobytes()] == digit == task.class_of(number)


def test_both_ways_of_showing_show_the_same():
    assert (
        PIXELS.n_inputs == 1
        and PIXELS.n_steps == 64 + 7
        and ROWS.n_inputs == 8
        and ROWS.n_steps == 24 + 7
    )
    np.testing.assert_array_equal(shown(PIXELS, 3)[0].reshape(8, 8), shown(ROWS, 3)[0])


@pytest.mark.parametrize("task", [ROWS, SMALL], ids=["digits", "mnist1d"])
def test_what_is_tested_was_not_trained_with(task):
    training, test = task, replace(task, part="test")
    parts = [{x.tobytes() for x in part.sets()[part.part][0]} for part in (training, test)]
    assert not parts[0] & parts[1] and test.n_sequences < training.n_sequences
    for part, images in ((training, parts[0]), (test, parts[1])):
        assert all(shown(part, number)[0].tobytes() in images for number in range(20))
    other = replace(test, seed=9)
    assert (
        any((other.trial(k)[0] != test.trial(k)[0]).any() for k in range(5))
        and other.n_sequences == test.n_sequences
    )
    np.testing.assert_array_equal(test.sets()["test"][0], other.sets()["test"][0])


def test_parts_of_the_digits():
    assert ROWS.n_sequences == 1437 and replace(ROWS, part="test").n_sequences == 360
    counts = np.bincount([ROWS.class_of(number) for number in range(300)], minlength=10)
    assert (counts > 12).all()


def test_mnist1d_is_that_of_its_authors():
    from mnist1d.data import get_dataset_args, make_dataset

    settings = get_dataset_args()
    settings.num_samples = 60
    random.seed(1), np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1), np.random.seed(1)
    mnist1d.sequences.cache_clear()
    made = SMALL.sets()
    assert (
        random.random(),
        np.random.random(),
    ) == expected, "global random numbers are left as they were"
    data = make_dataset(settings)
    for part, suffix in (("train", ""), ("test", "_test")):
        np.testing.assert_array_equal(made[part][0][..., 0], data[f"x{suffix}"])
        np.testing.assert_array_equal(made[part][1], data[f"y{suffix}"])
    sequence, digit = shown(SMALL, 2)
    where = np.flatnonzero((data["x"] == sequence[:, 0]).all(axis=1))
    assert sequence.shape == (40, 1) and data["y"][where] == digit


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: SequentialDigits(by="column"),
            "SequentialDigits: by must be 'row' or 'pixel'; got 'column'",
        ),
        (lambda: SequentialDigits(part="all"), "part must be 'train' or 'test'; got 'all'"),
        (lambda: SequentialDigits(show=0 * ms), "show must be at least one time step"),
        (
            lambda: SequentialDigits(answer=1.5 * ms),
            "answer = 1.5 ms is not a whole number of time steps",
        ),
        (lambda: MNIST1D(samples=5), "samples must be a whole number of at least 10"),
    ],
)
def test_bad_classifications(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("module", "missing", "make"),
    [
        (digits.images, "sklearn.datasets", SequentialDigits),
        (mnist1d.sequences, "mnist1d.data", MNIST1D),
    ],
)
def test_without_their_packages(module, missing, make, monkeypatch):
    module.cache_clear()
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(
        ModuleNotFoundError,
        match=(
            rf"{make.__name__} needs the package {missing}; write pip install"
            r" 'brian_rflo\[tasks\]'"
        ),
    ):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda value: ArrayTask(target=np.full((2, 1), value), dt=1 * ms),
        lambda value: Patterns(inputs=[[value]], target=[[0.0]], phases={"free": 2 * ms}),
    ],
)
def test_tasks_with_arrays_are_the_same_only_as_themselves(make):
    one = make(1.0)
    assert same_task(one, one) and not same_task(one, make(2.0))
    assert same_task(EmptyTask(length=3 * ms), EmptyTask(length=3 * ms))
