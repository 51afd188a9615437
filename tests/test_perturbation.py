"""Weight and node perturbation against seeded NumPy cases.

The cases in ``tests/data`` hold all random draws, so that nothing depends on a generator.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Network,
    NeuronGroup,
    StateMonitor,
    TimedArray,
    defaultclock,
    ms,
    prefs,
    seed,
    set_device,
)
from brian2 import device as brian_device
from perturbing import noise_given, weights_given

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    LossMonitor,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import PairDifference, RunningBaseline, ScaledBaseline
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.readouts import LeakyReadout, TaskInput
from brian_rflo.rules import (
    ActiveWeightPerturbation,
    Exploration,
    HybridPerturbation,
    NodePerturbation,
    WeightPerturbation,
)
from brian_rflo.schedule import APPLY, STATE
from brian_rflo.tasks import ArrayTask, PeriodicOutput
from brian_rflo.updates import L2, ClippedSGD

DATA = Path(__file__).parent / "data"


@cache
def case(name):
    """Return the arrays of a seeded case."""
    return dict(np.load(DATA / f"{name}.npz"))


def learning(rule, d):
    """Return a rule with the learning rate of a case."""
    return replace(rule, learning_rate=float(d["eta"]))


def perceptron_with(rule, name, *learn):
    """Run a linear readout of the inputs; return it, and what reads losses and weights."""
    d = case(f"perceptron_dev_{name}")
    task = ArrayTask(target=d["targets"], inputs=d["inputs"], dt=1 * ms)
    inputs, readout = TaskInput(task, networks=2), Readout(task, networks=2)
    output = PlasticSynapses(inputs, readout, learning(rule, d), "output", *learn)
    output.connect(networks=2)
    output.set_matrix(np.stack([d["w_before"]] * 2))
    in_trials = Trials(task, readout, output, PairDifference())
    losses = LossMonitor(in_trials)
    Network(inputs, readout, output, in_trials, losses).run(len(d["inputs"]) * task.duration)
    return output, lambda: np.array(losses.loss).T, lambda: output.matrix(2)


def perceptron(name, kind):
    """Run a seeded case."""
    d = case(f"perceptron_dev_{name}")
    sigma, steps = float(d["sigma"]), d["inputs"].shape[1]
    rule = (
        weights_given(WeightPerturbation, sigma, d["wp_draws"], steps)
        if kind == "wp"
        else noise_given(sigma, d["np_draws"])
    )
    output, losses, weights = perceptron_with(rule, name)
    return (
        {"output": output},
        [
            (losses, d[f"{kind}_losses"]),
            (weights, np.stack([d[f"{kind}_w_after"][-1]] * 2)),
            (  # weights of silent inputs stay as they are, to the bit, or not
                lambda: (weights()[..., -2:] == d["w_before"][:, -2:]).all(),
                np.array(kind == "np"),
            ),
        ],
    )


def derived(name, kind):
    """Run one of the two rules that are derived from both, with the draws of a case, beside its
    recursion in NumPy.
    """
    d = case(f"perceptron_dev_{name}")
    sigma, steps, eta = float(d["sigma"]), d["inputs"].shape[1], float(d["eta"])
    if kind == "wp0":
        rule = weights_given(ActiveWeightPerturbation, sigma, d["wp_draws"], steps)
    else:
        rule = weights_given(HybridPerturbation, sigma, d["wp_draws"], steps, power=7.0)
    output, losses, weights = perceptron_with(rule, name)
    w, expected = d["w_before"].copy(), []
    for x, target, p in zip(d["inputs"], d["targets"], d["wp_draws"]):
        free, perturbed = (((x @ v.T - target) ** 2).sum() / (2 * steps) for v in (w, w + p))
        expected.append((free, perturbed))
        direction = p * ((x**2).sum(0) > 0) if kind == "wp0" else (x @ p.T).T @ x / 7.0
        w = w - eta / sigma**2 * (perturbed - free) * direction
    assert np.abs(w - d["w_before"]).max() > 1e-3
    silent = (lambda: (weights()[..., -2:] == d["w_before"][:, -2:]).all(), np.array(True))
    return {"output": output}, [(losses, np.array(expected)), (weights, np.stack([w] * 2)), silent]


def by_adam(name, kind):
    """Run a case with Adam over batches of two pairs, beside its recursion in NumPy; epsilon is as
    large as the root of the second moment of small gradients.
    """
    d, one, two, epsilon = case(f"perceptron_dev_{name}"), 0.8, 0.95, 0.5
    sigma, steps, eta = float(d["sigma"]), d["inputs"].shape[1], float(d["eta"])
    rule = (
        weights_given(WeightPerturbation, sigma, d["wp_draws"], steps)
        if kind == "wp"
        else noise_given(sigma, d["np_draws"])
    )
    learn = PerTrial(Adam(beta_1=one, beta_2=two, epsilon=epsilon), batch=2)
    output, losses, weights = perceptron_with(rule, name, learn)
    w, expected, m, s, total, roots = d["w_before"].copy(), [], 0.0, 0.0, 0.0, []
    draws = d["wp_draws" if kind == "wp" else "np_draws"]
    for trial, (x, target, drawn) in enumerate(zip(d["inputs"], d["targets"], draws)):
        error, more = x @ w.T - target, x @ drawn.T if kind == "wp" else drawn
        free, perturbed = (((e**2).sum()) / (2 * steps) for e in (error, error + more))
        expected.append((free, perturbed))
        along = drawn if kind == "wp" else drawn.T @ x
        total = total - (perturbed - free) * along / sigma**2
        if trial % 2:
            m, s, k = one * m + (1 - one) * total, two * s + (1 - two) * total**2, trial // 2 + 1
            rate = eta * np.sqrt(1 - two**k) / (1 - one**k)
            w, total = w + rate * m / (np.sqrt(s) + epsilon), 0.0
            roots.append(np.sqrt(s))
    assert np.min(roots) < epsilon < np.max(roots) and np.abs(w - d["w_before"]).max() > 1e-3
    return {"output": output}, [(losses, np.array(expected)), (weights, np.stack([w] * 2))]


def recurrent(name, kind, networks=1, **of_neurons):
    """Run a network whose recurrent, input and readout weights learn."""
    d = case(f"recurrent_dev_{name}")
    trials, steps, _ = d["inputs"].shape
    n = len(d["recurrent_before"])
    task = ArrayTask(target=d["targets"], inputs=d["inputs"], mask=d["mask"], dt=1 * ms)
    sigma = float(d["sigma"])
    if kind == "np":
        rules = dict.fromkeys(("recurrent", "input"), noise_given(sigma, d["np_drive"]))
        rules["output"] = noise_given(sigma, d["np_output"])
    else:  # where all synapses are active, both rules are the same
        rule = WeightPerturbation if kind == "wp" else ActiveWeightPerturbation
        rules = {p: weights_given(rule, sigma, d[f"wp_{p}"], steps) for p in PARTS}
    blocks = 2 * networks
    tau, initial = 1 * ms / float(d["leak"]), float(d["initial"])
    neurons = RateNeurons(blocks * n, tau=tau, initial=initial, **of_neurons)
    inputs = TaskInput(task, networks=blocks)
    readout = Readout(task, networks=blocks)
    ends = {
        "recurrent": (neurons, neurons, "I_rec"),
        "input": (inputs, neurons, "I_in"),
        "output": (neurons, readout, "output"),
    }
    made = {}
    for part, (source, target, onto) in ends.items():
        made[part] = PlasticSynapses(source, target, learning(rules[part], d), onto)
        made[part].connect(networks=blocks)
        made[part].set_matrix(np.stack([d[f"{part}_before"]] * blocks))
    net_trials = Trials(task, neurons, readout, *made.values(), PairDifference(), networks=networks)
    losses = LossMonitor(net_trials)
    Network(neurons, inputs, readout, *made.values(), net_trials, losses).run(
        trials * task.duration
    )
    after = [
        (lambda p=p: made[p].matrix(blocks), np.stack([d[f"{kind[:2]}_{p}_after"][-1]] * blocks))
        for p in PARTS
    ]
    return made, [
        (lambda: np.array(losses.loss).T, np.tile(d[f"{kind[:2]}_losses"], networks)),
        *after,
    ]


PARTS = ("recurrent", "input", "output")


class Sameness(Readout):
    """A readout whose loss is the mean distance in the last fifth of a trial."""

    error_code = """error = target - output
    loss += mask_of(t_in_timesteps, 0)*abs(error)*5/n_steps"""


class NonMatch(ArrayTask):
    """Two cues, AA, AB, BA and BB in turn, and an answer."""

    n_kinds = 4

    def kind(self, number):
        return number % 4


def non_match(steps):
    """Return the task of a case of `steps` steps."""
    inputs, target, mask = np.zeros((4, steps, 2)), np.ones((4, steps, 1)), np.zeros((4, steps))
    for kind in range(4):
        inputs[kind, 1 : 1 + steps // 5, kind // 2] = 1
        inputs[kind, 2 * steps // 5 : 3 * steps // 5, kind % 2] += 1
        target[kind] *= 0.98 if kind in (1, 2) else -0.98
    mask[:, -steps // 5 :] = 1
    return NonMatch(target=target, inputs=inputs, mask=mask, dt=1 * ms)


def exploration(name, kind):
    """Run Miconi's rule on the delayed non-match task; in its first trials nothing learns."""
    d = case(f"exploration_dev_{name}")
    trials, steps, n = d["kicks"].shape
    task, first = non_match(steps), int(d["first_learning_trial"])

    class Given(Exploration):
        constants = {"kicks": TimedArray(d["kicks"].reshape(-1, n), dt=1 * ms)}
        explores = "kicks(t, i)"

    rule = Given(float(d["eta"]), smoothing=float(d["activity_smoothing"]))
    starts = TimedArray(d["starts"], dt=task.duration)
    neurons = PotentialNeurons(n, tau=float(d["tau_steps"]) * ms, namespace={"starts": starts})
    held = "u = u*int(i != 1)*int(i != 10)*int(i != 11) + int(i == 1) + int(i == 10) - int(i == 11)"
    neurons.run_regularly(held, **STATE.behind(1))
    inputs, readout = TaskInput(task), Sameness(task)
    learn = PerTrial(ClippedSGD(largest=float(d["largest_change"])))
    recurrent = PlasticSynapses(neurons, neurons, rule, "I_rec", learn)
    incoming, answer = (
        FixedSynapses(inputs, neurons, onto="I_in"),
        FixedSynapses(neurons, readout, onto="output"),
    )
    modulator = ScaledBaseline(1 - float(d["error_smoothing"]), kinds=4)
    in_trials = Trials(task, neurons, readout, recurrent, modulator)
    in_trials.at_start(neurons, f"u = starts(t + 0.5*dt, i)\n{held}\nactivity = tanh(u)")
    losses = LossMonitor(in_trials)
    for projection, matrix in (
        (recurrent, d["recurrent_before"]),
        (incoming, d["input"]),
        (answer, np.eye(1, n)),
    ):
        projection.connect()
        projection.set_matrix(matrix)
    network = Network(neurons, inputs, readout, recurrent, incoming, answer, in_trials, losses)
    recurrent.learning_rate = 0  # frozen, it would not explore
    network.run(first * task.duration)
    recurrent.learning_rate = rule.learning_rate
    network.run((trials - first) * task.duration)
    return {"recurrent": recurrent}, [
        (lambda: np.array(losses.loss[0]), d["errors"]),
        (recurrent.matrix, d["recurrent_after"][-1]),
        *(
            (lambda k=k: np.array(getattr(in_trials, f"expected_{k}")), d["expected"][k])
            for k in range(4)
        ),
    ]


