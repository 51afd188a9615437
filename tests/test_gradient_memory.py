"""The memory of the gradient: what is kept, segments of trials that run a second time, and
trainings that are stopped.
"""

import os
import re
import signal

import brian2
import numpy as np
import pytest
from brian2 import (
    BrianObject,
    Function,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    defaultclock,
    ms,
    prefs,
    seed,
)
from targets import LONG
from test_gradient import lif, two_populations, waves, weights

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    LearningNetwork,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.brian.random_numbers import tells_what_is_ahead
from brian_rflo.credit import SymmetricFeedback
from brian_rflo.gradient import BPTT, GradientAlignment, RuleAlignment
from brian_rflo.network import TrialNetwork
from brian_rflo.readouts import TaskInput
from brian_rflo.tasks import CursorMovements

TAU = 10 * ms


def noisy(steps=130, batch=1, copies=2):
    """Rate neurons with noise, trials side by side."""
    seed(3)
    task = CursorMovements(n_movements=1, movement=steps * ms)
    defaultclock.dt = task.dt
    neurons = RateNeurons(6 * copies, tau=TAU)
    neurons.run_regularly("activity += 0.1*randn()", **schedule.STATE.behind(50))
    learn = PerTrial(Adam(), copies=copies, batch=batch)
    return LearningNetwork(task, neurons, RFLO(0.01, tau=TAU), learn=learn)


def spiking():
    """Spiking neurons with delays that differ, and refractoriness."""
    task = waves(120)
    defaultclock.dt = task.dt
    neurons, inputs, readout = lif(), TaskInput(task), Readout(task)
    rule = RFLO(0.1, tau=20 * ms)
    parts = [
        PlasticSynapses(neurons, neurons, rule, "I_rec", name="rec", learn=PerTrial()),
        PlasticSynapses(
            inputs, neurons, rule, "I_in", name="inward", learn=PerTrial(), delay=60 * ms
        ),
        PlasticSynapses(neurons, readout, Delta(0.1), "output", name="out", learn=PerTrial()),
    ]
    for part, key in zip(parts, ("recurrent", "input", "output")):
        part.connect()
        part.set_matrix(weights(gain=0.4)[key])
    parts[0].pre.delay = np.arange(64) % 7 * ms
    trials = Trials(task, neurons, readout, *parts)
    return TrialNetwork(neurons, inputs, readout, *parts, trials)


def populations():
    """Two populations, sparse weights, delayed sums, states, parameters."""
    task = waves(110)
    defaultclock.dt = task.dt
    return two_populations(task)


def least(net, trials):
    """The least memory that the refusal of one byte names, in bytes."""
    with pytest.raises(ValueError, match="memory must be at least") as caught:
        net.gradient(trials, by=names_of(net), memory=1)
    return float(re.search("Write memory=([0-9e+.]+)", str(caught.value)).group(1))


def names_of(net):
    """What to differentiate by: also states and parameters of two populations."""
    is_own = "onto_I_EE" in net.projections
    return [*net.projections, "E.x", "E.bias", "E.leak"] if is_own else None


CASES = {"noise": (noisy, 4), "spikes, delays": (spiking, 2), "populations": (populations, 1)}


@pytest.mark.parametrize(
    "case, target",
    [
        *((case, "numpy") for case in CASES),
        *(pytest.param(case, "cython", marks=LONG) for case in CASES),
    ],
)
def test_segments_that_run_twice_have_the_same_gradient(case, target, caplog):
    """To the bit, with the least memory."""
    prefs.codegen.target = target
    make, trials = CASES[case]
    net = make()
    by = names_of(net)
    whole = net.gradient(trials, by=by)
    memory = least(net, trials)
    caplog.clear()
    with caplog.at_level("INFO"):
        found = net.gradient(trials, by=by, memory=memory)
    assert "run twice" in caplog.text
    if case == "noise" and not tells_what_is_ahead(brian2.get_device()) and target == "cython":
        return  # other noise; that segments repeat it is checked as they run
    for name, values in whole.items():
        pairs = zip(values, found[name]) if np.ndim(values) or isinstance(values, list) else ()
        for one, other in pairs:
            one, other = (m.toarray() if hasattr(m, "toarray") else m for m in (one, other))
            assert np.array_equal(one, other) if target == "numpy" else np.allclose(one, other)
            assert np.abs(one).max() > 0, name
        assert np.ndim(values) or isinstance(values, list) or values == found[name]


