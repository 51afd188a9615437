"""Spiking neurons: the same rules and tasks, against hand calculations and an independent
simulation in NumPy.
"""

import numpy as np
import pytest
from brian2 import Network, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, defaultclock, ms, mV
from helpers import assemble
from targets import COMPILED, LONG, compiled_for

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    ALIFNeurons,
    Delta,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    reference,
)
from brian_rflo.brian.devices import device
from brian_rflo.network import Murray2019, initial_weights
from brian_rflo.reference import baseline_rules
from brian_rflo.reference.spiking import LIF
from brian_rflo.tasks import CursorMovements, PeriodicOutput

TAU, TAU_SYN, N = 10 * ms, 20 * ms, 12
CURSOR = CursorMovements(movement=60 * ms, seed=3, input_height=2.0)


def lif(n=N, seed=5, **args):
    rng = np.random.default_rng(seed)
    return LIFNeurons(
        n,
        tau=TAU,
        tau_syn=TAU_SYN,
        **dict(
            bias=rng.uniform(1, 1.5, n),
            initial=rng.uniform(0, 1, n),
            initial_activity=rng.uniform(0, 1, n),
            refractory=3 * ms,
        )
        | args,
    )


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def train(task=CURSOR, networks=2, trials=4, rate=0.02, optimizer=Adam(decay=5), **options):
    defaultclock.dt = task.dt
    neurons = lif(networks * N)
    net = assemble(
        task,
        neurons,
        RFLO(rate, tau=TAU_SYN),
        Delta(2 * rate),
        update="trial",
        networks=networks,
        gain=1.0,
        seed=4,
        optimizer=optimizer,
        **options,
    )
    spikes = SpikeMonitor(neurons)
    net.add(spikes)
    parameters = LIF.of(neurons, networks)
    return (
        net,
        net.train(trials),
        parameters,
        np.array([np.asarray(spikes.t / task.dt).round(), np.asarray(spikes.i)]).astype(int),
    )


@pytest.mark.parametrize(
    "optimizer, target", compiled_for({"adam": Adam(decay=5), "sgd": SGD(decay=3)}, [])
)
def test_as_the_reference(target, optimizer):
    with device(target):
        net, result, parameters, spikes = train(optimizer=optimizer)
        net_reason = net.recurrent.dense.why_not_batched
    expected = reference.train(
        CURSOR,
        result.weights_before,
        "rflo",
        {"recurrent": 0.02, "input": 0.02, "output": 0.04},
        TAU,
        4,
        optimizer=optimizer,
        neurons=parameters,
    )
    trial = parameters.trial(result.weights_before, *CURSOR.trial(0))
    steps, networks, neurons = np.nonzero(trial.spikes)
    first = spikes[:, spikes[0] < CURSOR.n_steps]
    assert len(steps) > 20
    np.testing.assert_array_equal(
        np.sort(first[0] * 100 + first[1]), np.sort(steps * 100 + networks * N + neurons)
    )
    assert relative(result.losses, expected.losses) < 1e-10
    for name in ("recurrent", "input", "output"):
        assert relative(result.weights_after[name], expected.weights_after[name]) < 1e-10, name
        assert relative(result.weights_after[name], result.weights_before[name]) > 1e-3, name
    assert target == "numpy" or net_reason is None


def one_synapse(**args):
    """One presynaptic neuron that is made to spike in step 1, one postsynaptic neuron, without
    readout.
    """
    defaultclock.dt = 1 * ms
    pre = lif(1, bias=0.0, initial=0.0, initial_activity=0.0, name="pre", **args)
    post = lif(1, bias=0.8, initial=0.4, initial_activity=0.0, name="post", **args)
    synapses = PlasticSynapses(pre, post, RFLO(0.5, tau=TAU_SYN), onto="I_rec", name="one")
    synapses.connect()
    synapses.w = 0.3
    poke = SpikeGeneratorGroup(1, [0], [0] * ms, name="poke")
    from brian2 import Synapses

    kick = Synapses(
        poke,
        pre,
        on_pre="v_post += 5*(threshold - rest)",
        namespace={"threshold": pre.namespace["threshold"], "rest": pre.namespace["rest"]},
        name="kick",
    )
    kick.connect()
    post.feedback = 0.7
    monitors = [
        StateMonitor(synapses, ["trace", "w"], record=True, when="end"),
        StateMonitor(post, ["v", "gain", "I_rec"], record=True, when="end"),
        StateMonitor(pre, ["psp", "activity"], record=True, when="end"),
    ]
    Network(pre, post, synapses, poke, kick, *monitors).run(6 * ms)
    return {
        name: np.asarray(getattr(monitor, name))[0]
        for monitor in monitors
        for name in monitor.record_variables
    }