def named(run, *kinds):
    """Return the cases of a function by name."""
    return {f"{run.__name__}-{name}-{kind}": (run, name, kind) for name in "ab" for kind in kinds}


CASES = (
    named(perceptron, "wp", "np")
    | named(recurrent, "wp", "np")
    | {"recurrent-a-wp0": (recurrent, "a", "wp0")}
    | named(derived, "wp0", "hp")
    | {"by_adam-a-wp": (by_adam, "a", "wp"), "by_adam-a-np": (by_adam, "a", "np")}
    | named(exploration, "")
)


def compare(found, tolerance=1e-12):
    for read, expected in found:
        assert np.abs(read() * 1.0 - expected).max() <= tolerance


@pytest.mark.parametrize("name", CASES)
def test_seeded_case(name):
    run, *arguments = CASES[name]
    compare(run(*arguments)[1])


@pytest.mark.model
@pytest.mark.compiled
def test_seeded_cases_on_cython():
    prefs.codegen.target = "cython"
    for run, *arguments in CASES.values():
        made, found = run(*arguments)
        compare(found)
        assert all(part.dense.why_not_dense is None for part in made.values())
        if arguments == ["a", "wp"]:
            reasons = {part.dense.why_not_batched for part in made.values()}
            assert reasons == {"its synapses do nothing in each step"}


