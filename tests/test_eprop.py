"""e-prop: the published networks to the last bits, on every path; reductions to RFLO and LIF;
credit paths; trials side by side.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, Network, SpikeMonitor, StateMonitor, defaultclock, ms, mV
from helpers import assemble
from targets import LONG, NUMPY_FIRST, TARGETS

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    Delta,
    DiscreteLIFNeurons,
    EProp,
    FiringRate,
    LearningNetwork,
    LearningRule,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Task,
    Trials,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import AdaptiveFeedback, RandomFeedback, SymmetricFeedback
from brian_rflo.network import AllToAll, Murray2019
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Leaky, LeakyReadout, Linear, Softmax, SoftmaxReadout
from brian_rflo.reference import eprop as oracle
from brian_rflo.rules import AdaptiveEProp, LeakyDelta
from brian_rflo.tasks import (
    ArrayTask,
    CursorMovements,
    EvidenceAccumulation,
    PatternGeneration,
    PeriodicOutput,
)

CASE = np.load(Path(__file__).parent / "data" / "bellec2020_regression.npz")
N, WINDOW, RATE = 12, 20, 5e-3
EVIDENCE = EvidenceAccumulation(
    n_cues=1,
    cue=20 * ms,
    pause=10 * ms,
    delay=30 * ms,
    recall=WINDOW * ms,
    n_per_group=3,
    seed=2,
    cue_rate=200 * Hz,
    noise_rate=100 * Hz,
)
BETA = np.where(np.arange(N) < N // 2, 0, 0.3)
PAST = dict(tau=20 * ms, tau_adapt=200 * ms)


def published():
    """The regression network of NEST's test, with its initial weights."""
    task = ArrayTask(target=CASE["target"].T, inputs=CASE["input_raster"].astype(float), dt=1 * ms)
    defaultclock.dt = task.dt
    neurons = DiscreteLIFNeurons(100, tau=30 * ms, **PRESETS["pattern_generation"])
    weights = {
        "input": CASE["w_in"],
        "recurrent": CASE["w_rec"],
        "output": CASE["w_out"],
        "feedback": CASE["b_feedback"],
    }
    return task, LearningNetwork(
        task,
        neurons,
        EProp(1e-4, tau=30 * ms),
        readout=Leaky(30 * ms),
        learn=PerTrial(window=1),
        regularization=FiringRate(10 * Hz, 300),
        connectivity={"recurrent": AllToAll(self_connections=False)},
        initial=weights,
    )


def off(result, trial, network=0):
    """How far the weights are from those that NEST has after a trial."""
    return {
        name: (
            np.abs(result.weights_after[ours][network] - CASE[f"w_{name}_after_{trial + 1}"]).max()
        )
        for name, ours in (("in", "input"), ("rec", "recurrent"), ("out", "output"))
    }


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_the_regression_network_of_nest(target):
    with device(target):
        task, net = published()
        spikes = SpikeMonitor(net.neurons)
        net.add(spikes)
        if target == "cpp_standalone":
            result = net.train(5)
            losses = result.losses[0]
        else:
            first = net.train(1)
            assert max(off(first, 0).values()) < 1e-12
            result = net.train(4)
            losses = np.r_[first.losses[0], result.losses[0]]
        reason, i, t = (
            net.recurrent.dense.why_not_batched,
            np.asarray(spikes.i),
            np.round(np.asarray(spikes.t / ms)).astype(int),
        )
    np.testing.assert_allclose(losses * task.n_steps, CASE["loss_nest"], rtol=1e-9)
    end = off(result, 4)
    assert end["in"] < 5e-6 and end["rec"] < 2e-7 and end["out"] < 1e-12
    assert sorted(zip(t, i)) == sorted(zip(CASE["spike_step"], CASE["spike_neuron"]))
    assert target == "numpy" or reason is None


def weights(rng=0):
    rng = np.random.default_rng(rng)
    recurrent = rng.standard_normal((N, N)) / np.sqrt(N) * (1 - np.eye(N))
    return {
        "input": rng.standard_normal((N, EVIDENCE.n_inputs)),
        "recurrent": recurrent,
        "output": rng.standard_normal((2, N)) / np.sqrt(N),
        "feedback": rng.standard_normal((N, 2)),
    }


