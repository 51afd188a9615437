"""The network of models/buonomano2005, what its table counts, and its benchmark; the rule itself is
in `test_scaling`.
"""

import numpy as np
import pytest
from brian2 import Network, SpikeMonitor, defaultclock, get_device, ms
from brian_rflo.benchmarks import scaling as benchmark
from brian_rflo.benchmarks.brian import Runtime
from brian_rflo.benchmarks.problem import Problem
from brian_rflo.benchmarks.scaling_contestants import Plain, Scaling
from brian_rflo.models.buonomano2005.network import (
    DT,
    N_EXC,
    N_INH,
    N_STIMULUS,
    Circuit,
    Parts,
    drawn,
)
from brian_rflo.models.buonomano2005.scaling import first_of, ranked
from brian_rflo.models.buonomano2005.training import read_task, timed

from brian_rflo.rules import PresynapticScaling
from brian_rflo.tasks import EmptyTask


def test_the_stimulus_receives_nothing():
    for seed in (100, 101):
        found = drawn(seed)
        assert all(found[name][1].min() >= N_STIMULUS for name in ("ee", "ie"))
        assert all(w.min() > 0 for _, _, w in found.values())
        pre, post, _ = found["ee"]
        assert (pre != post).all() and pre.max() == post.max() == N_EXC - 1
        shares = [len(found[name][0]) / size for name, size in sizes().items()]
        assert np.allclose(shares, [0.12, 0.2, 0.2], rtol=0.05)


def sizes():
    """Numbers of pairs of neurons that may be connected."""
    driven = N_EXC - N_STIMULUS
    return {"ee": N_EXC * driven, "ei": N_EXC * N_INH, "ie": N_INH * driven}


def test_networks_side_by_side_fire_as_alone():
    """Without noise in neurons and stimulus: with strong weights beside silent ones."""
    strong = {"ee": np.clip(5 * drawn(100)["ee"][2], 0, 1)}
    counts = [spikes(weights) for weights in ((strong, {}), (strong,), ({},))]
    both, alone, silent = counts
    assert both[:N_EXC].tolist() == alone.tolist() and both[N_EXC:].tolist() == silent.tolist()
    assert alone[N_STIMULUS:].sum() > 1000 > 100 > silent[N_STIMULUS:].sum()


def spikes(weights):
    """Spikes of each excitatory neuron in a trial of 40 ms."""
    defaultclock.dt = DT
    parts = Parts(100, weights=weights, circuit=Circuit(delays=(1.5, 3.0)))
    for group in parts.groups:
        group.namespace["noise"] = 0 * group.namespace["noise"]
    trials, objects = parts.in_trials(EmptyTask(length=40 * ms, dt=DT))
    trials.at_start(parts.excitatory, f"fires_in = int(i % {N_EXC} < {N_STIMULUS})*20 - 1")
    seen = SpikeMonitor(parts.excitatory)
    Network(*objects, seen).run(40 * ms)
    return np.bincount(seen.i, minlength=len(parts.excitatory))


def test_weights_scale_at_the_end_of_a_trial():
    defaultclock.dt = DT
    get_device().seed(100)
    parts = Parts(100, PresynapticScaling(0.01))
    before = np.array(parts.projections["ee"].w)
    _, objects = parts.in_trials(EmptyTask(length=20 * ms, dt=DT))
    Network(*objects).run(20 * ms)
    pre, post, _ = drawn(100)["ee"]
    average = np.array(parts.excitatory.average)
    expected = np.clip(before * (1 + 0.01 * average[pre] * (1 - average[post])), 1e-4, 1)
    assert np.abs(np.array(parts.projections["ee"].w) - expected).max() < 1e-15
    assert (average[:N_STIMULUS] == 0.05).all() and np.abs(expected - before).max() > 1e-5


def test_latencies_are_those_of_first_spikes_where_most_trials_have_one():
    n_steps, one, two = 40, N_STIMULUS, N_STIMULUS + 1
    fired = [(0, 8, one), (0, 12, one), (1, 10, one), (2, 12, one), (1, 5, two), (2, 7, 0)]
    steps, neurons = np.array([(k * n_steps + step, i) for k, step, i in sorted(fired)]).T
    mean, spread = timed(steps, neurons, n_steps, 0, 3)
    assert mean[0] == 2.5 and spread[0] == pytest.approx(np.std([2, 2.5, 3]))
    assert np.isnan(mean[1:]).all() and len(mean) == N_EXC - N_STIMULUS


def test_neurons_are_ranked_by_latency():
    latency = np.arange(N_EXC - N_STIMULUS)[::-1]
    assert ranked({"latency": latency}).tolist() == [*range(N_STIMULUS), *range(N_EXC)[:23:-1]]
    assert first_of(np.array([0, 1, 0.5])) == 1 and np.isinf(first_of(np.array([0.5])))


def test_time_and_curve_are_asked_for_within_the_span():
    task, inside = read_task((15.0, 23.0), 100)
    steps = np.flatnonzero(inside)
    assert (steps[0] * 0.25, steps[-1] * 0.25) == (15, 23)
    time, curve = task.target[inside].T
    assert np.allclose(time, np.linspace(0, 1, len(steps)))
    assert abs(curve.mean()) < 1e-12 and curve.std() == pytest.approx(1)


def test_the_timed_networks_fire_alike(tmp_path):
    found = {}
    for name, kind in {"plain": Plain, "scaling": Scaling}.items():
        own = dict(target="numpy", model=kind.model)
        for part in ("projection", "group"):
            own |= {part: vars(kind)[part]} if part in vars(kind) else {}
        made = type("OnNumpy", (Runtime,), own)()
        made.prepare(Problem(500, mode="trial", kind="spiking"), tmp_path)
        found[name] = made.run(1).output
    assert found["plain"] == pytest.approx(found["scaling"], abs=0.1) and found["plain"] > 1


def test_costs_are_compared_within_rounds():
    found = {"plain": [1e-6, 2e-6, 1e-6], "scaling": [2e-6, 2e-6, 3e-6]}
    text = benchmark.table(Problem(500), found, {"plain": 1.0, "scaling": 1.0})
    assert benchmark.ratios(found).middle == 2 and "2.5" in text and "weights rest" in text
