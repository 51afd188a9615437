"""Local synthetic gradients against stored cases of another implementation, and a recursion in
NumPy for trials, several networks and the other ways of feedback.
"""

import pathlib
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from brian2 import BrianObjectException, Network, StateMonitor, defaultclock, ms, seed
from targets import NUMPY_FIRST

from brian_rflo import (
    RFLO,
    Delta,
    FixedSynapses,
    LearningNetwork,
    PerStep,
    PerTrial,
    RateNeurons,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import (
    AdaptiveFeedback,
    CreditPath,
    LeakDNI,
    LocalDNI,
    Path,
    RandomFeedback,
    SymmetricFeedback,
)
from brian_rflo.network import AllToAll
from brian_rflo.neurons import DiscreteLIFNeurons, LIFNeurons
from brian_rflo.readouts import Linear, Softmax
from brian_rflo.rules import Instantaneous
from brian_rflo.steps import Step
from brian_rflo.synapses import CopiedSynapses
from brian_rflo.tasks import Add, ArrayTask

DATA = pathlib.Path(__file__).parent / "data"
BIASES = {"bias": AllToAll(), "output_bias": AllToAll()}
KINDS = {
    "random": RandomFeedback(),
    "symmetric": SymmetricFeedback(),
    "adaptive": AdaptiveFeedback(),
}
LEARNED = ("predictor", "transposed", "own_credit", "target_credit", "constant_credit")


@cache
def case(name):
    with np.load(DATA / f"{name}.npz") as data:
        return {key: data[key] for key in data.files}


@dataclass(frozen=True)
class WithStepBefore(LocalDNI):
    """A path whose first step learns from a step before, whose values are set by hand."""

    @property
    def steps(self):
        return super().steps[1:]

    @property
    def resets(self):
        return ()


def set_credit(net, A, J):
    """Set what makes credit, and the predictor; networks along the first axis if there is one."""
    n, paths = J.shape[-1], net.credit.projections
    if "predictor" in paths:
        paths["predictor"].set_matrix(J)
        paths["transposed"].set_matrix(np.ascontiguousarray(J.swapaxes(-1, -2)))
    for name, part in (("own", A[..., :n]), ("target", A[..., n:-1]), ("constant", A[..., -1:])):
        paths[f"{name}_credit"].set_matrix(np.ascontiguousarray(part))


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_stored_case(name, target):
    data = case(f"baselines_{name}")
    leak, rate = float(data["leak"]), float(data["rate"])
    start = {key[6:]: values for key, values in data.items() if key.startswith("start_")}
    is_entropy = str(data["loss_kind"]) == "cross_entropy"
    task = ArrayTask(inputs=data["X"], target=data["Y"], continuous=True, dt=1 * ms)
    with device(target):
        defaultclock.dt = task.dt
        net = LearningNetwork(
            task,
            RateNeurons(len(start["activity"]), tau=1 / leak * ms, initial=start["activity"]),
            Instantaneous(rate, tau=1 / leak * ms),
            readout=Softmax() if is_entropy else Linear(),
            readout_rule=Delta(rate),
            credit=WithStepBefore(float(data["dni_rate"]), float(data["predictor_rate"])),
            connectivity=BIASES,
            initial={
                "recurrent": start["recurrent"],
                "input": start["input"][:, :-1],
                "bias": start["input"][:, -1:],
                "output": start["output"],
                "output_bias": start["bias"][:, None],
                "feedback": start["feedback"],
            },
        )
        set_credit(net, start["dni_A"], start["recurrent"])
        cells, before = net.credit.cells["post"], [start["activity"], data["Y"][0], [1.0]]
        cells.continues, cells.credit = 1, start["dni_A"] @ np.concatenate(before)
        net.readout.target = data["Y"][0]
        after = {key: values[0] for key, values in net.train(1).weights_after.items()}
        paths = net.credit.projections
        predictor, transposed = (paths[key].matrix() for key in ("predictor", "transposed"))
    after["input"] = np.concatenate([after["input"], after["bias"]], axis=1)
    after["bias"] = after["output_bias"][:, 0]
    for part in ("recurrent", "input", "output", "bias"):
        assert np.abs(after[part] - data[f"dni_local__{part}"]).max() < 1e-12
    assert np.abs(predictor - transposed.T).max() < 1e-12
    assert np.abs(predictor - start["recurrent"]).max() > 1e-3


@dataclass(frozen=True)
class AtTheEnd(LocalDNI):
    """A variant in which nothing learns before the end of the step: the label is that of this
    step's credit, and goes back by the predictor of before.
    """

    @property
    def variables(self):
        return {"post": super().variables["post"] + "\nnow : 1"}

    @property
    def steps(self):
        now = "now = credit_own + credit_target + credit_constant\nlabel = tanh(now)"
        mismatch = "mismatch = credit - projected - back\nprojected = feedback"
        return (
            Step("before = activity", schedule.TRACE, "post"),
            Step(now, schedule.LABEL, "post"),
            Step(f"{mismatch}\ncredit = now\nfeedback = credit", schedule.MISMATCH, "post"),
        )

    @property
    def resets(self):
        return ()

    @property
    def paths(self):
        late = {name: path for name, path in super().paths.items() if not path.copy_of}
        return {
            name: replace(
                path,
                learns_at=schedule.LEARN,
                sum_at=schedule.LABEL_SUM if name.endswith("_credit") else path.sum_at,
            )
            for name, path in late.items()
        }


def every_step(parts, n_steps):
    """Monitors of weights, and a function that gives them as ``[step, post, pre]``."""
    seen = {
        name: StateMonitor(
            part, "w", when="end", record=np.arange(len(part.source) * len(part.target))
        )
        for name, part in parts.items()
    }

    def weights(name):
        shape = len(parts[name].source), len(parts[name].target), n_steps
        return np.asarray(seen[name].w).reshape(shape).transpose(2, 1, 0)

    return seen, weights


@pytest.mark.parametrize("name", ["a", "b", "c"])
@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_stored_case_of_the_variant_at_the_end_of_each_step(name, target):
    data = case(f"dni_compiled_{name}")
    leak, rate, steps = float(data["alpha"]), float(data["rate"]), len(data["X"])
    start = {key[6:]: values for key, values in data.items() if key.startswith("start_")}
    task = ArrayTask(inputs=data["X"], target=data["Y"], continuous=True, dt=1 * ms)
    kind = "symmetric" if data["symmetric"] else "random"
    with device(target):
        defaultclock.dt = task.dt
        net = LearningNetwork(
            task,
            RateNeurons(len(start["activity"]), tau=1 / leak * ms, initial=start["activity"]),
            Instantaneous(rate, tau=1 / leak * ms),
            readout=Softmax() if str(data["loss_kind"]) == "cross_entropy" else Linear(),
            readout_rule=Delta(rate),
            credit=AtTheEnd(
                float(data["credit_rate"]), float(data["predictor_rate"]), feedback=KINDS[kind]
            ),
            connectivity=BIASES,
            initial={
                "recurrent": start["W_rec"],
                "input": start["W_in"],
                "bias": start["b_rec"][:, None],
                "output": start["W_out"],
                "output_bias": start["b_out"][:, None],
            }
            | ({} if data["symmetric"] else {"feedback": start["B"]}),
        )
        set_credit(net, start["A"], start["W_rec"])
        cells, before = net.credit.cells["post"], [start["activity"], data["Y"][0], [1.0]]
        cells.credit = start["A"] @ np.concatenate(before)
        net.readout.target = data["Y"][0]
        parts = {name: net.projections[name] for name in ("recurrent", "output", *BIASES)}
        parts |= {"input": net.projections["input_synapses"]} | {
            name: net.credit.projections[name] for name in LEARNED
        }
        seen, weights = every_step(parts, steps)
        states = StateMonitor(net.neurons, ("feedback", "activity"), record=True, when="end")
        errors = StateMonitor(net.readout, "error", record=True, when="end")
        inner = StateMonitor(cells, ("projected", "mismatch"), record=True, when="end")
        net.add(*seen.values(), states, errors, inner)
        net.train(1)
        if target != "numpy":
            assert all(parts[name].dense.why_not_dense is None for name in LEARNED)
        made = [weights(f"{part}_credit") for part in ("own", "target", "constant")]
        found = {
            "W_rec": weights("recurrent"),
            "W_in": weights("input"),
            "b_rec": weights("bias")[..., 0],
            "W_out": weights("output"),
            "b_out": weights("output_bias")[..., 0],
            "A": np.concatenate(made, axis=2),
            "J": weights("predictor"),
            "feedback": states.feedback.T,
            "activity": states.activity.T,
            "error": errors.error.T,
            "projected": inner.projected.T,
            "mismatch": inner.mismatch.T,
        }
        back = weights("transposed").swapaxes(1, 2)
    for key, values in found.items():
        assert np.abs(values - data[key]).max() < 1e-12, key
        assert np.abs(np.diff(values, axis=0)).max() > 1e-4
    assert np.abs(back - data["J"]).max() < 1e-12


def dni_in_trials(task, trials, w, A, J, rates, tau, every, kind, keep=None):
    """Weights and A after trials of a network, whose updates are applied at the end of each; with
    `keep`, the label comes back through the leak alone.
    """
    w = {name: values.copy() for name, values in w.items()}
    A, J, copy = A.copy(), J.copy(), A.copy()
    rate, credit_rate, predictor_rate = rates
    for number in range(trials):
        inputs, target, _ = task.trial(number)
        a, sums, last = np.full(len(J), 0.1), dict.fromkeys(w, 0), None
        for step, (x, y) in enumerate(zip(inputs, target)):
            before = a
            drive = w["recurrent"] @ a + w["input"] @ x
            a = a + (np.tanh(drive) - a) / tau
            error = y - w["output"] @ a
            signal = (w["output"].T if kind == "symmetric" else w["feedback"]) @ error
            seen = np.concatenate([a, y, [1]])
            J = J + predictor_rate * np.outer(a - J @ before, before)
            label = np.tanh(copy @ seen) if keep is None else copy @ seen
            if last is not None:
                credit, signal_before, seen_before = last
                back = J.T @ label if keep is None else keep * label
                mismatch = credit - (signal_before + back)
                A = A - credit_rate * np.outer(mismatch, seen_before)
            if (number * len(target) + step + 1) % every == 0:
                copy = A.copy()
            last = A @ seen, signal, seen
            gated = last[0] * (1 - np.tanh(drive) ** 2) / tau
            sums["recurrent"] = sums["recurrent"] + np.outer(gated, before)
            sums["input"] = sums["input"] + np.outer(gated, x)
            sums["output"] = sums["output"] + np.outer(error, a)
        for name in ("recurrent", "input", "output"):
            w[name] = w[name] + rate / len(target) * sums[name]
        if kind == "adaptive":
            w["feedback"] = w["feedback"] + rate / len(target) * sums["output"].T
    return w, A, J


def trial_network(kind, networks=2, n=5, rates=(0.3, 0.02, 0.05), every=3, keep=None):
    rng = np.random.default_rng(4)
    task = ArrayTask(
        inputs=rng.normal(size=(2, 8, 2)), target=rng.normal(size=(2, 8, 3)), dt=1 * ms
    )
    shapes = dict(recurrent=(n, n), input=(n, 2), output=(3, n), feedback=(n, 3))
    start = {
        name: rng.normal(size=(networks, *shape)) / np.sqrt(n) for name, shape in shapes.items()
    }
    A, J = rng.normal(size=(networks, n, n + 4)) / 3, rng.normal(size=(networks, n, n)) / 3
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(networks * n, tau=4 * ms),
        Instantaneous(rates[0], tau=None),
        credit=LocalDNI(*rates[1:], every=every, feedback=KINDS[kind])
        if keep is None
        else LeakDNI(rates[1], keep, every=every, feedback=KINDS[kind]),
        networks=networks,
        learn=PerTrial(),
        initial={
            name: values
            for name, values in start.items()
            if (name, kind) != ("feedback", "symmetric")
        },
    )
    set_credit(net, A, J)
    return net, task, start, A, J


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [None, 0.75, 0.0], ids=["local", "leak", "nothing"])
def test_trials_and_networks_side_by_side(kind, keep):
    rates, every = (0.3, 0.02, 0.05), 3
    net, task, start, A, J = trial_network(kind, rates=rates, every=every, keep=keep)
    result, paths = net.train(3), net.credit.projections
    for network in range(2):
        w = {name: values[network] for name, values in start.items()}
        w, after, predictor = dni_in_trials(
            task, 3, w, A[network], J[network], rates, 4, every, kind, keep
        )
        found = {name: values[network] for name, values in result.weights_after.items()}
        for name in ("recurrent", "input", "output"):
            np.testing.assert_allclose(found[name], w[name], rtol=0, atol=1e-12)
        np.testing.assert_allclose(paths["own_credit"].matrix(2)[network], after[:, :5], atol=1e-12)
        if keep is None:
            np.testing.assert_allclose(paths["predictor"].matrix(2)[network], predictor, atol=1e-12)
        assert np.abs(after - A[network]).max() > 1e-3


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_the_leak_alone_on_every_target(target):
    with device(target):
        net, task, start, A, J = trial_network("random", keep=0.75)
        result = net.train(3)
        own = net.credit.projections["own_credit"].matrix(2)
        if target != "numpy":
            assert all(part.dense.why_not_dense is None for part in net.credit.parts)
    for network in range(2):
        w = {name: values[network] for name, values in start.items()}
        w, after, _ = dni_in_trials(
            task, 3, w, A[network], J[network], (0.3, 0.02, 0), 4, 3, "random", 0.75
        )
        found = result.weights_after["recurrent"][network]
        np.testing.assert_allclose(found, w["recurrent"], rtol=0, atol=1e-12)
        np.testing.assert_allclose(own[network], after[:, :5], rtol=0, atol=1e-12)


