"""Synapses that rest for blocks of steps have the numbers of synapses that are visited in each
step, and the same spikes.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    PoissonInput,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    ms,
    prefs,
    set_device,
)
from brian2 import device as brian_device
from helpers import assemble
from resting import assert_equal, frozen, in_pieces, outcome, restored, whole, writes_between

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    ALIFNeurons,
    Delta,
    DiscreteLIFNeurons,
    EProp,
    FeedbackSynapses,
    FiringRate,
    LearningRule,
    LIFNeurons,
    PerStep,
    PlasticSynapses,
    Readout,
    Trials,
)
from brian_rflo.brian.devices import device, reset
from brian_rflo.dense import blocked
from brian_rflo.dense.filters import filter_of
from brian_rflo.neurons import PRESETS
from brian_rflo.rules import AdaptiveEProp
from brian_rflo.tasks import PatternGeneration, PeriodicOutput

pytestmark = pytest.mark.compiled
N, TAU, TAU_SYN = 21, 20 * ms, 50 * ms
TASK = PeriodicOutput(period=75 * ms, dt=1 * ms)  # three full blocks and a part
PATTERN = PatternGeneration(length=150 * ms, seed=1)
RULE = RFLO(learning_rate=0.02, tau=TAU_SYN)


def lif(count=1, size=N, **settings):
    """Neurons that fire at some 60 Hz."""
    rng = np.random.default_rng(5)
    return LIFNeurons(
        size * count,
        tau=TAU,
        tau_syn=TAU_SYN,
        refractory=3 * ms,
        bias=rng.uniform(1.2, 2, size * count),
        name="neurons",
        **settings,
    )


def network(neurons, rule=RULE, task=TASK, **settings):
    """A network whose recurrent weights change in each step."""
    return assemble(task, neurons, rule, update="step", seed=2, **settings)


def with_noise():
    """Spikes of another origin in what is a filter of the neuron's own otherwise."""
    net = network(lif())
    net.add(PoissonInput(net.neurons, "psp", 5, 0 * Hz, 0.1))
    return net


def alif(rule):
    return network(
        ALIFNeurons(
            N, tau=TAU, tau_syn=TAU_SYN, tau_adapt=100 * ms, beta=0.5, bias=1.6, name="neurons"
        ),
        rule,
    )


def discrete(rule, **settings):
    """Neurons that are driven by a constant current."""

    def build():
        neurons = DiscreteLIFNeurons(
            N, tau=TAU, name="neurons", **PRESETS["pattern_generation"] | settings
        )
        net = network(neurons, rule, task=PATTERN, tau_out=TAU)
        neurons.I_in = np.linspace(1, 3, N)
        return net

    return build()


@dataclass(frozen=True)
class Direct(LearningRule):
    """A rule that no filter follows."""

    update = "feedback_post*gain_post*psp_pre"


@dataclass(frozen=True)
class Filtered(LearningRule):
    """A rule with two traces in a row, of which the second decays as fast as its neuron is
    excited.
    """

    traces = "p : 1\nq : 1"
    advance = "p = 0.9*p + gain_post*(psp_pre + 0.1)\nq = (0.95 - 0.1*gain_post)*q + 0.1*p"
    update = "feedback_post*(q + 0.5*p)"
    reset = "p = 0; q = 0"


@dataclass(frozen=True)
class Driven(Filtered):
    """A rule whose presynaptic factor is what spikes of the same projection add to."""

    traces = "p : 1"
    advance = "p = 0.9*p + gain_post*I_rec_pre"
    update = "feedback_post*p"
    reset = "p = 0"


@dataclass(frozen=True)
class Counted(Driven):
    """A rule whose presynaptic factor is a whole number."""

    advance = "p = 0.9*p + gain_post*count_pre"


def counting():
    """Numbers that are rounded in each step."""
    neurons = lif()
    neurons.variables.add_array("count", size=N, dtype=np.int32)
    neurons.run_regularly("count = 0.7*count + 2")
    return network(neurons, Counted(0.02))


