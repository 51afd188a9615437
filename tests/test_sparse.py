"""Projections that are not connected all to all: slices, Brian2's order, and ordinary objects give
the same numbers.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Network, StateMonitor, defaultclock, ms, prefs, set_device
from brian2 import device as brian_device
from resting import assert_equal, outcome, whole
from test_dense import (
    INPUTS,
    Filtered,
    Kept,
    N,
    build,
    clips,
    difference,
    everything,
    from_outside,
    frozen,
    in_pieces,
    kicks,
    monitor_between,
    plain,
    rarely,
    records,
    restored,
    surgery,
    surgery_within,
)
from test_lazy import RULE, TASK, lif

from brian_rflo import (
    Adam,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    PerStep,
    PerTrial,
    RateNeurons,
)
from brian_rflo.brian.devices import device
from brian_rflo.dense import slices
from brian_rflo.network import Murray2019, Sparse

pytestmark = pytest.mark.compiled


def some(p):
    """Connections that are the same on all targets."""
    return dict(condition=f"(7*i + 3*j + i*j) % 10 < {10 * p}")


#: In no order, and some twice.
rng = np.random.default_rng(5)
SHUFFLED = dict(zip("ij", rng.integers(0, N, (2, 60))))
WITHIN = dict(condition=f"i//{N} == j//{N} and (7*i + 3*j + i*j) % 10 < 4")


@dataclass(frozen=True)
class Choosing(LearningRule):
    """A rule of two traces and four variables of the presynaptic neurons with all that vector types
    can do.
    """

    tau: object
    traces = """dp/dt = (gain_post*activity_pre - p)/tau : 1 (clock-driven)
                ds/dt = (p - s*I_rec_pre)/(2*tau) : 1 (clock-driven)"""
    update = (
        "feedback_post*where(p > 0.001 and s > 0, s, -p/2)*(1 + gain_pre)"
        " - clip(0.01*w, -0.003, inf)*where(i != j, 1 + w**2, j - i + 2)"
        "/(2 + sqrt(abs(s)**3 + 0.1))"
    )
    reset = "p = 0; s = 0"


def writes_between(p):
    p.network.run(25 * ms)
    p.recurrent.w["i == 3"] = 0.5
    p.recurrent.w["i == 2"] = "0.9*w"
    p.neurons.activity = "activity + 0.01*i"
    p.recurrent.trace = 0.1
    p.network.run(25 * ms)


def looked_at(p):
    for name, names, record, when in (
        ("look", ["w"], [0, 5], "start"),
        ("again", ["w", "trace"], [7], "end"),
    ):
        p[name] = StateMonitor(
            p.recurrent, names, record=record, when=when, name=f"{p.recurrent.name}_{name}"
        )
        p.network.add(p[name])
    in_pieces(p)


TWO = dict(rule=Filtered(learning_rate=0.5, tau=10 * ms))
CHOOSING = dict(rule=Choosing(learning_rate=0.5, tau=10 * ms))
KEPT = dict(rule=Kept(learning_rate=0.5, tau=10 * ms))

#: What happens, to what network, and the beginning of why it was not in slices.
CASES = {
    "without_trials": (in_pieces, dict(trials=False), None),
    "trials": (in_pieces, {}, None),
    "sparse": (in_pieces, dict(connect=some(0.1)), None),
    "nearly_dense": (in_pieces, dict(connect=some(0.9)), None),
    "none": (plain, dict(connect=dict(condition="False")), None),
    "shuffled": (in_pieces, dict(connect=SHUFFLED), None),
    "twice": (in_pieces, dict(connect=some(0.3) | dict(n=2)), None),
    "per_trial": (in_pieces, dict(update="trial"), None),
    "writes": (writes_between, {}, None),
    "kicks": (kicks, dict(trials=False), None),
    "frozen": (frozen, {}, None),
    "three_networks": (in_pieces, dict(networks=3, connect=WITHIN), None),
    "subgroups": (in_pieces, dict(source=slice(2, 9), target=slice(4, 13)), None),
    "few_targets": (in_pieces, dict(target=slice(4, 6)), None),
    "inputs": (plain, dict(task=INPUTS), None),
    "functions": (plain, TWO, None),
    "choices": (in_pieces, CHOOSING, None),
    "kept_trace": (in_pieces, KEPT, None),
    "looked_at": (looked_at, {}, None),
    "clips": (clips("end"), {}, "'clips_0_recurrent_clip_end' uses w"),
    "clips_functions": (clips("start"), TWO, "'clips_functions_0_recurrent_clip_start' uses w"),
    "clips_choices": (clips("end"), CHOOSING, "'clips_choices_0_recurrent_clip_end' uses"),
    "clips_shuffled": (clips("end"), dict(connect=SHUFFLED), "'clips_shuffled_0"),
    "clips_subgroups": (
        clips("end"),
        dict(source=slice(2, 9), target=slice(4, 13)),
        "'clips_subgroups_0",
    ),
}


def outcomes(cases, precision=np.float64, ways=(True, False)):
    """Records of the cases by each way, from one C++ program; and why the first way had no
    slices.
    """
    made, reasons, before = {}, {}, prefs["core.default_float_dtype"]
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        prefs["core.default_float_dtype"] = precision
        try:
            for name, (scenario, settings, _) in cases.items():
                for way, prefs["brian_rflo.dense_pass"] in enumerate(ways):
                    settings = dict(connect=some(0.4)) | settings
                    made[name, way] = p = build(prefix=f"{name}_{way}_", recorded=(), **settings)
                    p["seen"] = StateMonitor(
                        p.neurons,
                        ["activity", "feedback", "I_rec"],
                        record=True,
                        name=f"{name}_{way}_seen",
                    )
                    p.network.add(p.seen)
                    scenario(p)
                    dense = p.recurrent.dense
                    assert (dense.why_not_sparse is None) == prefs["brian_rflo.dense_pass"]
                    reasons.setdefault(name, dense.why_not_sliced)
            brian_device.build(directory=None)
            return {case: records(p) for case, p in made.items()}, reasons
        finally:
            prefs["core.default_float_dtype"], prefs["brian_rflo.dense_pass"] = before, True


def filled(found):
    """Records without those of nothing."""
    return {name: values for name, values in found.items() if values.size}


def check(cases, precision=np.float64, most=1e-12):
    """Both ways agree, and the first was in slices where it should."""
    results, reasons = outcomes(cases, precision)
    results = {case: filled(found) for case, found in results.items()}
    assert {
        name: reason
        for name, reason in reasons.items()
        if not (reason or "").startswith(cases[name][2] or "")
        or (reason is None) != (cases[name][2] is None)
    } == {}
    differences = {name: difference(results[name, 0], results[name, 1]) for name in cases}
    assert max(differences.values()) < most, differences
    return results


FEW = ("choices",)


def test_same_numbers():
    check({name: CASES[name] for name in FEW})


@pytest.mark.model
@pytest.mark.parametrize("part", range(4))
def test_same_numbers_whatever_happens(part):
    check({name: CASES[name] for name in [name for name in CASES if name not in FEW][part::4]})


PASS = "it ran as a pass"


def both(scenario, expected=PASS, **settings):
    """The records of a scenario by the pass, compiled by Cython, and by ordinary objects in
    NumPy.
    """
    results, settings = [], dict(connect=some(0.4), recorded=()) | settings
    for fused in (True, False):
        prefs["brian_rflo.dense_pass"] = fused
        try:
            with device("cython" if fused else "numpy"):
                p = build(**settings)
                for when in ("start", "end"):
                    names = ["w", *p.recurrent.equations.diff_eq_names]
                    p[f"all_{when}"] = StateMonitor(
                        p.recurrent, names, record=True, when=when, name=f"all_{when}"
                    )
                    p.network.add(p[f"all_{when}"])
                scenario(p)
                reason = p.recurrent.dense.why_not_sparse
                assert not fused or (reason or PASS).startswith(expected)
                results.append(filled(records(p)))
        finally:
            prefs["brian_rflo.dense_pass"] = True
    return results


def interrupted(p):
    for scenario in (in_pieces, frozen, restored, surgery):
        scenario(p)


#: On Cython, in Brian2's order.
RUNTIME = {
    "everything": (everything, {}),
    "surgery_within": (surgery_within, {}),
    "sparse": (in_pieces, dict(connect=some(0.1))),
    "shuffled": (in_pieces, dict(connect=SHUFFLED)),
    "twice": (in_pieces, dict(connect=some(0.7) | dict(n=2))),
    "subgroups": (in_pieces, dict(source=slice(2, 9), target=slice(4, 13), connect=some(0.9))),
    "three_networks": (in_pieces, dict(networks=3, connect=WITHIN)),
    "functions": (interrupted, dict(connect=some(0.9)) | TWO),
    "choices": (interrupted, dict(connect=some(0.9)) | CHOOSING),
    "per_trial": (everything, dict(update="trial")),
}


@pytest.mark.parametrize("name", rarely(RUNTIME, *(name for name in RUNTIME if name != "choices")))
def test_same_numbers_on_cython(name):
    scenario, settings = RUNTIME[name]
    fused, ordinary = both(scenario, **settings)
    assert difference(fused, ordinary) < 1e-12


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 compares with 1e50
def test_single_precision():
    names = "trials", "functions", "choices", "clips"
    results = check({name: CASES[name] for name in names}, np.float32, 2e-5)
    assert results["trials", 0]["recurrent.w"].dtype == np.float32


def check_sanitized(cases, capfd, monkeypatch):
    """No report of the address and undefined-behaviour sanitizers but for arrays that Brian2 never
    frees.
    """
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    before = {
        name: list(prefs[name])
        for name in ("codegen.cpp.extra_compile_args_gcc", "codegen.cpp.extra_link_args")
    }
    for name, more in before.items():
        prefs[name] = [*more, "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    try:
        outcomes(cases, ways=(True,))
    finally:
        for name, more in before.items():
            prefs[name] = more
    assert "runtime error" not in "".join(capfd.readouterr())


@pytest.mark.model
def test_sanitizers(capfd, monkeypatch):
    cases = {name: CASES[name] for name in ("subgroups", "clips_choices")}
    check_sanitized(cases, capfd, monkeypatch)


#: Networks of spiking neurons: what is in the file of lazy rows, with fewer synapses.
SPIKING = {
    "lif": lambda: sparsely(lif(), RULE),
    "adam": lambda: sparsely(lif(), RULE, learn=PerStep(Adam(decay=20))),
    "per_trial": lambda: sparsely(lif(), RULE, learn=PerTrial()),
}


def sparsely(neurons, rule, **settings):
    return LearningNetwork(
        TASK,
        neurons,
        rule,
        connectivity={"recurrent": Sparse(0.4)},
        initial=Murray2019(seed=2),
        **settings,
    )


def test_weights_are_written_back_before_spikes_are_sent():
    with device("numpy"):
        defaultclock.dt = TASK.dt
        sliced = SPIKING["lif"]().recurrent.dense.sliced
        assert any(isinstance(one, slices.SpikingBack) for one in sliced)


@pytest.mark.model
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
@pytest.mark.parametrize("name", SPIKING)
def test_spikes_are_identical(name, target):
    expected, _ = outcome(SPIKING[name], whole, "numpy", rests=False)
    found, dense = outcome(SPIKING[name], whole, target)
    assert dense.why_not_sparse is None
    assert target != "cpp_standalone" or dense.why_not_sliced is None
    assert_equal(found, expected)


def fixed_sums(fused, writes):
    """Activity with fixed sparse weights in C++, and why the sum was not in slices."""
    prefs["brian_rflo.dense_pass"] = fused
    try:
        with device("cpp_standalone"):
            set_device("cpp_standalone", build_on_run=False, directory=None)
            defaultclock.dt = 1 * ms
            neurons = RateNeurons(30, tau=10 * ms, initial=0.3, name="neurons")
            fixed = FixedSynapses(neurons[:25], neurons[3:], onto="I_rec", name="fixed")
            fixed.connect(condition="(7*i + 3*j + i*j) % 10 < 4")
            fixed.w = "sin(3.0*i + 1.7*j)/2"
            if writes:
                fixed.run_regularly("w *= 0.95", dt=3 * ms, when="end", name="shrinks")
            seen = StateMonitor(neurons, ["activity", "I_rec"], record=True, name="seen")
            weight = StateMonitor(fixed, "w", record=[4], name="weight")
            network = Network(neurons, fixed, seen, weight)
            network.run(20 * ms)
            fixed.w["i == 2"] = 0.1
            network.run(20 * ms)
            brian_device.build(directory=None)
            found = {"I_rec": seen.I_rec, "activity": seen.activity, "w": weight.w}
            return {name: np.array(values) for name, values in found.items()}, fixed.dense
    finally:
        prefs["brian_rflo.dense_pass"] = True


@pytest.mark.model
@pytest.mark.parametrize("writes", [False, True])
def test_fixed_weights(writes):
    found, dense = fixed_sums(True, writes)
    expected, _ = fixed_sums(False, writes)
    assert dense.why_not_sparse == ("'shrinks' uses w" if writes else None)
    assert difference(found, expected) < 1e-12


#: What happens, and the beginning of why ordinary objects ran.
FALLBACKS = {
    "between": (monitor_between, "'between' reads trace between"),
    "from_outside": (from_outside, "'onto_summed_variable_w_post' changes w from outside"),
}


@pytest.mark.model
@pytest.mark.parametrize("name", FALLBACKS)
def test_falls_back(name):
    found, ordinary = both(*FALLBACKS[name])
    assert difference(found, ordinary) < 1e-12