@pytest.mark.model
@pytest.mark.compiled
@pytest.mark.parametrize("name", CASES)
def test_seeded_case_in_standalone_programs(name):
    run, *arguments = CASES[name]
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            defaultclock.dt = 1 * ms
            found = []
            for dense in (True, False):
                prefs["brian_rflo.dense_pass"] = dense
                made, reads = run(*arguments)
                found.append(reads)
                assert {part.dense.why_not_dense is None for part in made.values()} == {dense}
            brian_device.build(directory=None)
            for reads in found:
                compare(reads)
        finally:
            prefs["brian_rflo.dense_pass"] = True


def test_networks_side_by_side_are_the_case_each():
    compare(recurrent("a", "np", networks=2)[1])


def test_neurons_with_noise_of_their_own_explore_by_it():
    compare(recurrent("a", "np", noise_std=0)[1])


def test_noise_of_a_leaky_readout_is_in_its_drive():
    d = case("perceptron_dev_a")
    task = ArrayTask(target=d["targets"], inputs=d["inputs"], dt=1 * ms)
    inputs, readout = TaskInput(task, networks=2), LeakyReadout(task, tau=4 * ms, networks=2)
    output = PlasticSynapses(inputs, readout, learning(noise_given(0.2, d["np_draws"]), d), "drive")
    output.connect(networks=2)
    output.set_matrix(np.stack([d["w_before"]] * 2))
    in_trials = Trials(task, readout, output, PairDifference())
    Network(inputs, readout, output, in_trials).run(5 * task.duration)
    w, kappa = d["w_before"].copy(), np.exp(-0.25)
    for x, target, xi in zip(d["inputs"], d["targets"], d["np_draws"]):
        losses = []
        for noise in (0 * xi, xi):
            z, loss = np.zeros(3), 0.0
            for step in range(len(x)):
                z = kappa * z + (1 - kappa) * (w @ x[step] + noise[step])
                loss += ((target[step] - z) ** 2).sum() / (2 * len(x))
            losses.append(loss)
        w = w - float(d["eta"]) / 0.2**2 * (losses[1] - losses[0]) * xi.T @ x
    compare([(lambda: output.matrix(2), np.stack([w] * 2))])
    assert np.abs(w - d["w_before"]).max() > 1e-3


