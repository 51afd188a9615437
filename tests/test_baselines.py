"""Baseline rules that run forward in time: stored cases of another implementation, reductions to
one another, and changes that are right in the mean.
"""

import pathlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest
from brian2 import ms

from brian_rflo import reference
from brian_rflo.reference.forward import (
    DNI,
    KFRTRL,
    RFLO,
    RKFRTRL,
    RTRL,
    UORO,
    ForwardRule,
    KeRNL,
    SnAp1,
)
from brian_rflo.tasks import ArrayTask

DATA = pathlib.Path(__file__).parent / "data"
RULES = ("rtrl", "snap1", "uoro", "kf", "rkf", "kernl", "dni", "dni_local")


@lru_cache
def case(name):
    with np.load(DATA / f"baselines_{name}.npz") as data:
        return {key: data[key] for key in data.files}


def given_signs(kind, data, prefix, signs):
    """A rule of random signs with the signs and initial factors of a case."""

    @dataclass(frozen=True)
    class Given(kind):
        def start(self, networks, n_units, n_sent):
            state = super().start(networks, n_units, n_sent)
            state.A, state.B = (data[f"start_{prefix}_{name}"][None] for name in "AB")
            return state

        def signs(self, state, number, shape):
            return data[signs][number].reshape(shape)

    return Given()


@dataclass(frozen=True)
class GivenDNI(DNI):
    """Synthetic gradients from the initial A of a case."""

    case: str = "a"

    def first(self, state, now):
        super().first(state, now)
        state.A = state.copy = case(self.case)["start_dni_A"][None]


@dataclass(frozen=True)
class GivenKeRNL(KeRNL):
    """KeRNL with the noise of a case."""

    case: str = "a"

    def noise(self, state, number, shape):
        return self.deviation * case(self.case)["zeta"][number].reshape(shape)


def rule_of(rule, name):
    data = case(name)
    rates = float(data["dni_rate"]), float(data["predictor_rate"])
    return {
        "rtrl": lambda: "rtrl",
        "snap1": lambda: "snap1",
        "uoro": lambda: given_signs(UORO, data, "uoro", "nu"),
        "kf": lambda: given_signs(KFRTRL, data, "kf", "nu2"),
        "rkf": lambda: given_signs(RKFRTRL, data, "rkf", "nu"),
        "kernl": lambda: GivenKeRNL(1e-3, 1e2, case=name),
        "dni": lambda: GivenDNI(rates[0], case=name),
        "dni_local": lambda: GivenDNI(*rates, case=name),
    }[rule]()


def weights_of(data):
    return {
        "recurrent": data["start_recurrent"][None],
        "input": data["start_input"][None, :, :-1],
        "bias": data["start_input"][None, :, -1:],
        "output": data["start_output"][None],
        "output_bias": data["start_bias"][None, :, None],
        "feedback": data["start_feedback"][None],
    }


def train(data, rule, rate, **given):
    """Train on the stream of a case; return the result and the steps."""
    task = ArrayTask(inputs=data["X"], target=data["Y"], continuous=True, dt=1 * ms)
    seen = []

    def keep(step):
        seen.append((step.change[0], step.loss[0]))

    result = reference.train(
        task,
        weights_of(data),
        rule,
        rate,
        1 / float(data["leak"]) * ms,
        trials=1,
        initial=data["start_activity"],
        update="step",
        loss=str(data["loss_kind"]),
        each_step=keep,
        **given,
    )
    return result, *map(np.array, zip(*seen))


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("rule", RULES)
def test_stored_case(rule, name):
    data = case(name)
    _, changes, _ = train(data, rule_of(rule, name), 0.0)
    assert np.abs(changes - data[f"{rule}__frozen_change"]).max() < 1e-12
    result, _, losses = train(data, rule_of(rule, name), float(data["rate"]))
    assert np.abs(losses - data[f"{rule}__loss"]).max() < 1e-12
    after = {name: values[0] for name, values in result.weights_after.items()}
    after["input"] = np.concatenate([after["input"], after["bias"]], axis=1)
    after["bias"] = after["output_bias"][:, 0]
    for part in ("recurrent", "input", "output", "bias"):
        assert np.abs(after[part] - data[f"{rule}__{part}"]).max() < 1e-12