def test_trainings_do_not_depend_on_the_memory():
    """Nor do monitors record steps that run twice, or the local rule learn from them, or another
    gradient of the same trials see them.
    """
    results = []
    for memory in (1e9, 90e3):
        net = noisy(batch=2)
        monitor = StateMonitor(net.neurons, "activity", record=[0], when="end")
        net.add(monitor)
        watch = GradientAlignment(net, every=2, memory=1.2 * memory)
        taught = net.train(8, learn=BPTT(1e-2, Adam(), batch=2, memory=memory))
        after = net.train(8)
        results.append((taught, after, watch, np.array(monitor.t), np.array(monitor.activity)))
    (one, after, watch, *recorded), (other, later, again, *others) = results
    assert "memory=90000" in other.settings["learn"] and "memory" not in one.settings["learn"]
    for found, expected in ((other, one), (later, after)):
        assert np.array_equal(found.losses, expected.losses)
        for name, values in expected.weights_after.items():
            assert np.array_equal(found.weights_after[name], values)
    assert all(np.array_equal(*pair) for pair in zip(recorded, others))
    assert len(recorded[0]) == 8 * 130
    for name, values in watch.cosine.items():
        assert np.array_equal(again.cosine[name], values, equal_nan=True)
        assert np.isfinite(values[:, 2:]).all()


def test_what_is_not_the_same_a_second_time_is_found():
    net = noisy()
    calls = []

    def wobble(i):
        calls.append(i)
        return 1e-3 * np.sin(len(calls)) + 0 * i

    net.neurons.namespace["wobble"] = Function(
        wobble, arg_units=[1], return_unit=1, arg_types=["integer"], stateless=True
    )
    net.neurons.run_regularly("activity += wobble(i)", **schedule.STATE.behind(60))
    net.add(net.neurons.contained_objects[-1])
    net.gradient(2)
    with pytest.raises(RuntimeError, match="not the same when steps run a second time.*memory="):
        net.gradient(2, memory=90e3)


@pytest.mark.parametrize("how", ["stop", "raise", "signal"])
def test_a_stopped_training_ends_with_the_last_complete_update(how):
    """And goes on from there as if it had not been stopped."""
    learn, whole = BPTT(1e-2, Adam(), batch=2), noisy(60)
    expected = whole.train(8, learn=learn)
    net, done = noisy(60), []
    watch = GradientAlignment(net)
    monitor = StateMonitor(net.neurons, "activity", record=[0])
    net.add(monitor)

    def report(elapsed, completed, start, duration):
        if 0.65 < completed < 1 and not done:  # in the second trial of the third batch
            done.append(completed)
            if how == "raise":
                raise KeyboardInterrupt
            brian2.stop() if how == "stop" else os.kill(os.getpid(), signal.SIGINT)

    def train():
        return net.train(16, learn=learn, report=report, report_period=0 * ms)

    if how == "raise":
        with pytest.raises(KeyboardInterrupt):
            train()
    else:
        result = train()
        assert np.array_equal(result.losses[:, :8], expected.losses)
        assert np.isnan(result.losses[:, 8:]).all()
        assert result.settings["finished_trials"] == 8
    assert done and net.t == 4 * net.task.duration
    assert len(monitor.t) == 4 * 60
    assert np.array_equal(watch.trials, [0, 2, 4, 6])
    assert watch.cosine["recurrent"].shape == (1, 4)
    watch.remove()
    for name, values in whole.weights().items():
        assert np.array_equal(net.weights()[name], values)
    losses = []
    for one in (whole, net):
        seed(5)
        losses.append(one.train(4).losses)
    assert np.array_equal(*losses)


def test_a_number_of_bytes_is_asked_for():
    for wrong in (0, "1 GB", -1, None):
        with pytest.raises(ValueError, match="memory must be a number of bytes.*Write memory=1e"):
            BPTT(1e-3, memory=wrong)
    with pytest.raises(ValueError, match="memory must be a number of bytes"):
        noisy().gradient(2, memory=0)