@dataclass(frozen=True)
class Overflowing(Driven):
    """A rule whose traces are infinite at the end of a trial."""

    advance = "p = (0.9 + exp(t/ms - 20))*p + gain_post*psp_pre"


def overflows(net):
    """What does not learn is sent as it is, whatever its traces are."""
    net.run(20 * ms)
    net.recurrent.plastic = False
    net.run(55 * ms)
    assert not np.isfinite(net.recurrent.p).all()
    net.run(1 * ms)


def parts(source=slice(None), target=slice(None)):
    """Recurrent, input and readout projections that all learn, and parts of a group."""
    defaultclock.dt = TASK.dt
    rng = np.random.default_rng(3)
    neurons, readout = lif(), Readout(TASK, name="readout")
    times = np.sort(rng.choice(150, 90)) + 0.0
    inputs = SpikeGeneratorGroup(5, np.arange(90) % 5, times * ms, name="inputs")
    learned = {
        "recurrent": PlasticSynapses(
            neurons[source], neurons[target], RULE, onto="I_rec", learn=PerStep(), name="recurrent"
        ),
        "incoming": PlasticSynapses(
            inputs, neurons, RULE, onto="I_rec", learn=PerStep(), name="incoming"
        ),
        "output": PlasticSynapses(
            neurons, readout, Delta(0.02), onto="output", learn=PerStep(), name="output"
        ),
    }
    feedback = FeedbackSynapses(readout, neurons, name="feedback")
    for one in (*learned.values(), feedback):
        one.connect()
        one.w = "0.2*sin(3*i + 1.7*j)"
    trials = Trials(TASK, neurons, readout, *learned.values(), name="trials")
    net = Network(neurons, readout, inputs, *learned.values(), feedback, trials)
    net.neurons, net.networks = neurons, 1
    vars(net).update(learned)
    return net


NETWORKS = {
    "lif": lambda: network(lif()),
    "wide": lambda: network(lif(size=83)),
    "rates": lambda: network(lif(), regularization=FiringRate(20 * Hz, 1)),
    "three_networks": lambda: network(lif(3), networks=3),
    "alif": lambda: alif(RULE),
    "eprop": lambda: network(lif(), EProp(0.02, tau=TAU_SYN)),
    "without_trace": lambda: network(lif(), Direct(0.02)),
    "two_filters": lambda: network(lif(), Filtered(0.02)),
    "driven": lambda: network(lif(), Driven(0.02)),
    "overflowing": lambda: network(lif(), Overflowing(0.02)),
    "noise": with_noise,
    "counting": counting,
    "decay": lambda: network(lif(), optimizer=SGD(decay=20)),
    "no_self": lambda: network(lif(), self_connections=False),
    "no_self_three": lambda: network(lif(3), Filtered(0.02), networks=3, self_connections=False),
    "discrete": lambda: discrete(EProp(1e-2, tau=TAU)),
    "adaptive_eprop": lambda: discrete(
        AdaptiveEProp(0.1, tau=TAU, tau_adapt=100 * ms), beta=0.1, tau_adapt=100 * ms
    ),
}
PARTS = {
    "all": parts,
    "source": lambda: parts(source=slice(3, 15)),
    "target": lambda: parts(target=slice(4, 21)),
    "both": lambda: parts(source=slice(2, 20), target=slice(1, 18)),
}


def one_run(net):
    net.run(150 * ms)


def onto_itself(net):
    """Weights of neurons onto themselves that are sent until the network learns."""
    net.recurrent.plastic = False
    net.recurrent.w["i == j"] = 0.7
    net.run(30 * ms)
    net.recurrent.plastic = True
    net.run(45 * ms)
    net.recurrent.w["i == j"] = -0.7
    net.run(75 * ms)


