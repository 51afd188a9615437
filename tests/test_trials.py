"""Boundaries: nothing is lost or done twice, learning stops with the numbers, switches switch."""

import gc
import time

import numpy as np
import pytest
from brian2 import (
    Clock,
    Function,
    Network,
    NetworkOperation,
    NeuronGroup,
    StateMonitor,
    defaultclock,
    ms,
    network_operation,
    stop,
)
from brian2 import device as brian_device
from targets import COMPILED, LONG

from brian_rflo import (
    RFLO,
    Delta,
    FixedSynapses,
    LearningNetwork,
    LIFNeurons,
    LossMonitor,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    reference,
    schedule,
)
from brian_rflo.brian import garbage
from brian_rflo.brian.devices import device
from brian_rflo.checks.conformance import N_STEPS, TRIALS
from brian_rflo.checks.small import small_network
from brian_rflo.network import Murray2019
from brian_rflo.tasks import ArrayTask, CursorMovements, EvidenceAccumulation, PeriodicOutput
from brian_rflo.tasks.values import TaskValues

TAU, TASK = 10 * ms, PeriodicOutput(period=30 * ms)
PAIR = RFLO(0.1, tau=TAU), Delta(0.1)


def arrays(network, plastic):
    """Everything that a run leaves behind."""
    stored = [
        np.array(getattr(synapses, name))
        for synapses in plastic
        for name in ("w", *synapses.equations.diff_eq_names)
    ]
    return stored + [
        np.array(network["neurons"].activity),
        np.array(network["readout"].loss),
        np.array(network["trials"].loss),
    ]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def run(network, *steps):
    for n in steps:
        network.run(n * defaultclock.dt, namespace={})


@pytest.mark.parametrize("update", ["step", "trial"])
@pytest.mark.parametrize("parts", [(13, 13, 13), (12, 1, 26), (1, 1, 24, 12, 1), (38, 1)], ids=str)
def test_splitting_a_training_changes_nothing(update, parts):
    whole = small_network(*PAIR, update=update)
    run(whole[0], TRIALS * N_STEPS)
    split = small_network(*PAIR, update=update)
    run(split[0], *parts)
    assert same(arrays(*whole), arrays(*split))


@pytest.mark.parametrize("update", ["step", "trial"])
def test_store_and_restore_change_nothing(update):
    whole = small_network(*PAIR, update=update)
    run(whole[0], 30)
    stored = small_network(*PAIR, update=update)
    run(stored[0], 7)
    stored[0].store()
    run(stored[0], 11)
    stored[0].restore()
    run(stored[0], 23)
    assert same(arrays(*whole), arrays(*stored))


@pytest.mark.parametrize("update", ["step", "trial"])
def test_the_last_change_is_in_the_weights(update):
    network, plastic = small_network(*PAIR, update=update)
    before = np.array(plastic[0].w)
    run(network, N_STEPS - 1)
    assert np.array_equal(np.array(plastic[0].w), before) == (update == "trial")
    almost = np.array(plastic[0].w)
    run(network, 1)
    assert (np.array(plastic[0].w) != almost).any()


@pytest.mark.parametrize("update", ["step", "trial"])
def test_the_switch_works_in_the_middle_of_a_trial(update):
    network, plastic = small_network(*PAIR, update=update)
    run(network, N_STEPS + 4)
    for synapses in plastic:
        synapses.plastic = False
    frozen = [np.array(synapses.w) for synapses in plastic]
    run(network, 2 * N_STEPS)
    assert same(frozen, [np.array(synapses.w) for synapses in plastic])
    for synapses in plastic:
        synapses.plastic = True
    run(network, N_STEPS)
    assert not same(frozen, [np.array(synapses.w) for synapses in plastic])


def test_learning_rate_zero_in_the_middle():
    network, plastic = small_network(*PAIR)
    run(network, 5)
    plastic[0].learning_rate = 0
    frozen, output = np.array(plastic[0].w), np.array(plastic[2].w)
    run(network, 2 * N_STEPS)
    assert np.array_equal(frozen, np.array(plastic[0].w)) and not np.array_equal(
        output, np.array(plastic[2].w)
    )