def test_standalone_keeps_all_steps_or_refuses():
    with device("cpp_standalone"):
        net = noisy(20)
        with pytest.raises(ValueError, match=r"6 trial\(s\).*C\+\+ standalone keeps all steps"):
            net.gradient(12, memory=1e3)


def test_it_says_what_it_keeps(caplog):
    net = noisy(20)
    with caplog.at_level("INFO"):
        net.train(2, learn=BPTT(1e-3))
    assert re.search(
        r"The gradient of 'learningnetwork\w*' keeps [\d.]+ MB of a trial", caplog.text
    )


def test_a_time_step_of_its_own_is_refused():
    net = noisy(20)
    net.neurons.run_regularly("activity = 0.9*activity", dt=5 * ms, **schedule.STATE.behind(60))
    net.add(net.neurons.contained_objects[-1])
    with pytest.raises(ValueError, match="give it the time step of the trials, without dt="):
        net.gradient(2)


class Stopping(BrianObject):
    """Stop in the step of that number, of the trials that are no replays or of those that are."""

    add_to_magic_network = touches_synapses = False

    def __init__(self, net, at, aside=False):
        BrianObject.__init__(self, clock=net.trials.clock, when="end")
        self.net, self.left, self.aside = net, at, aside

    def run(self):
        self.left -= self.net.is_aside == self.aside
        if self.left == 0:
            self.left = -1
            brian2.stop()


def small(**given):
    """A small network."""
    task = waves(20)
    defaultclock.dt = task.dt
    rule = RFLO(0.03, tau=TAU)
    return LearningNetwork(task, RateNeurons(6, tau=TAU), rule, initial=weights(6), **given)


def test_a_training_in_pieces_ends_with_the_last_complete_update():
    """Stopped in the second trial of a batch, whose first one has run in an earlier piece."""
    net, whole, learn = small(), small(), BPTT(1e-2, batch=2)
    watch = RuleAlignment(net, small(credit=SymmetricFeedback()))
    monitor = StateMonitor(net.neurons, "activity", record=[0])
    net.add(monitor, Stopping(net, 3 * 20 + 7))
    expected = whole.train(2, learn=learn)
    result = net.train(6, learn=learn)
    assert np.array_equal(result.losses[:, :2], expected.losses)
    assert np.isnan(result.losses[:, 2:]).all()
    assert net.t == 2 * net.task.duration and len(monitor.t) == 2 * 20
    assert np.array_equal(watch.trials, [0, 1])
    assert np.array_equal(net.train(2).losses, whole.train(2).losses)
    assert np.array_equal(watch.trials, [0, 1, 2, 3])


def test_what_is_stopped_has_no_result():
    """A training that is stopped in a replay ends before the trial."""
    for ask in ("gradient", "changes"):
        net = small()
        stopping = Stopping(net, 27, aside=True)
        net.add(stopping)
        with pytest.raises(RuntimeError, match=f"{ask}: the run was stopped after 1 of 3 trials"):
            getattr(net, ask)(3)
    net = small(learn=PerStep())
    watch = GradientAlignment(net)
    net.add(Stopping(net, 27, aside=True))
    result = net.train(3)
    assert np.array_equal(np.isfinite(result.losses), [[True, False, False]])
    assert net.t == net.task.duration
    net.train(1)
    assert np.array_equal(watch.trials, [0, 1])


def test_monitors_of_spikes_are_as_at_the_last_complete_update():
    """What they record afterwards is what they record in a network that was not stopped."""
    task, recorded = waves(30), []
    defaultclock.dt = task.dt
    for trials in (1, 3):
        neurons = lif()
        net = LearningNetwork(task, neurons, RFLO(0.1, tau=20 * ms), initial=weights(gain=0.4))
        monitors = [
            SpikeMonitor(neurons, variables="v"),
            PopulationRateMonitor(neurons),
            StateMonitor(neurons, "v", record=[1]),
        ]
        net.add(*monitors, *[Stopping(net, 45)] * (trials > 1))
        net.train(trials, learn=BPTT(1e-2))
        net.train(2)
        spikes, rates, states = monitors
        recorded.append(
            [spikes.t, spikes.i, spikes.v, spikes.count, rates.t, rates.rate, states.t, states.v]
        )
    assert len(recorded[0][0]) > 0
    assert all(np.array_equal(one, other) for one, other in zip(*recorded))