def classifier(
    parallel=1, batch=4, feedback="random", rule=AdaptiveEProp(RATE, **PAST), beta=BETA, **options
):
    """LIF and ALIF neurons, refractoriness, softmax, Adam, averaging, regularisation."""
    defaultclock.dt = EVIDENCE.dt
    neurons = DiscreteLIFNeurons(
        N * parallel,
        beta=np.tile(beta, parallel),
        refractory=5 * ms,
        **PAST,
        **PRESETS["evidence_accumulation"],
    )
    drawn = {
        name: values
        for name, values in weights().items()
        if feedback != "symmetric" or name != "feedback"
    }
    options = (
        dict(
            update="trial",
            batch=batch // parallel,
            averaged_over=WINDOW * batch,
            optimizer=Adam(),
            regularization=FiringRate(10 * Hz, 30),
        )
        | options
    )
    return assemble(
        EVIDENCE,
        neurons,
        rule,
        parallel=parallel,
        feedback=feedback,
        tau_out=20 * ms,
        classify=True,
        self_connections=False,
        weights=drawn,
        output_decay=0.01 if feedback == "adaptive" else 0.0,
        **options,
    )


def expected(batch, updates, feedback="random"):
    """The same by the oracle."""
    network = oracle.EpropNetwork(
        tau_m=20,
        tau_out=20,
        tau_adapt=200,
        beta=BETA,
        v_th=0.6,
        t_ref=5,
        zeta_recurrent=1.0,
        c_reg=30,
        f_target=0.01,
        loss="classification",
    )
    return oracle.train(
        network,
        EVIDENCE,
        weights(),
        RATE,
        updates,
        batch=batch,
        averaged=True,
        optimizer=Adam(epsilon=1e-8 * batch),
        feedback=feedback,
        decay=0.01 if feedback == "adaptive" else 0.0,
    )


def assert_equal(result, other):
    for name in ("input", "recurrent", "output"):
        np.testing.assert_allclose(
            result.weights_after[name][0], other.weights_after[name], rtol=0, atol=1e-11
        )
        assert np.abs(other.weights_after[name] - other.weights_before[name]).max() > 1e-2, name
    np.testing.assert_allclose(result.losses[0], other.losses.ravel(), rtol=1e-11)


@pytest.mark.parametrize(
    "batch, parallel, target",
    [(batch, parallel, "numpy") for batch, parallel in ((1, 1), (4, 4), (4, 2), (4, 1))]
    + [pytest.param(4, 2, "cython", marks=LONG)]
    + [
        pytest.param(batch, parallel, "cpp_standalone", marks=LONG)
        for batch, parallel in ((1, 1), (4, 4), (4, 2), (4, 1))
    ],
)
def test_classification_as_the_oracle(batch, parallel, target):
    with device(target):
        net = classifier(parallel, batch)
        result = net.train(6 * batch)
        assert target == "numpy" or net.recurrent.dense.why_not_batched is None
    assert_equal(result, expected(batch, 6))


@pytest.mark.parametrize(
    "target, feedback",
    [
        ("numpy", "symmetric"),
        ("numpy", "adaptive"),
        pytest.param("cython", "adaptive", marks=[pytest.mark.compiled, pytest.mark.model]),
    ],
)
def test_credit_paths_as_the_oracle(feedback, target):
    with device(target):
        result = classifier(4, 4, feedback).train(24)
    other = expected(4, 6, feedback)
    assert_equal(result, other)
    np.testing.assert_allclose(
        result.weights_after["feedback"][0], other.weights_after["feedback"], rtol=0, atol=1e-12
    )
    assert (
        result.alignment[0, -1] == pytest.approx(1)
        or result.alignment[0, 0] != result.alignment[0, -1]
    )


