"""Tasks that are streams: their windows join, and are what their formulas say."""

import numpy as np
import pytest
from brian2 import ms, second

from brian_rflo.tasks import Add, FlipFlop, Mimic


def joined(task, windows=4):
    """Inputs and target of the first windows, one after the other."""
    return map(np.concatenate, zip(*(task.trial(number)[:2] for number in range(windows))))


@pytest.mark.parametrize("first, second_, hold", [(5, 9, 1), (2, 4, 2), (3, 1, 3)])
def test_add_is_its_formula_across_windows(first, second_, hold):
    task = Add(first=first, second=second_, hold=hold, length=60 * ms, seed=3)
    inputs, target = joined(task)
    for step in range(len(inputs)):
        now = step - step % hold
        one, other = (
            inputs[now - ago * hold, 0] if now >= ago * hold else 0 for ago in (first, second_)
        )
        assert target[step, 0] == 0.5 + 0.5 * one - 0.25 * other
        assert inputs[step, 0] == inputs[now, 0]
    assert (inputs.sum(axis=1) == 1).all() and (target.sum(axis=1) == 1).all()
    assert abs(inputs[:, 0].mean() - 0.5) < 0.1


def test_the_cross_entropies_of_add():
    _, target = joined(Add(length=20 * second, seed=1))
    p = target[:, 0]
    nothing = np.array([p.mean(), 1 - p.mean()])
    assert abs(-(target * np.log(nothing)).sum(axis=1).mean() - 0.6616) < 5e-3
    with np.errstate(divide="ignore", invalid="ignore"):
        both = -np.nansum(target * np.log(target), axis=1).mean()
    assert abs(both - 0.4545) < 5e-3


def test_flip_flop_remembers_across_windows():
    task = FlipFlop(n_lines=2, probability=0.02, length=30 * ms, seed=5)
    inputs, target = joined(task, 30)
    signs = np.ones(2)
    for pulse, shown in zip(inputs, target):
        signs = np.where(pulse != 0, pulse, signs)
        np.testing.assert_array_equal(shown, signs)
    assert abs(np.abs(inputs).mean() - 0.02) < 0.01 and set(np.unique(inputs)) == {-1, 0, 1}
    assert (task.trial(0)[2] == (np.arange(30) >= 20)).all() and task.trial(1)[2].all()


@pytest.mark.parametrize("leak", [0.5, 1.0])
def test_mimic_is_one_network_across_windows_in_any_order(leak):
    given = dict(n_inputs=3, n_outputs=4, leak=leak, seed=2)
    task = Mimic(length=10 * ms, **given)
    last = task.trial(3)
    inputs, target = joined(task)
    np.testing.assert_array_equal(last[1], target[-10:])
    rng = np.random.default_rng(2)
    recurrent = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    inward, bias = rng.standard_normal((4, 3)) / np.sqrt(3), np.sqrt(0.1) * rng.standard_normal(4)
    activity = np.zeros(4)
    for bits, shown in zip(inputs, target):
        rate = np.tanh(recurrent @ activity + inward @ bits + bias)
        activity = (1 - leak) * activity + leak * rate
        np.testing.assert_allclose(shown, activity, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Add(first=0), "Add: first must be a whole number of at least 1; got 0"),
        (lambda: Add(hold=3, length=10 * ms), "Add: length must be a whole number of bits of 3"),
        (lambda: Add(second=11, length=10 * ms), "Add: length must be .*, at least 11; got 10"),
        (lambda: FlipFlop(probability=1), "FlipFlop: probability must be a number above 0 and"),
        (lambda: FlipFlop(n_lines=0), "FlipFlop: n_lines must be a whole number of at least 1"),
        (lambda: FlipFlop(length=20 * ms), "FlipFlop: length must be more than 20 steps of 1"),
        (lambda: Mimic(leak=0), "Mimic: leak must be a number above 0 and at most 1; got 0"),
        (lambda: Mimic(n_outputs=0.5), "Mimic: n_outputs must be a whole number of at least 1"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
