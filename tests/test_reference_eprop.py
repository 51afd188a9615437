"""The NumPy baseline of e-prop: the numbers of published implementations, and the same gradient
forwards and backwards in time.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, ms

from brian_rflo import SGD, Adam
from brian_rflo.reference.eprop import Updates, checked_weights, train
from brian_rflo.reference.eprop_network import EpropNetwork
from brian_rflo.tasks import ArrayTask, EvidenceAccumulation

SEEDED = EpropNetwork(tau_m=30, tau_out=30, v_th=0.03, c_reg=300, f_target=0.01)
ALIF = EpropNetwork(
    tau_m=8,
    tau_out=5,
    v_th=0.6,
    tau_adapt=25,
    beta=np.array([0, 0, 0, 0.3, 0.2, 0.1, 0.05]),
    t_ref=3,
    zeta_recurrent=1,
    c_reg=20,
    f_target=0.02,
    loss="classification",
)
LIF = EpropNetwork(tau_m=12, tau_out=7, v_th=0.05, c_reg=3, t_ref=2)
NETWORKS = pytest.mark.parametrize(
    "network", [ALIF, LIF], ids=["classification, ALIF and LIF", "regression, LIF"]
)


@pytest.fixture(scope="module")
def seeded():
    """The first five trials of NEST and of the authors' code on regression (100 neurons)."""
    with np.load(Path(__file__).parent / "data" / "bellec2020_regression.npz") as data:
        return dict(data)


def difference(a, b):
    return np.abs(a - b).max()