def test_independent_networks_with_trials_side_by_side():
    """Two networks of the same weights, each with four trials at a time, are one network twice."""
    defaultclock.dt = EVIDENCE.dt
    neurons = DiscreteLIFNeurons(
        2 * 4 * N,
        beta=np.tile(BETA, 8),
        refractory=5 * ms,
        **PAST,
        **PRESETS["evidence_accumulation"],
    )
    both = {name: np.stack([values, values]) for name, values in weights().items()}
    net = LearningNetwork(
        EVIDENCE,
        neurons,
        AdaptiveEProp(RATE, **PAST),
        readout=Softmax(20 * ms),
        learn=PerTrial(Adam(), window=WINDOW * 4, copies=4),
        regularization=FiringRate(10 * Hz, 30),
        connectivity={"recurrent": AllToAll(self_connections=False)},
        initial=both,
        networks=2,
    )
    result = net.train(24)
    assert_equal(result, expected(4, 6))
    np.testing.assert_array_equal(result.losses[0], result.losses[1])
    assert (np.ptp(np.asarray(net.recurrent.w).reshape(2, 4, -1), axis=1) == 0).all()


@pytest.mark.parametrize(
    "credit",
    [RandomFeedback(), SymmetricFeedback(), AdaptiveFeedback()],
    ids=lambda credit: type(credit).__name__,
)
def test_credit_paths_are_for_rflo_too(credit):
    defaultclock.dt = CursorMovements(movement=60 * ms).dt
    net = LearningNetwork(
        CursorMovements(movement=60 * ms),
        RateNeurons(N, tau=10 * ms),
        RFLO(0.1, tau=10 * ms),
        credit=credit,
    )
    before = net.weights()
    result = net.train(4)
    moved = {
        name: np.abs(result.weights_after[name] - before[name]).max() > 0
        for name in ("recurrent", "output", "feedback")
    }
    assert moved == {"recurrent": True, "output": True, "feedback": credit != RandomFeedback()}
    if credit == AdaptiveFeedback():
        changes = [result.weights_after[name] - before[name] for name in ("feedback", "output")]
        np.testing.assert_allclose(changes[0], changes[1].swapaxes(1, 2), atol=1e-15)


@pytest.mark.parametrize("update", ["trial", "step"])
def test_on_rate_neurons_eprop_is_rflo(update):
    """With the time constant of the neurons; exponential Euler in place of Euler makes the filters
    differ, so tau is matched.
    """
    task = PeriodicOutput(period=60 * ms)
    defaultclock.dt = task.dt
    matched = -1 / np.log(1 - 1 / 10) * ms  # exp(-dt/matched) = 1 - dt/tau
    results = [
        LearningNetwork(
            task,
            RateNeurons(N, tau=10 * ms),
            rule,
            readout_rule=Delta(0.1),
            learn=(PerTrial if update == "trial" else PerStep)(),
        ).train(5)
        for rule in (RFLO(0.1, tau=10 * ms), EProp(0.1, tau=matched))
    ]
    np.testing.assert_allclose(
        results[0].weights_after["recurrent"],
        results[1].weights_after["recurrent"],
        rtol=0,
        atol=1e-14,
    )
    assert (results[0].weights_after["recurrent"] != results[0].weights_before["recurrent"]).all()


def test_without_adaptation_the_adaptive_rule_is_the_plain_one():
    results = [
        classifier(rule=rule, beta=np.zeros(N)).train(8)
        for rule in (AdaptiveEProp(RATE, **PAST), EProp(RATE, tau=20 * ms))
    ]
    for name in ("input", "recurrent", "output"):
        np.testing.assert_allclose(
            results[0].weights_after[name], results[1].weights_after[name], rtol=0, atol=1e-14
        )
    assert (
        np.abs(
            classifier().train(8).weights_after["recurrent"] - results[0].weights_after["recurrent"]
        ).max()
        > 1e-3
    )