@pytest.mark.parametrize(
    "units",
    [dict(), dict(threshold=-50 * mV, rest=-70 * mV, reset=-70 * mV)],
    ids=["dimensionless", "volts"],
)
def test_one_spike_by_hand(units):
    """Gain, trace and weight change, step by step."""
    seen = one_synapse(**units)
    a, s, spike_amplitude = np.exp(-1 / 10), np.exp(-1 / 20), 1 / (0.02 * 20)
    r, low, v, current, trace, w = 0.0, 0.0, 0.4, 0.0, 0.0, 0.3
    for step in range(6):
        low = a * low + (1 - a) * r
        v = a * v + (1 - a) * (spike_amplitude * current + 0.8)
        gain = 1 - abs(v - 1)
        r, current = s * r, s * current
        if step == 1:  # poked in step 0, above the threshold in step 1
            r, current = r + spike_amplitude, current + w
        trace = s * trace + (1 - s) * gain * low
        w += 0.5 * 0.7 * trace
        level = (seen["v"][step] + 0.07) / 0.02 if units else seen["v"][step]
        np.testing.assert_allclose(
            [
                level,
                seen["gain"][step],
                seen["psp"][step],
                seen["activity"][step] + 1,
                seen["I_rec"][step],
                seen["trace"][step],
                seen["w"][step],
            ],
            [v, gain, low, r, current, trace, w],
            rtol=1e-9,
            atol=1e-12,
        )
    assert r > 1 and trace > 0.01 and w > 0.3


def test_a_trial_with_delays_is_later():
    defaultclock.dt = 1 * ms
    arrivals = []
    for delay in (0, 4):
        neurons = lif(name=f"n{delay}")
        synapses = PlasticSynapses(
            neurons, neurons, RFLO(0.0, tau=TAU_SYN), onto="I_rec", delay=delay * ms
        )
        synapses.connect()
        synapses.w = 1e-9
        current, spikes = (
            StateMonitor(neurons, "I_rec", record=True, when="end"),
            SpikeMonitor(neurons),
        )
        Network(neurons, synapses, current, spikes).run(40 * ms)
        arrivals.append(
            np.flatnonzero(np.asarray(current.I_rec)[0])[0] - int(np.round(spikes.t[0] / ms))
        )
    assert arrivals == [0, 4]


@pytest.mark.parametrize("given", [None, 0 * ms, 2 * ms, "rand()*ms", np.arange(N * N) * ms])
@pytest.mark.parametrize("target", ["numpy", "cpp_standalone"])
def test_delays_are_known_before_the_run(given, target):
    """In standalone from what the program will do, since nothing has a value yet; a program is not
    built for this.
    """
    defaultclock.dt = 1 * ms
    with device(target):
        neurons = lif(bias=1.2, initial=0.5, initial_activity=0.0)
        synapses = [FixedSynapses(neurons, neurons, onto="I_rec")]
        synapses[0].connect()
        if given is not None:
            synapses[0].delay = given
        if np.ndim(given) == 0 and not isinstance(given, str):
            synapses.append(FixedSynapses(neurons, neurons, onto="I_rec", delay=given))
        assert all(
            projection.has_delays == (given is not None and np.any(given != 0 * ms))
            for projection in synapses
        )