@pytest.mark.parametrize("name", ["a", "b"])
def test_windows_of_a_stream_are_one_stream(name):
    data, rule = case(name), rule_of("dni_local", name)
    whole, _, _ = train(data, rule, 0.01)
    steps = len(data["X"]) // 5
    windows = {key: data[key].reshape(5, steps, -1) for key in ("X", "Y")}
    task = ArrayTask(inputs=windows["X"], target=windows["Y"], continuous=True, dt=1 * ms)
    pieces = reference.train(
        task,
        weights_of(data),
        rule,
        0.01,
        1 / float(data["leak"]) * ms,
        trials=5,
        initial=data["start_activity"],
        update="step",
        loss=str(data["loss_kind"]),
    )
    for part, values in whole.weights_after.items():
        np.testing.assert_array_equal(pieces.weights_after[part], values)


def random_case(seed=0, n=6, steps=8, networks=2, diagonal=False, biases=True):
    """A task of one trial, and weights of some networks."""
    rng = np.random.default_rng(seed)
    task = ArrayTask(
        inputs=rng.normal(size=(steps, 2)), target=rng.normal(size=(steps, 3)), dt=1 * ms
    )
    shapes = dict(recurrent=(n, n), input=(n, 2), output=(3, n), feedback=(n, 3))
    if biases:
        shapes |= dict(bias=(n, 1), output_bias=(3, 1))
    weights = {
        name: rng.normal(size=(networks, *shape)) / np.sqrt(shape[1])
        for name, shape in shapes.items()
    }
    if diagonal:
        weights["recurrent"] = weights["recurrent"] * np.eye(n)
    return task, weights


def changes_of(rule, task, weights, tau=3 * ms, **given):
    """The change of each step with weights at rest, ``[step, network, post, pre]``."""
    seen = []
    given = dict(update="step", each_step=lambda step: seen.append(step.change)) | given
    reference.train(task, weights, rule, 0.0, tau, 1, **given)
    return np.array(seen)


def test_a_diagonal_network_has_nothing_but_snap1():
    task, weights = random_case(diagonal=True)
    exact, snap = (changes_of(rule, task, weights) for rule in (RTRL(), SnAp1()))
    np.testing.assert_allclose(snap, exact, rtol=0, atol=1e-14)


