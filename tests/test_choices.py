"""Tasks with one of two answers: what they show, and what is right, beside their definitions."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import defaultclock, ms, mV, seed

from brian_rflo import RFLO, LearningNetwork, LossMonitor, RateNeurons
from brian_rflo.readouts import Softmax
from brian_rflo.rules import WeightPerturbation
from brian_rflo.tasks import ContextChoice, DelayedNonMatch, DelayedXOR

TASKS = (DelayedNonMatch, DelayedXOR, ContextChoice)
MICONI = DelayedNonMatch(
    start=1 * ms,
    cue=200 * ms,
    delay=199 * ms,
    wait=200 * ms,
    go=200 * ms,
    n_inputs=2,
    height=0.98,
    order="in turn",
)


def test_the_long_non_match_is_that_of_miconi():
    for number in range(6):
        kind = number % 4
        inputs, target, mask = MICONI.trial(number)
        expected = np.zeros((1000, 2))
        expected[1:201, kind // 2] = 1
        expected[400:600, kind % 2] = 1
        assert np.array_equal(inputs, expected) and MICONI.kind(number) == kind
        assert not mask[:800].any() and mask[800:].all()
        assert (target[800:] == (0.98 if kind in (1, 2) else -0.98)).all()


def right_answer(task, inputs):
    """Return the answer that a trial asks for, read from its inputs."""
    shown = inputs[:15].reshape(3, 5, 3)
    assert (np.ptp(shown, axis=1) == 0).all() and not shown[1].any()
    assert (inputs[15:20] == (0, 0, 1)).all() and not shown[:, :, 2].any()
    first, second = shown[[0, 2], 0]
    if isinstance(task, DelayedNonMatch):
        assert first.sum() == second.sum() == 1
        return int((first != second).any())
    assert first[1] == second[0] == 0
    return int(first[0] == second[1])


@pytest.mark.parametrize("kind", [DelayedNonMatch, DelayedXOR])
def test_answers_are_right(kind):
    for number in range(60):
        for answer in ("value", "class", "action"):
            task = kind(answer=answer, seed=4)
            inputs, target, mask = task.trial(number)
            right = right_answer(task, inputs)
            assert right == task.right(task.kind(number))
            if answer == "action":
                assert len(inputs) == 21 and not inputs[20].any()
                assert mask.sum() == 1 and mask[19] and np.array_equal(target[19], np.eye(2)[right])
                assert np.count_nonzero(target) == 1
            else:
                assert len(inputs) == 20 and mask[15:].all() and not mask[:15].any()
                assert not target[:15].any()
                asked = [2 * right - 1] if answer == "value" else np.eye(2)[right]
                assert (target[15:] == asked).all()


def test_the_context_says_which_stream_counts():
    task = ContextChoice(answer="action", noise_std=0, seed=2)
    sizes, both = set(), []
    for number in range(200):
        inputs, target, mask = task.trial(number)
        assert inputs.shape == (31, 5) and not inputs[30].any()
        assert not inputs[:5, :2].any() and not inputs[25:, :2].any()
        assert (np.ptp(inputs[5:25, :2], axis=0) == 0).all()
        assert (inputs[:30, 2:4] == inputs[0, 2:4]).all() and inputs[0, 2:4].sum() == 1
        assert not inputs[:25, 4].any() and inputs[25:30, 4].all()
        means, context = inputs[10, :2], int(inputs[0, 3])
        sizes |= set(np.abs(means))
        assert target[29].argmax() == int(means[context] > 0) and mask.sum() == mask[29] == 1
        both.append(task.right(task.kind(number)) == int(means[1 - context] > 0))
    assert sizes == {0.3, 0.15, 0.05} and abs(np.mean(both) - 0.5) < 0.1
    noisy = replace(task, noise_std=0.5)
    pairs = [(noisy.trial(k)[0], task.trial(k)[0]) for k in range(40)]
    noise = np.array([(a - b)[5:25, :2] for a, b in pairs])
    assert abs(noise.std() - 0.5) < 0.03 and abs(noise.mean()) < 0.05
    assert all(np.array_equal(a[:, 2:], b[:, 2:]) for a, b in pairs)


@pytest.mark.parametrize("kind", TASKS)
def test_kinds_are_drawn_evenly_or_come_in_turn(kind):
    drawn, in_turn = kind(seed=3), kind(order="in turn")
    counts = np.bincount([drawn.kind(k) for k in range(400)], minlength=drawn.n_kinds)
    assert len(counts) == len(set(drawn.kinds)) == drawn.n_kinds
    assert np.abs(counts * drawn.n_kinds / 400 - 1).max() < 0.4
    assert [in_turn.kind(k) for k in range(9)] == [k % in_turn.n_kinds for k in range(9)]
    assert [drawn.kind(k) for k in range(20)] != [kind(seed=4).kind(k) for k in range(20)]


@pytest.mark.parametrize("kind", TASKS)
def test_times_follow_the_time_step(kind):
    assert kind(dt=0.5 * ms).n_steps == 2 * kind().n_steps
    assert kind(go=7 * ms).n_steps == kind().n_steps + 2


def test_a_readout_learns_all_three_forms():
    defaultclock.dt = 1 * ms
    seed(5)
    rule = RFLO(0.05, tau=5 * ms)
    softmax = dict(readout=Softmax(2 * ms))
    for task, given in (
        (DelayedNonMatch(order="in turn"), {}),
        (ContextChoice(answer="class"), softmax),
        (DelayedXOR(answer="action"), softmax),
    ):
        net = LearningNetwork(task, RateNeurons(12, tau=5 * ms), rule, **given)
        result = net.train(4)
        assert np.isfinite(result.losses).all() and (result.losses > 0).all()
        for part in ("recurrent", "input", "output"):
            changed = result.weights_after[part] != result.weights_before[part]
            assert changed.any()


def test_pairs_of_trials_show_the_same_kind():
    defaultclock.dt = 1 * ms
    rule = WeightPerturbation(0.0, sigma=1e-6)
    net = LearningNetwork(DelayedNonMatch(seed=7), RateNeurons(2 * 6, tau=5 * ms), rule)
    both = LossMonitor(net.trials)
    net.add(both)
    kinds, losses = [net.task.kind(k) for k in range(12)], net.train(12).losses[0]
    free, perturbed = np.array(both.loss)
    assert np.array_equal(free, losses) and 0 < np.abs(free - perturbed).max() < 1e-5
    for kind in set(kinds):
        of_kind = losses[[k == kind for k in kinds]]
        assert np.ptp(of_kind) == 0


REFUSED = {
    "answer must be 'value', 'class' or 'action'; got 'yes'": lambda: DelayedXOR(answer="yes"),
    "order must be 'drawn' or 'in turn'; got None": lambda: ContextChoice(order=None),
    "height must be a finite and positive number; got -1": lambda: DelayedXOR(height=-1),
    "height is that of a value": lambda: DelayedNonMatch(height=0.9, answer="class"),
    "cue = 0. s must be at least one time step of 1. ms": lambda: DelayedNonMatch(cue=0 * ms),
    "evidence = 0. s must be at least": lambda: ContextChoice(evidence=0 * ms),
    "delay = 2.5 ms is not a whole number": lambda: DelayedXOR(delay=2.5 * ms),
    "n_inputs must be 3 (two cues and go) or 2": lambda: DelayedNonMatch(n_inputs=4),
    "n_inputs must be a whole number": lambda: DelayedNonMatch(n_inputs=3.0),
    "strengths must be a sequence of positive numbers": lambda: ContextChoice(strengths=0.3),
    "(0.3, 0.15); got (0.3, -0.1)": lambda: ContextChoice(strengths=(0.3, -0.1)),
    "got ()": lambda: ContextChoice(strengths=()),
    "noise_std must be a finite number and not": lambda: ContextChoice(noise_std=-0.1),
    "got (1. * mvolt,)": lambda: ContextChoice(strengths=(1 * mV,)),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused(message):
    with pytest.raises((TypeError, ValueError)) as raised:
        REFUSED[message]()
    assert message in str(raised.value)