@pytest.mark.parametrize(
    "target, delay",
    [
        ("numpy", 7.0),
        ("numpy", "2*ms + 10*ms*rand()"),
        pytest.param("cpp_standalone", 7.0, marks=LONG),
        pytest.param("cpp_standalone", "2*ms + 10*ms*rand()", marks=COMPILED),
    ],
)
def test_spikes_do_not_arrive_in_the_next_trial(target, delay):
    """Without learning or noise all trials are the same, to the bit."""
    defaultclock.dt = CURSOR.dt
    with device(target):
        task = PeriodicOutput(period=40 * ms)
        defaultclock.dt = task.dt
        net = LearningNetwork(task, lif(), RFLO(0, tau=TAU_SYN), initial=Murray2019(gain=2.0))
        net.recurrent.delay = delay * ms if isinstance(delay, float) else delay
        arrived = StateMonitor(net.neurons, "I_rec", record=True, when="end")
        net.add(arrived)
        losses = net.train(4, namespace={}).losses[0]
        currents = np.asarray(arrived.I_rec).reshape(N, 4, -1)
    assert (losses == losses[0]).all() and (currents == currents[:, :1]).all()
    assert currents[:, 0].any() and not currents[:, 0, :2].any()


def test_the_time_constant_of_rflo_is_that_of_the_activity(caplog):
    defaultclock.dt = 1 * ms
    neurons = lif(name="mine")
    PlasticSynapses(neurons, neurons, RFLO(0.1, tau=TAU_SYN), onto="I_rec")
    PlasticSynapses(neurons[:5], neurons[5:], RFLO(0.1, tau=TAU_SYN), onto="I_rec")
    assert "derivatives" not in caplog.text
    PlasticSynapses(neurons, neurons[2:], RFLO(0.1, tau=TAU), onto="I_rec")
    assert "RFLO has tau = 10. ms, but the activity of 'mine' decays with 20. ms" in caplog.text


def test_nonlocal_equals_local_where_nothing_is_nonlocal():
    """Without recurrent weights, and in neurons that do not spike, the surrogate gradient is what
    RFLO adds up with symmetric feedback.
    """
    rng = np.random.default_rng(2)
    bias = np.r_[np.full(6, 1.3), np.full(6, 0.3)][None]
    neurons = LIF(10.0, 20.0, bias, np.zeros((1, N)), np.zeros((1, N)), refractory=2)
    weights = {
        "recurrent": np.zeros((1, N, N)),
        "input": 0.1 * rng.standard_normal((1, N, 4)),
        "output": rng.standard_normal((1, 2, N)),
        "feedback": np.zeros((1, N, 2)),
    }
    changes = {}
    for rule in ("bptt", "local_symmetric"):
        trial = neurons.trial(weights, *CURSOR.trial(0))
        changes[rule] = neurons.changes(baseline_rules.RULES[rule], trial, weights)
    silent = ~trial.spikes.any(axis=0)[0].astype(bool)
    assert silent.sum() == 6
    for name in ("recurrent", "input"):
        assert (
            relative(changes["bptt"][name][0, silent], changes["local_symmetric"][name][0, silent])
            < 1e-10
        )
    assert np.abs(changes["bptt"]["recurrent"][0, silent]).max() > 1e-6


def test_one_line_makes_it_a_rate_network():
    defaultclock.dt = CURSOR.dt
    for neurons in (lif(), RateNeurons(N, tau=TAU_SYN)):
        result = LearningNetwork(
            CURSOR, neurons, RFLO(0.01, tau=TAU_SYN), learn=PerTrial(Adam())
        ).train(3)
        assert (
            np.isfinite(result.losses).all()
            and relative(result.weights_after["recurrent"], result.weights_before["recurrent"])
            > 1e-4
        )


def test_without_adaptation_the_adaptive_neuron_is_the_plain_one():
    defaultclock.dt = CURSOR.dt
    rng, results = np.random.default_rng(1), []
    start = dict(bias=1.3, initial=rng.uniform(0, 1, N), refractory=3 * ms)
    for neurons in (
        LIFNeurons(N, TAU, TAU_SYN, **start),
        ALIFNeurons(N, TAU, TAU_SYN, tau_adapt=100 * ms, beta=0, **start),
        ALIFNeurons(N, TAU, TAU_SYN, tau_adapt=100 * ms, beta=0.5, **start),
    ):
        results.append(
            LearningNetwork(CURSOR, neurons, RFLO(0.01, tau=TAU_SYN), learn=PerTrial(Adam()))
            .train(3)
            .losses
        )
    np.testing.assert_array_equal(results[0], results[1])
    assert (results[2] != results[0]).all()


def test_noise_has_the_size_that_it_says():
    defaultclock.dt = 1 * ms
    neurons = lif(2000, bias=0.0, noise=0.1, initial=0.0)
    Network(neurons).run(60 * ms)
    assert abs(np.std(neurons.v) - 0.1) < 0.006