def test_traces_can_be_recorded_and_restart_in_each_trial():
    network, plastic = small_network(*PAIR)
    trace = StateMonitor(plastic[0], "trace", record=True, when="end")
    activity = StateMonitor(network["neurons"], ["activity", "gain"], record=True, when="end")
    network.add(trace, activity)
    run(network, 2 * N_STEPS)
    first = N_STEPS  # the first step of the second trial
    pre, post = np.array(plastic[0].i), np.array(plastic[0].j)
    assert np.allclose(trace.trace[:, first], activity.gain[post, first] * 0.3 / 10, rtol=1e-12)
    expected = (
        trace.trace[:, first] * 0.9
        + activity.gain[post, first + 1] * activity.activity[pre, first] / 10
    )
    assert np.allclose(trace.trace[:, first + 1], expected, rtol=1e-12)


def test_rates_are_per_step_without_trials():
    """One step by hand: no trials, no 1/T."""
    network, plastic = small_network(*PAIR)
    alone = Network(
        *(
            part
            for part in network.objects
            if part.name not in ("trials",) and not part.name.startswith("trials")
        )
    )
    for synapses in plastic:
        synapses.variables._variables.pop("trial_steps")
    before = np.array(plastic[2].w).reshape(-1, 2)
    alone.run(defaultclock.dt, namespace={})
    change = np.outer(network["neurons"].activity, network["readout"].error)
    assert np.allclose(np.array(plastic[2].w).reshape(-1, 2), before + 0.1 * change, rtol=1e-13)


# the verdict of Cython is that of numpy
UPDATES_ON_TARGETS = (
    ("step", "numpy"),
    ("trial", "numpy"),
    pytest.param("step", "cpp_standalone", marks=LONG),
    pytest.param("trial", "cpp_standalone", marks=COMPILED),
)


def train(target, rate, networks, update, trials=12, weights=None):
    with device(target):
        defaultclock.dt = 1 * ms
        neurons = RateNeurons(networks * 10, tau=TAU)
        net = LearningNetwork(
            TASK,
            neurons,
            RFLO(rate, tau=TAU),
            learn=(PerTrial if update == "trial" else PerStep)(),
            initial=Murray2019(seed=3, weights=weights),
            networks=networks,
        )
        return net.train(trials)


diverging = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy says so as well


@diverging
@pytest.mark.parametrize("update, rate", [("step", 1e4), ("trial", 1e20)])
def test_divergence_keeps_the_weights_of_the_last_finite_trial(update, rate):
    result = train("numpy", rate, 1, update)
    expected = reference.train(TASK, result.weights_before, "rflo", rate, TAU, 12, update=update)
    (trial,) = result.diverged_in
    assert 0 < trial < 12 and trial == expected.diverged_in[0]
    before = reference.train(
        TASK, result.weights_before, "rflo", rate, TAU, int(trial), update=update
    )
    for name in ("recurrent", "output"):
        scale = np.abs(before.weights_after[name]).max()
        assert np.abs(result.weights_after[name] - before.weights_after[name]).max() < 1e-6 * scale
        assert scale > 2 * np.abs(result.weights_before[name]).max()
    assert (
        np.isfinite(result.losses[0, :trial]).all()
        and np.isnan(result.losses[0, trial + 1 :]).all()
    )


def test_standalone_refuses_what_it_could_not_undo():
    """Weights of the wrong size, and results of a program that is not built."""
    from brian2 import set_device

    set_device("cpp_standalone", build_on_run=False)
    try:
        defaultclock.dt = 1 * ms
        net = LearningNetwork(TASK, RateNeurons(4, tau=TAU), RFLO(0.1, tau=TAU))
        result = net.train(1)
        with pytest.raises(RuntimeError, match=r"write device\.build\(\) after the last phase"):
            print(result)
        with pytest.raises(ValueError, match=r"shape \(16,\)"):
            net.recurrent.w = np.ones(15)
    finally:
        brian_device.reinit()
        set_device("runtime")


