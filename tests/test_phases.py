"""Phases of an experiment: evaluate, record, lesion, go on; in one process and in one program."""

import gc

import numpy as np
import pytest
from brian2 import (
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    get_device,
    ms,
    network_operation,
    prefs,
    seed,
    set_device,
    stop,
)
from targets import LONG

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    EProp,
    FeedbackSynapses,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    TrialMonitor,
    Trials,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.brian.in_program import is_waiting
from brian_rflo.network import TrialNetwork
from brian_rflo.network.contents import variables
from brian_rflo.readouts import TaskInput
from brian_rflo.tasks import ArrayTask, CursorMovements

TASK = CursorMovements(movement=10 * ms, seed=1)
RUNTIME = ("numpy", pytest.param("cython", marks=LONG))


def rate_network(networks=2, batch=4, noise="0.01*randn()"):
    """Two noisy networks on random trials, with Adam and batches."""
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(8 * networks, tau=10 * ms, name="neurons")
    net = LearningNetwork(
        TASK,
        neurons,
        RFLO(0.003, tau=10 * ms),
        learn=PerTrial(Adam(), batch=batch),
        networks=networks,
    )
    if noise:
        neurons.run_regularly(f"activity += {noise}", **schedule.STATE.behind(5))
    return net


def spiking_network():
    """Spikes with delays, some of them in transit at the end of a trial; spike-driven synapses of
    the user.
    """
    defaultclock.dt = TASK.dt
    neurons = LIFNeurons(12, bias=1.6, tau=10 * ms, tau_syn=5 * ms, name="neurons")
    net = LearningNetwork(TASK, neurons, EProp(0.01, tau=10 * ms), learn=PerTrial(Adam(), batch=4))
    own = Synapses(neurons, neurons, "x : 1", on_pre="x += rand()\nv_post += 0.01*x", name="own")
    own.connect(p=0.3)
    own.delay = "(1 + 3*rand())*ms"
    neurons.run_regularly("v += 0.05*randn()", **schedule.STATE.behind(5))
    net.add(own)
    return net


def state(net):
    """All that changes in a network, the time, and a random number that comes next."""
    values = {name: variable.get_value().copy() for name, variable in variables(net).items()}
    return values | {
        "t": net.t_,
        "step": np.array(net.trials.t_in_timesteps),
        "next": np.random.rand(),
    }


def same(one, other):
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.mark.parametrize("build", [rate_network, spiking_network])
@pytest.mark.parametrize("target", RUNTIME)
def test_evaluation_changes_nothing(build, target):
    """Neither a weight, nor a trace, nor a later random number; and trials are those that come."""
    prefs.codegen.target = target
    found = []
    for evaluates in (False, True):
        seed(3)
        net = build()
        synapses = net.recurrent
        own = [StateMonitor(synapses, "w", record=[0, 3])]
        own += [SpikeMonitor(net.neurons)] if build is spiking_network else []
        net.add(*own)
        seed(5)
        results = [net.train(6)] if evaluates else []
        if evaluates:
            test = net.evaluate(5)
            net.evaluate(2, first=3)
        results.append(net.train(6 if evaluates else 12))
        losses = np.concatenate([result.losses for result in results], axis=1)
        found.append(
            state(net)
            | {"losses": losses, "recorded": own[0].w.copy(), "known": net.losses.loss.copy()}
            | {"spikes": np.array(own[-1].t)}  # from Brian2 2.10 on its memory goes with it
        )
    same(*found)
    assert test.settings["first_trial"] == 6 and test.losses.shape == (net.networks, 5)
    assert (test.losses != losses[:, 6:11]).any() and np.isfinite(test.losses).all()
    for name, before in test.weights_before.items():
        np.testing.assert_array_equal(before, test.weights_after[name])


def test_trials_of_an_evaluation_are_those_of_a_frozen_training():
    """Without noise: each loss to the bit; of trials that were and of trials that come."""
    net = rate_network(noise="")
    net.train(3)
    test, earlier = net.evaluate(5), net.evaluate(3, first=4)
    for projection in (net.recurrent, net.input_synapses, net.output):
        projection.plastic = False
    frozen = net.train(5)
    np.testing.assert_array_equal(test.losses, frozen.losses)
    np.testing.assert_array_equal(test.first_output, frozen.first_output)
    np.testing.assert_array_equal(test.output, frozen.output)
    np.testing.assert_array_equal(test.target, frozen.target)
    np.testing.assert_array_equal(earlier.losses, test.losses[:, 1:4])


