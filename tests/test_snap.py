"""SnAp-1 against stored cases of another implementation, the NumPy baseline, and a recursion in
NumPy for other neurons and connections.
"""

import pathlib
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, defaultclock, ms, seed
from targets import NUMPY_FIRST

from brian_rflo import (
    RFLO,
    Delta,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Trials,
    reference,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import SymmetricFeedback
from brian_rflo.network import AllToAll
from brian_rflo.neurons import (
    ALIFNeurons,
    DiscreteLIFNeurons,
    LIFNeurons,
    PotentialNeurons,
)
from brian_rflo.readouts import Linear, Readout, Softmax, TaskInput
from brian_rflo.rules import SnAp1
from brian_rflo.synapses import SymmetricFeedbackSum
from brian_rflo.tasks import ArrayTask
from brian_rflo.updates import Adam

DATA = pathlib.Path(__file__).parent / "data"
BIASES = {"bias": AllToAll(), "output_bias": AllToAll()}


@cache
def case(name):
    with np.load(DATA / f"baselines_{name}.npz") as data:
        return {key: data[key] for key in data.files}


@pytest.mark.parametrize("name", ["a", "b"])
@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_stored_case(name, target):
    data = case(name)
    leak, rate = float(data["leak"]), float(data["rate"])
    start = {key[6:]: values for key, values in data.items() if key.startswith("start_")}
    is_entropy = str(data["loss_kind"]) == "cross_entropy"
    task = ArrayTask(inputs=data["X"], target=data["Y"], continuous=True, dt=1 * ms)
    with device(target):
        defaultclock.dt = task.dt
        net = LearningNetwork(
            task,
            RateNeurons(len(start["activity"]), tau=1 / leak * ms, initial=start["activity"]),
            SnAp1(rate, tau=1 / leak * ms),
            readout=Softmax() if is_entropy else Linear(),
            readout_rule=Delta(rate),
            credit=SymmetricFeedback(),
            connectivity=BIASES,
            initial={
                "recurrent": start["recurrent"],
                "input": start["input"][:, :-1],
                "bias": start["input"][:, -1:],
                "output": start["output"],
                "output_bias": start["bias"][:, None],
            },
        )
        after = {key: values[0] for key, values in net.train(1).weights_after.items()}
        if target != "numpy":
            assert net.recurrent.dense.why_not_dense is None
    after["input"] = np.concatenate([after["input"], after["bias"]], axis=1)
    after["bias"] = after["output_bias"][:, 0]
    for part in ("recurrent", "input", "output", "bias"):
        assert np.abs(after[part] - data[f"snap1__{part}"]).max() < 1e-12
        assert np.abs(after[part] - start[part]).max() > 1e-3


def arrays(n=6, networks=2, n_in=2, n_out=3, trials=2, steps=9):
    rng = np.random.default_rng(3)
    task = ArrayTask(
        inputs=rng.normal(size=(trials, steps, n_in)),
        target=rng.normal(size=(trials, steps, n_out)),
        dt=1 * ms,
    )
    shapes = dict(recurrent=(n, n), input=(n, n_in), output=(n_out, n), bias=(n, 1))
    start = {
        name: rng.normal(size=(networks, *shape)) / np.sqrt(n) for name, shape in shapes.items()
    }
    return task, start


SCHEDULES = {
    "step": (PerStep(), {"update": "step"}),
    "trial": (PerTrial(), {}),
    "adam": (PerTrial(Adam()), {"optimizer": Adam()}),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_trials_of_networks_side_by_side_are_those_of_the_baseline(name, target):
    learn, same = SCHEDULES[name]
    task, start = arrays()
    feedback = {"feedback": np.zeros((2, 6, 3))}
    expected = reference.train(
        task, start | feedback, "snap1", 0.1, tau=4 * ms, trials=3, **same
    ).weights_after
    with device(target):
        defaultclock.dt = task.dt
        net = LearningNetwork(
            task,
            RateNeurons(2 * 6, tau=4 * ms),
            SnAp1(0.1, tau=None),
            credit=SymmetricFeedback(),
            networks=2,
            learn=learn,
            connectivity={"bias": AllToAll()},
            initial=start,
        )
        found = net.train(3).weights_after
    for part in start:
        np.testing.assert_allclose(found[part], expected[part], rtol=0, atol=1e-12)
        assert np.abs(found[part] - start[part]).max() > 1e-3


def snap1_in_trials(task, trials, w, tau, f, slope, rate, mask=1, fixed=None):
    """Weights of a network after trials, whose updates are applied at the end of each; `fixed` are
    further recurrent weights, which rest.
    """
    w = {name: values.copy() for name, values in w.items()}
    leak = 1 / np.broadcast_to(tau, len(w["recurrent"]))[:, None]
    fixed = np.zeros(w["recurrent"].shape) if fixed is None else fixed
    learn = [name for name in w if name != "output"]
    for number in range(trials):
        inputs, target, _ = task.trial(number)
        a, sums = np.full(len(w["recurrent"]), 0.1), dict.fromkeys(w, 0.0)
        p = {name: np.zeros(w[name].shape) for name in learn}
        for x, y in zip(inputs, target):
            total = w["recurrent"] + fixed
            sent = {"recurrent": a, "input": x, "bias": np.ones(1)}
            drive = fixed @ a + sum(w[name] @ sent[name] for name in learn)
            own, gain = np.diag(total)[:, None], slope(drive)[:, None]
            for name in learn:
                p[name] = p[name] + leak * (gain * (sent[name] + own * p[name]) - p[name])
            a = a + leak[:, 0] * (f(drive) - a)
            error = y - w["output"] @ a
            for name in p:
                sums[name] = sums[name] + (w["output"].T @ error)[:, None] * p[name]
            sums["output"] = sums["output"] + np.outer(error, a)
        sums["recurrent"] = mask * sums["recurrent"]
        for name in w:
            w[name] = w[name] + rate / len(target) * sums[name]
    return w


def sigmoid(u):
    return 1 / (1 + np.exp(-u))


FUNCTIONS = {
    "tanh": (np.tanh, lambda u: 1 - np.tanh(u) ** 2),
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0) * 1.0),
    "rectified tanh": (
        lambda u: np.maximum(np.tanh(u), 0),
        lambda u: (u > 0) * (1 - np.tanh(u) ** 2),
    ),
    "sigmoid": (sigmoid, lambda u: sigmoid(u) * (1 - sigmoid(u))),
    "log(1 + exp(u))": (lambda u: np.log1p(np.exp(u)), sigmoid),
}