def unequal_weights():
    """Two networks, the second with an output so large that it diverges."""
    from brian_rflo.network import initial_weights

    weights = initial_weights(10, 0, 1, 2, 1.5, 3)
    weights["output"][1] = 1e160
    return weights


@diverging
@pytest.mark.parametrize("update, target", UPDATES_ON_TARGETS)
def test_one_network_diverges_beside_another(target, update):
    weights = unequal_weights()
    result = train(target, 0.1, 2, update, trials=3, weights=weights)
    alone = reference.train(
        TASK,
        {name: values[:1] for name, values in weights.items()},
        "rflo",
        0.1,
        TAU,
        3,
        update=update,
    )
    assert result.diverged_in.tolist() == [-1, 0]
    assert np.array_equal(
        result.weights_after["output"][1], weights["output"][1]
    ) and np.array_equal(result.weights_after["recurrent"][1], weights["recurrent"][1])
    assert np.allclose(result.losses[0], alone.losses[0], rtol=1e-12)
    assert np.isnan(result.losses[1, 1:]).all()
    assert not np.array_equal(result.weights_after["output"][0], weights["output"][0])


@diverging
def test_divergence_is_said_once_and_names_what_to_lower(caplog):
    net = LearningNetwork(
        TASK, RateNeurons(20, tau=TAU), RFLO(0.1, tau=TAU), initial=unequal_weights(), networks=2
    )
    net.train(2)
    net.train(1)
    said = caplog.text
    assert said.count("Training diverged") == 1
    assert "network 1 in trial 0" in said and f"'{net.recurrent.name}' (now 0.1)" in said


@pytest.mark.parametrize("step", [20, 70, 140])
@pytest.mark.parametrize("parallel", [1, 2])
def test_a_training_that_is_stopped_keeps_what_is_finished(step, parallel, caplog):
    """In the first trial, in the middle, in the last one."""
    task = CursorMovements(movement=10 * ms, n_movements=3, seed=1)
    defaultclock.dt = task.dt

    def train(*extra):
        net = LearningNetwork(
            task, RateNeurons(20, tau=TAU), RFLO(0.03, tau=TAU), learn=PerTrial(copies=parallel)
        )
        net.add(*extra)
        return net.train(5 * parallel)

    @network_operation
    def halt():
        if round(float(defaultclock.t / defaultclock.dt)) == step:
            stop()

    expected, result = train(), train(halt)
    finished = step // task.n_steps * parallel
    assert (
        result.settings["finished_trials"] == finished
        and expected.settings["finished_trials"] == 5 * parallel
    )
    assert (
        np.array_equal(result.losses[:, :finished], expected.losses[:, :finished])
        and np.isnan(result.losses[:, finished:]).all()
    )
    seen = min(step + 1, task.n_steps)
    assert (
        np.array_equal(result.first_output[:, :seen], expected.first_output[:, :seen])
        and np.isnan(result.first_output[:, seen:]).all()
    )
    assert np.isnan(result.output).all() and result.diverged_in == -1
    assert (
        f"Training was stopped at {(step + 1) * task.dt}, after {finished} of {5 * parallel} trials"
        in caplog.text
        and f"{finished} of" in str(result)
    )
    assert "Within a trial no training can begin" in caplog.text


def test_a_training_that_is_stopped_between_trials_goes_on(caplog):
    defaultclock.dt = TASK.dt
    net = LearningNetwork(TASK, RateNeurons(20, tau=TAU), RFLO(0.03, tau=TAU))

    @network_operation
    def halt():
        if round(float(defaultclock.t / defaultclock.dt)) == TASK.n_steps - 1:
            stop()

    net.add(halt)
    assert (
        net.train(3).settings["finished_trials"] == 1 and net.train(2).settings["first_trial"] == 1
    )
    assert "after 1 of 3 trials" in caplog.text and "Within a trial" not in caplog.text