PATHS = {"local": (None, LEARNED), "leak": (0.75, LEARNED[2:])}


@pytest.mark.parametrize("keep, learned", PATHS.values(), ids=PATHS)
def test_frozen_paths_rest_and_evaluation_leaves_everything(keep, learned):
    net, *_ = trial_network("random", keep=keep)
    net.train(1)
    paths = net.credit.projections
    kept = {name: paths[name].matrix(2) for name in learned}
    assert {part.name for part in net.credit.parts} == {paths[name].name for name in learned}
    net.evaluate(2)
    for name, values in kept.items():
        np.testing.assert_array_equal(paths[name].matrix(2), values)
    net.train(1)
    for name, values in kept.items():
        assert np.abs(paths[name].matrix(2) - values).max() > 1e-6
    kept = {name: paths[name].matrix(2) for name in learned}
    for name in learned:
        paths[name].plastic = False
    net.train(2)
    for name, values in kept.items():
        np.testing.assert_array_equal(paths[name].matrix(2), values)


@pytest.mark.parametrize("keep", [None, 0.75], ids=["local", "leak"])
def test_saved_networks_go_on(tmp_path, keep):
    net, *_ = trial_network("random", keep=keep)
    net.train(2)
    net.save(tmp_path / "net.npz")
    expected = net.train(2)
    other, *_ = trial_network("random", keep=keep)
    other.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(other.train(2).losses, expected.losses)
    different, *_ = trial_network("random", keep=0.5)
    with pytest.raises(ValueError, match=r"credit.* in the file, LeakDNI\(.*keep=0.5"):
        different.load(tmp_path / "net.npz")


