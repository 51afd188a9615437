"""Spikes with delays that change between runs: each arrives in the trial in which it was fired, as
long after that as its delay was then.
"""

from itertools import pairwise

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Network,
    SpikeMonitor,
    StateMonitor,
    defaultclock,
    ms,
    prefs,
    set_device,
)
from brian2 import device as brian_device
from targets import LONG

from brian_rflo import RFLO, LearningRule, LIFNeurons, PlasticSynapses, Trials, schedule
from brian_rflo.steps import Step
from brian_rflo.tasks import ArrayTask

T, N, END = 20, 5, 60
#: Those that one C++ program has.
IN_PROGRAM = ("none from a boundary on", "shorter within a trial", "each its own")
W = np.random.default_rng(3).normal(size=(N, N)) * 0.3
DIFFERENT = np.random.default_rng(4).integers(0, 9, size=N * N)
#: Delays in steps from a time step on: numbers, or one for each synapse.
CASES = {
    "the same": {0: 6, 20: 6},
    "none from a boundary on": {0: 6, 20: 0},
    "shorter from a boundary on": {0: 6, 20: 2},
    "shorter within a trial": {0: 9, 24: 2},
    "longer within a trial": {0: 2, 32: 8},
    "none within a trial, then longer": {0: 5, 27: 0, 29: 7, 33: 1},
    "each its own": {0: DIFFERENT, 20: DIFFERENT[::-1], 35: DIFFERENT // 2},
    "longer than a trial": {0: 27, 20: 3, 30: 27},
    "first none": {0: 0, 20: 4, 40: 1},
}


def built(name):
    defaultclock.dt = 1 * ms
    task = ArrayTask(target=np.zeros(T), dt=1 * ms)
    neurons = LIFNeurons(N, tau=5 * ms, tau_syn=20 * ms, bias=np.linspace(1.5, 3, N))
    recurrent = PlasticSynapses(neurons, neurons, RFLO(0.0, tau=20 * ms), onto="I_rec")
    # a second pathway of the same neurons, whose delay does not change
    other = PlasticSynapses(neurons, neurons, RFLO(0.0, tau=20 * ms), onto="I_rec")
    for part in (recurrent, other):
        part.connect()
        part.set_matrix(W)
    other.delay = 3 * ms
    spikes = SpikeMonitor(neurons)
    current = StateMonitor(neurons, "I_rec", record=True, when="end")
    trials = Trials(task, neurons, recurrent, other)
    net = Network(neurons, recurrent, other, trials, spikes, current)
    return net, recurrent, spikes, current


def expected(case, spikes):
    """The synaptic currents that follow from the spikes."""
    delays = {begin: np.broadcast_to(delay, N * N) for begin, delay in case.items()}
    arriving = np.zeros((END + 40, N))
    for t, i in zip(np.round(spikes.t / ms).astype(int), spikes.i):
        now = delays[max(begin for begin in delays if begin <= t)].reshape(N, N)[i]  # [post]
        for post in range(N):
            for late in (now[post], 3):
                if (t + late) // T == t // T:
                    arriving[t + late, post] += W[post, i]
    currents, current = np.zeros((N, END)), np.zeros(N)
    for t in range(END):
        current = (current if t % T else 0) * np.exp(-1 / 20) + arriving[t]
        currents[:, t] = current
    return currents


def in_phases(net, recurrent, case):
    begins = [*case, END]
    for begin, end in pairwise(begins):
        if begin or np.any(case[begin]):
            recurrent.delay = case[begin] * ms
        net.run((end - begin) * ms)


def differ(case, spikes, current):
    assert len(spikes.t) > 20
    return np.abs(expected(case, spikes) - current.I_rec).max()


@pytest.mark.parametrize("name", CASES)
def test_delays_changed_between_runs(name):
    net, recurrent, spikes, current = built(name)
    in_phases(net, recurrent, CASES[name])
    assert differ(CASES[name], spikes, current) < 1e-12


@pytest.mark.parametrize("target", [pytest.param(t, marks=LONG) for t in ("cython", "cpp")])
def test_delays_changed_where_code_is_compiled(target):
    if target == "cython":
        prefs.codegen.target = "cython"
        made = {name: built(name) for name in CASES}
        for name, (net, recurrent, _, _) in made.items():
            in_phases(net, recurrent, CASES[name])
    else:
        set_device("cpp_standalone", build_on_run=False, directory=None)
        made = {name: built(name) for name in IN_PROGRAM}
        for name, (net, recurrent, _, _) in made.items():
            in_phases(net, recurrent, CASES[name])
        brian_device.build(directory=None)
    try:
        for name, (_, _, spikes, current) in made.items():
            assert differ(CASES[name], spikes, current) < 1e-12, name
    finally:
        if target == "cpp":
            brian_device.reinit()
            set_device("runtime")


@pytest.mark.parametrize("side", ["pre", "post"])
def test_steps_at_spikes_that_would_arrive_late(side):
    class AtSpikes(LearningRule):
        traces, update = "p : 1", "p"

        @property
        def steps(self):
            return (*super().steps, Step("p += 1", schedule.ARRIVAL, when=f"{side}_spike"))

    task = ArrayTask(target=np.zeros(T), dt=1 * ms)
    neurons = LIFNeurons(N, tau=5 * ms, tau_syn=20 * ms)
    synapses = PlasticSynapses(neurons, neurons, AtSpikes(0.0), onto="I_rec")
    synapses.connect()
    net = Network(neurons, synapses, Trials(task, neurons, synapses))
    net.run(2 * ms)
    getattr(synapses, side).delay = 2 * ms
    with pytest.raises(BrianObjectException) as raised:
        net.run(2 * ms)
    place = "delay" if side == "pre" else "post.delay"
    assert f"Write {synapses.name}.{place} = 0*ms" in str(raised.value.__cause__)