def learned(neurons, start, task, *, connectivity=None, rule=SnAp1(0.1, tau=None), trials=3):
    """Weights of one network after trials."""
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        neurons,
        rule,
        credit=SymmetricFeedback(),
        connectivity=connectivity or {"bias": AllToAll()},
        learn=PerTrial(),
        initial=start,
    )
    return {name: values[0] for name, values in net.train(trials).weights_after.items()}


@pytest.mark.parametrize("f", FUNCTIONS)
def test_all_functions_of_rate_neurons(f):
    task, start = arrays(networks=1)
    start = {name: values[0] for name, values in start.items()}
    defaultclock.dt = task.dt
    found = learned(RateNeurons(6, tau=4 * ms, f=f), start, task)
    expected = snap1_in_trials(task, 3, start, 4, *FUNCTIONS[f], 0.1)
    for name in start:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-12)


def test_a_steepness_and_time_constants_of_single_neurons():
    task, start = arrays(networks=1)
    start = {name: values[0] for name, values in start.items()}
    defaultclock.dt, tau, g = task.dt, np.linspace(2, 7, 6), np.linspace(0.5, 2, 6)
    found = learned(RateNeurons(6, tau=tau * ms, steepness=g), start, task)
    expected = snap1_in_trials(
        task, 3, start, tau, lambda u: np.tanh(g * u), lambda u: g / np.cosh(g * u) ** 2, 0.1
    )
    for name in start:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("target", NUMPY_FIRST)