def test_what_learns_beside_its_trials_is_named(caplog):
    """A rate that is T times too large must not pass in silence."""
    defaultclock.dt = TASK.dt
    neurons, readout = RateNeurons(10, tau=TAU), Readout(TASK)
    forgotten, output = (
        PlasticSynapses(neurons, neurons, PAIR[0], onto="I_rec", name="forgotten"),
        PlasticSynapses(neurons, readout, PAIR[1], onto="output"),
    )
    for synapses in (forgotten, output):
        synapses.connect()
    network = Network(neurons, readout, forgotten, output, Trials(TASK, neurons, readout, output))
    forgotten.plastic = False
    run(network, 2)
    assert "forgotten" not in caplog.text
    forgotten.plastic = True
    run(network, 2, 2)
    assert (
        caplog.text.count("'forgotten' is plastic but was not passed to 'trials") == 1
        and "Write Trials(task, ..., forgotten)" in caplog.text
    )


def test_recurrent_weights_that_stay_are_named(caplog):
    """Where a group of the user's never sets its gain the readout learns all the same."""
    defaultclock.dt = TASK.dt

    def train(statement, rule=PAIR[0]):
        mine = NeuronGroup(
            10,
            "dactivity/dt = (tanh(I_rec) - activity)/(10*ms) : 1\ngain : 1\nfeedback :"
            " 1\nI_rec : 1",
            method="euler",
            name="mine*",
        )
        mine.run_regularly(statement, **schedule.GAIN)
        mine.activity = 0.1
        return LearningNetwork(TASK, mine, rule, readout_rule=PAIR[1]).train(2, namespace={})

    train("gain = 1 - tanh(I_rec)**2")
    train("gain = 0", RFLO(0, tau=TAU))
    assert "have not changed" not in caplog.text
    result = train("gain = 0")
    assert (
        (result.weights_after["output"] != result.weights_before["output"]).any()
        and "recurrent weights have not changed in this training. Check that the gain of 'mine"
        in caplog.text
    )


def test_a_transposed_target_is_named(caplog):
    ArrayTask(target=np.ones((50, 2)))
    assert not caplog.text
    ArrayTask(target=np.ones((2, 50)))
    assert "2 steps of 50 outputs; if you mean the transpose, write target.T" in caplog.text


def test_fixed_delays_in_trials_are_named(caplog):
    defaultclock.dt = TASK.dt
    neurons = LIFNeurons(5, tau=TAU, tau_syn=TAU)
    fixed = FixedSynapses(neurons, neurons, onto="I_rec", name="fixed")
    fixed.connect()
    fixed.delay = 3 * ms
    run(Network(neurons, fixed, Trials(TASK, neurons)), 2, 2)
    assert (
        caplog.text.count(
            "'fixed' has delays: spikes from the end of a trial arrive in the next one"
        )
        == 1
    )


def test_a_part_of_a_group_brings_the_group():
    """Nobody else need have it."""
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(20, tau=TAU)
    assert np.isfinite(
        LearningNetwork(TASK, neurons[:10], RFLO(0.03, tau=TAU)).train(1).losses
    ).all()


@diverging
def test_a_simulation_ends_when_all_networks_have_diverged():
    net = LearningNetwork(
        TASK, RateNeurons(10, tau=TAU), RFLO(1e5, tau=TAU), initial=Murray2019(seed=3)
    )
    result = net.train(50)
    assert float(net.t) == pytest.approx((result.diverged_in[0] + 1) * 30e-3)
    assert result.losses.shape == (1, 50)


def test_the_loss_monitor_keeps_one_value_a_trial():
    network, _ = small_network(*PAIR)
    losses = LossMonitor(network["trials"])
    network.add(losses)
    run(network, 2 * N_STEPS + 5, N_STEPS - 5)
    assert losses.loss.shape == (1, 3) and (losses.loss > 0).all()
    assert np.allclose(np.asarray(losses.t / ms), [12, 25, 38])


