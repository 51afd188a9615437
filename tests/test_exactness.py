"""The same numbers as an independent reference, for every rule, on every target."""

import numpy as np
import pytest
from brian2 import ms
from helpers import assemble
from targets import COMPILED, LONG, TARGETS

from brian_rflo import RFLO, RateNeurons, reference
from brian_rflo.brian.devices import device
from brian_rflo.tasks import ArrayTask, CursorMovements, IntervalMatching, PeriodicOutput

TAU = 10 * ms


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def moved(result):
    return {
        name: relative(result.weights_after[name], before)
        for name, before in result.weights_before.items()
        if before.size
    }


def train_in_brian(
    target, task, networks=1, n=30, trials=20, rate=0.03, initial=0.1, **network_args
):
    from brian2 import defaultclock

    with device(target):
        defaultclock.dt = task.dt
        neurons = RateNeurons(networks * n, tau=TAU, initial=initial)
        return assemble(
            task, neurons, RFLO(rate, tau=TAU), networks=networks, **network_args
        ).train(trials)


def seeded_weights(seeded):
    return {
        "recurrent": seeded["w_rec"][None],
        "output": seeded["w_out"][None],
        "feedback": seeded["b_feedback"][None],
    }


@pytest.mark.parametrize(
    "update, rule, target",
    [
        ("trial", "rflo", "numpy"),
        ("step", "rflo_online", "numpy"),
        pytest.param("trial", "rflo", "cpp_standalone", marks=LONG),
        pytest.param("step", "rflo_online", "cpp_standalone", marks=COMPILED),
        pytest.param("trial", "rflo", "cython", marks=LONG),
        pytest.param("step", "rflo_online", "cython", marks=LONG),
    ],
)
def test_seeded_case(seeded, target, update, rule):
    result = train_in_brian(
        target, PeriodicOutput(period=200 * ms), update=update, weights=seeded_weights(seeded)
    )
    assert relative(result.losses[0], seeded[f"loss_{rule}"]) < 1e-10
    assert relative(result.weights_after["recurrent"][0], seeded[f"w_rec_after_{rule}"]) < 1e-10
    assert relative(result.weights_after["output"][0], seeded[f"w_out_after_{rule}"]) < 1e-10
    assert moved(result)["recurrent"] > 0.1 and moved(result)["output"] > 0.1


@pytest.mark.parametrize(
    "rule, update, stored",
    [
        ("rflo", "trial", "rflo"),
        ("rflo", "step", "rflo_online"),
        ("rtrl", "trial", "bptt"),
        ("bptt", "trial", "bptt"),
        ("local_symmetric", "trial", "local_sym"),
        ("nonlocal_random", "trial", "nonlocal_rand"),
    ],
)
def test_baselines_on_the_seeded_case(seeded, rule, update, stored):
    result = reference.train(
        PeriodicOutput(period=200 * ms), seeded_weights(seeded), rule, 0.03, TAU, 20, update=update
    )
    assert relative(result.losses[0], seeded[f"loss_{stored}"]) < 1e-10
    assert relative(result.weights_after["recurrent"][0], seeded[f"w_rec_after_{stored}"]) < 1e-10
    assert relative(result.weights_after["output"][0], seeded[f"w_out_after_{stored}"]) < 1e-10
    assert moved(result)["recurrent"] > 5e-3


CASES = {
    "periodic": dict(task=PeriodicOutput(period=50 * ms), n=11, seed=4),
    "two outputs, four inputs": dict(
        task=CursorMovements(movement=30 * ms, hold=7 * ms, n_movements=2, seed=3), n=9, seed=1
    ),
    "one input, many chunks": dict(
        task=IntervalMatching(delays=(20 * ms, 40 * ms), seed=6), n=8, seed=2
    ),
    "mask": dict(
        task=ArrayTask(
            target=np.sin(np.arange(30))[:, None] * [1, 2, 3],
            inputs=np.cos(np.arange(60).reshape(30, 2)),
            mask=np.arange(30) > 10,
        ),
        n=5,
        seed=3,
    ),
    "three networks": dict(task=CursorMovements(movement=30 * ms, seed=8), n=6, seed=5, networks=3),
    "own initial state": dict(
        task=PeriodicOutput(period=50 * ms), n=10, seed=9, initial=np.linspace(-1, 1, 10)
    ),
}


