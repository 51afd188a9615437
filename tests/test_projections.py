"""Projections: several onto one variable, delays of sums, spike sources that learn, relays.

Oracles are NumPy recursions written here.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    device,
    ms,
    prefs,
    set_device,
)
from targets import NUMPY_FIRST

from brian_rflo import (
    RFLO,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    EProp,
    FeedbackSynapses,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.network import AllToAll, TrialNetwork
from brian_rflo.readouts import ConstantUnit, LeakyReadout, TaskInput
from brian_rflo.rules import LeakyDelta
from brian_rflo.synapses import SymmetricFeedbackSum
from brian_rflo.tasks import ArrayTask, CursorMovements, PeriodicOutput
from brian_rflo.updates import DALE

TASK = PeriodicOutput(period=12 * ms)
T, N, M, ETA, A = TASK.n_steps, 5, 3, 0.1, 0.1  # A = dt/tau
TAU = 10 * ms
RNG = np.random.default_rng(3)
W, V = RNG.standard_normal((N, N)), RNG.standard_normal((N, M))
OUT, BACK = RNG.standard_normal((1, N)), RNG.standard_normal((N, 1))


@pytest.fixture
def target(request):
    """The code generation target, or C++ standalone."""
    if request.param == "cpp_standalone":
        set_device("cpp_standalone", directory=None)
        yield request.param
        device.reinit()
        set_device("runtime")
        return
    prefs.codegen.target = request.param
    yield request.param


def connected(synapses, matrix):
    synapses.connect()
    synapses.set_matrix(matrix)
    return synapses


def errors_of(trial):
    """The masked target of each step of a trial."""
    _, target, mask = TASK.trial(trial)
    return lambda t, output: np.broadcast_to(mask[t], output.shape) * (target[t] - output)


def recursion(trials, others=(), delay=0, per_trial=False):
    """Weights of RFLO with rates `others` that drive the neurons besides, as in the paper.

    `others` are pairs of weights and a function from the step to the activity that is sent.
    """
    weights, out = [W.copy(), *(w.copy() for w, _ in others)], OUT.copy()
    for trial in range(trials):
        h, sent = np.full(N, 0.1), []
        traces = [np.zeros_like(w) for w in weights]
        changes, out_change, error = [np.zeros_like(w) for w in weights], 0 * out, errors_of(trial)
        for t in range(T):
            sent.append(h)
            x = [sent[t - delay] if t >= delay else np.zeros(N), *(f(t) for _, f in others)]
            phi = np.tanh(sum(w @ one for w, one in zip(weights, x)))
            traces = [p + A * (np.outer(1 - phi**2, one) - p) for p, one in zip(traces, x)]
            h = h + A * (phi - h)
            e = error(t, out @ h)
            steps = [ETA / T * (BACK @ e)[:, None] * p for p in traces]
            changes, out_change = (
                [c + s for c, s in zip(changes, steps)],
                out_change + ETA / T * np.outer(e, h),
            )
            if not per_trial:
                weights, out = [w + s for w, s in zip(weights, steps)], OUT_NEXT(out, e, h)
        if per_trial:
            weights, out = [w + c for w, c in zip(weights, changes)], out + out_change
    return [*weights, out]


def OUT_NEXT(out, e, h):
    return out + ETA / T * np.outer(e, h)


def leaking(tau_steps=20, begin=0.3):
    """Activity of M free rate neurons without input."""
    return lambda t: np.full(M, begin) * (1 - 1 / tau_steps) ** t


def two_onto_one(names=("zz", "aa"), learn=None, **second):
    """A recurrent projection and one from other neurons, both onto I_rec."""
    learn = {} if learn is None else {"learn": learn}
    neurons = RateNeurons(N, tau=TAU, name="neurons")
    others = RateNeurons(M, tau=20 * ms, initial=0.3, name="others")
    readout = Readout(TASK, name="readout")
    recurrent = PlasticSynapses(
        neurons, neurons, RFLO(ETA, tau=TAU), onto="I_rec", name=names[0], **learn
    )
    between = PlasticSynapses(
        others, neurons, RFLO(ETA, tau=TAU), onto="I_rec", name=names[1], **learn, **second
    )
    output = PlasticSynapses(neurons, readout, Delta(ETA), onto="output", name="output", **learn)
    feedback = FeedbackSynapses(readout, neurons, name="feedback")
    for part, matrix in ((recurrent, W), (between, V), (output, OUT), (feedback, BACK)):
        connected(part, matrix)
    parts = [neurons, others, readout, recurrent, between, output]
    return TrialNetwork(*parts, feedback, Trials(TASK, *parts)), [recurrent, between, output]


def test_what_is_removed_from_a_network_neither_sends_nor_learns(caplog):
    """Brian2 makes an object with statements a part of its source, with which it would run."""
    net, (recurrent, between, output) = two_onto_one()
    net.remove(between)
    net.train(2)
    for part, expected in zip((recurrent, output), recursion(2)):
        np.testing.assert_allclose(part.matrix(), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(between.matrix(), V)
    assert [one.message for one in caplog.records if "net.add(aa)" in one.message] == [
        f"'aa' was passed to '{net.trials.name}', but it is not in the network: it neither sends"
        " nor learns. Write net.add(aa), unless you removed it."
    ]


@pytest.mark.parametrize("target", NUMPY_FIRST, indirect=True)
def test_two_projections_sum_into_one_variable(target):
    net, parts = two_onto_one()
    net.train(3)
    for part, expected in zip(parts, recursion(3, [(V, leaking())])):
        np.testing.assert_allclose(part.matrix(), expected, rtol=0, atol=1e-12)
    assert abs(parts[1].matrix() - V).max() > 1e-3
    if target != "numpy":
        assert parts[1].dense.why_not_dense is None


def test_the_order_of_addition_does_not_depend_on_names():
    weights = []
    for names in (("zz", "aa"), ("aa", "zz")):
        net, parts = two_onto_one(names)
        net.train(3)
        weights.append([part.matrix() for part in parts])
    for one, other in zip(*weights):
        assert np.array_equal(one, other)


def test_the_first_of_two_projections_keeps_its_variable():
    _, (recurrent, between, _) = two_onto_one()
    assert (recurrent.sums_into, between.sums_into) == ("I_rec", "I_rec_2")
    assert recurrent.addition is None


def test_a_second_projection_alone_in_a_network_is_the_whole_sum():
    """The first one may be left out, or switched off: nothing of it is left in the total."""
    neurons, source = RateNeurons(2, tau=TAU), NeuronGroup(1, "activity : 1")
    source.activity = 1
    first = connected(FixedSynapses(source, neurons, onto="I_rec"), [[5.0], [5.0]])
    second = connected(FixedSynapses(source, neurons, onto="I_rec"), [[0.25], [0.5]])
    net = Network(neurons, source, second)
    net.run(3 * ms)
    np.testing.assert_array_equal(neurons.I_rec, [0.25, 0.5])
    net.add(first)
    net.run(3 * ms)
    np.testing.assert_array_equal(neurons.I_rec, [5.25, 5.5])
    first.active = False
    net.run(3 * ms)
    np.testing.assert_array_equal(neurons.I_rec, [0.25, 0.5])


def test_three_sums_and_parts_of_a_group():
    neurons, source = RateNeurons(4, tau=TAU), NeuronGroup(1, "activity : 1")
    source.activity = 1
    parts = [
        connected(FixedSynapses(source, part, onto="I_rec"), np.full((len(part), 1), value))
        for part, value in ((neurons[:2], 1.0), (neurons[2:], 2.0), (neurons, 4.0), (neurons, 8.0))
    ]
    assert [part.sums_into for part in parts] == ["I_rec", "I_rec", "I_rec_2", "I_rec_3"]
    Network(neurons, source, *parts).run(2 * ms)
    np.testing.assert_array_equal(neurons.I_rec, [13, 13, 14, 14])


def test_sums_of_overlapping_parts_are_refused():
    neurons, source = RateNeurons(4, tau=TAU), NeuronGroup(1, "activity : 1")
    first = connected(FixedSynapses(source, neurons[:2], onto="I_rec"), [[1.0], [1.0]])
    second = connected(FixedSynapses(source, neurons[1:3], onto="I_rec"), [[1.0], [1.0]])
    with pytest.raises(Exception) as refused:
        Network(neurons, source, first, second).run(1 * ms)
    assert "sum into a part of these neurons" in str(refused.value.__cause__)


def test_sums_that_were_moved_apart_are_refused():
    net, (_, between, _) = two_onto_one()
    schedule.move(between.sum_updater, schedule.READOUT)
    with pytest.raises(Exception) as refused:
        net.train(1)
    assert "schedule.move for both" in str(refused.value.__cause__)


def test_a_second_sum_into_a_group_of_the_users_says_what_to_write():
    mine = NeuronGroup(2, "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1", name="mine")
    first = FixedSynapses(mine, mine, onto="I_rec", name="first")
    with pytest.raises(ValueError) as refused:
        PlasticSynapses(mine, mine, RFLO(0.1, tau=TAU), onto="I_rec")
    for text in ("first", "'mine' to 'mine'", "'I_rec = I_rec_1 + I_rec_2 : 1'", "'I_rec_1 : 1'"):
        assert text in str(refused.value)
    del first


def test_a_second_feedback_of_the_users_by_the_lines_of_the_error():
    readouts = [NeuronGroup(1, "error : 1", name=name) for name in ("one", "two")]
    mine = NeuronGroup(2, "feedback : 1", name="mine")
    first = FeedbackSynapses(readouts[0], mine)
    with pytest.raises(ValueError, match="schedule.FEEDBACK.behind") as refused:
        FeedbackSynapses(readouts[1], mine)
    assert "onto='feedback_1'" in str(refused.value)
    del first
    mine = NeuronGroup(2, "feedback : 1\nfeedback_1 : 1\nfeedback_2 : 1")
    mine.run_regularly("feedback = feedback_1 + feedback_2", **schedule.FEEDBACK.behind())
    parts = [
        connected(FeedbackSynapses(one, mine, onto=f"feedback_{number}"), [[1.0], [number]])
        for number, one in enumerate(readouts, 1)
    ]
    for one in readouts:
        one.error = 1
    Network(mine, *readouts, *parts).run(1 * ms)
    np.testing.assert_array_equal(mine.feedback, [2, 3])


@pytest.mark.parametrize("symmetric_first", [True, False])
def test_two_kinds_of_feedback_add_up(symmetric_first):
    neurons, readout, other = RateNeurons(N, tau=TAU), Readout(TASK), Readout(TASK)
    outputs = [
        connected(PlasticSynapses(neurons, one, Delta(0.0), onto="output"), OUT)
        for one in (readout, other)
    ]
    make = [
        lambda: SymmetricFeedbackSum(outputs[0]),
        lambda: connected(FeedbackSynapses(other, neurons), BACK),
    ]
    feedback = [one() for one in (make if symmetric_first else make[::-1])]
    trials = Trials(TASK, neurons, readout, other, *outputs)
    net = TrialNetwork(neurons, readout, other, *outputs, *feedback, trials)
    seen = StateMonitor(neurons, "feedback", record=True, when="end")
    errors = StateMonitor(readout, "error", record=True, when="end")
    net.add(seen, errors)
    net.train(1)
    np.testing.assert_allclose(seen.feedback, (OUT.T + BACK) @ errors.error, rtol=0, atol=1e-15)


@pytest.mark.parametrize("leaky", [False, True])
def test_two_populations_onto_one_readout(leaky):
    readout = LeakyReadout(TASK, tau=TAU) if leaky else Readout(TASK)
    rule = LeakyDelta(ETA, tau=TAU) if leaky else Delta(ETA)
    groups = [RateNeurons(2, tau=TAU, initial=value) for value in (0.3, 0.6)]
    matrices = [[[0.5, -0.25]], [[1.0, 2.0]]]
    parts = [
        connected(PlasticSynapses(one, readout, rule, onto=readout.onto), matrix)
        for one, matrix in zip(groups, matrices)
    ]
    net = TrialNetwork(*groups, readout, *parts, Trials(TASK, *groups, readout, *parts))
    net.train(2)
    together = RateNeurons(4, tau=TAU, initial=[0.3, 0.3, 0.6, 0.6])
    readout = LeakyReadout(TASK, tau=TAU) if leaky else Readout(TASK)
    one = PlasticSynapses(together, readout, rule, onto=readout.onto)
    connected(one, np.hstack(matrices))
    net = TrialNetwork(together, readout, one, Trials(TASK, together, readout, one))
    net.train(2)
    np.testing.assert_allclose(
        np.hstack([part.matrix() for part in parts]), one.matrix(), rtol=0, atol=1e-14
    )


def test_the_derived_rule_of_both_projections_is_that_of_rflo():
    """J by the common input: for rate neurons the derived rule is RFLO."""
    tau = TAU  # noqa: F841 (in the equations)
    weights = []
    for derived in (False, True):
        if derived:
            neurons = DerivedNeurons(
                N,
                "dh/dt = (-h + tanh(I_rec))/tau : 1",
                activity="h",
                method="euler",
                initial={"h": 0.1},
            )
            rule = neurons.rule(ETA)
        else:
            neurons, rule = RateNeurons(N, tau=TAU), RFLO(ETA, tau=TAU)
        others, readout = RateNeurons(M, tau=20 * ms, initial=0.3), Readout(TASK)
        recurrent = connected(PlasticSynapses(neurons, neurons, rule, onto="I_rec"), W)
        between = connected(PlasticSynapses(others, neurons, rule, onto="I_rec"), V)
        output = connected(PlasticSynapses(neurons, readout, Delta(ETA), onto="output"), OUT)
        feedback = connected(FeedbackSynapses(readout, neurons), BACK)
        parts = [neurons, others, readout, recurrent, between, output]
        TrialNetwork(*parts, feedback, Trials(TASK, *parts)).train(2)
        weights.append([part.matrix() for part in (recurrent, between)])
    for one, other, begin in zip(*weights, (W, V)):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
        assert abs(one - begin).max() > 1e-4


def test_saved_and_loaded_with_two_sums_and_a_delay(tmp_path):
    net, parts = two_onto_one(delay=3 * ms)
    net.train(1)
    net.save(tmp_path / "network.npz")
    net.train(1)
    expected = [part.matrix() for part in parts]
    net, parts = two_onto_one(delay=3 * ms)
    net.load(tmp_path / "network.npz")
    net.train(1)
    for part, matrix in zip(parts, expected):
        assert np.array_equal(part.matrix(), matrix)


@pytest.mark.parametrize("target", NUMPY_FIRST, indirect=True)
@pytest.mark.parametrize("per_trial", [False, True])
def test_a_delay_between_rate_neurons(target, per_trial):
    delay = 4
    neurons, readout = RateNeurons(N, tau=TAU), Readout(TASK)
    learn = {"learn": PerTrial()} if per_trial else {}
    recurrent = PlasticSynapses(
        neurons, neurons, RFLO(ETA, tau=TAU), onto="I_rec", delay=delay * ms, **learn
    )
    output = PlasticSynapses(neurons, readout, Delta(ETA), onto="output", **learn)
    feedback = FeedbackSynapses(readout, neurons)
    for part, matrix in ((recurrent, W), (output, OUT), (feedback, BACK)):
        connected(part, matrix)
    parts = [neurons, readout, recurrent, output]
    TrialNetwork(*parts, feedback, Trials(TASK, *parts)).train(3)
    expected = recursion(3, delay=delay, per_trial=per_trial)
    np.testing.assert_allclose(recurrent.matrix(), expected[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(output.matrix(), expected[1], rtol=0, atol=1e-12)
    assert abs(recurrent.matrix() - W).max() > 1e-3


def test_lesioned_neurons_send_nothing_late():
    net, (recurrent, between, _) = two_onto_one(delay=2 * ms)
    net.lesion([1], of=between.sender)
    net.train(1)
    assert not between.matrix()[:, 1].any() and between.matrix()[:, [0, 2]].all()
    assert recurrent.matrix().all()


def test_a_delay_of_zero_is_no_delay():
    neurons = RateNeurons(2, tau=TAU)
    for make in (
        lambda: FixedSynapses(neurons, neurons, onto="I_in", delay=0 * ms),
        lambda: PlasticSynapses(neurons, neurons, RFLO(ETA, tau=TAU), onto="I_rec", delay=0 * ms),
    ):
        part = make()
        assert part.delay_line is None and part.source is neurons


def test_a_delayed_fixed_sum_without_and_with_trials():
    source = NeuronGroup(2, "activity : 1", name="steps")
    source.run_regularly("activity = t_in_timesteps + 1 + 100*i", **schedule.STATE)
    neurons = RateNeurons(2, tau=TAU)
    part = connected(FixedSynapses(source[1:], neurons, onto="I_in", delay=2 * ms), [[1.0], [2.0]])
    seen = StateMonitor(neurons, "I_in", record=True, when="end")
    Network(source, neurons, part, seen).run(6 * ms)
    # without a delay the sum of step t is the activity of step t - 1
    expected = [0, 0, 0, 101, 102, 103]
    np.testing.assert_array_equal(seen.I_in, [expected, np.multiply(expected, 2)])

    source = NeuronGroup(1, "activity : 1")
    source.run_regularly("activity = t_in_timesteps + 1", **schedule.STATE)
    neurons, readout = RateNeurons(1, tau=TAU), Readout(TASK)
    part = connected(FixedSynapses(source, neurons, onto="I_in", delay=2 * ms), [[1.0]])
    output = connected(PlasticSynapses(neurons, readout, Delta(0.0), onto="output"), [[1.0]])
    trials = Trials(TASK, neurons, readout, output)
    net = TrialNetwork(source, neurons, readout, part, output, trials)
    seen = StateMonitor(neurons, "I_in", record=True, when="end")
    net.add(seen)
    net.train(2)
    # what was sent in the last trial does not arrive; the source itself is not reset
    expected = [0 if t % T < 2 else t - 2 for t in range(2 * T)]
    np.testing.assert_array_equal(seen.I_in[0], expected)


def test_delays_that_mean_nothing_are_refused():
    neurons = RateNeurons(2, tau=TAU)
    cases = [
        ([1, 2] * ms, "one delay for all synapses"),
        ("rand()*ms", "one delay for all synapses"),
        (1.5 * ms, "whole number of time steps"),
        (-1 * ms, "delay"),
        (3, "delay"),
    ]
    for delay, words in cases:
        for make in (
            lambda delay: FixedSynapses(neurons, neurons, onto="I_in", delay=delay),
            lambda delay: PlasticSynapses(
                neurons, neurons, RFLO(ETA, tau=TAU), onto="I_rec", delay=delay
            ),
        ):
            with pytest.raises((TypeError, ValueError), match=words):
                make(delay)
    part = connected(FixedSynapses(neurons, neurons, onto="I_in"), np.eye(2))
    with pytest.raises(AttributeError, match=r"FixedSynapses\(..., delay=5\*ms\)"):
        part.delay = 5 * ms
    assert "delay" not in vars(part)


def test_a_delayed_current_and_feedback():
    """Output as a current and error as feedback, each some steps late."""
    neurons, readout = RateNeurons(N, tau=TAU, inputs=("I_rec", "I_out")), Readout(TASK)
    recurrent = PlasticSynapses(neurons, neurons, RFLO(ETA, tau=TAU), onto="I_rec")
    output = PlasticSynapses(neurons, readout, Delta(ETA), onto="output")
    current = FixedSynapses(readout, neurons, sends="output", onto="I_out", delay=2 * ms)
    feedback = FeedbackSynapses(readout, neurons, delay=3 * ms)
    for part, matrix in ((recurrent, W), (output, OUT), (current, 2 * BACK), (feedback, BACK)):
        connected(part, matrix)
    parts = [neurons, readout, recurrent, output]
    trials = Trials(TASK, *parts)
    trials.at_start(readout, "output = 0")
    TrialNetwork(*parts, current, feedback, trials).train(2)
    w, out = W.copy(), OUT.copy()
    for trial in range(2):
        h, p, error = np.full(N, 0.1), np.zeros((N, N)), errors_of(trial)
        outputs, errors = [], []
        for t in range(T):
            late = outputs[t - 3] if t >= 3 else np.zeros(1)  # two steps, and one as ever
            phi = np.tanh(w @ h + 2 * BACK @ late)
            p = p + A * (np.outer(1 - phi**2, h) - p)
            h = h + A * (phi - h)
            outputs.append(out @ h)
            errors.append(error(t, outputs[-1]))
            back = BACK @ (errors[t - 3] if t >= 3 else np.zeros(1))
            w, out = w + ETA / T * back[:, None] * p, OUT_NEXT(out, errors[-1], h)
    np.testing.assert_allclose(recurrent.matrix(), w, rtol=0, atol=1e-12)
    np.testing.assert_allclose(output.matrix(), out, rtol=0, atol=1e-12)


def test_a_relay_learns_from_the_output_that_it_sends():
    """Studies, 5.6: a readout as a source of plastic weights."""
    neurons, readout = RateNeurons(N, tau=TAU, inputs=("I_rec", "I_out")), Readout(TASK)
    with pytest.raises(ValueError, match="sends='output'") as refused:
        PlasticSynapses(readout, neurons, RFLO(ETA, tau=TAU), onto="I_out")
    assert "add 'activity" not in str(refused.value)
    recurrent = PlasticSynapses(neurons, neurons, RFLO(ETA, tau=TAU), onto="I_rec")
    back = PlasticSynapses(readout, neurons, RFLO(ETA, tau=TAU), onto="I_out", sends="output")
    output = PlasticSynapses(neurons, readout, Delta(ETA), onto="output")
    feedback = FeedbackSynapses(readout, neurons)
    for part, matrix in ((recurrent, W), (back, 2 * BACK), (output, OUT), (feedback, BACK)):
        connected(part, matrix)
    parts = [neurons, readout, recurrent, back, output]
    trials = Trials(TASK, *parts)
    trials.at_start(readout, "output = 0")
    TrialNetwork(*parts, feedback, trials).train(2)
    w, v, out = W.copy(), 2 * BACK, OUT.copy()
    for trial in range(2):
        h, p, q, y = np.full(N, 0.1), np.zeros((N, N)), np.zeros((N, 1)), np.zeros(1)
        error = errors_of(trial)
        for t in range(T):
            phi = np.tanh(w @ h + v @ y)
            gain = 1 - phi**2
            p, q = p + A * (np.outer(gain, h) - p), q + A * (np.outer(gain, y) - q)
            h = h + A * (phi - h)
            y = out @ h
            e = error(t, y)
            fb = (BACK @ e)[:, None]
            w, v, out = w + ETA / T * fb * p, v + ETA / T * fb * q, OUT_NEXT(out, e, h)
    np.testing.assert_allclose(recurrent.matrix(), w, rtol=0, atol=1e-12)
    np.testing.assert_allclose(back.matrix(), v, rtol=0, atol=1e-12)
    assert abs(back.matrix() - 2 * BACK).max() > 1e-3


#: A recorded input: spikes of four units in 40 steps, none in the last.
SPIKES = np.random.default_rng(1).random((40, 4)) < 0.2
SPIKES[-1] = False
SIGNAL = np.random.default_rng(2).standard_normal((40, 1))


def generator(repeats):
    """The recorded spikes in each of some trials."""
    steps, units = np.nonzero(np.tile(SPIKES, (repeats, 1)))
    return SpikeGeneratorGroup(SPIKES.shape[1], units, steps * ms)


def test_a_spike_source_learns_onto_lif_neurons():
    """RFLO of LIF neurons with spikes as inputs and a bias, through the assembly (case 18)."""
    repeats, tau, tau_syn, eta = 2, 10.0, 20.0, 0.01
    neurons = LIFNeurons(N, tau=tau * ms, tau_syn=tau_syn * ms, inputs=("I_bias",), bias=1.0)
    rng = np.random.default_rng(4)
    given = {
        "recurrent": rng.standard_normal((N, N)) / 2,
        "input": rng.standard_normal((N, 4)) / 2,
        "output": rng.standard_normal((1, N)) / 2,
        "feedback": rng.standard_normal((N, 1)),
        "bias": np.linspace(-0.2, 0.4, N),
    }
    net = LearningNetwork(
        ArrayTask(target=SIGNAL, dt=1 * ms),
        neurons,
        RFLO(eta, tau=tau_syn * ms),
        connectivity={"input": generator(repeats), "bias": AllToAll()},
        initial=given,
    )
    net.train(repeats)
    w, v, out, back, b = (given[name].copy() for name in given)
    a, s, amp, steps = np.exp(-1 / tau), np.exp(-1 / tau_syn), 1 / (tau_syn * 0.02), len(SIGNAL)
    for _ in range(repeats):
        u, r, psp, current = np.zeros(N), np.ones(N), np.zeros(N), np.zeros(N)
        f, q, c = np.zeros(4), np.zeros(4), 0.0  # spikes of the source filtered once and twice
        traces = [np.zeros((N, N)), np.zeros((N, 4)), np.zeros(N)]
        for t in range(steps):
            drive = amp * current + 1 + b
            u, psp, r, current = drive + (u - drive) * a, r + (psp - r) * a, r * s, current * s
            q, f, c = f + (q - f) * a, f * s, 1 + (c - 1) * a
            gain = np.clip(1 - abs(u - 1), 0, 1)
            new = np.outer(gain, psp), np.outer(gain, q), gain * c
            traces = [one + (p - one) * s for p, one in zip(traces, new)]
            spiked = u > 1
            current = current + w @ spiked + v @ SPIKES[t]
            u, r, f = np.where(spiked, 0, u), r + amp * spiked, f + amp * SPIKES[t]
            e = SIGNAL[t] - out @ (r - 1)
            fb = eta / steps * (back @ e)
            w, v, b = w + fb[:, None] * traces[0], v + fb[:, None] * traces[1], b + fb * traces[2]
            out = out + eta / steps * np.outer(e, r - 1)
    for name, expected in (("recurrent", w), ("input", v), ("output", out), ("bias", b[:, None])):
        found = net.weights()[name][0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
        assert abs(expected.ravel() - given[name].ravel()).max() > 1e-4


def test_a_spike_source_is_a_task_input_one_step_earlier():
    """DiscreteLIF neurons and e-prop: spikes arrive in the next step, inputs in the same."""
    weights, inputs = [], np.vstack([np.zeros((1, 4)), SPIKES[:-1]])
    task = ArrayTask(target=SIGNAL, inputs=inputs, dt=1 * ms)
    for source in ("spikes", "values"):
        neurons = DiscreteLIFNeurons(N, tau=TAU, threshold=0.5)
        readout = LeakyReadout(task, tau=20 * ms)
        if source == "spikes":
            group, onto = generator(2), "I_rec"
        else:
            group, onto = TaskInput(task, tau=TAU, scale=neurons.input_scale), "I_in"
        rule, rng = EProp(0.5, tau=20 * ms), np.random.default_rng(5)
        learn = PerTrial()  # within a trial, a spike carries the weight of the step before
        into = PlasticSynapses(group, neurons, rule, onto=onto, learn=learn)
        recurrent = PlasticSynapses(neurons, neurons, rule, onto="I_rec", learn=learn)
        feedback = FeedbackSynapses(readout, neurons)
        output = PlasticSynapses(neurons, readout, LeakyDelta(0, tau=20 * ms), onto="drive")
        parts = [(into, (N, 4)), (recurrent, (N, N)), (feedback, (N, 1)), (output, (1, N))]
        for part, shape in parts:
            connected(part, rng.standard_normal(shape) / 2)
        before = into.matrix()
        members = [neurons, readout, into, recurrent, output]
        members += [group] if source == "values" else []
        TrialNetwork(*dict.fromkeys([group, *members, feedback]), Trials(task, *members)).train(2)
        weights.append((into.matrix(), recurrent.matrix()))
    for one, other in zip(*weights):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)
    assert abs(weights[0][0] - before).max() > 1e-3


def test_a_spike_source_learns_onto_derived_neurons():
    """The derived rule counts arrivals: for these neurons its eligibility is a double filter."""
    tau, tau_s = 10 * ms, 5 * ms  # noqa: F841 (in the equations)
    neurons = DerivedNeurons(
        2,
        "dv/dt = (g - v)/tau : 1\ndg/dt = -g/tau_s : 1",
        input=(),
        on_pre="g += w",
        activity="v",
        method="euler",
    )
    rule = neurons.rule(0.1)
    part = connected(PlasticSynapses(generator(1), neurons, rule, onto="g"), np.ones((2, 4)))
    neurons.feedback = 0.5
    Network(neurons, part, part.source).run(40 * ms)
    change, eps_v, eps_g = np.zeros(4), np.zeros(4), np.zeros(4)
    for spiked in SPIKES:
        eps_v, eps_g = eps_v + (eps_g - eps_v) / 10, eps_g - eps_g / 5
        change, eps_g = change + 0.1 * 0.5 * eps_v, eps_g + spiked
    np.testing.assert_allclose(part.matrix() - 1, np.tile(change, (2, 1)), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda n: PlasticSynapses(PoissonGroup(2, 9 * Hz), n, RFLO(0.1, TAU), "I_in"), "'I_rec'"),
        (lambda n: FixedSynapses(PoissonGroup(2, 9 * Hz), n, onto="I_in"), "onto='I_rec'"),
        (
            lambda n: PlasticSynapses(PoissonGroup(2, 9 * Hz), n, WithActivity(0.1), onto="I_rec"),
            "psp_pre",
        ),
    ],
)
def test_spike_sources_in_the_wrong_place(make, words):
    neurons = LIFNeurons(2, tau=TAU, tau_syn=20 * ms)
    with pytest.raises(ValueError, match=words) as refused:
        make(neurons)
    assert "add 'activity" not in str(refused.value)


@dataclass(frozen=True)
class WithActivity(LearningRule):
    """A rule that reads the activity of its source."""

    update = "feedback_post*activity_pre"


@pytest.mark.parametrize("target", NUMPY_FIRST, indirect=True)
@pytest.mark.parametrize("per_trial", [False, True])
def test_biases_of_neurons_and_readout(target, per_trial):
    begin = np.linspace(-0.5, 0.5, N)
    net = LearningNetwork(
        TASK,
        RateNeurons(N, tau=TAU),
        RFLO(ETA, tau=TAU),
        learn=PerTrial() if per_trial else PerStep(),
        connectivity={"bias": AllToAll(), "output_bias": AllToAll()},
        initial={"recurrent": W, "output": OUT, "feedback": BACK, "bias": begin},
    )
    net.train(3)
    w, out, b, c = W.copy(), OUT.copy(), begin.copy(), np.zeros(1)
    for trial in range(3):
        h, p, q, error = np.full(N, 0.1), np.zeros((N, N)), np.zeros(N), errors_of(trial)
        total = [0 * one for one in (w, out, b, c)]
        for t in range(T):
            phi = np.tanh(w @ h + b)
            gain = 1 - phi**2
            p, q = p + A * (np.outer(gain, h) - p), q + A * (gain - q)
            h = h + A * (phi - h)
            e = error(t, out @ h + c)
            fb = BACK @ e
            steps = [ETA / T * one for one in (fb[:, None] * p, np.outer(e, h), fb * q, e)]
            total = [one + step for one, step in zip(total, steps)]
            if not per_trial:
                w, out, b, c = (one + step for one, step in zip((w, out, b, c), steps))
        if per_trial:
            w, out, b, c = (one + change for one, change in zip((w, out, b, c), total))
    expected = {"recurrent": w, "output": out, "bias": b[:, None], "output_bias": c[:, None]}
    for name, values in expected.items():
        np.testing.assert_allclose(net.weights()[name][0], values, rtol=0, atol=1e-12)
    assert abs(b - begin).max() > 1e-3 and abs(c).max() > 1e-3


def biased(networks=1, copies=1, **arguments):
    """A small network with biases, for inputs and trials that differ."""
    return LearningNetwork(
        CursorMovements(movement=12 * ms, seed=1),
        RateNeurons(networks * copies * N, tau=TAU),
        RFLO(ETA, tau=TAU),
        learn=PerTrial(batch=2 // copies, copies=copies),
        connectivity={"bias": AllToAll(), "output_bias": AllToAll()},
        networks=networks,
        **arguments,
    )


def test_biases_in_networks_and_trials_side_by_side(tmp_path):
    net = biased(networks=2)
    net.train(4)
    found = net.weights()
    assert found["bias"].shape == (2, N, 1) and found["output_bias"].shape == (2, 2, 1)
    assert abs(found["bias"]).min() > 0
    net.save(tmp_path / "network.npz")
    again = biased(networks=2)
    again.load(tmp_path / "network.npz")
    assert all(np.array_equal(found[name], again.weights()[name]) for name in found)
    initial = {name: values[:1] for name, values in net._weights.initial.items()}
    weights = []
    for copies in (1, 2):
        net = biased(copies=copies, initial=initial)
        net.train(4)
        weights.append(net.weights())
    for name in weights[0]:
        np.testing.assert_allclose(weights[0][name], weights[1][name], rtol=0, atol=1e-13)
        np.testing.assert_allclose(weights[0][name][0], found[name][0], rtol=0, atol=1e-13)


def test_biases_are_trained_only_where_they_are():
    net = biased(trained=("output",))
    net.train(2)
    assert not net.weights()["bias"].any() and net.given["trained"] == ("output",)
    assert biased().given["trained"] == ("recurrent", "input", "output", "bias", "output_bias")
    plain = LearningNetwork(TASK, RateNeurons(N, tau=TAU), RFLO(ETA, tau=TAU))
    assert plain.bias is plain.constant is None and "bias" not in plain.weights()
    assert plain.given["trained"] == ("recurrent", "input", "output")
    for words, arguments in {
        "connectivity={'bias'": dict(trained=("bias",)),
        "has no 'bias'": dict(initial={"bias": np.zeros(N)}),
    }.items():
        with pytest.raises(ValueError, match=words):
            LearningNetwork(TASK, RateNeurons(N, tau=TAU), RFLO(ETA, tau=TAU), **arguments)


def test_a_bias_needs_a_variable_that_receives_sums():
    for neurons, words in (
        (LIFNeurons(N, tau=TAU, tau_syn=20 * ms, inputs=()), "inputs="),
        (NeuronGroup(N, "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1"), "'I_bias : 1'"),
    ):
        with pytest.raises(ValueError, match=words):
            LearningNetwork(TASK, neurons, RFLO(ETA, tau=TAU), connectivity={"bias": AllToAll()})


def test_a_constant_unit_by_parts():
    neurons = RateNeurons(2, tau=TAU, inputs=("I_bias",))
    bias = connected(
        PlasticSynapses(ConstantUnit(), neurons, RFLO(ETA, tau=TAU), onto="I_bias"), [[0.5], [1]]
    )
    Network(neurons, bias, bias.source).run(2 * ms)
    np.testing.assert_array_equal(neurons.I_bias, [0.5, 1])


def test_a_delayed_input_of_spiking_neurons_is_a_later_input():
    """Also for the rule, which reads the filtered input at another phase."""
    late, inputs = 3, np.random.default_rng(6).standard_normal((40, 2)) + 1
    shifted, weights = np.vstack([np.zeros((late, 2)), inputs[:-late]]), []
    for values, delay in ((shifted, None), (inputs, late * ms)):
        task = ArrayTask(target=SIGNAL, inputs=values, dt=1 * ms)
        neurons = LIFNeurons(N, tau=TAU, tau_syn=20 * ms)
        source, readout = TaskInput(task, tau=TAU), Readout(task)
        rule = RFLO(0.1, tau=20 * ms)
        into = PlasticSynapses(source, neurons, rule, onto="I_in", delay=delay)
        connected(into, np.linspace(-1, 1, 2 * N).reshape(N, 2))
        output = connected(PlasticSynapses(neurons, readout, Delta(0), onto="output"), OUT)
        feedback = connected(FeedbackSynapses(readout, neurons), BACK)
        parts = [source, neurons, readout, into, output]
        TrialNetwork(*parts, feedback, Trials(task, *parts)).train(2)
        weights.append(into.matrix())
    np.testing.assert_allclose(*weights, rtol=0, atol=1e-13)
    assert abs(weights[0] - np.linspace(-1, 1, 2 * N).reshape(N, 2)).max() > 1e-3


def test_a_delayed_projection_with_signs():
    """The constraint reads a constant of the source, which has no delay."""
    neurons = RateNeurons(2, tau=TAU, excitatory=np.array([True, False]))
    part = PlasticSynapses(
        neurons, neurons, RFLO(10.0, tau=TAU), onto="I_rec", constraint=DALE, delay=1 * ms
    )
    connected(part, [[0.1, -0.1], [0.1, -0.1]])
    neurons.feedback = [-1, 1]
    Network(neurons, part).run(20 * ms)
    assert (part.matrix() * [1, -1] >= 0).all() and (part.matrix() == 0).any()


@pytest.mark.parametrize("how", ["removed", "inactive"])
def test_values_that_a_sum_leaves_behind_are_named(how, caplog):
    """As in Brian2, nothing sets them to 0."""
    net, (recurrent, between, _) = two_onto_one()
    net.train(1)
    for part in (recurrent, between):
        if how == "removed":
            net.remove(part)
        part.active = False
    net.train(1)
    assert [one.message for one in caplog.records if "Nothing sums" in one.message] == [
        "Nothing sums into 'I_rec' of 'neurons' any longer, so that it keeps the values of its"
        " last step. Write neurons.I_rec = 0, unless you want them."
    ]
    net["neurons"].I_rec = 0
    net.train(1)
    np.testing.assert_allclose(net["neurons"].activity[:], 0.1 * (1 - A) ** T, rtol=1e-12)


@pytest.mark.parametrize("argument", ["trained", "learn"])
def test_biases_that_a_network_lacks_are_refused(argument):
    given = {"trained": ("recurrent", "bias"), "learn": {"bias": PerTrial()}}[argument]
    with pytest.raises(ValueError, match=f"{argument} has 'bias', and this network has no such"):
        LearningNetwork(TASK, RateNeurons(N, tau=TAU), RFLO(ETA, tau=TAU), **{argument: given})