@pytest.mark.parametrize(
    "target", ["numpy", pytest.param("cython", marks=[pytest.mark.compiled, pytest.mark.model])]
)
def test_at_every_step_nearly_the_same_and_exactly_on_all_paths(target):
    changes = {}
    with device(target):
        for update in ("trial", "step"):
            net = classifier(
                1,
                1,
                update=update,
                optimizer=SGD(),
                regularization=None,
                averaged_over=None,
                rule=AdaptiveEProp(1e-7, **PAST),
            )
            result = net.train(1)
            changes[update] = result.weights_after["recurrent"] - result.weights_before["recurrent"]
    np.testing.assert_allclose(
        changes["step"], changes["trial"], rtol=1e-3, atol=1e-3 * np.abs(changes["trial"]).max()
    )
    assert np.abs(changes["trial"]).max() > 0


@pytest.mark.compiled
@pytest.mark.model
def test_runs_may_stop_anywhere():
    """All traces and changes, by histories and by ordinary objects, where a run stops within a
    trial.
    """
    ends = []
    for target in ("numpy", "cython"):
        with device(target):
            net = classifier(2, 4)
            for steps in (30, 40, 61, 99):
                net.run(steps * ms)
            ends.append(
                {
                    name: np.array(getattr(net.recurrent, name))
                    for name in ("w", "trace", "eps", "eligibility", "change", "summed")
                }
            )
    for name, other in ends[0].items():
        np.testing.assert_allclose(ends[1][name], other, rtol=0, atol=1e-10 * np.abs(other).max())
        assert (
            np.abs(other).max() > 0 or name == "eligibility"
        )  # which is 0 where no neuron is near its threshold


def test_trials_side_by_side_fail_together(caplog):
    net = classifier(2, 2)
    net.recurrent.change = np.r_[np.full(N * N, np.nan), np.zeros(N * N)]
    net.train(4)
    np.testing.assert_array_equal(net.trials.diverged_in, [0, 0])
    assert (np.ptp(np.asarray(net.recurrent.w).reshape(2, -1), axis=0) == 0).all()


def test_lif_neurons_run_trials_side_by_side_too():
    """Refractory neurons with synaptic currents, two trials at a time or one after the other."""
    from brian_rflo import LIFNeurons

    task, results = CursorMovements(movement=60 * ms, seed=3, input_height=2.0), []
    bias = np.random.default_rng(1).uniform(1, 1.5, N)
    for parallel in (1, 2):
        defaultclock.dt = task.dt
        neurons = LIFNeurons(
            parallel * N,
            tau=10 * ms,
            tau_syn=20 * ms,
            bias=np.tile(bias, parallel),
            refractory=3 * ms,
        )
        net = LearningNetwork(
            task,
            neurons,
            EProp(0.02, tau=20 * ms),
            credit=SymmetricFeedback(),
            learn=PerTrial(Adam(), batch=2 // parallel, clip_norm=0.05, copies=parallel),
            initial=Murray2019(gain=1.0),
        )
        results.append(net.train(8))
    for name in ("input", "recurrent", "output"):
        np.testing.assert_allclose(
            results[0].weights_after[name], results[1].weights_after[name], rtol=0, atol=1e-12
        )
    np.testing.assert_allclose(results[0].losses, results[1].losses, rtol=1e-11)
    assert (
        np.abs(results[0].weights_after["recurrent"] - results[0].weights_before["recurrent"]).max()
        > 1e-3
    )


def evidence_net(**options):
    defaultclock.dt = EVIDENCE.dt
    return assemble(
        EVIDENCE,
        DiscreteLIFNeurons(N, tau=20 * ms, name="n"),
        EProp(0.1, tau=20 * ms),
        **({"tau_out": 20 * ms} | options),
    )


@dataclass(frozen=True)
class OwnDelta(Delta):
    update = "0.5*error_post*activity_pre"


@dataclass(frozen=True)
class Statements(LearningRule):
    """Augmented assignments, a comment, a trace that the update does not read."""

    traces = "p : 1\nx : 1"
    advance = "p = 0.9*p + gain_post*activity_pre\np *= 0.5  # twice as short\nx += activity_pre"
    update = "feedback_post*p"
    reset = "p = 0; x = 0"


@dataclass(frozen=True)
class TwoKinds(Statements):
    traces = "dq/dt = (activity_pre - q)/(10*ms) : 1 (clock-driven)\np : 1\nx : 1"


@dataclass(frozen=True)
class Misspelt(Statements):
    advance = "pp = 0.9*p + gain_post*activity_pre\nx = 0"


@dataclass(frozen=True)
class NoGradient(Statements):
    rate_gradient = "trase"


def rule_of(kind):
    neurons = RateNeurons(3, tau=10 * ms)
    return PlasticSynapses(neurons, neurons, kind(0.1), onto="I_rec")


@pytest.mark.compiled
@pytest.mark.model
def test_statements_of_a_rule_mean_the_same_with_histories():
    ends = []
    for target in ("numpy", "cython"):
        with device(target):
            task = PeriodicOutput(period=50 * ms)
            defaultclock.dt = task.dt
            net = LearningNetwork(
                task,
                RateNeurons(N, tau=10 * ms),
                Statements(0.1),
                learn=PerTrial(),
                trained=("recurrent",),
            )
            net.run(130 * ms)
            assert target == "numpy" or net.recurrent.dense.why_not_batched is None
            ends.append(
                [np.array(getattr(net.recurrent, name)) for name in ("w", "p", "x", "change")]
            )
    for one, other in zip(*ends):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * np.abs(other).max())
        assert np.abs(other).max() > 0