def random_case(network, trials=4, n_steps=60, n=7, n_inputs=5, n_outputs=3, seed=1):
    """Weights, inputs, target and mask; the mask leaves out the first third."""
    rng = np.random.default_rng(seed)
    scale = 3 * network.v_th / network.zetas[0]
    shapes = {
        "input": (n, n_inputs),
        "recurrent": (n, n),
        "output": (n_outputs, n),
        "feedback": (n, n_outputs),
    }
    weights = {
        name: rng.standard_normal(shape) / np.sqrt(shape[1]) for name, shape in shapes.items()
    }
    weights["input"], weights["recurrent"] = (
        scale * np.abs(weights["input"]),
        scale * weights["recurrent"],
    )
    np.fill_diagonal(weights["recurrent"], 0)
    target = rng.standard_normal((trials, n_steps, n_outputs))
    if network.loss == "classification":
        target = np.repeat(
            np.eye(n_outputs)[rng.integers(n_outputs, size=(trials, 1))], n_steps, axis=1
        )
    mask = np.tile(np.arange(n_steps) >= n_steps // 3, (trials, 1))
    return weights, (rng.random((trials, n_steps, n_inputs)) < 0.25), target, mask


def test_seeded_case(seeded):
    task = ArrayTask(target=seeded["target"].T, inputs=seeded["input_raster"])
    weights = {
        "input": seeded["w_in"],
        "recurrent": seeded["w_rec"],
        "output": seeded["w_out"],
        "feedback": seeded["b_feedback"],
    }
    trials, after = [], []
    result = train(
        SEEDED,
        task,
        weights,
        1e-4,
        5,
        watch=lambda trial, now: (
            trials.append(trial),
            after.append({k: v.copy() for k, v in now.items()}),
        ),
    )
    assert np.allclose(result.losses[:, 0], seeded["loss_nest"], rtol=1e-9, atol=0)
    assert np.allclose(result.losses[:, 0], seeded["loss_tensorflow"], rtol=1e-7, atol=0)
    spikes = np.zeros((5000, 100))
    spikes[seeded["spike_step"], seeded["spike_neuron"]] = 1
    assert np.array_equal(np.concatenate([trial.spikes[:, 0] for trial in trials]), spikes)
    for name, short in (("input", "in"), ("recurrent", "rec"), ("output", "out")):
        assert difference(after[0][name], seeded[f"w_{short}_after_1"]) < 1e-12
        assert difference(after[0][name], weights[name]) > 1e-3
    # NEST drops a term of inputs that spike at step 1 of the next trial
    quirk = np.isin(np.arange(100), (20, 64, 93))
    assert difference(after[4]["input"][:, quirk], seeded["w_in_after_5"][:, quirk]) < 5e-6
    assert difference(after[4]["input"][:, ~quirk], seeded["w_in_after_5"][:, ~quirk]) < 2e-7
    assert difference(after[4]["recurrent"], seeded["w_rec_after_5"]) < 2e-7
    assert difference(after[4]["output"], seeded["w_out_after_5"]) < 1e-12


def test_seeded_case_online(seeded):
    """The first trial's gradient from traces, with NEST's changes to compare it with."""
    task = ArrayTask(target=seeded["target"].T[:300], inputs=seeded["input_raster"][:300])
    weights = {
        "input": seeded["w_in"],
        "recurrent": seeded["w_rec"],
        "output": seeded["w_out"],
        "feedback": seeded["b_feedback"],
    }
    trial = SEEDED.trial(weights, *(array[None] for array in task.trial()))
    forwards, backwards = SEEDED.online_gradients(weights, trial), SEEDED.gradients(weights, trial)
    for name, gradient in backwards.items():
        assert difference(forwards[name], gradient) < 1e-12 * np.abs(gradient).max()


@NETWORKS
@pytest.mark.parametrize("averaged", [False, True])
def test_forwards_is_backwards(network, averaged):
    weights, *arrays = random_case(network)
    trial = network.trial(weights, *arrays)
    assert (trial.spikes.sum(axis=(0, 1)) > 3).all() and (trial.gain > 0).any(axis=(0, 1)).all()
    forwards, backwards = (
        network.online_gradients(weights, trial, averaged),
        network.gradients(weights, trial, averaged),
    )
    for name, gradient in backwards.items():
        assert difference(forwards[name], gradient) < 1e-12 * np.abs(gradient).max()
        assert np.abs(gradient).max() > 1e-3 and gradient.shape == weights[name].shape
    assert not np.diag(backwards["recurrent"]).any()


def sensitivity(network, weights, trial, post, pre, through_reset):
    """Derivative of loss and rate costs by one input weight: what a change of it does to
    everything, forwards through the linearised network.
    """
    (alpha, rho, kappa), (zeta, zeta_out) = network.decays, network.zetas
    v, a, z, u, total = 0.0, 0.0, np.zeros(trial.gain.shape[1:]), 0.0, 0.0
    for step, psi in enumerate(trial.gain):
        v, a = (
            alpha * v
            + zeta
            * (
                trial.inputs[step][:, [pre]] * np.eye(len(weights["input"]))[post]
                + z @ weights["recurrent"].T
            )
            - through_reset * network.v_th * z,
            rho * a + z,
        )
        z = psi * (v - network.beta * a)
        u = kappa * u + zeta_out * z @ weights["output"].T
        total += (trial.error[step] * u).sum() + (
            network.c_reg * (trial.rates - network.f_target) / len(trial.gain) * z
        ).sum()
    return total


@NETWORKS
@pytest.mark.parametrize("through_reset", [True, False])
def test_backpropagation_through_time(network, through_reset):
    weights, *arrays = random_case(network)
    network = replace(network, zeta_out=None)
    weights["feedback"] = weights["output"].T
    trial = network.trial(weights, *arrays)
    local, full = (
        network.gradients(weights, trial),
        network.gradients(weights, trial, through_time=True, through_reset=through_reset),
    )
    for post, pre in ((0, 1), (3, 0), (6, 4)):
        assert np.isclose(
            full["input"][post, pre],
            sensitivity(network, weights, trial, post, pre, through_reset),
            rtol=1e-10,
        )
    assert all(
        difference(local[name], full[name]) > 1e-3 * np.abs(local[name]).max()
        for name in ("input", "recurrent")
    )
    alone = weights | {"recurrent": np.zeros_like(weights["recurrent"])}
    trial = network.trial(alone, *arrays)
    for name, gradient in network.gradients(alone, trial).items():
        detached, whole = (
            network.gradients(alone, trial, through_time=True, through_reset=reset)[name]
            for reset in (False, True)
        )
        assert difference(gradient, detached) < 1e-12 * np.abs(gradient).max()
        assert name == "output" or difference(gradient, whole) > 1e-3 * np.abs(gradient).max()
    with pytest.raises(ValueError, match="symmetric"):
        train(network, EvidenceAccumulation(n_cues=1), weights, 1e-3, 1, through_time=True)


@pytest.mark.parametrize(
    "lacking", [dict(beta=0.0), dict(c_reg=0.0), dict(t_ref=0), dict(zeta_recurrent=None)], ids=str
)
def test_every_part_changes_the_gradient(lacking):
    weights, *arrays = random_case(ALIF)
    without = replace(ALIF, **lacking)
    gradients = [
        network.gradients(weights, network.trial(weights, *arrays))["input"]
        for network in (ALIF, without)
    ]
    assert difference(*gradients) > 1e-3 * np.abs(gradients[0]).max()


@NETWORKS
def test_output_weights_follow_the_gradient_of_the_loss(network):
    """Against central differences: spikes do not depend on output weights."""
    weights, *arrays = random_case(network)

    def loss(step):
        shifted = weights["output"].copy()
        shifted[1, 2] += step
        return network.trial(weights | {"output": shifted}, *arrays).loss.sum()

    gradient = network.gradients(
        weights, network.trial(weights, *arrays), averaged=network.loss == "classification"
    )["output"][1, 2]
    assert abs(gradient) > 1e-3 and np.isclose(
        (loss(1e-5) - loss(-1e-5)) / 2e-5, gradient, rtol=1e-6
    )


def test_a_readout_a_step_late_is_a_target_a_step_early():
    """Its loss has the same gradient, and one term more, of the first step."""
    weights, inputs, target, mask = random_case(LIF)
    mask[:] = True
    early = [
        np.concatenate([values[:, 1:], np.zeros_like(values[:, :1])], axis=1)
        for values in (target, mask)
    ]

    def late_loss(step):
        shifted = weights["output"].copy()
        shifted[1, 2] += step
        output = LIF.trial(weights | {"output": shifted}, inputs, target, mask).output.swapaxes(
            0, 1
        )
        return (
            0.5
            * (
                (np.concatenate([np.zeros_like(output[:, :1]), output[:, :-1]], axis=1) - target)
                ** 2
            ).sum()
        )

    trial = LIF.trial(weights, inputs, *early)
    assert np.isclose(late_loss(0), trial.loss.sum() + 0.5 * (target[:, 0] ** 2).sum(), rtol=1e-12)
    assert np.isclose(
        (late_loss(1e-5) - late_loss(-1e-5)) / 2e-5,
        LIF.gradients(weights, trial)["output"][1, 2],
        rtol=1e-6,
    )


@NETWORKS
def test_gradients_add_up_over_trials(network):
    weights, *arrays = random_case(network)
    whole = network.gradients(weights, network.trial(weights, *arrays))
    parts = [
        network.gradients(weights, network.trial(weights, *(array[k : k + 1] for array in arrays)))
        for k in range(4)
    ]
    for name, gradient in whole.items():
        assert np.allclose(
            sum(part[name] for part in parts),
            gradient,
            rtol=1e-12,
            atol=1e-12 * np.abs(gradient).max(),
        )


def test_neurons_rest_after_a_spike_and_tire():
    weights, inputs, target, mask = random_case(ALIF, trials=2, n_steps=300)
    spikes = ALIF.trial(weights, inputs, target, mask).spikes
    for neuron in spikes.transpose(1, 2, 0).reshape(-1, 300):
        assert (
            len(np.flatnonzero(neuron)) > 1 and np.diff(np.flatnonzero(neuron)).min() >= ALIF.t_ref
        )
    assert (
        replace(ALIF, beta=0.0).trial(weights, inputs, target, mask).spikes[:, :, 3:].sum()
        > spikes[:, :, 3:].sum()
    )


def test_a_neuron_by_hand():
    """One spike, and the subtractive reset, the threshold and the readout after it."""
    network = EpropNetwork(
        tau_m=10, tau_out=5, v_th=1.0, tau_adapt=20, beta=0.5, t_ref=2, zeta_recurrent=1, zeta_out=1
    )
    weights = {
        "input": np.array([[1.2]]),
        "recurrent": np.zeros((1, 1)),
        "output": np.array([[2.0]]),
        "feedback": np.ones((1, 1)),
    }
    trial = network.trial(
        weights, np.array([1.0, 0, 0, 1, 1])[None, :, None], np.zeros((1, 5, 1)), np.ones((1, 5))
    )
    alpha, rho, kappa = np.exp([-1 / 10, -1 / 20, -1 / 5])
    v = [1.2, alpha * 1.2 - 1.0]
    v += [alpha * v[1], alpha**2 * v[1] + 1.2]
    assert np.allclose(trial.voltage[:4, 0, 0], v) and np.allclose(
        trial.adaptation[:3, 0, 0], [0, 1, rho]
    )
    assert trial.spikes[:, 0, 0].tolist() == [1, 0, 0, 0, 1] and np.allclose(
        trial.output[:4, 0, 0], 2 * kappa ** np.arange(4)
    )
    assert (
        np.isclose(trial.gain[0, 0, 0], 0.3 * (1 - 0.2))
        and trial.gain[1, 0, 0] == 0
        and np.isclose(trial.gain[3, 0, 0], 0.3 * (1 - abs(v[3] - 1 - 0.5 * rho**2)))
    )


def test_adam_is_that_of_tensorflow():
    rng = np.random.default_rng(2)
    gradients, updates = (
        rng.standard_normal((5, 3, 2)),
        Updates(0.1, Adam(beta_1=0.8, beta_2=0.9, epsilon=1e-3)),
    )
    m, square = np.zeros((3, 2)), np.zeros((3, 2))
    for number, gradient in enumerate(gradients, 1):
        m, square = 0.8 * m + 0.2 * gradient, 0.9 * square + 0.1 * gradient**2
        rate = 0.1 * np.sqrt(1 - 0.9**number) / (1 - 0.8**number)
        assert np.allclose(
            updates.changes({"input": gradient})["input"],
            -rate * m / (np.sqrt(square) + 1e-3),
            rtol=1e-13,
        )


def test_learning_rates_fall():
    falling, halved = Updates(lambda count: 0.5 - 0.1 * count, SGD()), Updates(0.5, SGD(decay=1))
    one = {"input": np.ones(1)}
    assert np.allclose([falling.changes(one)["input"][0] for _ in range(3)], [-0.5, -0.4, -0.3])
    assert np.allclose([halved.changes(one)["input"][0] for _ in range(3)], [-0.5, -0.25, -0.5 / 3])


QUICK = EvidenceAccumulation(
    n_cues=1, cue=30 * ms, pause=0 * ms, delay=10 * ms, recall=20 * ms, cue_rate=200 * Hz
)


def train_quick(**args):
    """A few updates on a small task; the starting weights and the result."""
    weights, *_ = random_case(ALIF, n_inputs=40, n_outputs=2)
    return weights, train(
        ALIF, QUICK, weights, 1e-2, 4, **(dict(batch=3, averaged=True, optimizer=Adam()) | args)
    )


@pytest.mark.parametrize("feedback", ["random", "symmetric", "adaptive"])
def test_feedback(feedback):
    weights, result = train_quick(feedback=feedback, decay=0.01)
    after = result.weights_after
    assert all(
        difference(after[name], weights[name]) > 1e-3 for name in ("input", "recurrent", "output")
    )
    assert (
        result.losses.shape == result.wrong.shape == (4, 3)
        and result.rates.shape == (4, 7)
        and not np.diag(after["recurrent"]).any()
    )
    if feedback == "random":
        assert np.array_equal(after["feedback"], weights["feedback"])
    if feedback == "symmetric":
        assert np.array_equal(after["feedback"], after["output"].T)
    if feedback == "adaptive":
        assert np.allclose(
            after["feedback"] - after["output"].T,
            0.99**4 * (weights["feedback"] - weights["output"].T),
        )


def test_what_is_not_trained_stays():
    weights, result = train_quick(trained=("output",))
    assert all(
        np.array_equal(result.weights_after[name], weights[name])
        for name in ("input", "recurrent", "feedback")
    )
    assert difference(result.weights_after["output"], weights["output"]) > 1e-2


def test_bad_weights():
    weights, *_ = random_case(ALIF, n_inputs=40, n_outputs=2)
    autapse = weights | {"recurrent": weights["recurrent"] + np.eye(7)}
    with pytest.raises(ValueError, match="must be 0 on the diagonal"):
        checked_weights(QUICK, autapse, "random")
    with pytest.raises(
        ValueError,
        match=r"weights\['input'\] must be finite and have shape \(7, 40\); got \(7, 3\)",
    ):
        checked_weights(QUICK, weights | {"input": np.ones((7, 3))}, "random")
    with pytest.raises(ValueError, match="weights lack feedback"):
        checked_weights(
            QUICK, {name: weights[name] for name in ("input", "recurrent", "output")}, "adaptive"
        )
    assert np.array_equal(
        checked_weights(QUICK, weights, "symmetric")["feedback"], weights["output"].T
    )


BAD_NETWORKS = [
    (dict(tau_m=0), "tau_m must be positive"),
    (dict(t_ref=1.5), "t_ref must be a whole number"),
    (dict(width=0), "width must be positive"),
    (dict(loss="hinge"), "loss must be one of regression"),
]


@pytest.mark.parametrize("bad, message", BAD_NETWORKS)
def test_bad_networks(bad, message):
    with pytest.raises(ValueError, match=message):
        EpropNetwork(**(dict(tau_m=10, tau_out=10, v_th=1) | bad))


def test_bad_trials():
    weights, inputs, target, mask = random_case(LIF)
    with pytest.raises(
        ValueError, match=r"inputs, target and mask must have shapes .*; got \(60, 5\)"
    ):
        LIF.trial(weights, inputs[0], target[0], mask[0])


def test_bad_feedback():
    with pytest.raises(
        ValueError, match="feedback must be one of random, symmetric, adaptive; got 'none'"
    ):
        train_quick(feedback="none")