def compare_with_reference(target, case, update, feedback="random"):
    result = train_in_brian(target, trials=12, update=update, feedback=feedback, **case)
    rule = {"random": "rflo", "symmetric": "local_symmetric"}[feedback]
    expected = reference.train(
        case["task"],
        result.weights_before,
        rule,
        0.03,
        TAU,
        12,
        initial=case.get("initial", 0.1),
        update=update,
    )
    for name in ("losses", "first_output", "output"):
        assert relative(getattr(result, name), getattr(expected, name)) < 1e-10, name
    for name, weights in expected.weights_after.items():
        if weights.size and name != "feedback":
            assert relative(result.weights_after[name], weights) < 1e-10, name
            assert moved(result)[name] > 1e-6, name


@pytest.mark.parametrize("update", ["step", "trial"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_other_networks(monkeypatch, case, update):
    monkeypatch.setattr("brian_rflo.tasks.values.CHUNK_VALUES", 500)
    compare_with_reference("numpy", case, update)


@pytest.mark.parametrize("target", TARGETS)
def test_random_trials_in_chunks(monkeypatch, target):
    monkeypatch.setattr("brian_rflo.tasks.values.CHUNK_VALUES", 500)
    compare_with_reference(target, CASES["three networks"], "step")


def test_symmetric_feedback(monkeypatch):
    compare_with_reference(
        "numpy", CASES["two outputs, four inputs"], "trial", feedback="symmetric"
    )


def test_rtrl_is_bptt():
    task = CursorMovements(movement=30 * ms, hold=5 * ms, seed=1)
    weights = random_weights(np.random.default_rng(0), n_inputs=4, n_outputs=2)
    rtrl, bptt = (reference.train(task, weights, rule, 0.1, TAU, 5) for rule in ("rtrl", "bptt"))
    for name, values in bptt.weights_after.items():
        assert relative(rtrl.weights_after[name], values) < 1e-12
    assert all(change > 1e-3 for name, change in moved(bptt).items() if name != "feedback")


def random_weights(rng, networks=2, n=7, n_inputs=0, n_outputs=1):
    shapes = {
        "recurrent": (n, n),
        "output": (n_outputs, n),
        "feedback": (n, n_outputs),
        "input": (n, n_inputs),
    }
    return {name: 0.5 * rng.standard_normal((networks, *shape)) for name, shape in shapes.items()}


def test_bptt_is_the_gradient():
    """Against central differences of the loss."""
    rng, rate = np.random.default_rng(0), 1e-3
    task = ArrayTask(target=rng.standard_normal((20, 2)), inputs=rng.standard_normal((20, 4)))
    weights = random_weights(rng, n_inputs=4, n_outputs=2, networks=1)
    result = reference.train(task, weights, "bptt", rate, TAU, 1)

    def loss(name, index, step):
        shifted = {key: values.copy() for key, values in weights.items()}
        shifted[name][(0, *index)] += step
        return reference.train(task, shifted, "bptt", 0.0, TAU, 1).losses[0, 0]

    for name, index in (
        ("recurrent", (2, 5)),
        ("recurrent", (3, 3)),
        ("input", (1, 2)),
        ("output", (1, 4)),
    ):
        slope = (loss(name, index, 1e-5) - loss(name, index, -1e-5)) / 2e-5
        change = (result.weights_after[name] - result.weights_before[name])[(0, *index)]
        assert abs(change) > 1e-9
        assert np.isclose(change, -rate * slope, rtol=1e-5, atol=1e-12)


def test_rflo_is_rtrl_without_recurrence():
    """Where the recurrent Jacobian vanishes and the feedback is the readout's transpose, nothing is
    left to approximate.
    """
    task = CursorMovements(movement=30 * ms, seed=1)
    weights = random_weights(np.random.default_rng(0), n_inputs=4, n_outputs=2)
    weights["recurrent"][:] = 0
    weights["feedback"] = weights["output"].swapaxes(1, 2)
    rflo, rtrl = (reference.train(task, weights, rule, 0.1, TAU, 1) for rule in ("rflo", "rtrl"))
    for name, values in rtrl.weights_after.items():
        assert relative(rflo.weights_after[name], values) < 1e-13
    assert (
        relative(rflo.weights_after["input"], weights["input"]) > 1e-4
        and np.abs(rflo.weights_after["recurrent"]).max() > 1e-5
    )
    brian = train_in_brian(
        "numpy", task, networks=2, n=7, trials=1, rate=0.1, update="trial", weights=weights
    )
    for name in ("recurrent", "input", "output"):
        assert relative(brian.weights_after[name], rtrl.weights_after[name]) < 1e-12