@pytest.mark.parametrize("kept", ["some", "none"])
def test_neurons_without_a_synapse_onto_themselves_have_the_trace_of_rflo(target, kept):
    task, start = arrays(networks=1)
    start = {name: values[0] for name, values in start.items()}
    mask = np.random.default_rng(0).random((6, 6)) < 0.6
    mask[range(6), range(6)] = [True, False, True] * 2 if kept == "some" else False
    sparse = {"recurrent": mask, "bias": AllToAll()}
    start["recurrent"] = start["recurrent"] * mask
    with device(target):
        defaultclock.dt = task.dt
        found = learned(RateNeurons(6, tau=4 * ms), start, task, connectivity=sparse)
    expected = snap1_in_trials(task, 3, start, 4, *FUNCTIONS["tanh"], 0.1, mask)
    for name in start:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-12)
    with device("numpy"):
        defaultclock.dt = task.dt
        rule = RFLO(0.1, tau=None)
        plain = learned(RateNeurons(6, tau=4 * ms), start, task, connectivity=sparse, rule=rule)
    distance = max(np.abs(plain[name] - found[name]).max() for name in start)
    assert distance < 1e-14 if kept == "none" else distance > 1e-5


def by_hand(order, neurons, task, start, fixed):
    """A network of single objects, whose projections are made in an order of their names."""
    inputs, readout, rule = TaskInput(task), Readout(task), SnAp1(0.1, tau=4 * ms)
    make = {
        "recurrent": lambda: PlasticSynapses(neurons, neurons, rule, "I_rec", learn=PerTrial()),
        "input": lambda: PlasticSynapses(inputs, neurons, rule, "I_in", learn=PerTrial()),
        "fixed": lambda: FixedSynapses(neurons, neurons, onto="I_rec"),
    }
    parts = {name: make[name]() for name in order}
    parts["output"] = PlasticSynapses(neurons, readout, Delta(0.1), readout.onto, learn=PerTrial())
    for name, part in parts.items():
        part.connect_matrix((start | {"fixed": fixed})[name], absent=np.nan)
    learning = (part for name, part in parts.items() if name != "fixed")
    feedback = SymmetricFeedbackSum(parts["output"])
    trials = Trials(task, readout, *learning)
    trials.at_start(neurons, "activity = 0.1")
    return parts, [neurons, inputs, readout, trials, *parts.values(), feedback]


@pytest.mark.parametrize("target", NUMPY_FIRST)
@pytest.mark.parametrize("order", ["input recurrent fixed", "fixed recurrent input"])
def test_all_projections_of_the_neurons_onto_themselves_count(order, target):
    task, start = arrays(networks=1)
    start = {name: values[0] for name, values in start.items() if name != "bias"}
    fixed = np.random.default_rng(1).normal(size=(6, 6)) / 3
    with device(target):
        defaultclock.dt = task.dt
        neurons = RateNeurons(6, tau=4 * ms)
        parts, objects = by_hand(order.split(), neurons, task, start, fixed)
        Network(*objects).run(3 * task.duration)
        found = {name: parts[name].matrix() for name in start}
    expected = snap1_in_trials(task, 3, start, 4, *FUNCTIONS["tanh"], 0.1, fixed=fixed)
    for name in start:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-12)


def test_a_delay_within_the_neurons_is_refused():
    defaultclock.dt = 1 * ms
    neurons = RateNeurons(4, tau=4 * ms)
    late = FixedSynapses(neurons, neurons, onto="I_rec", delay=2 * ms)
    assert late.delay_line is not None
    with pytest.raises(ValueError, match="connects .* with itself, .* Leave out its"):
        PlasticSynapses(neurons, neurons, SnAp1(0.1, tau=4 * ms), onto="I_in")


def test_a_subgroup_onto_itself_and_onto_another():
    defaultclock.dt, parts = 1 * ms, []
    neurons = RateNeurons(6, tau=4 * ms)
    for source, target in ((neurons[1:4], neurons[2:6]), (neurons[:2], neurons[:2])):
        part = PlasticSynapses(source, target, SnAp1(0.1, tau=4 * ms), onto="I_rec")
        part.connect()
        part.w, part.plastic = "1 + 10*i + j", False
        parts.append(part)
    Network(neurons, *parts).run(1 * ms)
    np.testing.assert_array_equal(neurons.own_weight, [1, 12, 11, 22, 0, 0])


MINE = """dactivity/dt = (tanh(I_rec + I_in) - activity)/(4*ms) : 1
I_rec : 1\nI_in : 1\ngain : 1\nfeedback : 1"""