TASK = PeriodicOutput(period=12 * ms)


def small(rule, neurons=None, **more):
    """Return a network of a few neurons."""
    return LearningNetwork(TASK, neurons or RateNeurons(2 * 4, tau=5 * ms), rule, **more)


def test_the_standard_network_has_what_a_rule_of_pairs_needs():
    net = small(NodePerturbation(0.05, sigma=1e-3))
    both = LossMonitor(net.trials)
    net.add(both)
    result = net.train(3)
    assert np.array_equal(result.losses, np.array(both.loss)[:1])
    assert (np.array(both.loss)[0] != np.array(both.loss)[1]).all()
    assert type(net.output.rule) is NodePerturbation and net.feedback is None
    for name in ("recurrent", "output"):
        assert (result.weights_after[name] != result.weights_before[name]).all()
    for part in (net.recurrent, net.output):
        free, perturbed = part.matrix(2)
        assert np.array_equal(free, perturbed)


def test_draws_have_their_standard_deviation_in_the_perturbed_copy():
    seed(3)
    net = small(NodePerturbation(1e-3, sigma=0.2), RateNeurons(2 * 40, tau=5 * ms))
    noise = StateMonitor(net.neurons, "noise", record=True, when="end")
    net.add(noise)
    net.train(1)
    free, perturbed = np.array(noise.noise).reshape(2, -1)
    assert (free == 0).all() and abs(perturbed.std() / 0.2 - 1) < 0.1
    net = small(WeightPerturbation(1e-3, sigma=0.2), RateNeurons(2 * 20, tau=5 * ms))
    net.train(1)
    free, perturbed = np.array(net.recurrent.pw).reshape(2, -1)
    assert (free == 0).all() and abs(perturbed.std() / 0.2 - 1) < 0.1