def test_factors_are_solved_once(monkeypatch):
    """And again where what decides them has changed."""
    from brian_rflo.dense import factors as history
    from brian_rflo.dense.history import late_sums

    net, solve, solved = classifier(), history.solve, []
    monkeypatch.setattr(
        history,
        "solve",
        lambda synapses, *given: solved.append(synapses.name) or solve(synapses, *given),
    )
    updates = late_sums(net.recurrent)
    first = history.factors(net.recurrent, updates)
    assert history.factors(net.recurrent, updates) is first and first.g != 0 and len(solved) == 1
    net.recurrent.dense.advancer.abstract_code += "\ntrace = 0.5*trace"
    assert history.factors(net.recurrent, updates).A != first.A and len(solved) == 2


@dataclass(frozen=True, kw_only=True)
class Windows(Task):
    """Two classes, and as many steps that count as a trial has its number in it."""

    random, n_outputs, n_steps = True, 2, 30

    def sample(self, rng):
        mask = np.arange(30) < rng.integers(1, 30)
        return np.zeros((30, 0)), np.tile([1.0, 0.0], (30, 1)), mask


def test_each_trial_has_its_own_window_and_no_logit_is_too_large():
    task = Windows(seed=3)
    defaultclock.dt = task.dt
    assert len({task.trial(k)[2].sum() for k in range(4)}) > 2
    for output, expected_loss in (
        (np.zeros((2, N)), np.log(2)),
        (np.array([[1e5], [-1e5]]) * np.ones((2, N)), 0.0),
        (np.array([[-1e5], [1e5]]) * np.ones((2, N)), 80.0),
    ):
        net = LearningNetwork(
            task,
            RateNeurons(N, tau=10 * ms, initial=0.5),
            EProp(0.0, tau=10 * ms),
            readout=Softmax(10 * ms),
            trained=("recurrent",),
            initial={"recurrent": 2 * np.eye(N), "output": output},
        )
        np.testing.assert_allclose(net.train(4).losses[0], expected_loss, atol=1e-10)


@dataclass(frozen=True, kw_only=True)
class Mislabelled(Windows):
    """Two classes at once in step 7 of trial 5; in step 6 of all trials, which does not count."""

    def sample(self, rng):
        target, number = np.tile([1.0, 0.0], (30, 1)), rng.bit_generator.seed_seq.entropy[1]
        target[6] = target[7 if number == 5 else 6] = 1.0
        return np.zeros((30, 0)), target, np.arange(30) >= 7


NO_CLASS = (
    r"the target of Mislabelled must be 1 for one class .* got \[1. 1.\] in step 7 of trial 5"
)


def test_labels_of_trials_drawn_in_advance_are_looked_at():
    with pytest.raises(ValueError, match=NO_CLASS):
        SoftmaxReadout(Mislabelled(), tau=20 * ms)