def test_own_statements_at_the_boundaries():
    network, _ = small_network(*PAIR)
    neurons, trials = network["neurons"], network["trials"]
    trials.at_start(neurons, "activity = 0.7")
    monitor = StateMonitor(neurons, "activity", record=[0])
    network.add(monitor)
    run(network, 2 * N_STEPS)
    assert monitor.activity[0, 0] == 0.7 == monitor.activity[0, N_STEPS] != monitor.activity[0, 1]


def test_statements_run_in_the_order_in_which_they_were_asked_for():
    network, _ = small_network(*PAIR)
    for k in range(12):
        network["trials"].at_start(network["neurons"], f"activity = {k}/100.0")
    monitor = StateMonitor(network["neurons"], "activity", record=[0])
    network.add(monitor)
    run(network, 1)
    assert monitor.activity[0, 0] == 0.11


def test_a_subgroup_of_the_readout_is_read_out_in_the_same_step():
    neurons, readout = RateNeurons(4, tau=TAU), Readout(TASK, networks=2)
    output = PlasticSynapses(neurons, readout[:1], Delta(0.0), onto="output")
    output.connect()
    output.w = 1
    Network(neurons, readout, output).run(3 * ms)
    assert np.isclose(readout.output[0], np.sum(neurons.activity)) and readout.output[1] == 0


