"""Rules derived from a neuron's text: equal to the hand-written ones where those exist, placed as
they should be, true to finite differences, clear when they cannot be.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Function,
    Hz,
    Network,
    SpikeMonitor,
    StateMonitor,
    defaultclock,
    ms,
    second,
)
from brian_rflo.models.derived.neurons import ADAPTING, ADEX, COBAHH, CONDUCTANCE, IZHIKEVICH
from helpers import assemble
from targets import LONG, NUMPY_FIRST

from brian_rflo import (
    RFLO,
    SGD,
    Adam,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    FiringRate,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
)
from brian_rflo.brian.devices import device
from brian_rflo.checks import check_neurons, check_rule
from brian_rflo.checks.gradient import gradient_error, steady_source
from brian_rflo.derivation import derive
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Leaky
from brian_rflo.rules import AdaptiveEProp
from brian_rflo.tasks import ArrayTask, CursorMovements

CASE = np.load(Path(__file__).parent / "data" / "bellec2020_regression.npz")
CURSOR = CursorMovements(movement=60 * ms, seed=3, input_height=2.0)
N = 12
BELL = "exp(-(u/width)**2)/width"
PSI = "clip(1 - abs(u)/width, 0, 1)/width"
CONSTANTS = dict(
    tau=10 * ms,
    tau_syn=20 * ms,
    tau_adapt=50 * ms,
    theta=1.0,
    width=1.0,
    spike_amplitude=2.5,
    beta=0.1,
)


def tanh(n=N):
    return DerivedNeurons(
        n,
        "dh/dt = (-h + tanh(I_rec + I_in))/tau : 1",
        input=("I_rec", "I_in"),
        activity="h",
        method="euler",
        initial={"h": 0.1},
        namespace=CONSTANTS,
    )


LIF = """dv/dt = (spike_amplitude*I_rec + I_in + bias - v)/tau : 1
dI_rec/dt = -I_rec/tau_syn : 1
dr/dt = -r/tau_syn : 1
bias : 1"""
START = dict(
    v=np.random.default_rng(5).uniform(0, 1, N), bias=np.random.default_rng(6).uniform(0.9, 1.2, N)
)


def lif(n=N, **options):
    """`LIFNeurons`, written down."""
    published = dict(
        input="I_in",
        on_pre="I_rec += w",
        activity="r - 1",
        threshold="v > theta",
        reset="v = 0; r += spike_amplitude",
        ignore="v",
        surrogate=PSI,
        method="exponential_euler",
    )
    neurons = DerivedNeurons(
        n,
        initial={"v": START["v"][:n]},
        namespace=CONSTANTS,
        **(dict(model=LIF) | published | options),
    )
    neurons.bias = START["bias"][:n]
    return neurons


def hand_written_lif():
    return LIFNeurons(
        N,
        10 * ms,
        20 * ms,
        rate_unit=20 * Hz,
        bias=START["bias"],
        initial=START["v"],
        initial_activity=0.0,
    )


def trained(neurons, rule, trials=4, task=CURSOR, readout=0.04, **options):
    """The network, its result, and spikes."""
    net = assemble(
        task,
        neurons,
        rule,
        Delta(readout) if readout else None,
        **(dict(update="trial", gain=1.0, seed=4, optimizer=Adam(decay=5)) | options),
    )
    if "spike" in neurons.events:
        net.add(spikes := SpikeMonitor(neurons))
    result = net.train(trials, namespace={})
    return (
        net,
        result,
        (
            sorted(zip(np.asarray(spikes.t / ms).round(), np.asarray(spikes.i)))
            if "spike" in neurons.events
            else []
        ),
    )


def assert_same(one, other, tolerance):
    for name in ("recurrent", "input", "output"):
        scale = np.abs(other.weights_after[name] - other.weights_before[name]).max()
        assert scale > 1e-4, name
        assert np.abs(one.weights_after[name] - other.weights_after[name]).max() < tolerance, name


@pytest.mark.parametrize(
    "update, target",
    [("step", "numpy"), ("trial", "numpy")]
    + [pytest.param("trial", target, marks=LONG) for target in ("cython", "cpp_standalone")],
)
def test_tanh_is_rflo(update, target):
    results = []
    for derived in (True, False):
        with device(target):
            defaultclock.dt = CURSOR.dt
            neurons = tanh() if derived else RateNeurons(N, tau=10 * ms)
            net, result, _ = trained(
                neurons, neurons.rule(0.02) if derived else RFLO(0.02, tau=10 * ms), update=update
            )
            assert target == "numpy" or net.recurrent.dense.why_not_dense is None
            results.append(result)
    assert_same(*results, 1e-13)


#: What neurons may send of a potential that all of them integrate alike: its trace lives on
#: presynaptic cells, and synapses keep none.
SENT = {"tanh": "tanh(x)", "ReLU": "clip(x, 0, inf)", "sigmoid": "1/(1 + exp(-x))", "linear": "x"}
LINEAR_METHODS = ("euler", "exact", "rk4", "exponential_euler")


def potential(n, sent="tanh(x)", method="euler", **options):
    """Neurons that send a function of their potential."""
    return DerivedNeurons(
        n,
        "dx/dt = (-x + I_rec + I_in)/tau : 1",
        input=("I_rec", "I_in"),
        activity=sent,
        method=method,
        initial={"x": 0.1},
        namespace=CONSTANTS,
        **options,
    )


#: Each function with each integrator; by default each once.
SENT_BY = [
    pytest.param(
        sent, method, id=f"{name}-{method}", marks=[] if number == place else pytest.mark.model
    )
    for number, (name, sent) in enumerate(SENT.items())
    for place, method in enumerate(LINEAR_METHODS)
]


@pytest.mark.parametrize("sent, method", SENT_BY)
def test_synapses_may_keep_no_trace(sent, method):
    """Every other one with a leaky readout, whose filter reads the slope of what was sent in the
    same step.
    """
    check_rule(
        make=lambda size: potential(size, sent, method),
        steps=12,
        tau_out=5 * ms if method in ("exact", "rk4") else None,
    )


@pytest.mark.parametrize("target", NUMPY_FIRST[1:])
@pytest.mark.parametrize(
    "sent, method, readout",
    [("tanh", "euler", {}), ("ReLU", "exact", dict(tau_out=20 * ms))],
    ids=["tanh", "ReLU, filtered"],
)
def test_rules_without_synaptic_traces_are_compiled(sent, method, readout, target):
    results = []
    for where in ("numpy", target):
        with device(where):
            defaultclock.dt = CURSOR.dt
            neurons = potential(N, SENT[sent], method)
            net, result, _ = trained(
                neurons, neurons.rule(0.02, **readout), readout=None, **readout
            )
            assert where == "numpy" or net.recurrent.dense.why_not_dense is None
            results.append(result)
    assert_same(*results, 1e-13)


@pytest.mark.parametrize("update", ["trial", "step"])
def test_rules_without_synaptic_traces_are_the_recursion_by_hand(update):
    rate, trials, keep = 0.02, 3, 1 - 1 / 10
    defaultclock.dt = CURSOR.dt
    neurons = potential(N)
    assert neurons.rule(rate).advance == neurons.rule(rate).traces == ""
    _, result, _ = trained(
        neurons, neurons.rule(rate), trials, update=update, readout=rate, optimizer=SGD()
    )
    W = {name: weights[0].copy() for name, weights in result.weights_before.items()}
    for inputs, target, mask in map(CURSOR.trial, range(trials)):
        x, sent, seen, change = (
            np.full(N, 0.1),
            np.full(N, np.tanh(0.1)),
            {"recurrent": 0, "input": 0},
            dict.fromkeys(W, 0),
        )
        for entered, wanted, counts in zip(inputs, target, mask):
            for name, arriving in (("recurrent", sent), ("input", entered)):
                seen[name] = keep * seen[name] + (1 - keep) * arriving
            x = keep * x + (1 - keep) * (W["recurrent"] @ sent + W["input"] @ entered)
            sent = np.tanh(x)
            error = counts * (wanted - W["output"] @ sent)
            back = (1 - sent**2) * (W["feedback"] @ error)
            steps = {
                "recurrent": np.outer(back, seen["recurrent"]),
                "input": np.outer(back, seen["input"]),
                "output": np.outer(error, sent),
            }
            for name, step in steps.items():
                change[name] = change[name] + rate / CURSOR.n_steps * step
                if update == "step":
                    W[name] += rate / CURSOR.n_steps * step
        if update == "trial":
            W = {name: weights + change[name] for name, weights in W.items()}
    for name in ("recurrent", "input", "output"):
        assert np.abs(result.weights_after[name][0] - result.weights_before[name][0]).max() > 1e-5
        np.testing.assert_allclose(result.weights_after[name][0], W[name], rtol=0, atol=1e-14)


def test_rules_without_synaptic_traces_are_printed_and_saved(tmp_path):
    defaultclock.dt = CURSOR.dt
    neurons = potential(N)
    assert "on each presynaptic cell (x)" in str(
        neurons.rule(0.1)
    ) and "on each synapse" not in str(neurons.rule(0.1))
    net, _result, _ = trained(neurons, neurons.rule(0.02), 2)
    net.save(tmp_path / "net.npz")
    again = net.train(1, namespace={})
    net.load(tmp_path / "net.npz")
    assert_same(net.train(1, namespace={}), again, 1e-15)
    np.testing.assert_array_equal(
        net.train(1, namespace={}).weights_before["recurrent"], again.weights_after["recurrent"]
    )


def test_spiking_neurons_may_keep_no_synaptic_trace_either():
    """What is sent is graded, and no reset touches it."""
    model = dict(
        input=(),
        on_pre="x += w",
        threshold="x > theta",
        reset="",
        surrogate=BELL,
        activity="tanh(x)",
        method="exact",
    )
    check_rule(
        make=lambda size: DerivedNeurons(size, "dx/dt = -x/tau : 1", namespace=CONSTANTS, **model),
        steps=12,
    )


def test_a_filter_reads_the_slope_of_the_same_step():
    """Also where the trace lives on synapses; what is sent may be a subexpression of the model."""
    model = "dx/dt = (tanh(I_rec) - x)/tau : 1\nrate = tanh(x) : 1"
    check_rule(
        make=lambda size: DerivedNeurons(
            size, model, activity="rate", method="euler", namespace=CONSTANTS
        ),
        steps=12,
        tau_out=5 * ms,
    )


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_lif_is_rflo_of_spikes(target):
    """The hand-written trace leaves out a factor, which the learning rate gets: spike_amplitude
    against the 1 - exp(-dt/tau_syn) of exponential Euler.
    """
    ends, rate = [], 3e-5
    factor = 2.5 / (1 - np.exp(-1 / 20))
    for make in (lif, hand_written_lif):
        with device(target):
            defaultclock.dt = CURSOR.dt
            neurons = make()
            net, result, spikes = trained(
                neurons,
                neurons.rule(rate / factor) if make is lif else RFLO(rate, tau=20 * ms),
                readout=1e-4,
                optimizer=SGD(),
            )
            assert target == "numpy" or net.recurrent.dense.why_not_batched is None
            ends.append((result, spikes))
    assert ends[0][1] == ends[1][1] and len(ends[0][1]) > 20
    assert_same(ends[0][0], ends[1][0], 1e-12)


def adaptive(n=N, **options):
    """`DiscreteLIFNeurons` of the classification network, written down: v and a are integrated
    exactly, a spike lowers v by threshold in the next step.
    """
    model = """dv/dt = (scale*(I_rec + I_in) - v)/tau : 1
        da/dt = -a/tau_adapt : 1"""
    constants = CONSTANTS | dict(
        theta=0.6,
        beta=0.3,
        scale=1 / (1 - np.exp(-1 / 10)),
        down=0.6 / np.exp(-1 / 10),
        up=1 / np.exp(-1 / 50),
        height=0.5,
    )
    surrogate = "height*clip(1 - abs(u)/theta, 0, 1)"
    published = dict(
        threshold="v >= theta + beta*a",
        reset="v -= down; a += up",
        ignore="v",
        surrogate=surrogate,
        method="exponential_euler",
        namespace=constants,
    )
    return DerivedNeurons(n, model, input=("I_rec", "I_in"), **(published | options))


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_adaptive_lif_is_eprop(target):
    """With the firing rates held too. A spike raises a, as published, in the next step, without
    decay.
    """
    ends, filtered = [], dict(tau_out=20 * ms)
    for make in (
        adaptive,
        lambda: DiscreteLIFNeurons(
            N, tau=10 * ms, tau_adapt=50 * ms, beta=0.3, **PRESETS["evidence_accumulation"]
        ),
    ):
        with device(target):
            defaultclock.dt = CURSOR.dt
            neurons = make()
            rule = (
                neurons.rule(2e-3, **filtered)
                if make is adaptive
                else AdaptiveEProp(2e-3, tau=20 * ms, tau_adapt=50 * ms)
            )
            net, result, spikes = trained(
                neurons,
                rule,
                readout=None,
                optimizer=SGD(),
                self_connections=False,
                regularization=FiringRate(10 * Hz, 30),
                **filtered,
            )
            assert target == "numpy" or net.recurrent.dense.why_not_dense is None
            ends.append((result, spikes))
    assert ends[0][1] == ends[1][1] and len(ends[0][1]) > 20
    assert_same(ends[0][0], ends[1][0], 1e-12)


@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_the_regression_network_of_nest(target):
    """The seeded case: the weights after its first trial."""
    model, constants = (
        "dv/dt = (I_rec + I_in - v)/tau : 1",
        dict(tau=30 * ms, theta=0.03, down=0.03 / np.exp(-1 / 30)),
    )
    task = ArrayTask(target=CASE["target"].T, inputs=CASE["input_raster"].astype(float), dt=1 * ms)
    weights = {
        "input": CASE["w_in"],
        "recurrent": CASE["w_rec"],
        "output": CASE["w_out"],
        "feedback": CASE["b_feedback"],
    }
    with device(target):
        defaultclock.dt = task.dt
        neurons = DerivedNeurons(
            100,
            model,
            input=("I_rec", "I_in"),
            threshold="v >= theta",
            reset="v -= down",
            ignore="v",
            surrogate="0.3/theta*clip(1 - abs(u)/theta, 0, 1)",
            method="exponential_euler",
            namespace=constants,
        )
        net = LearningNetwork(
            task,
            neurons,
            neurons.rule(1e-4, tau_out=30 * ms),
            readout=Leaky(30 * ms),
            learn=PerTrial(window=1),
            regularization=FiringRate(10 * Hz, 300),
            connectivity={"recurrent": AllToAll(self_connections=False)},
            initial=weights,
        )
        after = net.train(1, namespace={}).weights_after
        assert target == "numpy" or net.recurrent.dense.why_not_batched is None
    for name, ours in (("in", "input"), ("rec", "recurrent"), ("out", "output")):
        assert np.abs(after[ours][0] - CASE[f"w_{name}_after_1"]).max() < 1e-12
        assert np.abs(after[ours][0] - CASE[f"w_{name}"]).max() > 1e-5


#: Neurons for finite differences, each with a smooth pseudo-derivative; append your own.
SMOOTH = {
    CONDUCTANCE: "exp(-(u/(20*mV))**2)/(20*mV)",
    ADEX: "exp(-((u + v_cut - v_t)/(20*mV))**2)/(20*mV)",
    IZHIKEVICH: "exp(-((u + 80)/20)**2)/20",
    COBAHH: "exp(-((u + 30*mV)/(20*mV))**2)/(20*mV)",
    ADAPTING: None,
}
#: Time steps, in ms, for integrators whose membranes overflow within an upstroke at that of the
#: experiments.
SHORTER = {(ADEX, "rk2"): 0.1, (ADEX, "rk4"): 0.1, (COBAHH, "rk4"): 0.02}
REGIMES = ("spiking", "subthreshold", "frozen")
CASES = [
    (kind, method, regime)
    for kind, smooth in SMOOTH.items()
    for method in kind.methods
    for regime in (REGIMES if smooth and method == kind.method else REGIMES[:1])
]
#: Integrators that the experiments do not use, and all but one case of the slowest neuron, are
#: among the long tests.
CASES = [
    (
        pytest.param(*case, marks=pytest.mark.model)
        if case[1] != case[0].method or (case[0] is COBAHH and case[2] != "spiking")
        else case
    )
    for case in CASES
]


def in_regime(kind, method, regime):
    """Makes neurons that send their membrane too, so that something is sent where spikes are
    frozen.
    """
    changes = dict(method=method)
    if SMOOTH[kind]:
        changes |= dict(
            surrogate="" if regime == "frozen" else SMOOTH[kind],
            activity="r + 0.05*v" if kind is IZHIKEVICH else "r + 0.05*v/mV",
        )
    defaultclock.dt = SHORTER.get((kind, method), kind.dt_ms) * ms
    return lambda size: kind.neurons(
        size,
        np.random.default_rng(3),
        bias=(0.05, 0.2) if regime == "subthreshold" else None,
        **changes,
    )


@pytest.mark.parametrize(
    "kind, method, regime", CASES, ids=lambda value: getattr(value, "label", value)
)
def test_finite_differences(kind, method, regime):
    assert (
        gradient_error(
            in_regime(kind, method, regime),
            steps=80 if kind.dt_ms == 1 or kind is IZHIKEVICH else 100 if kind is COBAHH else 300,
        )
        < 1e-8
    )


@pytest.mark.parametrize("onto", ["I_rec", pytest.param("I_in", marks=pytest.mark.model)])
@pytest.mark.parametrize(
    "make",
    [
        tanh,
        lambda n: lif(n, surrogate=BELL),
        lambda n: lif(n, surrogate=BELL, ignore=()),
        lambda n: lif(n, surrogate=BELL, activity="spike"),
        lambda n: adaptive(n, surrogate=BELL),
    ],
    ids=["tanh", "lif, ignored", "lif, detached", "lif, spike", "adaptive"],
)
def test_finite_differences_of_textbook_neurons(make, onto):
    defaultclock.dt = 1 * ms
    assert gradient_error(make, onto=onto) < 1e-8


@pytest.mark.parametrize("modes", [{"v": "ignore"}, {"v": "surrogate"}, {"r": "detach"}])
def test_another_reset_mode_is_found(modes):
    assert (
        gradient_error(in_regime(CONDUCTANCE, "exponential_euler", "spiking"), modes=modes) > 1e-2
    )


def strings(rule, neurons, **changed):
    """A rule with the strings of a derived one, some of them changed: as if somebody had written it
    by hand, and made a mistake.
    """
    bound = rule.bind(neurons, rule.onto)
    names = (
        "traces",
        "advance",
        "update",
        "reset",
        "pre_traces",
        "pre_advance",
        "pre_reset",
        "phase",
        "constants",
        "with_units",
    )
    counts = tuple(step for step in bound.steps if step.when == "spike")
    steps = property(lambda self: LearningRule.steps.fget(self) + counts)
    kind = type(
        "Mistaken",
        (LearningRule,),
        {name: getattr(bound, name) for name in names} | {"steps": steps} | changed,
    )
    return dataclass(frozen=True)(kind)(1.0)


MISTAKES = {
    "a term": lambda rule: {
        "advance": rule.advance.replace(
            "new_v = J_v_g_post*old_g_pre + ", "new_v = 0.9*J_v_g_post*old_g_pre + "
        )
    },
    "a spike's amplitude": lambda rule: {
        "advance": rule.advance.replace("dz*spike_amplitude + ", "")
    },
    "the reset": lambda rule: {"advance": rule.advance.replace("new_v*(1 - spiked_post)", "new_v")},
    "the old trace of cells": lambda rule: {
        "advance": rule.advance.replace("old_g_pre", "trace_g_pre")
    },
}


#: Those that are planted by default.
FOUND = ("a term", "the reset")


def test_a_derived_rule_is_its_strings():
    """And passes when it is given as such, so that it is the mistakes below that are found."""
    make = in_regime(CONDUCTANCE, "exponential_euler", "spiking")
    assert gradient_error(make, lambda neurons: strings(neurons.rule(1.0), neurons)) < 1e-8


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param(mistake, id=name, marks=[] if name in FOUND else pytest.mark.model)
        for name, mistake in MISTAKES.items()
    ],
)
def test_a_mistake_is_found(mistake):
    def mistaken(neurons):
        rule = neurons.rule(1.0)
        changed = mistake(rule)
        assert changed["advance"] != rule.advance
        return strings(rule, neurons, **changed)

    make = in_regime(CONDUCTANCE, "exponential_euler", "spiking")
    with pytest.raises(AssertionError, match="weight changes differ from finite differences"):
        check_rule(mistaken, make, tolerance=1e-2)


def test_hand_written_rules_are_checked_too():
    defaultclock.dt = 1 * ms
    check_rule(RFLO(1.0, tau=10 * ms), lambda size: RateNeurons(size, tau=10 * ms), tolerance=1e-8)
    with pytest.raises(AssertionError, match="RFLO: weight changes differ"):
        check_rule(RFLO(1.0, tau=11 * ms), lambda size: RateNeurons(size, tau=10 * ms))
    with pytest.raises(ValueError, match="a derived rule is checked on neurons"):
        check_rule(tanh().rule(1.0))


def test_derived_neurons_conform():
    defaultclock.dt = 1 * ms
    check_neurons(lambda size: tanh(size))


PLACES = {
    "tanh": (tanh, "I_rec", (), ("h",)),
    "LIF, spike": (lambda: lif(activity="spike", method="exact"), "I_rec", ("v", "I_rec"), ()),
    "LIF, filtered spikes": (lif, "I_rec", ("v", "I_rec"), ("r",)),
    "LIF, detached": (lambda: lif(ignore=()), "I_rec", ("I_rec",), ("v", "r")),
    "adaptive, spike": (adaptive, "I_rec", ("v",), ("a",)),
    "conductance": (CONDUCTANCE, "g", ("g",), ("v", "r")),
    "AdEx": (ADEX, "I_rec", ("I_rec",), ("v", "a", "r")),
    "Izhikevich": (IZHIKEVICH, "I_rec", ("I_rec",), ("v", "u", "r")),
    "Hodgkin-Huxley": (COBAHH, "g", ("g",), ("v", "m", "n", "h", "r")),
    "LIF, refractory": (
        lambda: lif(
            model=LIF.replace("/tau : 1\n", "/tau : 1 (unless refractory)\n", 1), refractory=3 * ms
        ),
        "I_rec",
        ("I_rec",),
        ("v", "r"),
    ),
    "LIF, heterogeneous": (
        lambda: lif(model=LIF.replace("v)/tau", "v)/tau_m") + "\ntau_m : second (constant)"),
        "I_rec",
        ("I_rec",),
        ("v", "r"),
    ),
}


@pytest.mark.parametrize("make, onto, cells, synapses", PLACES.values(), ids=PLACES)
def test_each_trace_lives_where_it_belongs(make, onto, cells, synapses):
    neurons = make.neurons(5, np.random.default_rng(1)) if hasattr(make, "neurons") else make()
    placement = neurons.derivations[onto].placement
    assert (set(placement.on_cells), set(placement.on_synapses)) == (set(cells), set(synapses))


@pytest.mark.parametrize("kind", [ADEX, IZHIKEVICH], ids=lambda kind: kind.label)
def test_traces_stay_bounded_through_an_upstroke(kind):
    """One second of spiking."""
    defaultclock.dt = kind.dt
    neurons, source = kind.neurons(4, np.random.default_rng(1)), steady_source(2)
    synapses = PlasticSynapses(source, neurons, neurons.rule(0.0), onto="I_rec")
    synapses.connect()
    synapses.w = 0.05
    largest, spikes = StateMonitor(synapses, "trace_v", record=True), SpikeMonitor(neurons)
    Network(neurons, source, synapses, largest, spikes).run(1000 * ms, namespace={})
    assert spikes.num_spikes > 20
    values = np.abs(np.asarray(largest.trace_v))
    assert np.isfinite(values).all() and 0 < values[:, -200:].max() <= 2 * values[:, :1000].max()


@pytest.mark.parametrize("kind", [ADEX, IZHIKEVICH, CONDUCTANCE], ids=lambda kind: kind.label)
def test_ignoring_the_reset_of_a_neuron_with_an_upstroke_is_warned_of(kind, caplog):
    kind.neurons(4, np.random.default_rng(1), ignore="v")
    assert "the trace of 'v' ignores resets" in caplog.text and "detach=('v',)" in caplog.text


def test_the_published_lif_is_not_warned_of(caplog):
    lif()
    assert "ignores" not in caplog.text


def test_the_derivatives_of_hodgkin_and_huxley_do_not_explode():
    """Of four stages of Runge-Kutta; each written out in the next would be millions of letters."""
    neurons = COBAHH.neurons(2, np.random.default_rng(1), method="rk4")
    assert 20_000 < len(repr(derive(replace(neurons.text), "g"))) < 100_000


def test_a_rule_prints_its_equations():
    defaultclock.dt = 1 * ms
    text = str(CONDUCTANCE.neurons(2, np.random.default_rng(1)).rule(0.1))
    for line in (
        "on each presynaptic cell (g):",
        "trace_g = old_g*exp(-dt/tau)",
        "J_v_v = ",
        "v: detached",
        "r: follows the pseudo-derivative",
        "on each synapse (v, r):",
        "new_v = J_v_g_post*old_g_pre + J_v_v_post*trace_v",
        "trace_v = new_v*(1 - spiked_post)",
        "learning_rate*feedback_post*trace_r",
    ):
        assert line in text


def simple(model="dx/dt = (tanh(I_rec) - x)/tau : 1", **options):
    return DerivedNeurons(
        3,
        model,
        **(
            dict(activity="x", method="euler", namespace=CONSTANTS | dict(mystery=MYSTERY))
            | options
        ),
    )


def two_stages(slow="tau_v", fast="tau_i", size=3, method="exact", more="", **namespace):
    """A current that follows the input, and a potential that follows the current."""
    model = f"dv/dt = (i_syn - v)/{slow} : 1\ndi_syn/dt = (I_rec - i_syn)/{fast} : 1\n{more}"
    return DerivedNeurons(size, model, activity="v", method=method, namespace=namespace)


MYSTERY = Function(np.sin, arg_units=[1], return_unit=1)
SPIKING = dict(
    model=LIF,
    input="I_in",
    on_pre="I_rec += w",
    activity="r",
    threshold="v > theta",
    reset="v = 0; r += spike_amplitude",
    surrogate=PSI,
)
BAD = {
    "unknown function": (
        lambda: simple("dx/dt = (mystery(I_rec) - x)/tau : 1"),
        (
            r"'mystery\(I_rec\)' depends on 'I_rec', and the derivative of the function 'mystery'"
            r" is unknown; write derivatives={\"mystery\""
        ),
    ),
    "constant over dt, of the input": (
        lambda: simple("dx/dt = (s - x)/tau : 1\ns = tanh(I_rec) : 1 (constant over dt)"),
        "the subexpression 's' is constant over dt and reads 'I_rec'",
    ),
    "multiplicative noise": (
        lambda: simple("dx/dt = (tanh(I_rec) - x)/tau + x*xi*tau**-0.5 : 1", method="heun"),
        "random numbers are multiplied by something that depends on 'x'",
    ),
    "no input": (
        lambda: simple("dx/dt = -x/tau : 1"),
        "input='I_rec' must be a variable that the model",
    ),
    "input without effect": (
        lambda: simple("dx/dt = -x/tau : 1\ndy/dt = (I_rec - y)/tau : 1"),
        "the activity 'x' does not depend on 'I_rec'",
    ),
    "equal time constants": (
        lambda: two_stages(tau_v=10 * ms, tau_i=0.01 * second),
        (
            r"divides by 'tau_i - tau_v', which is 0 for tau_i = 10. ms, tau_v = 10. ms. Write one"
            r" name for equal constants, or method='rk4'"
        ),
    ),
    "one of them a number": (
        lambda: two_stages("(10*ms)", tau_i=10 * ms),
        "which is 0 for tau_i = 10. ms",
    ),
    "equal but for rounding": (
        lambda: two_stages("(tau_1 + tau_2)", tau_1=0.1 * ms, tau_2=0.2 * ms, tau_i=0.3 * ms),
        "which is 0 for tau_1 = 100. us, tau_2 = 200. us, tau_i",
    ),
    "equal rates": (
        lambda: two_stages("(1/rate_v)", "(1/rate_i)", rate_v=50 * Hz, rate_i=50 * Hz),
        "which is 0 for rate_i = 50. Hz, rate_v = 50. Hz",
    ),
    "no time constant": (
        lambda: two_stages(tau_v=0 * ms, tau_i=10 * ms, method="euler"),
        "divides by 'tau_v', which is 0 for tau_v = 0. s. Use other values",
    ),
    "a rate of 0": (
        lambda: simple(
            "dx/dt = I_rec/second - rate*x : 1",
            method="exponential_euler",
            namespace=dict(rate=0 * Hz),
        ),
        "divides by 'rate', which is 0 for rate = 0. Hz. Write method='rk4'",
    ),
    "oscillations": (
        lambda: simple(
            "dx/dt = (y - x)/tau : 1\ndy/dt = (I_rec - k*x - y)/tau : 1",
            method="exact",
            namespace=dict(tau=10 * ms, k=4),
        ),
        "takes the root of '-k', which is negative for k = 4. Write method='rk4'",
    ),
    "input sent at once": (
        lambda: simple(activity="tanh(x + I_rec)"),
        "the activity must read state variables; got the input 'I_rec' itself",
    ),
    "input in the threshold": (
        lambda: simple(**SPIKING | dict(threshold="v + I_in > theta")),
        "the threshold must read state variables; got the input 'I_in'",
    ),
    "input in a reset": (
        lambda: simple(**SPIKING | dict(reset="v = I_in; r += spike_amplitude")),
        "the reset of 'v' must read state variables; got the input 'I_in'",
    ),
    "sent a step late": (
        lambda: simple(
            "dx/dt = (tanh(I_rec) - x)/tau : 1\ns = tanh(x) : 1 (constant over dt)",
            activity="x + s",
        ),
        "got 's', which is constant over dt and so a step behind",
    ),
    "activity is an expression": (
        lambda: simple("dx/dt = (I_rec - x)/tau : 1\nactivity = tanh(x) : 1", activity="activity"),
        "'activity' must be a state variable.*write activity='rate'",
    ),
    "units": (
        lambda: simple("dx/dt = (tanh(I_rec)*mV - x)/tau : volt"),
        "activity='x' must be dimensionless",
    ),
    "spike without threshold": (
        lambda: simple(activity="spike"),
        "activity='spike' needs a threshold",
    ),
    "spike without surrogate": (
        lambda: simple(**SPIKING | dict(activity="spike", surrogate="")),
        "needs a pseudo-derivative",
    ),
    "filtered spikes without surrogate": (
        lambda: simple(**SPIKING | dict(surrogate="")),
        "does not depend on 'I_rec'.*give a surrogate",
    ),
    "unit of the surrogate": (
        lambda: simple(**SPIKING | dict(surrogate="1/mV")),
        "must have the unit of 1/u",
    ),
    "two thresholds": (
        lambda: simple(**SPIKING | dict(threshold="v > theta and r < 3")),
        "has 2 comparisons of state variables",
    ),
    "nonlinear in w": (
        lambda: simple(**SPIKING | dict(on_pre="I_rec += w**2")),
        "on_pre must be linear in the weight w",
    ),
    "not added": (lambda: simple(**SPIKING | dict(on_pre="I_rec = w")), "on_pre must be"),
    "factor of the neuron": (
        lambda: simple(**SPIKING | dict(on_pre="I_rec += w*bias")),
        "which must be the same for all neurons",
    ),
    "spikes onto a parameter": (
        lambda: simple(**SPIKING | dict(on_pre="bias += w")),
        "'bias' in on_pre must have a differential equation",
    ),
    "initial": (
        lambda: simple(initial={"y": 0.1}),
        "'y' in initial must have a differential equation",
    ),
    "taken name": (
        lambda: simple("dx/dt = (tanh(I_rec) - x)/tau : 1\ngain : 1"),
        "must not have a variable 'gain'",
    ),
    "detach": (
        lambda: simple(**SPIKING | dict(detach="y")),
        "'y' in ignore or detach is not a state variable",
    ),
    "other neurons": (
        lambda: PlasticSynapses(simple(), simple(name="others"), simple().rule(0.1), onto="I_rec"),
        "this rule was derived from",
    ),
    "other variable": (
        lambda: onto_x(simple(name="mine")),
        "no rule was derived for weights onto 'x' of 'mine'",
    ),
    "negative rate": (lambda: simple().rule(-1), "learning_rate must be finite and not negative"),
}


def onto_x(neurons):
    return PlasticSynapses(neurons, neurons, neurons.rule(0.1), onto="x")


@pytest.mark.parametrize("act, message", BAD.values(), ids=BAD)
def test_bad_input(act, message):
    defaultclock.dt = 1 * ms
    with pytest.raises((TypeError, ValueError), match=message):
        act()


def test_equal_time_constants_of_one_name_are_exact():
    check_rule(make=lambda size: two_stages("tau", "tau", size, tau=10 * ms), steps=12)


def test_equal_time_constants_of_single_neurons_are_found_before_the_run():
    neurons = two_stages(more="tau_v : second (constant)\ntau_i : second (constant)")
    neurons.tau_v, neurons.tau_i = [10, 20, 30] * ms, [20, 20, 20] * ms
    with pytest.raises(BrianObjectException) as error:
        Network(neurons).run(1 * ms, namespace={})
    assert "divides by 'tau_i - tau_v', which is 0 for tau_i = 20. ms, tau_v = 20. ms" in str(
        error.value.__cause__
    )
    neurons.tau_i = 40 * ms
    Network(neurons).run(1 * ms, namespace={})


def test_functions_of_ones_own():
    """With its derivative, one's own function gives the code of one that Brian2 knows."""
    codes = [
        simple(f"dx/dt = ({name}(I_rec) - x)/tau : 1", **options).runners[0].abstract_code
        for name, options in (("mystery", dict(derivatives={"mystery": "cos(x)"})), ("sin", {}))
    ]
    assert codes[0] == codes[1]