@pytest.mark.parametrize("target", TARGETS)
def test_labels_are_looked_at_as_a_run_comes_to_them(target, monkeypatch):
    monkeypatch.setattr("brian_rflo.tasks.values.CHUNK_VALUES", 1)
    with device(target):
        readout = SoftmaxReadout(Mislabelled(), tau=20 * ms)
        network = Network(readout)
        if target != "cpp_standalone":
            network.run(5 * readout.task.duration)
        with pytest.raises(Exception) as error:
            network.run(6 * readout.task.duration)
    assert re.search(NO_CLASS, f"{error.value} {error.value.__cause__}")


def test_copies_with_other_weights_are_refused():
    from brian2.core.base import BrianObjectException

    net = classifier(2, 2)
    net.recurrent.w = np.arange(2 * N * N)
    with pytest.raises(BrianObjectException) as error:
        net.train(2)
    assert "'recurrent" in str(
        error.value.__cause__
    ) and "must have equal weights in all 2 copies of a network" in str(error.value.__cause__)


def test_a_part_of_a_group_learns_as_the_whole():
    task, results = CursorMovements(movement=60 * ms, seed=1), []
    for part in (False, True):
        defaultclock.dt = task.dt
        neurons = DiscreteLIFNeurons(N, tau=10 * ms, threshold=0.1)
        net = LearningNetwork(
            task,
            neurons[:] if part else neurons,
            EProp(0.1, tau=10 * ms),
            readout=Leaky(10 * ms),
            learn=PerTrial(),
        )
        net.add(*([neurons] if part else []))
        results.append(net.train(3).weights_after)
    for name, values in results[0].items():
        np.testing.assert_array_equal(values, results[1][name])