def test_names_of_the_users_script_reach_the_users_neurons():
    scale, tau_m = 0.5, 10 * ms
    mine = NeuronGroup(
        6,
        "dactivity/dt = (tanh(scale*I_rec) - activity)/tau_m : 1\ngain : 1\nfeedback :"
        " 1\nI_rec : 1",
        method="euler",
    )
    mine.run_regularly("gain = scale*(1 - tanh(scale*I_rec)**2)", **schedule.GAIN)
    net = LearningNetwork(TASK, mine, RFLO(0.1, tau=TAU))
    net.trials.at_start(mine, "activity = 0.3")
    result = net.train(3)
    assert (
        scale
        and tau_m
        and (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()
    )


@diverging
def test_learning_can_be_resumed_after_divergence():
    net = LearningNetwork(
        TASK, RateNeurons(10, tau=TAU), RFLO(1e4, tau=TAU), initial=Murray2019(gain=0.5, seed=3)
    )
    assert (net.train(20).diverged_in >= 0).all() and np.isnan(net.losses.loss[0, -1]) | np.isinf(
        net.losses.loss[0, -1]
    )
    with pytest.raises(RuntimeError, match="resume"):
        net.train(1)
    net.recurrent.learning_rate = net.output.learning_rate = 1e-9
    net.trials.resume()
    before = np.array(net.output.w)
    assert np.isfinite(net.train(2).losses).all() and (np.array(net.output.w) != before).any()


def test_memory_of_the_schedule_is_bounded(monkeypatch):
    """Random trials are drawn as the simulation reaches them."""
    monkeypatch.setattr("brian_rflo.tasks.values.CHUNK_VALUES", 300)
    task = CursorMovements(movement=20 * ms, seed=2)
    net = LearningNetwork(task, RateNeurons(4, tau=TAU), RFLO(0.01, tau=TAU))
    values = net.readout.namespace["target_of"]
    assert values.values.size <= 300
    net.train(40)
    assert values.values.size <= 300 and values.number == 39 // values.trials


def test_file_of_random_trials_is_small():
    """Spikes take a byte each, other values eight; what is read back is what was drawn."""
    for task, part, suffix in (
        (EvidenceAccumulation(n_cues=1, delay=20 * ms), "inputs", ".i1"),
        (CursorMovements(movement=20 * ms), "target", ".f8"),
    ):
        values = TaskValues(task, part)
        path = values.write(0, 2 * values.rows)
        stored = np.fromfile(path, path.suffix[1:])
        assert path.suffix == suffix and [other.name for other in path.parent.iterdir()] == [
            path.name
        ]
        assert stored.any() and np.array_equal(
            stored, np.concatenate([values.chunk(0), values.chunk(1)])
        )


def test_code_at_boundaries_is_kept_between_runs_and_follows_what_it_names():
    task = PeriodicOutput(period=10 * ms)
    group = NeuronGroup(2, "v : 1")
    trials = Trials(task)
    trials.at_start(group, "v = level*t/ms")
    network = Network(group, trials)
    (runner,) = [
        obj
        for obj in network.sorted_objects
        if getattr(obj, "abstract_code", "") == "v = level*t/ms"
    ]
    seen, codes = [], []
    for level in (1, 1, 2.5):
        network.run(10 * ms, namespace={"level": level})
        seen.append(float(group.v[0]))
        codes.append(runner.codeobj)
    assert seen == [0, 10, 50]
    assert codes[0] is codes[1] is not codes[2]


def test_objects_at_a_boundary_run_together_and_leave_nothing_of_an_interrupted_run():
    task = PeriodicOutput(period=10 * ms)
    groups = [NeuronGroup(1, "v : 1", name=f"member_{number}") for number in range(3)]
    trials = Trials(task)
    for group in groups:
        trials.at_start(group, "v += 1")

    def interrupt():
        if trials.t >= 15 * ms and groups[0].v[0] < 3:
            raise KeyboardInterrupt

    network = Network(*groups, trials, NetworkOperation(interrupt))
    with pytest.raises(KeyboardInterrupt):
        network.run(20 * ms)
    assert any(getattr(obj, "led", ()) for obj in network.sorted_objects), "nothing ran together"
    assert all(obj.active for obj in network.sorted_objects)
    groups[0].v = 3
    network.run(10 * ms)
    assert [float(group.v[0]) for group in groups] == [4, 3, 3]


def test_boundaries_of_two_clocks_stay_apart():
    """The same condition, on steps of 1 and of 2 ms."""
    groups, parts = [], []
    for dt in (1 * ms, 2 * ms):
        clock = Clock(dt)
        task = ArrayTask(inputs=np.zeros((10, 1)), target=np.zeros((10, 1)), dt=dt)
        group = NeuronGroup(1, "v : 1", clock=clock)
        trials = Trials(task, clock=clock)
        trials.at_start(group, "v += 1")
        groups.append(group)
        parts += [clock, group, trials]
    Network(*(part for part in parts if not isinstance(part, Clock))).run(40 * ms)
    assert [float(group.v[0]) for group in groups] == [4, 2]


def test_what_a_user_has_made_of_run_is_run():
    class Loud(LossMonitor):
        heard = 0

        def run(self):
            type(self).heard += 1
            super().run()

    net = LearningNetwork(TASK, RateNeurons(3, tau=TAU), RFLO(0.1, tau=TAU))
    net.add(Loud(net.trials, name="a_loud"))
    net.train(2)
    assert Loud.heard == 2 * TASK.n_steps


def test_code_at_boundaries_follows_a_function():
    def seven(x):
        return 7.0 + 0 * x

    ours = Function(lambda x: 1.0 + 0 * x, arg_units=[1], return_unit=1, arg_names=["x"])
    group, trials = NeuronGroup(1, "v : 1"), Trials(TASK)
    trials.at_start(group, "v = ours(v)")
    network, seen = Network(group, trials), []
    for _ in range(2):
        network.run(TASK.duration, namespace={"ours": ours})
        seen.append(float(group.v[0]))
        ours.implementations.add_implementation("numpy", seven)
    assert seen == [1, 7]


def test_garbage_is_collected_now_and_then(monkeypatch):

    net = LearningNetwork(TASK, RateNeurons(3, tau=TAU), RFLO(0.1, tau=TAU))
    net.train(1)
    gc.unfreeze()
    monkeypatch.setattr(garbage, "collected", [time.monotonic()])
    seen = []
    monkeypatch.setattr(
        Network, "run", lambda *args, **more: seen.append(gc.get_freeze_count() > 0)
    )
    net.run(TASK.duration)
    garbage.collected[0] -= 11
    net.run(TASK.duration)
    assert seen == [True, False] and gc.get_freeze_count() == 0
    gc.freeze()