def test_a_network_that_has_diverged_is_evaluated():
    """With the weights that it got back."""
    net = rate_network(networks=1)
    expected = net.evaluate(2)
    net.trials.diverged_in = 0
    np.testing.assert_array_equal(net.evaluate(2).losses, expected.losses)
    assert net.trials.diverged_in[0] == 0


def test_an_evaluation_that_is_stopped_leaves_no_trace(caplog):
    """By Brian2's `stop` within a trial, and by an error."""
    net = rate_network(networks=1, batch=1)
    at = {"step": 13}

    @network_operation(name="ends")
    def ends():
        if net.trials.t_in_timesteps[:][()] == at["step"]:
            stop() if at["step"] == 13 else 1 / 0

    net.add(ends)
    before = state(net)
    seed(2)
    assert np.isnan(net.evaluate(3).losses).tolist() == [[False, True, True]]
    assert "The evaluation was stopped" in caplog.text and "no training" not in caplog.text
    at["step"] = 25
    with pytest.raises(ZeroDivisionError):
        net.evaluate(3)
    after = state(net)
    same({**before, "next": 0}, {**after, "next": 0})
    ends.active = False
    assert net.train(2).settings["first_trial"] == 0


def test_what_cannot_be_recorded_or_evaluated():
    net = rate_network(networks=1)
    for first in (-1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="first must be the number of a trial"):
            net.evaluate(2, first=first)
    with pytest.raises(ValueError, match="'neurons' has no variable 'spikes'; its variables are "):
        net.record(1, "spikes")
    with pytest.raises(TypeError, match="of must be a group of neurons"):
        net.record(1, "w", of=net.recurrent)
    with pytest.raises(ValueError, match="trials must be at least 1"):
        net.record(0)
    stranger = RateNeurons(3, tau=10 * ms, name="stranger")
    with pytest.raises(ValueError, match="'stranger' is not a part of"):
        net.record(1, of=stranger)
    with pytest.raises(ValueError, match="'stranger' has no projections in"):
        net.lesion([0], of=stranger)


def test_what_is_recorded_is_what_a_monitor_sees():
    """Two networks, two trials side by side: ``[network, trial, step, neuron]``, in the order of
    trials; nothing changes.
    """
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(2 * 2 * 5, tau=10 * ms, name="neurons")
    learn = PerTrial(batch=1, copies=2)
    net = LearningNetwork(TASK, neurons, RFLO(0.003, tau=10 * ms), learn=learn, networks=2)
    net.train(4)
    before = set(net.objects)
    found = net.record(6, ["activity", "gain"], first=2)
    outputs = net.record(6, "output", of=[net.readout, net.inputs][:1], first=2)
    assert set(net.objects) == before and found["gain"].shape == (2, 6, 10, 5)
    by_hand = StateMonitor(neurons, "activity", record=True, when="end")
    for projection in (net.recurrent, net.input_synapses, net.output):
        projection.plastic = False
    net.t_ = 1 * float(TASK.duration)
    net.add(by_hand)
    result = net.train(6)
    wanted = by_hand.activity.reshape(2, 2, 5, 3, 10).transpose(0, 3, 1, 4, 2).reshape(2, 6, 10, 5)
    np.testing.assert_array_equal(found["activity"], wanted)
    np.testing.assert_array_equal(outputs["readout"][:, -1], result.output)
    kinds = {TASK.trial(k)[0].tobytes() for k in range(2, 8)}
    assert len(np.unique(found["activity"][:, :, -1, 0])) == 2 * len(kinds) > 2


def test_spikes_are_recorded_as_zeros_and_ones():
    net = spiking_network()
    counts = TrialMonitor(net.trials, net.neurons, "spike_count", name="counts")
    raster = net.record(3, "spikes")
    net.add(counts)
    seed(2)
    one = net.record(3, ["spikes", "v"])
    seed(2)
    for projection in (net.recurrent, net.input_synapses, net.output):
        projection.plastic = False
    net.train(3)
    assert raster.shape == (3, 10, 12) and set(np.unique(raster)) == {0, 1}
    np.testing.assert_array_equal(one["spikes"].sum(axis=1), counts.spike_count.T)
    assert one["v"].shape == raster.shape