def mine(method="euler", own="\nown_weight : 1"):
    neurons = NeuronGroup(6, MINE + own, method=method)
    neurons.run_regularly("gain = 1 - tanh(I_rec + I_in)**2", **schedule.GAIN)
    neurons.activity = 0.1
    return neurons


def test_a_group_of_the_users_own_with_the_variable():
    task, start = arrays(networks=1, trials=1)
    start = {name: values[0] for name, values in start.items() if name != "bias"}
    defaultclock.dt = task.dt
    neurons, fixed = mine(), np.full((6, 6), np.nan)
    parts, objects = by_hand(["input", "recurrent"], neurons, task, start, fixed)
    Network(*objects).run(task.duration)
    expected = snap1_in_trials(task, 1, start, 4, *FUNCTIONS["tanh"], 0.1)
    for name in start:
        np.testing.assert_allclose(parts[name].matrix(), expected[name], rtol=0, atol=1e-12)


OTHERS = {
    "lif": (lambda: LIFNeurons(4, tau=10 * ms, tau_syn=5 * ms), "own_weight.* as RateNeurons do"),
    "alif": (
        lambda: ALIFNeurons(4, tau=10 * ms, tau_syn=5 * ms, tau_adapt=50 * ms, beta=0.1),
        "own_weight.* as RateNeurons do",
    ),
    "discrete": (lambda: DiscreteLIFNeurons(4, 10 * ms, threshold=0.4), "own_weight.* as RateN"),
    "potential": (lambda: PotentialNeurons(4, tau=10 * ms), "own_weight.* as RateNeurons do"),
    "without": (lambda: mine(own=""), "own_weight.* write 'own_weight : 1'"),
    "exponential": (lambda: mine("exponential_euler"), "forward Euler, .* 'exponential_euler'"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_neurons_of_which_the_trace_is_no_derivative_are_refused(name):
    make, message = OTHERS[name]
    defaultclock.dt = 1 * ms
    neurons = make()
    with pytest.raises(ValueError, match=message):
        PlasticSynapses(neurons, neurons, SnAp1(0.1, tau=10 * ms), onto="I_rec")


@pytest.mark.parametrize("kind", [SnAp1, RFLO])
def test_a_wrong_time_constant_names_the_rule(kind):
    with pytest.raises(TypeError, match=f"{kind.__name__}: tau must be a time"):
        kind(0.1, tau=3)


@dataclass(frozen=True)
class OwnHebb(LearningRule):
    """Another rule that reads the weights of neurons onto themselves."""

    update = "own_weight_post*activity_pre"


def test_another_rule_reads_them_without_more():
    defaultclock.dt = 1 * ms
    task = ArrayTask(inputs=np.full((3, 2), 2.0), target=np.zeros((3, 1)), dt=1 * ms)
    neurons, inputs = RateNeurons(3, tau=5 * ms), TaskInput(task)
    inward = PlasticSynapses(inputs, neurons, OwnHebb(0.5), onto="I_in")
    recurrent = FixedSynapses(neurons, neurons, onto="I_rec")
    inward.connect()
    recurrent.connect_matrix([[1, 2, 0], [0, 0, 3], [4, 0, 5]])
    Network(inputs, neurons, inward, recurrent).run(3 * ms)
    np.testing.assert_allclose(inward.matrix(), 3 * 0.5 * 2 * np.outer([1, 0, 5], [1, 1]))


def test_a_saved_network_goes_on_but_by_no_other_rule(tmp_path):
    task, _ = arrays(networks=1)

    def network(rule):
        defaultclock.dt = task.dt
        neurons = RateNeurons(6, tau=4 * ms)
        return LearningNetwork(task, neurons, rule(0.1, tau=4 * ms), credit=SymmetricFeedback())

    seed(0)
    net, other = network(SnAp1), network(SnAp1)
    net.train(2)
    net.save(tmp_path / "net.npz")
    other.load(tmp_path / "net.npz")
    expected = net.train(2)
    np.testing.assert_array_equal(other.train(2).losses, expected.losses)
    with pytest.raises(ValueError, match=r"rule: SnAp1\(.* in the file, RFLO\("):
        network(RFLO).load(tmp_path / "net.npz")