def watched_later(net):
    """The synapses rest, are watched, and rest again."""
    net.run(33 * ms)
    watcher = StateMonitor(net.recurrent, "w", record=[3, 4], name="watcher")
    net.add(watcher)
    net.run(33 * ms)
    assert net.recurrent.pre.active
    net.remove(watcher)
    net.run(33 * ms)


CASES = [
    # Cython has no rounding without int()
    *((name, whole) for name in NETWORKS if name not in ("counting", "overflowing")),
    *(
        ("lif", scenario)
        for scenario in (in_pieces, writes_between, restored, frozen, watched_later)
    ),
    pytest.param(
        "overflowing", overflows, marks=pytest.mark.filterwarnings("ignore::RuntimeWarning")
    ),
    ("adaptive_eprop", in_pieces),
    ("no_self", onto_itself),
    *((name, in_pieces) for name in PARTS),
]


@pytest.mark.model
@pytest.mark.parametrize(("name", "scenario"), CASES)
def test_blocks_change_nothing(name, scenario):
    build = (NETWORKS | PARTS)[name]
    rested, dense = outcome(build, scenario, "cython")
    walked, _ = outcome(build, scenario, "numpy", rests=False)
    assert dense.why_not_blocked is None
    assert_equal(rested, walked)


@pytest.mark.parametrize(
    "name",
    [
        "lif",
        *(
            pytest.param(name, marks=pytest.mark.model)
            for name in list(NETWORKS)[1:]
            if name != "overflowing"
        ),
    ],
)
def test_blocks_change_nothing_on_standalone(name):
    rested, dense = outcome(NETWORKS[name], whole, "cpp_standalone")
    walked, _ = outcome(NETWORKS[name], whole, "numpy", rests=False)
    assert dense.why_not_blocked is None
    assert_equal(rested, walked)


def spike_filter(net):
    """The filter of spikes that the presynaptic factor of a network is."""
    dense = net.recurrent.dense
    g = blocked.entries(net.recurrent).arrays["g"]
    return filter_of(dense, net.sorted_objects, {}, g)


def test_filters_of_spikes():
    """A factor is a filter as its neurons' equations say, until somebody else writes its state."""
    with device("numpy"):
        defaultclock.dt = TASK.dt
        net = NETWORKS["lif"]()
        found = spike_filter(net)
        slow, fast = np.exp(-1 / 50), np.exp(-1 / 20)
        assert found.names == ["psp_pre", "activity_pre"]
        np.testing.assert_allclose(found.step, [[fast, 1 - fast], [0, slow]], rtol=1e-15)
        np.testing.assert_allclose(found.at_spike, [1 - fast, slow], rtol=1e-14)
        np.testing.assert_allclose(found.drift, [1 - fast, slow - 1], rtol=1e-14)
        assert (found.read, found.offset) == ([1, 0], 0)
        net.neurons.run_regularly("v = 0.9*v")
        assert spike_filter(net) == found
        net.neurons.run_regularly("activity = 0.9*activity*gain")
        assert spike_filter(net) is None


@pytest.mark.model
def test_several_runs_of_one_program():
    """A block ends where a run ends, and another run may not rest."""
    records = []
    for dense in (True, False):
        prefs["brian_rflo.dense_pass"] = dense
        set_device("cpp_standalone", build_on_run=False, directory=None)
        try:
            net = parts()
            watcher = StateMonitor(net.recurrent, "w", record=np.arange(N**2), name="watcher")
            net.run(33 * ms)
            net.recurrent.plastic = False
            net.run(13 * ms)
            net.recurrent.plastic = True
            net.add(watcher)
            net.run(31 * ms)
            assert not dense or "watcher" in net.recurrent.dense.why_not_blocked
            net.remove(watcher)
            net.run(29 * ms)
            brian_device.build(directory=None)
            records.append([np.array(net.recurrent.w), np.array(watcher.w)])
        finally:
            prefs["brian_rflo.dense_pass"] = True
            reset()
    for one, other in zip(*records):
        assert np.abs(one - other).max() <= 1e-12 * np.abs(other).max()
    assert np.ptp(records[0][1], axis=1).max() > 1e-4