BAD = {
    "adaptive feedback of a frozen readout": (
        lambda: evidence_net(feedback="adaptive", trained=("recurrent",)),
        "AdaptiveFeedback follows the changes of the readout weights, which must be trained",
    ),
    "unknown feedback": (
        lambda: LearningNetwork(
            EVIDENCE, DiscreteLIFNeurons(N, tau=20 * ms), EProp(0.1, tau=20 * ms), credit="none"
        ),
        r"credit must be a credit path, for example SymmetricFeedback\(\), .*; got 'none'",
    ),
    "classes with a number as time constant": (
        lambda: Softmax(0.02),
        "Softmax: tau must be a time, for example 10.ms; got 0.02",
    ),
    "leaky rule, plain readout": (
        lambda: evidence_net(readout_rule=LeakyDelta(0.1, 20 * ms), tau_out=None),
        "LeakyDelta filters with tau = 20. ms, but readout 'readout.*' has no time constant",
    ),
    "plain rule, leaky readout": (
        lambda: evidence_net(readout_rule=Delta(0.1), tau_out=20 * ms),
        "has a time constant, so its output depends on past activity; write LeakyDelta",
    ),
    "two time constants": (
        lambda: evidence_net(readout_rule=LeakyDelta(0.1, 30 * ms), tau_out=20 * ms),
        "tau of LeakyDelta .30. ms. must equal that of readout 'readout.*' .20. ms",
    ),
    "eligibility of another readout": (
        lambda: evidence_net(tau_out=30 * ms),
        ("tau of EProp .20. ms. must equal that of readout 'readout.*' .30. ms"),
    ),
    "eligibility of another readout, rates held": (
        lambda: evidence_net(tau_out=30 * ms, regularization=FiringRate(10 * Hz, 30)),
        ("tau of EProp .20. ms. must equal that of readout 'readout.*' .30. ms"),
    ),
    "eligibility filtered, readout not": (
        lambda: evidence_net(tau_out=None),
        (
            "EProp filters eligibility with tau = 20. ms, but readout 'readout.*' has no time"
            " constant, and nothing else filters the spikes of 'n'; write LeakyReadout"
        ),
    ),
    "adaptation of other neurons": (
        lambda: classifier(rule=AdaptiveEProp(0.1, tau=20 * ms, tau_adapt=100 * ms)),
        "tau_adapt of AdaptiveEProp .100. ms. must equal that of 'discretelifneurons.*' .200. ms",
    ),
    "no whole copies": (
        lambda: evidence_net(parallel=5, update="trial"),
        "'n' must have networks x copies x N units; got 12 units for networks=1 and copies=5",
    ),
    "trials that are no whole rounds": (
        lambda: evidence_net(parallel=2, update="trial").train(3),
        "trials must be a multiple of the 2 that run side by side; got 3",
    ),
    "copies that differ": (
        lambda: LearningNetwork(
            EVIDENCE,
            DiscreteLIFNeurons(4, beta=np.arange(4), name="n", **PAST),
            EProp(0.1, tau=20 * ms),
            learn=PerTrial(copies=2),
        ),
        (
            "'n' has 2 copies of each network, for trials side by side, and 'beta' must be the same"
            " in all of them"
        ),
    ),
    "adaptive feedback, own rule": (
        lambda: evidence_net(feedback="adaptive", readout_rule=OwnDelta(0.1)),
        "AdaptiveFeedback needs a readout rule that can be transposed",
    ),
    "output in place of drive": (
        lambda: PlasticSynapses(
            DiscreteLIFNeurons(3, tau=20 * ms),
            LeakyReadout(EVIDENCE, tau=20 * ms, name="r"),
            LeakyDelta(0.1, 20 * ms),
            onto="output",
        ),
        "weights onto 'r', a LeakyReadout, must have onto='drive'",
    ),
    "two kinds of traces": (
        lambda: rule_of(TwoKinds),
        "its traces must be either differential equations .q. or statements",
    ),
    "misspelt trace": (
        lambda: rule_of(Misspelt),
        "its traces declare 'p', but its advance never assigns it",
    ),
    "misspelt rate_gradient": (lambda: rule_of(NoGradient), "its rate_gradient contains 'trase'"),
    "one class": (
        lambda: SoftmaxReadout(PeriodicOutput(period=20 * ms), tau=20 * ms),
        "SoftmaxReadout: the task must have at least two outputs",
    ),
    "no class": (
        lambda: SoftmaxReadout(CursorMovements(), tau=20 * ms),
        (
            "SoftmaxReadout: the target of CursorMovements must be 1 for one class and 0 for the"
            " others"
        ),
    ),
    "readout without dt": (
        lambda: LeakyReadout(EVIDENCE, tau=0.5 * ms),
        "LeakyReadout: tau = 0.5 ms is shorter than the time step",
    ),
    "readout tau": (lambda: LeakyReadout(EVIDENCE, tau=5 * mV), "LeakyReadout: tau must be a time"),
    "beta without tau_adapt": (
        lambda: DiscreteLIFNeurons(3, tau=20 * ms, beta=1.0),
        "DiscreteLIFNeurons: beta = 1.0 needs tau_adapt",
    ),
    "negative beta": (
        lambda: DiscreteLIFNeurons(3, tau=20 * ms, tau_adapt=20 * ms, beta=-1.0),
        "DiscreteLIFNeurons: beta must not be negative",
    ),
    "scale_input": (
        lambda: DiscreteLIFNeurons(3, tau=20 * ms, scale_input="alpha"),
        "DiscreteLIFNeurons: scale_input must be True or False",
    ),
    "reset": (
        lambda: DiscreteLIFNeurons(3, tau=20 * ms, reset_by="half"),
        "DiscreteLIFNeurons: reset_by must be 'subtract' or 'zero'; got 'half'",
    ),
    "half a step refractory": (
        lambda: DiscreteLIFNeurons(3, tau=20 * ms, refractory=1.5 * ms, name="n"),
        "DiscreteLIFNeurons 'n': refractory = 1.5 ms must be a whole number of time steps",
    ),
    "output decay": (
        lambda: Linear(decay=1.0),
        "Linear: decay must be at least 0 and less than 1; got 1.0",
    ),
    "averaged over nothing": (
        lambda: PerTrial(window=0),
        "PerTrial: window must be a whole number of at least 1; got 0",
    ),
    "blocks": (
        lambda: Trials(EVIDENCE, Readout(EVIDENCE, networks=3, copies=2, name="r")),
        "'r' has copies=2, but the projections of 'trials.*' run 1 different",
    ),
    "rule without beta": (
        lambda: LearningNetwork(EVIDENCE, RateNeurons(N, tau=20 * ms), AdaptiveEProp(0.1, **PAST)),
        (
            "AdaptiveEProp on the projection .*: its advance contains 'beta_post', which .*"
            " make it a variable of a group"
        ),
    ),
    "window": (
        lambda: PatternGeneration(length=100 * ms, learning_window=200 * ms),
        "learning_window = 200. ms is longer than a trial",
    ),
}