def test_without_weights_onto_themselves_snap1_and_kernl_are_symmetric_rflo():
    @dataclass(frozen=True)
    class Symmetric(RFLO):
        symmetric = True

    task, weights = random_case()
    weights["recurrent"] = weights["recurrent"] * (1 - np.eye(6))
    expected = changes_of(Symmetric(), task, weights)
    for rule in (SnAp1(), KeRNL(1e-3, rate=0)):
        np.testing.assert_allclose(changes_of(rule, task, weights), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("loss", ["squares", "cross_entropy"])
@pytest.mark.parametrize("tau", [1 * ms, 4 * ms])
def test_rtrl_is_bptt_and_the_gradient_with_biases(loss, tau):
    task, weights = random_case()
    if loss == "cross_entropy":
        target = np.exp(task.trial(0)[1])
        inputs = task.trial(0)[0]
        target = target / target.sum(axis=1, keepdims=True)
        task = ArrayTask(inputs=inputs, target=target, dt=1 * ms)
    rtrl, bptt = (
        reference.train(task, weights, rule, 0.1, tau, 3, loss=loss) for rule in ("rtrl", "bptt")
    )
    for name, values in bptt.weights_after.items():
        np.testing.assert_allclose(rtrl.weights_after[name], values, rtol=0, atol=1e-14)
    one = reference.train(task, weights, "rtrl", 1.0, tau, 1, loss=loss)
    size = 1e-6
    for name in ("recurrent", "input", "output", "bias", "output_bias"):
        losses = []
        for sign in (-1, 1):
            moved = weights | {name: weights[name].copy()}
            moved[name][:, 1, 0] += sign * size
            losses.append(reference.train(task, moved, "rtrl", 0.0, tau, 1, loss=loss).losses[:, 0])
        slope = (losses[1] - losses[0]) / (2 * size)
        change = (one.weights_after[name] - weights[name])[:, 1, 0]
        np.testing.assert_allclose(change, -slope, atol=1e-8)


@pytest.mark.parametrize("kind", [UORO, KFRTRL, RKFRTRL])
def test_random_signs_are_right_in_the_mean(kind):
    data, draws = case("a"), 2000
    task = ArrayTask(inputs=data["X"][:8], target=data["Y"][:8], dt=1 * ms)
    tau, weights = 1 / float(data["leak"]) * ms, weights_of(data)
    exact = changes_of(RTRL(), task, weights, tau)[-1, 0]
    many = {name: np.repeat(values, draws, axis=0) for name, values in weights.items()}
    found = changes_of(kind(seed=1), task, many, tau)[-1]

    def error(values):
        return np.linalg.norm(values.mean(axis=0) - exact) / np.linalg.norm(exact)

    of_few = np.mean([error(part) for part in np.split(found, draws // 50)])
    assert error(found) < 0.12
    assert of_few > 4 * error(found)


@pytest.mark.parametrize("kind", [UORO, KFRTRL, RKFRTRL])
def test_signs_are_new_in_each_trial_so_that_trials_are_right_in_the_mean(kind):
    task, weights = random_case(networks=1, n=3, steps=3)
    exact, seen = changes_of(RTRL(), task, weights)[-1], []
    reference.train(
        task, weights, kind(), 0.0, 3 * ms, 400, each_step=lambda step: seen.append(step.change)
    )
    last = np.array(seen).reshape(400, 3, *exact.shape)[:, -1]
    assert np.abs(last.mean(axis=0) - exact).max() < 0.15 * np.abs(exact).max()
    assert np.abs(last - exact).max() > 0.3 * np.abs(exact).max()


def dni_over_trials(task, weights, A, trials, credit_rate, every):
    """A after trials with weights at rest, whose copy is renewed after every few steps of all."""
    w = {name: values[0] for name, values in weights.items()}
    copy, count = A.copy(), 0
    for number in range(trials):
        inputs, target, _ = task.trial(number)
        a, signal = np.full(len(A), 0.1), 0
        seen = np.concatenate([a, target[0], [1]])
        for x, y in zip(inputs, target):
            rate = np.tanh(w["recurrent"] @ a + w["input"] @ x + w["bias"][:, 0])
            a = a + (rate - a) / 3
            after = np.concatenate([a, y, [1]])
            jacobian = ((1 - rate**2) / 3)[:, None] * w["recurrent"] + np.eye(len(A)) * 2 / 3
            mismatch = A @ seen - signal - jacobian.T @ (copy @ after)
            A, count = A - credit_rate * np.outer(mismatch, seen), count + 1
            copy = A.copy() if count % every == 0 else copy
            signal = w["output"].T @ (y - w["output"] @ a - w["output_bias"][:, 0])
            seen = after
    return A @ after


def test_synthetic_gradients_learn_from_trial_to_trial():
    task, weights = random_case(networks=1)
    A = np.random.default_rng(0).normal(0, 10**-0.5, (1, 6, 10))[0]
    seen = []
    reference.train(task, weights, DNI(0.05, every=12), 0.0, 3 * ms, 4, each_step=seen.append)
    last = seen[-1]
    credit = dni_over_trials(task, weights, A, 4, 0.05, 12)
    np.testing.assert_allclose(last.change[0], credit[:, None] * last.immediate[0], atol=1e-13)


def test_kernl_keeps_its_sensitivity_from_trial_to_trial():
    task, weights = random_case()
    seen = []
    reference.train(task, weights, KeRNL(1e-3), 0.0, 3 * ms, 2, each_step=seen.append)
    first, second = (step.change for step in (seen[1], seen[task.n_steps + 1]))
    assert 1e-6 < np.abs(first - second).max() < 1


def test_steps_that_are_kept_have_the_weights_of_then():
    task, weights = random_case()
    seen, jacobians = [], []

    def keep(step):
        seen.append(step)
        jacobians.append(step.jacobian)

    reference.train(task, weights, "rtrl", 1.0, 3 * ms, 1, update="step", each_step=keep)
    np.testing.assert_array_equal([step.jacobian for step in seen], jacobians)
    assert np.abs(jacobians[-1] - jacobians[0]).max() > 1e-3


@pytest.mark.parametrize("rule", ["rtrl", "bptt"])
def test_cross_entropy_needs_probabilities_and_one_mask(rule):
    task, weights = random_case()
    inputs, target, _ = task.trial(0)
    with pytest.raises(ValueError, match="needs a target of probabilities .* in step 0 of trial 0"):
        reference.train(task, weights, rule, 0.1, 3 * ms, 1, loss="cross_entropy")
    masked = ArrayTask(
        inputs=inputs, target=np.full_like(target, 1 / 3), mask=np.ones_like(target), dt=1 * ms
    )
    with pytest.raises(ValueError, match=r"with one mask for all; .* mask of shape \(8, 3\)"):
        reference.train(masked, weights, rule, 0.1, 3 * ms, 1, loss="cross_entropy")


@pytest.mark.parametrize(
    "rule", ["snap1", "uoro", "kf_rtrl", "rkf_rtrl", "kernl", DNI(0.01), DNI(0.01, 0.01)], ids=str
)
def test_trials_sum_the_changes_of_their_steps(rule):
    task, weights = random_case(biases=False)
    steps = changes_of(rule, task, weights)
    result = reference.train(task, weights, rule, 0.5, 3 * ms, 1)
    change = result.weights_after["recurrent"] - weights["recurrent"]
    expected = 0.5 / task.n_steps * steps.sum(axis=0)[..., :6]
    np.testing.assert_allclose(change, expected, rtol=0, atol=1e-14)
    assert reference.train(task, weights, rule, 0.5, 3 * ms, 20).losses[:, -1].max() < 1e3


def test_a_rule_of_ones_own():
    @dataclass(frozen=True)
    class Immediate(ForwardRule):
        def step(self, state, now):
            return now.signal[..., None] * now.immediate

    task, weights = random_case()
    first = changes_of(Immediate(), task, weights)[0]
    exact = changes_of(RTRL(), task, weights)[0]
    np.testing.assert_allclose(first, exact, rtol=0, atol=1e-15)


STREAM = ArrayTask(target=np.ones((3, 4, 3)), inputs=np.ones((3, 4, 2)), continuous=True, dt=1 * ms)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (dict(rule="bptt", update="step"), "goes backwards"),
        (dict(rule="bptt", each_step=print), "each_step is called with the steps of a rule"),
        (dict(rule="uoro", each_step=3), "each_step must be a function; got 3"),
        (dict(rule="uoro", loss="entropy"), "loss must be one of squares, cross_entropy; got"),
        (dict(rule=RTRL), "rule must be the name of a baseline rule, one of .*; got <class"),
        (dict(rule="bptt", task=STREAM), r"is a stream .*, which rules .* follow: .*='step'"),
        (dict(rule="uoro", task=STREAM), r"is a stream .*, which rules .* follow: .*='step'"),
    ],
)
def test_wrong_arguments_are_refused(wrong, message):
    task, weights = random_case()
    given = dict(task=task, weights=weights, learning_rate=0.1, tau=3 * ms, trials=1) | wrong
    with pytest.raises((TypeError, ValueError), match=message):
        reference.train(**given)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: KeRNL(0), "KeRNL: deviation must be a finite and positive number; got 0"),
        (lambda: KeRNL(rate=-1), "KeRNL: rate must be a finite number and not negative; got -1"),
        (lambda: DNI(np.nan), "DNI: credit_rate must be a finite and positive number; got nan"),
        (lambda: DNI(0.1, every=0), "DNI: every must be a whole number of at least 1; got 0"),
        (lambda: UORO(seed=-1), "UORO: seed must be a non-negative whole number; got -1"),
    ],
)
def test_wrong_values_of_rules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