@pytest.mark.parametrize("rule", [NodePerturbation, WeightPerturbation])
def test_what_is_frozen_is_not_perturbed(rule):
    net = small(rule(0.05, sigma=0.1), trained=("output",))
    activity = StateMonitor(net.neurons, "activity", record=True, when="end")
    net.add(activity)
    result = net.train(2)
    free, perturbed = np.array(activity.activity).reshape(2, 4, -1)
    assert np.array_equal(free, perturbed)
    assert (result.weights_after["output"] != result.weights_before["output"]).all()
    assert net.evaluate(2).losses.shape == (1, 2)


def test_neurons_without_synapses_onto_themselves_are_not_perturbed_by_any():
    net = small(WeightPerturbation(0.05, sigma=0.1), connectivity=AllToAll(self_connections=False))
    net.train(1)
    perturbation = np.array(net.recurrent.pw).reshape(2, 4, 4)[1]
    assert (np.diag(perturbation) == 0).all() and np.count_nonzero(perturbation) == 12


@pytest.mark.parametrize("connectivity", [None, AllToAll(self_connections=False)])
def test_synapses_that_never_learn_are_not_perturbed(connectivity):
    mask = np.ones((4, 4))
    mask[0, 1] = mask[2] = 0
    trained = {"recurrent": mask, "output": True}
    net = small(WeightPerturbation(0.05, sigma=0.1), trained=trained, connectivity=connectivity)
    result = net.train(1)
    free, perturbed = np.array(net.recurrent.pw).reshape(2, 4, 4)
    learns = mask if connectivity is None else mask * (1 - np.eye(4))
    assert (free == 0).all() and np.array_equal(perturbed.T != 0, learns > 0)
    changed = result.weights_after["recurrent"] != result.weights_before["recurrent"]
    assert np.array_equal(changed[0], learns > 0)


@pytest.mark.parametrize("part", ["output", "recurrent"])
def test_another_rule_beside_pairs_learns_from_the_free_copies(part):
    pairs, rflo = NodePerturbation(0.05, sigma=0.1), RFLO(0.1, tau=5 * ms)
    delta = L2(0.1).around(Delta(0.1))
    rules = (pairs, delta) if part == "output" else (rflo, pairs)
    given = dict(learn=PerTrial(), trained=[part])
    found = [
        small(rule, RateNeurons(n, tau=5 * ms), readout_rule=other, **given)
        for n, rule, other in ((8, *rules), (4, rflo, delta))
    ]
    paired, alone = (net.train(3) for net in found)
    assert np.array_equal(paired.losses, alone.losses)
    assert np.array_equal(paired.weights_after[part], alone.weights_after[part])
    assert (alone.weights_after[part] != alone.weights_before[part]).all()


def test_warnings_name_what_perturbation_needs(caplog):
    neurons = RateNeurons(2 * 4, tau=5 * ms)
    net = small(WeightPerturbation(0.05, sigma=0.1), neurons, initial={"output": np.zeros((1, 4))})
    net.trials.at_start(neurons, "activity = 0.1*i")
    assert "draws other numbers" not in caplog.text
    net.trials.at_start(neurons, "activity = 0.1*rand()")
    assert "draws other numbers in the free and in the perturbed copy" in caplog.text
    net.output.plastic = False
    net.train(2)
    assert "Check that the modulator is not 0 and that the neurons are active." in caplog.text


class Jitter(LearningRule):
    """Noise behind the function of the neurons."""

    explores = {"output_noise": "_wave = sin(3*i + t_in_timesteps)\n0.1*_wave"}
    update = "output_noise_post*activity_pre"


@pytest.mark.parametrize("kind", [RateNeurons, PotentialNeurons])
def test_noise_behind_the_function_is_that_of_neurons_made_with_it(kind):
    found = []
    for given in ({}, {"output_noise_std": 0}):
        neurons = kind(4, tau=5 * ms, **given)
        net = small(Jitter(0.1), neurons, trained=("recurrent",))
        activity = StateMonitor(neurons, "activity", record=True, when="end")
        net.add(activity)
        net.train(2)
        found.append((np.array(activity.activity), net.recurrent.matrix()))
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)
    assert np.abs(found[0][0]).max() > 0.05


class Hasty(NodePerturbation):
    """A rule that reads in each step what is known at the end of the trial."""

    traces, advance, reset, summed = "", "", "", ""
    update = "modulator_network*noise_post*activity_pre"


class Late(PairDifference):
    """A modulator that is known after the weight change."""

    steps = (replace(PairDifference.steps[0], phase=APPLY),)


class Half(WeightPerturbation):
    """All weights are perturbed by a half."""

    reset = "pw = perturbed_network*0.5"