@pytest.mark.parametrize("act, message", BAD.values(), ids=BAD)
def test_bad_input(act, message):
    defaultclock.dt = EVIDENCE.dt
    with pytest.raises((TypeError, ValueError), match=message):
        act()


def test_an_unfinished_batch_is_said(caplog):
    classifier(1, 4).train(2)
    assert "2 trial(s) do not complete a batch of 4" in caplog.text


@pytest.mark.parametrize("reset_by", ["subtract", "zero"])
def test_spikes_by_hand(reset_by):
    """One adaptive neuron that a strong input makes spike: all of it, step by step."""
    defaultclock.dt = 1 * ms
    neurons = DiscreteLIFNeurons(
        1,
        tau=10 * ms,
        tau_adapt=50 * ms,
        beta=0.5,
        threshold=1.0,
        refractory=2 * ms,
        reset_by=reset_by,
    )
    neurons.I_in = 0.4
    seen = StateMonitor(neurons, ["v", "a", "gain", "activity", "wait"], record=True, when="end")
    Network(neurons, seen).run(8 * ms)
    alpha, rho = np.exp(-1 / 10), np.exp(-1 / 50)
    v = a = z = wait = 0.0
    for step in range(8):
        v, a, wait = (
            alpha * v * (1 if reset_by == "subtract" else 1 - z)
            + 0.4
            - (z if reset_by == "subtract" else 0),
            rho * a + z,
            max(wait - 1, 0),
        )
        psi = 0.3 * max(0, 1 - abs(v - 1 - 0.5 * a)) * (wait == 0)
        z = float(v >= 1 + 0.5 * a and wait == 0)
        wait = 2.0 if z else wait
        np.testing.assert_allclose(
            [getattr(seen, name)[0][step] for name in ("v", "a", "gain", "activity", "wait")],
            [v, a, psi, z, wait],
            atol=1e-14,
        )
    assert np.sum(seen.activity[0]) == 2


def test_the_readout_sees_a_spike_in_its_own_step():
    net = evidence_net()
    net.output.w = 1
    seen = [
        StateMonitor(group, name, record=True, when="end")
        for group, name in ((net.neurons, "activity"), (net.readout, "output"))
    ]
    net.output.plastic = False
    net.add(*seen)
    net.neurons.run_regularly("I_in = 0.3", **schedule.GAIN)
    net.run(30 * ms)
    spikes, output, kappa = (
        np.asarray(seen[0].activity).sum(axis=0),
        np.asarray(seen[1].output)[0],
        np.exp(-1 / 20),
    )
    np.testing.assert_allclose(
        output, kappa * np.r_[0, output[:-1]] + (1 - kappa) * spikes, rtol=1e-13
    )
    assert spikes.any() and not spikes.all()


def test_store_restore_and_pieces_change_no_bit():
    net = classifier(2, 4)
    net.train(8)
    net.store()
    kept = net.train(8).weights_after
    net.restore()
    again = [net.train(2).weights_after for _ in range(4)][-1]
    for name, values in kept.items():
        np.testing.assert_array_equal(values, again[name])


def test_frozen_weights_stay_to_the_bit():
    net = classifier(2, 2, "adaptive")
    for part in net.trials.projections:
        part.plastic = False
    result = net.train(4)
    for name, values in result.weights_before.items():
        np.testing.assert_array_equal(values, result.weights_after[name])