@pytest.mark.model
@pytest.mark.parametrize("name", ["lif", "wide", "two_filters", "three_networks", "discrete"])
def test_products_equal_sums_over_spikes(name, monkeypatch):
    """What is no filter of spikes takes a product of the record instead."""
    monkeypatch.setattr(blocked, "filter_of", lambda *_: None)
    rested, dense = outcome(NETWORKS[name], in_pieces, "cython")
    walked, _ = outcome(NETWORKS[name], in_pieces, "numpy", rests=False)
    assert dense.why_not_blocked is None
    assert_equal(rested, walked)


@dataclass(frozen=True)
class Decaying(Direct):
    """A rule that reads the weight."""

    update = "feedback_post*psp_pre - 0.1*w"


@dataclass(frozen=True)
class Bent(Direct):
    """A rule with a trace that is not linear."""

    traces = "p : 1"
    advance = "p = tanh(p) + gain_post*psp_pre"
    update = "feedback_post*p"
    reset = "p = 0"


def plain(net):
    """As it is."""


def watched(net):
    net.add(StateMonitor(net.recurrent, "w", record=[3, 4], name="watcher"))


def delayed(net):
    net.recurrent.delay = 2 * ms


def switched_off(net):
    net.recurrent.pre.active = False


def squared(net):
    net.recurrent.pre.code = "I_rec_post += w**2"


def counted(net):
    net.recurrent.pre.code = "I_rec_post += w*activity_pre"


def onto_membrane(net):
    net.recurrent.pre.code = "v_post += w"


REFUSED = [
    (lambda: network(lif(), optimizer=Adam(decay=20)), plain, "in another form"),
    (lambda: network(lif(), constraint="w = clip(w, -0.2, 0.2)"), plain, "in another form"),
    (lambda: network(lif(), Decaying(0.1)), plain, "depends on the weight"),
    (lambda: network(lif(), Bent(0.1)), plain, "filtered linearly"),
    (NETWORKS["lif"], watched, "'watcher' uses w"),
    (NETWORKS["lif"], delayed, "with a delay"),
    (NETWORKS["lif"], switched_off, "was switched off"),
    (NETWORKS["lif"], squared, "multiples of the weight"),
    (NETWORKS["lif"], counted, "multiples of the weight"),
    (NETWORKS["lif"], onto_membrane, "refractory neurons"),
]


@pytest.mark.parametrize(("build", "change", "reason"), REFUSED)
def test_what_does_not_rest(build, change, reason):
    with device("cython"):
        defaultclock.dt = TASK.dt
        net = build()
        change(net)
        assert reason in next(blocked.problems(net.recurrent.dense, net.sorted_objects, {}))


@pytest.mark.model
@pytest.mark.parametrize(
    ("filtered", "build"),
    [(True, PARTS["both"]), (False, NETWORKS["three_networks"])],
    ids=["filters", "products"],
)
def test_sanitizers(filtered, build, capfd, monkeypatch):
    """No report of the address and undefined-behaviour sanitizers, in vectors of either width."""
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    more = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-O1"]
    if not filtered:
        monkeypatch.setattr(blocked, "filter_of", lambda *_: None)
        more.append("-mno-avx512f")
    for name in ("codegen.cpp.extra_compile_args_gcc", "codegen.cpp.extra_link_args"):
        monkeypatch.setitem(prefs, name, [*prefs[name], *more])
    rested, dense = outcome(build, one_run, "cpp_standalone")
    walked, _ = outcome(build, one_run, "numpy", rests=False)
    assert dense.why_not_blocked is None
    assert_equal(rested, walked)
    assert "runtime error" not in "".join(capfd.readouterr())