def test_it_learns_the_stream_add():
    task = Add(first=2, second=4, length=2000 * ms)
    defaultclock.dt = task.dt
    seed(0)
    net = LearningNetwork(
        task,
        RateNeurons(16, tau=1 * ms, initial=0),
        Instantaneous(0.01, tau=1 * ms),
        readout=Softmax(),
        readout_rule=Delta(0.01),
        credit=LocalDNI(0.02, 0.01),
        connectivity=BIASES,
        learn=PerStep(),
    )
    losses = net.train(4).losses[0]
    assert losses[-1] < losses[0] - 0.02 < 0.53, losses


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: LocalDNI(-1, 0.1), "LocalDNI: credit_rate must be a finite number and not neg"),
        (lambda: LocalDNI(0.1, np.nan), "LocalDNI: predictor_rate must be a finite number and"),
        (lambda: LocalDNI(0.1, 0.1, every=0), "LocalDNI: every must be a whole number of at"),
        (lambda: LocalDNI(0.1, 0.1, feedback=3), r"LocalDNI: feedback must be a credit path, .* 3"),
        (
            lambda: LocalDNI(0.1, 0.1, feedback=LocalDNI(0.1, 0.1)),
            "LocalDNI: feedback must bring the error itself, .* got LocalDNI, which has cells",
        ),
        (lambda: LeakDNI(-1, 0.1), "LeakDNI: credit_rate must be a finite number and not neg"),
        (lambda: LeakDNI(0.1, 1.0), "LeakDNI: keep must be at least 0 and less than 1; got 1.0"),
        (lambda: LeakDNI(0.1, 0.5, every=0), "LeakDNI: every must be a whole number of at"),
        (lambda: replace(Instantaneous(0.1, 2 * ms), tau=2), "tau must be a time"),
    ],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_the_rule_is_rflo_without_its_trace():
    rule = Instantaneous(0.1, tau=None)
    assert isinstance(rule, RFLO) and rule.update == "feedback_post*trace*dt/tau_post"