def test_freezing_leaves_every_bit():
    defaultclock.dt = PeriodicOutput(period=40 * ms).dt
    net = LearningNetwork(
        PeriodicOutput(period=40 * ms), lif(), RFLO(0.1, tau=TAU_SYN), learn=PerTrial(Adam(decay=2))
    )
    net.train(2)
    before = {
        name: np.array(getattr(net.recurrent, name))
        for name in ("w", "first_moment", "second_moment", "updates")
    }
    net.recurrent.plastic = False
    net.train(2)
    for name, values in before.items():
        assert np.array_equal(values, getattr(net.recurrent, name)), name


def test_adam_takes_no_name_that_a_rule_may_want():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class TwoStage(LearningRule):
        tau: object
        traces = """dm/dt = (gain_post*activity_pre - m)/tau : 1 (clock-driven)
                    ds/dt = (m - s)/(2*tau) : 1 (clock-driven)"""
        update = "feedback_post*s"
        reset = "m = 0; s = 0"

    defaultclock.dt = CURSOR.dt
    result = LearningNetwork(
        CURSOR,
        RateNeurons(N, tau=TAU),
        TwoStage(0.01, tau=TAU),
        readout_rule=Delta(0.01),
        learn=PerStep(Adam()),
    ).train(2)
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()


BAD = {
    "threshold below rest": (
        lambda: lif(threshold=-80 * mV, rest=-70 * mV, reset=-90 * mV),
        "LIFNeurons: the threshold must lie above rest and reset",
    ),
    "threshold below reset": (
        lambda: lif(reset=1.5),
        "LIFNeurons: the threshold must lie above rest and reset",
    ),
    "bias nan": (lambda: lif(bias=np.nan), "LIFNeurons: bias must be finite and dimensionless"),
    "bias in volts": (
        lambda: lif(bias=1 * mV),
        "LIFNeurons: bias must be finite and dimensionless",
    ),
    "rate_unit without units": (
        lambda: lif(rate_unit=20),
        "LIFNeurons: rate_unit must be a positive rate, for example 20.Hz; got 20",
    ),
    "fixed weights onto a current": (
        lambda: FixedSynapses(RateNeurons(3, tau=TAU), lif(name="n"), onto="I_rec"),
        ("spikes add to 'I_rec' of group 'n', but group '.*' emits none. Write onto='I_in'"),
    ),
    "class of an optimizer": (
        lambda: LearningNetwork(CURSOR, lif(), RFLO(0.1, tau=TAU), learn=PerStep(Adam)),
        "optimizer must be an optimizer, for example Adam",
    ),
    "class of a rule": (
        lambda: PlasticSynapses(
            RateNeurons(3, tau=TAU), RateNeurons(3, tau=TAU), RFLO, onto="I_rec"
        ),
        "rule must be a learning rule, for example RFLO",
    ),
    "mixed units": (
        lambda: lif(threshold=-50 * mV),
        "threshold, rest and reset must all be plain numbers or all be voltages",
    ),
    "negative noise": (
        lambda: lif(noise=-0.1),
        "LIFNeurons: noise must be a finite number and not negative; got -0.1",
    ),
    "no width": (
        lambda: lif(width=0),
        "LIFNeurons: width must be a finite and positive number; got 0",
    ),
    "refractory without units": (
        lambda: lif(refractory=3),
        "LIFNeurons: refractory must be a time",
    ),
    "tau below dt": (
        lambda: LIFNeurons(3, tau=0.5 * ms, tau_syn=20 * ms, name="n"),
        "LIFNeurons 'n': tau = 0.5 ms is shorter than the time step",
    ),
    "tau_adapt below dt": (
        lambda: ALIFNeurons(3, TAU, TAU_SYN, tau_adapt=0.5 * ms, beta=1, name="n"),
        "ALIFNeurons 'n': tau_adapt = 0.5 ms is shorter",
    ),
    "negative beta": (
        lambda: ALIFNeurons(3, TAU, TAU_SYN, tau_adapt=50 * ms, beta=-1),
        "ALIFNeurons: beta must be a finite number and not negative",
    ),
    "no spikes to send": (
        lambda: PlasticSynapses(
            RateNeurons(3, tau=TAU, name="rates"), lif(name="n"), RFLO(0.1, tau=TAU), onto="I_rec"
        ),
        ("spikes add to 'I_rec' of group 'n', but group 'rates' emits none. Write onto='I_in'"),
    ),
    "decay": (
        lambda: Adam(decay=0),
        "Adam: decay must be a positive number of updates, or None; got 0",
    ),
    "beta_1": (lambda: Adam(beta_1=1), "Adam: beta_1 must be at least 0 and less than 1; got 1"),
    "epsilon": (lambda: Adam(epsilon=0), "Adam: epsilon must be positive"),
    "online baseline": (
        lambda: reference.train(CURSOR, {}, "rtrl", 0.1, TAU, 1, neurons=1),
        "spiking neurons are trained by rflo, bptt",
    ),
}