class Nothing(WeightPerturbation):
    reset = "pw = 0"


def test_spikes_carry_perturbed_weights_also_with_delays():
    def currents(rule, more):
        task = PeriodicOutput(period=15 * ms)
        neurons = LIFNeurons(
            2 * 3, tau=10 * ms, tau_syn=20 * ms, bias=1.5, initial=[0, 0.5, 0.9] * 2
        )
        readout = Readout(task, networks=2)
        synapses = PlasticSynapses(neurons, neurons, rule, "I_rec", delay=3 * ms)
        synapses.connect(networks=2)
        synapses.w = f"0.3*sin(i % 3 + 2*(j % 3)) + {more}"
        trials = Trials(task, neurons, readout, synapses, PairDifference())
        found = StateMonitor(neurons, "I_rec", record=[3, 4, 5], when="end")
        Network(neurons, readout, synapses, trials, found).run(3 * task.duration)
        return np.array(found.I_rec)

    perturbed = currents(Half(0.0, sigma=1.0), 0.0)
    assert np.array_equal(perturbed, currents(Nothing(0.0, sigma=1.0), 0.5))
    assert np.abs(perturbed).max() > 0.1


def test_a_penalty_on_weights_counts_once_per_trial():
    rule = L2(0.1).around(NodePerturbation(1e-3, sigma=1e-3))
    assert "trial_steps" not in rule.updates["trial_end"] and not rule.is_averaged
    assert replace(rule, learning_rate=0.1).for_readout == NodePerturbation(0.1, sigma=1e-3)
    assert "trial_steps" in L2(0.1).around(Jitter(0.1)).updates["trial_end"]


def own(noise):
    """Return neurons of the user's own, with or without the variable of noise."""
    equations = f"""dactivity/dt = (tanh(I_rec{" + noise" * noise}) - activity)/(5*ms) : 1
    I_rec : 1
    {"noise : 1" * noise}"""
    return NeuronGroup(2 * 4, equations, method="euler")


def test_own_neurons_explore_by_their_variable():
    neurons = own(True)
    net = small(NodePerturbation(0.05, sigma=1e-3), neurons)
    net.trials.at_start(neurons, "activity = 0.1")
    assert np.isfinite(net.train(2).losses).all()


def two_sigmas():
    neurons, other = RateNeurons(2 * 4, tau=5 * ms), NeuronGroup(2 * 4, "activity : 1")
    parts = [
        PlasticSynapses(source, neurons, NodePerturbation(1.0, sigma=sigma), onto)
        for source, sigma, onto in ((neurons, 1e-3, "I_rec"), (other, 2e-3, "I_in"))
    ]
    for part in parts:
        part.connect(networks=2)
    trials = Trials(TASK, neurons, Readout(TASK, networks=2), *parts, PairDifference())
    Network(neurons, other, trials, *parts).run(1 * ms)


def without_readout():
    neurons = RateNeurons(2 * 4, tau=5 * ms)
    recurrent = PlasticSynapses(neurons, neurons, NodePerturbation(1.0, sigma=1e-3), "I_rec")
    recurrent.connect(networks=2)
    Trials(TASK, neurons, recurrent, PairDifference())


def a_readout_of_one():
    neurons = RateNeurons(2 * 4, tau=5 * ms)
    recurrent = PlasticSynapses(neurons, neurons, NodePerturbation(1.0, sigma=1e-3), "I_rec")
    recurrent.connect(networks=2)
    Trials(TASK, neurons, Readout(TASK), recurrent, PairDifference())


def a_rate_above_1():
    neurons = PotentialNeurons(4, tau=5 * ms)
    Trials(TASK, neurons, Readout(TASK), RunningBaseline(0.1), name="trials").rate = 5