def test_a_printed_path_says_what_it_does_in_the_order_of_a_step():
    lines = str(LocalDNI(0.05, 0.01)).splitlines()
    assert lines[0].startswith("LocalDNI(credit_rate=0.05, predictor_rate=0.01, every=5")
    wanted = (
        "held = target",
        "before = act",
        "label = tanh",
        "back = sum of w*label",
        "w = w of own_credit, every 5 steps",
        "feedback = credit",
    )
    places = [next(n for n, line in enumerate(lines) if text in line) for text in wanted]
    assert places == sorted(places)
    assert "feedback = sum of w*error" in str(RandomFeedback())
    assert str(SymmetricFeedback()).startswith("SymmetricFeedback(): The transposed readout")


def test_trials_side_by_side_are_refused_for_what_learns_in_each_step():
    task = ArrayTask(target=np.ones((4, 1)), dt=1 * ms)
    defaultclock.dt = task.dt
    with pytest.raises(ValueError, match=r"LocalDNI .* cannot share; .*PerTrial\(batch=2\)"):
        LearningNetwork(
            task,
            RateNeurons(6, tau=4 * ms),
            Instantaneous(0.1, tau=None),
            credit=LocalDNI(0.1, 0.1),
            learn=PerTrial(copies=2),
        )


def test_a_lesioned_network_is_the_smaller_one():
    rng, n = np.random.default_rng(1), 5
    task = ArrayTask(inputs=rng.normal(size=(8, 2)), target=rng.normal(size=(8, 3)), dt=1 * ms)
    shapes = dict(recurrent=(n, n), input=(n, 2), output=(3, n), feedback=(n, 3))
    start = {name: rng.normal(size=shape) / np.sqrt(n) for name, shape in shapes.items()}
    A, J = rng.normal(size=(n, n + 4)) / 3, rng.normal(size=(n, n)) / 3
    defaultclock.dt, losses = task.dt, []
    for kept, gone in ((np.arange(n), [0]), (np.arange(1, n), [])):
        w = {name: values[kept] for name, values in start.items() if name != "output"}
        w |= {"recurrent": w["recurrent"][:, kept], "output": start["output"][:, kept]}
        net = LearningNetwork(
            task,
            RateNeurons(len(kept), tau=4 * ms),
            Instantaneous(0.3, tau=4 * ms),
            credit=LocalDNI(0.1, 0.05, every=3),
            initial={name: np.ascontiguousarray(values) for name, values in w.items()},
        )
        columns = np.concatenate([kept, np.arange(n, n + 4)])
        set_credit(net, A[kept][:, columns], np.ascontiguousarray(J[kept][:, kept]))
        net.lesion(gone)
        losses.append(net.train(3).losses)
    np.testing.assert_allclose(*losses, rtol=0, atol=1e-13)