@pytest.mark.parametrize("act, message", BAD.values(), ids=BAD)
def test_bad_input(act, message):
    defaultclock.dt = 1 * ms
    with pytest.raises((TypeError, ValueError), match=message):
        act()


def test_store_and_restore_change_no_bit():
    task = PeriodicOutput(period=40 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(task, lif(), RFLO(0.1, tau=TAU_SYN), learn=PerTrial(Adam(decay=2)))
    net.train(2)
    net.store()
    net.train(3)
    weights = np.array(net.recurrent.w)
    net.restore()
    for _ in range(3):
        net.train(1)
    np.testing.assert_array_equal(weights, net.recurrent.w)


def learned(noise):
    """Normalised mean squared error, in the median over the last 20 trials, of five networks of 100
    LIF neurons after 600 trials of one second.
    """
    networks, n, seed = 5, 100, 100
    task, rng = PeriodicOutput(period=1000 * ms), np.random.default_rng(seed)
    with device("cpp_standalone"):
        defaultclock.dt = task.dt
        size = networks * n
        neurons = LIFNeurons(
            size,
            tau=20 * ms,
            tau_syn=50 * ms,
            bias=rng.uniform(1, 1.5, size),
            refractory=3 * ms,
            initial=rng.uniform(0, 1, size),
            initial_activity=rng.uniform(0, 1, size),
            noise=noise,
        )
        weights = initial_weights(n, 0, 1, networks, 0.5, seed)
        weights["output"] *= 0.1
        net = LearningNetwork(
            task,
            neurons,
            RFLO(1e-3, tau=50 * ms),
            readout_rule=Delta(3e-3),
            learn=PerTrial(Adam(decay=100)),
            initial=Murray2019(seed=seed, weights=weights),
            networks=networks,
        )
        result = net.train(600)
    return (
        np.median(result.losses[:, -20:], axis=1) * 2 / (result.target**2).mean(),
        result.losses[:, 0] * 2 / (result.target**2).mean(),
    )


@pytest.mark.model
@pytest.mark.parametrize(
    "noise, bound", [(0.0, 0.08), (0.03 * np.sqrt(10), 0.12)], ids=["without noise", "with noise"]
)
def test_lif_networks_learn_periodic_output(noise, bound):
    after, before = learned(noise)
    print("NMSE", after, "untrained", before)
    assert np.median(after) <= bound
    assert abs(np.median(before) - 1) < 0.1


@pytest.mark.parametrize(
    "target, level, state",
    [
        ("numpy", -5.0, "silent"),
        ("numpy", 40.0, "saturated"),
        pytest.param(
            "cpp_standalone", -5.0, "silent", marks=[pytest.mark.compiled, pytest.mark.model]
        ),
    ],
)
def test_silent_and_saturated_networks_are_named_once(target, level, state, caplog):
    with device(target):
        defaultclock.dt = CURSOR.dt
        neurons = lif(2 * N, bias=np.r_[np.full(N, level), np.full(N, 1.3)], name="mine")
        LearningNetwork(
            CURSOR,
            neurons,
            RFLO(0.0, tau=TAU_SYN),
            learn=PerTrial(),
            trained=("output",),
            initial=Murray2019(gain=0.1),
            networks=2,
        ).train(3)
    assert (
        caplog.text.count("'mine' is") == 1
        and f"'mine' is {state} in network 0: its neurons fire at" in caplog.text
        and "Hz on average in a trial" in caplog.text
        and "the bias" in caplog.text
    )