KICKS = Exploration(0.1)
REFUSED = {
    "sigma must be a finite positive number; got 0": lambda: NodePerturbation(1e-3, sigma=0),
    "power must be": lambda: HybridPerturbation(1e-3, sigma=1e-3, power=-1.0),
    "probability must be a number, at least 0 and at most 1": lambda: Exploration(0.1, 16.0, 2.0),
    "draws the variable 'noise' of": lambda: small(NodePerturbation(1e-3, sigma=1e-3), own(False)),
    "and a rule that compares pairs of trials needs one for each of 2 copies": lambda: small(
        WeightPerturbation(1e-3, sigma=1e-3), connectivity={"input": RateNeurons(3, tau=5 * ms)}
    ),
    "make them with noise_std=0": lambda: small(
        NodePerturbation(1e-3, sigma=1e-3), RateNeurons(2 * 4, tau=5 * ms, noise_std=0.1)
    ),
    "must draw the same noise; got": two_sigmas,
    "has no variable 'u', whose": lambda: small(
        KICKS, RateNeurons(4, tau=5 * ms), credit=RunningBaseline(0.1)
    ),
    "has no number 'modulator'": lambda: small(KICKS, PotentialNeurons(4, tau=5 * ms)),
    "kinds must be 1, or the number of kinds": lambda: small(
        KICKS, PotentialNeurons(4, tau=5 * ms), credit=RunningBaseline(0.1, kinds=3)
    ),
    "rate must be at most 1": lambda: RunningBaseline(1.5),
    "must be less than 1": lambda: Exploration(0.1, smoothing=1.0),
    "quiet must be a whole number": lambda: Exploration(0.1, quiet=2.5),
    "state must be the name of a variable": lambda: Exploration(0.1, state=2),
    "none of the rules runs such pairs": lambda: small(
        KICKS, PotentialNeurons(4, tau=5 * ms), credit=PairDifference()
    ),
    "RunningBaseline and PairDifference both define 'modulator'": lambda: small(
        NodePerturbation(1e-3, sigma=1e-3), credit=(RunningBaseline(0.1), PairDifference())
    ),
    "Hasty reads modulator_network in each step, but": lambda: small(
        Hasty(1e-3, sigma=1e-3), learn=PerTrial()
    ),
    "write schedule.MODULATE as its phase": lambda: small(
        NodePerturbation(1e-3, sigma=1e-3), credit=Late()
    ),
    "so write Readout(..., networks=2)": a_readout_of_one,
    "reads the loss of a trial, but no part adds to it": without_readout,
    "'trials': RunningBaseline: rate must be at most 1": a_rate_above_1,
    "Delta learns in each step, but the other rule compares pairs": lambda: small(
        NodePerturbation(1e-3, sigma=1e-3), readout_rule=Delta(0.1)
    ),
}


@pytest.mark.filterwarnings("error")
def test_numbers_of_single_precision_are_numbers():
    assert NodePerturbation(np.float32(1e-3), sigma=np.float32(1e-3)).sigma > 0


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_is_refused_where_it_is_written(message):
    with pytest.raises((TypeError, ValueError, BrianObjectException)) as raised:
        REFUSED[message]()
    assert message in f"{raised.value} {raised.value.__cause__}"


def leaking(dense):
    """Run a perceptron whose weights shrink within trials; return its weights, and whether its sums
    read what the synapses transmit from an array.
    """
    prefs["brian_rflo.dense_pass"] = dense
    d, runs = case("perceptron_dev_a"), []
    rule = weights_given(WeightPerturbation, 0.2, d["wp_draws"], d["inputs"].shape[1])
    task = ArrayTask(target=d["targets"], inputs=d["inputs"], dt=1 * ms)
    inputs, readout = TaskInput(task, networks=2), Readout(task, networks=2)
    output = PlasticSynapses(inputs, readout, learning(rule, d), "output")
    output.connect(networks=2)
    output.set_matrix(np.stack([d["w_before"]] * 2))
    output.run_regularly("w *= 0.9", dt=3 * ms, **STATE)
    trials = Trials(task, readout, output, PairDifference())
    losses = LossMonitor(trials)
    network = Network(inputs, readout, output, trials, losses)
    for _ in range(2):  # the second run begins within a trial
        network.run(1.5 * task.duration)
        runs.append(output.dense.sums[0].is_kept)
    return losses, output, all(runs)


@pytest.mark.model
@pytest.mark.compiled
def test_weights_that_change_within_a_trial_are_sent_at_once():
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            defaultclock.dt = 1 * ms
            (one, first, kept), (other, second, not_kept) = (
                leaking(dense) for dense in (True, False)
            )
            brian_device.build(directory=None)
            assert kept and not not_kept
            np.testing.assert_allclose(one.loss, other.loss, rtol=1e-12)
            np.testing.assert_allclose(first.matrix(2), second.matrix(2), rtol=0, atol=1e-13)
            assert np.ptp(np.array(one.loss)) > 1e-3
        finally:
            prefs["brian_rflo.dense_pass"] = True