SPIKING = {
    "lif": (lambda: LIFNeurons(4, tau=10 * ms, tau_syn=5 * ms, bias=1.1), 5, (1e-5, 1e-3, 5e-4)),
    "discrete": (lambda: DiscreteLIFNeurons(4, 10 * ms, threshold=0.4), 10, (0.5, 0.05, 0.02)),
}


@pytest.mark.parametrize("name", SPIKING)
def test_spiking_neurons_given_their_activity(name):
    make, tau, (rate, credit_rate, predictor_rate) = SPIKING[name]
    rng, n = np.random.default_rng(0), 4
    task = ArrayTask(inputs=rng.normal(size=(30, 2)), target=rng.normal(size=(30, 2)), dt=1 * ms)
    defaultclock.dt = task.dt
    neurons = make()
    net = LearningNetwork(
        task,
        neurons,
        Instantaneous(rate, tau=tau * ms),
        credit=LocalDNI(credit_rate, predictor_rate, every=4),
        learn=PerTrial(),
        initial={"input": 2 * rng.normal(size=(n, 2))},
    )
    A, J = rng.normal(size=(n, n + 3)) / 3, rng.normal(size=(n, n)) / 3
    set_credit(net, A, J)
    w, begin = net.weights(), np.array(neurons.activity)
    seen = StateMonitor(neurons, ("activity", "psp", "gain"), record=True, when="end")
    outer = StateMonitor(net.readout, "error", record=True, when="end")
    net.add(seen, outer)
    after = net.train(1).weights_after
    activity, target, copy, last, sums = seen.activity.T, task.trial(0)[1], A, None, 0
    assert np.abs(np.diff(activity, axis=0)).max() > 0.1
    for step, (before, a) in enumerate(zip([begin, *activity[:-1]], activity)):
        J = J + predictor_rate * np.outer(a - J @ before, before)
        known = np.concatenate([a, target[step], [1]])
        if last is not None:
            wanted = last[1] + J.T @ np.tanh(copy @ known)
            A = A - credit_rate * np.outer(last[0] - wanted, last[2])
        copy = A if (step + 1) % 4 == 0 else copy
        last = A @ known, w["feedback"][0] @ outer.error[:, step], known
        sums = sums + np.outer(last[0] * seen.gain[:, step] / tau, seen.psp[:, step])
    change = after["recurrent"][0] - w["recurrent"][0]
    present = change != 0
    assert np.abs(change).max() > 1e-6
    np.testing.assert_allclose(change[present], (rate / 30 * sums)[present], rtol=1e-9, atol=1e-15)
    own = net.credit.projections["own_credit"].matrix()
    np.testing.assert_allclose(own, A[:, :n], rtol=1e-9, atol=1e-12)