def test_a_trial_monitor_records_once_a_trial():
    """Against a StateMonitor of every time step; the last weights are those after the training
    (in a StateMonitor of one time step per trial they are those after its first step).
    """
    net = rate_network(networks=1, batch=1)
    cases = [(1, None), (3, None), (2, 7), (1, 0)]
    weights = [TrialMonitor(net.trials, net.recurrent, "w", *case) for case in cases]
    states = TrialMonitor(net.trials, net.neurons, ["activity", "gain"], 2, 7, [1, 2])
    everything = StateMonitor(net.recurrent, "w", record=True, when="end")
    activity = StateMonitor(net.neurons, "activity", record=True, when="end")
    net.add(weights, states, everything, activity)
    net.train(4)
    net.train(3)
    for (every, step), monitor in zip(cases, weights):
        trials = np.arange(every - 1, 7, every)
        steps = trials * 10 + (9 if step is None else step)
        np.testing.assert_array_equal(monitor.trial, trials)
        np.testing.assert_array_equal(monitor.w, everything.w[:, steps])
        np.testing.assert_array_equal(np.asarray(monitor.t / TASK.dt).round(), steps)
    np.testing.assert_array_equal(states.activity, activity.activity[[1, 2]][:, [17, 37, 57]])
    np.testing.assert_array_equal(weights[0].w[:, -1], net.recurrent.w)
    assert (np.diff(weights[0].w) != 0).any(axis=0).all()
    for arguments, error in [
        (dict(every=0), "every must be"),
        (dict(step=10), "step must be one of the 10"),
        (dict(step=True), "step must be one of the 10"),
        (dict(step=1.5), "step must be one of the 10"),
    ]:
        with pytest.raises((TypeError, ValueError), match=error):
            TrialMonitor(net.trials, net.neurons, "activity", **arguments)
    with pytest.raises(TypeError, match="needs a Trials first"):
        TrialMonitor(net.neurons, net.neurons, "activity")


#: Short trials of two outputs, and synapses that are lesioned.
SHORT = ArrayTask(
    target=np.sin(np.arange(12) / 2).reshape(6, 2),
    inputs=np.cos(np.arange(6.0))[:, None],
    mask=np.ones(6),
)
GONE = np.zeros((8, 8), dtype=bool)
GONE[1, 2:5] = GONE[4] = True
SCHEDULES = {
    "each step": PerStep(),
    "each step, Adam": PerStep(Adam()),
    "each trial": PerTrial(),
    "batches, clipped": PerTrial(Adam(), batch=3, clip_norm=1e-3),
}


def by_parts(learn, absent=False, constraint="", rule=RFLO(0.05, tau=10 * ms)):
    """A network of parts, with all synapses or without those of GONE."""
    defaultclock.dt = SHORT.dt
    rng = np.random.default_rng(1)
    neurons, readout = RateNeurons(8, tau=10 * ms, name="neurons"), Readout(SHORT, name="readout")
    inputs = TaskInput(SHORT, name="inputs")
    driving = FixedSynapses(inputs, neurons, onto="I_in", name="driving")
    recurrent = PlasticSynapses(
        neurons, neurons, rule, onto="I_rec", learn=learn, constraint=constraint, name="recurrent"
    )
    output = PlasticSynapses(
        neurons, readout, Delta(0.05), onto="output", learn=learn, name="output"
    )
    back = FeedbackSynapses(readout, neurons, name="back")
    matrices = {
        part: rng.standard_normal((len(part.target), len(part.source)))
        for part in (driving, recurrent, output, back)
    }
    if absent:
        matrices[recurrent][GONE] = np.nan
    for part, matrix in matrices.items():
        part.connect_matrix(matrix, absent=np.nan)
    trials = Trials(SHORT, neurons, readout, recurrent, output, name="trials")
    net = TrialNetwork(
        neurons, readout, inputs, driving, recurrent, output, back, trials, name="mine"
    )
    if absent is not None and not absent:
        recurrent.lesion(GONE)
    return net, recurrent


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_evaluation_divides_no_clipping_by_zero():
    """Nothing learns there, so that the norm is 0."""
    prefs.codegen.target = "numpy"
    by_parts(SCHEDULES["batches, clipped"])[0].evaluate(3)


@pytest.mark.parametrize(
    "name",
    [
        "batches, clipped",
        *(pytest.param(one, marks=pytest.mark.model) for one in list(SCHEDULES)[:3]),
    ],
)
def test_lesioned_synapses_are_as_if_they_had_never_been(name):
    """Against a network in which they are absent; also in gradient clipping."""
    (net, lesioned), (other, sparse) = (by_parts(SCHEDULES[name], absent) for absent in (0, 1))
    before = lesioned.matrix()
    losses = [one.train(9).losses for one in (net, other)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-12)
    np.testing.assert_allclose(lesioned.matrix(), sparse.matrix(), rtol=0, atol=1e-13)
    assert (lesioned.matrix()[GONE] == 0).all() and len(sparse) == 64 - GONE.sum()
    assert (lesioned.matrix()[~GONE] != before[~GONE]).all()


def test_lesioned_synapses_stay_absent(tmp_path):
    """Through 200 trials, a constraint that lifts all weights, a file, and weights that are set."""
    net, recurrent = by_parts(PerStep(), constraint="w = clip(w, -3, 3) + 1e-6")
    net.train(200)
    assert (recurrent.matrix()[GONE] == 0).all() and (recurrent.matrix()[~GONE] != 0).all()
    net.save(tmp_path / "net.npz")
    expected = net.train(10)
    again, loaded = by_parts(PerStep(), constraint="w = clip(w, -3, 3) + 1e-6", absent=None)
    again.load(tmp_path / "net.npz")
    np.testing.assert_array_equal(again.train(10).losses, expected.losses)
    assert (loaded.matrix()[GONE] == 0).all() and (loaded.intact[:] == 0).sum() == GONE.sum()
    loaded.set_matrix(np.ones((8, 8)))
    again.train(5)
    assert (loaded.matrix()[GONE] == 0).all() and (loaded.matrix()[~GONE] != 0).all()


def test_a_file_without_lesions_undoes_them(tmp_path):
    """A file holds the state, whatever has happened to the network that loads it."""
    net = rate_network(networks=1, batch=1, noise="")
    net.train(2)
    net.save(tmp_path / "net.npz")
    expected = net.train(3)
    net.lesion([0, 3])
    net.train(2)
    assert (net.recurrent.matrix()[0] == 0).all()
    np.testing.assert_array_equal(net.load(tmp_path / "net.npz").train(3).losses, expected.losses)


def test_neurons_are_lesioned_in_their_networks():
    """Of two networks with two copies each: in one, in all copies, and in each projection."""
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(2 * 2 * 5, tau=10 * ms, name="neurons")
    learn = PerTrial(batch=1, copies=2)
    net = LearningNetwork(TASK, neurons, RFLO(0.003, tau=10 * ms), learn=learn, networks=2)
    net.lesion([1, 4], networks=[1])
    for name, weights in net.train(6).weights_after.items():
        gone = np.zeros(weights.shape, dtype=bool)
        if weights.shape[1] == 5:
            gone[1, [1, 4]] = True
        if weights.shape[2] == 5:
            gone[1, :, [1, 4]] = True
        np.testing.assert_array_equal(weights == 0, gone, err_msg=name)
    every = net.recurrent.matrix(networks=4)
    np.testing.assert_array_equal(every[0::2], every[1::2])


def test_no_such_lesion():
    net = rate_network(networks=1)
    for arguments, error in [
        ({}, "needs either synapses, or pre or post"),
        (dict(pre=[8]), "pre must be whole numbers from 0 to 7"),
        (dict(post=[-1]), "post must be whole numbers"),
        (dict(synapses=[0.5]), "synapses must be whole numbers"),
        (dict(synapses=np.ones((3, 3), dtype=bool)), r"must have shape \(8, 8\)"),
        (dict(synapses=[0], pre=[0]), "needs either"),
    ]:
        with pytest.raises(ValueError, match=error):
            net.recurrent.lesion(**arguments)
    with pytest.raises(ValueError, match="neurons must be whole numbers from 0 to 7"):
        net.lesion([9])
    assert not net.recurrent.is_lesioned