def test_copies_connect_the_pairs_of_the_original():
    defaultclock.dt = 1 * ms
    neurons = RateNeurons(4, tau=5 * ms)
    original = FixedSynapses(neurons, neurons, onto="I_rec")
    original.connect(i=[0, 1, 2], j=[1, 2, 3])
    copy = CopiedSynapses(neurons, neurons, original, onto="I_in")
    copy.connect(i=[0, 1, 2], j=[3, 2, 1])
    with pytest.raises(BrianObjectException) as raised:
        Network(neurons, original, copy).run(1 * ms)
    assert "must be connected like 'fixedsynapses" in str(raised.value.__cause__)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (
            dict(source="posts"),
            "Path: source must be one of 'pre', 'post', 'own', 'constant'; got 'po",
        ),
        (
            dict(target="constant"),
            "Path: target must be one of 'pre', 'post', 'own'; got 'constant'",
        ),
        (dict(copy_of="a", rule=Delta(0.1)), "copies the weights of 'a' has no rule of its own"),
        (dict(every=0), "Path: every must be a whole number of at least 1; got 0"),
    ],
)
def test_wrong_paths_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Path(**dict(source="pre", target="post", onto="feedback") | wrong)


def test_a_copy_comes_after_its_original():
    @dataclass(frozen=True)
    class Early(CreditPath):
        paths = {"feedback": Path("pre", "post", "feedback", sends="error", copy_of="other")}

    task = ArrayTask(target=np.ones((4, 1)), dt=1 * ms)
    defaultclock.dt = task.dt
    with pytest.raises(ValueError, match="path 'feedback' copies 'other', which must be among"):
        LearningNetwork(task, RateNeurons(3, 4 * ms), RFLO(0.1, 4 * ms), credit=Early())


def test_all_projections_of_the_path_run_in_dense_loops():
    with device("cpp_standalone"):
        task = Add(first=2, second=4, length=20 * ms)
        defaultclock.dt = task.dt
        neurons = RateNeurons(8, tau=2 * ms, initial=0)
        rule = Instantaneous(0.01, tau=2 * ms)
        net = LearningNetwork(task, neurons, rule, readout=Softmax(), credit=LocalDNI(0.01, 0.01))
        net.train(1)
        projections = {**net.projections, **net.credit.projections}
        reasons = {name: one.dense.why_not_dense for name, one in projections.items()}
    assert set(reasons) > {"predictor", "own_label", "target_label", "feedback"}
    assert not any(reasons.values()), reasons