def test_a_network_of_parts_says_whose_neurons_are_meant():
    net, _ = by_parts(PerStep())
    for word, call in (("record", lambda: net.record(1)), ("lesion", lambda: net.lesion([0]))):
        with pytest.raises(ValueError, match=rf"net.{word}\(..., of=neurons\)"):
            call()
    assert net.record(2, of=net.readout.name and [net["neurons"]])["neurons"].shape == (2, 6, 8)


def phases_of_an_experiment(build):
    """Train, evaluate, evaluate earlier trials, lesion, train, evaluate; all that comes of it."""
    net = build()
    weights = TrialMonitor(net.trials, net.recurrent, "w", every=3, name="weights")
    everything = StateMonitor(net.neurons, "activity", record=True, name="everything")
    net.add(weights, everything)
    results = [net.train(7), net.evaluate(3), net.evaluate(2, first=1)]
    net.evaluate(1)  # whose result nobody keeps
    gc.collect()
    net.lesion([1, 6])
    net.output.lesion(np.arange(16).reshape(2, 8) % 3 == 0)
    net.recurrent.lesion([3, 9])
    net.recurrent.learning_rate = net.recurrent.rule.learning_rate / 2
    results += [net.train(8), net.evaluate(2)]
    if is_waiting():
        assert_nothing_is_known(net, results)
        get_device().build(directory=None)
    found = {
        f"{name} {number}": values
        for number, result in enumerate(results)
        for name, values in result.arrays().items()
        if name != "settings"
    }
    settings = [
        {name: value for name, value in result.settings.items() if name in KNOWN_LATER}
        for result in results
    ]
    others = dict(weights=weights.w[:], trial=weights.trial, seen=everything.activity[:])
    return found | others | dict(losses=net.losses.loss[:]), settings


KNOWN_LATER = "first_trial", "learning_rate_recurrent", "plastic_output", "finished_trials"


def assert_nothing_is_known(net, results):
    for question in (
        lambda: results[0].losses,
        lambda: results[-1].final_loss,
        net.weights,
    ):
        with pytest.raises(RuntimeError, match=r"device\.build\(\)"):
            question()
    with pytest.raises(RuntimeError, match="record returns arrays"):
        net.record(1)


EXPERIMENTS = {
    "each step": lambda: assembled(RateNeurons(8, tau=10 * ms, name="neurons"), PerStep()),
    "batches": lambda: assembled(
        RateNeurons(8, tau=10 * ms, name="neurons"), PerTrial(Adam(), batch=4, clip_norm=1e-3)
    ),
    "spiking": lambda: assembled(
        LIFNeurons(8, bias=1.6, tau=10 * ms, tau_syn=5 * ms, name="neurons"), PerStep()
    ),
}


def assembled(neurons, learn):
    defaultclock.dt = TASK.dt
    rule = EProp(1e-4, tau=10 * ms) if "v" in neurons.variables else RFLO(0.01, tau=10 * ms)
    return LearningNetwork(TASK, neurons, rule, learn=learn)


@pytest.mark.parametrize("name", ["each step", "batches", "spiking"])
@pytest.mark.compiled
@pytest.mark.model
def test_phases_of_one_program_equal_those_on_numpy(name):
    """Results, monitors and lesions, with random trials; to 1e-12."""
    expected, settings = phases_of_an_experiment(EXPERIMENTS[name])
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        found, its = phases_of_an_experiment(EXPERIMENTS[name])
    assert its == settings and [one["first_trial"] for one in its] == [0, 7, 1, 7, 15]
    assert set(found) == set(expected)
    for what, values in expected.items():
        np.testing.assert_allclose(found[what], values, rtol=0, atol=1e-12, err_msg=what)
    gone = found["weights_after_recurrent 3"] == 0
    assert gone[0, 1].all() and gone[0, :, 6].all() and gone.sum() > 28
    assert not np.array_equal(found["losses 0"], found["losses 3"])
