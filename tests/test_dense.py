"""Dense loops and ordinary Brian2 objects give the same numbers, whatever happens around them."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import (
    Network,
    NetworkOperation,
    NeuronGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    prefs,
    seed,
    set_device,
    stop,
)
from brian2 import device as brian_device

from brian_rflo import (
    RFLO,
    Delta,
    FeedbackSynapses,
    LearningRule,
    LossMonitor,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.network import initial_weights
from brian_rflo.readouts import TaskInput
from brian_rflo.tasks import ArrayTask, PeriodicOutput

pytestmark = pytest.mark.compiled
N = 13
TASK = PeriodicOutput(period=20 * ms)


def rarely(names, *long):
    """Names, of which some are run with ``-m model`` only: they need code compiled that nothing
    else needs.
    """
    return [pytest.param(name, marks=pytest.mark.model) if name in long else name for name in names]


class Parts(dict):
    """The objects of a network by name."""

    __getattr__ = dict.__getitem__


def build(
    rule=None,
    update="step",
    trials=True,
    networks=1,
    connect=None,
    source=None,
    target=None,
    task=TASK,
    recorded=("start", "end"),
    prefix="",
):
    """A small learning network with monitors of everything; every object has its own name, so that
    compiled code is found again.
    """
    defaultclock.dt = task.dt
    weights = initial_weights(N, task.n_inputs, task.n_outputs, networks, 1.5, 3)
    p = Parts(
        neurons=RateNeurons(N * networks, tau=10 * ms, initial=0.3, name=prefix + "neurons"),
        readout=Readout(task, networks=networks, name=prefix + "readout"),
    )
    p["recurrent"] = PlasticSynapses(
        p.neurons[source] if source else p.neurons,
        p.neurons[target] if target else p.neurons,
        rule or RFLO(learning_rate=0.5, tau=10 * ms),
        onto="I_rec",
        name=prefix + "recurrent",
        learn=(PerTrial if update == "trial" else PerStep)(),
    )
    p.recurrent.connect(**(connect or {"networks": networks}))
    p.recurrent.w = "sin(3.0*i + 1.7*j)/2"
    p["output"] = PlasticSynapses(
        p.neurons,
        p.readout,
        Delta(learning_rate=0.5),
        onto="output",
        name=prefix + "output",
        learn=(PerTrial if update == "trial" else PerStep)(),
    )
    p["feedback"] = FeedbackSynapses(p.readout, p.neurons, name=prefix + "feedback")
    plastic = [p.recurrent, p.output]
    if task.n_inputs:
        p["inputs"] = TaskInput(task, name=prefix + "inputs")
        p["incoming"] = PlasticSynapses(
            p.inputs,
            p.neurons,
            RFLO(learning_rate=0.5, tau=10 * ms),
            onto="I_in",
            name=prefix + "incoming",
            learn=(PerTrial if update == "trial" else PerStep)(),
        )
        p.incoming.connect()
        p.incoming.w = "cos(2.0*i + j)"
        plastic.append(p.incoming)
    for name in ("output", "feedback"):
        p[name].connect(networks=networks)
        p[name].set_matrix(weights[name] if networks > 1 else weights[name][0])
    if trials:
        p["trials"] = Trials(
            task, p.neurons, p.readout, *plastic, networks=networks, name=prefix + "trials"
        )
        p["losses"] = LossMonitor(p.trials, name=prefix + "losses")
    for when in recorded:
        p[f"synapses_{when}"] = StateMonitor(
            p.recurrent,
            ["w", *p.recurrent.equations.diff_eq_names, *(["change"] if update == "trial" else [])],
            record=np.arange(p.recurrent._size()),
            when=when,
            name=f"{prefix}synapses_{when}",
        )
        p[f"neurons_{when}"] = StateMonitor(
            p.neurons,
            ["activity", "gain", "feedback", "I_rec"],
            record=True,
            when=when,
            name=f"{prefix}neurons_{when}",
        )
    p["network"] = Network(*p.values())
    return p


def records(p):
    """Everything that was recorded, and the state at the end."""
    monitors = {
        f"{name}.{v}": np.asarray(getattr(p[name], v))
        for name in p
        if isinstance(p[name], StateMonitor)
        for v in p[name].record_variables
    }
    final = {
        f"{name}.{v}": np.asarray(getattr(p[name], v))
        for name in ("recurrent", "output", "incoming")
        if name in p
        for v in ("w", *p[name].equations.diff_eq_names)
    }
    return monitors | final


def difference(one, other):
    """Largest difference between two sets of records, relative to the largest number of each."""
    assert one.keys() == other.keys()
    return max(
        np.abs(one[name] - other[name]).max() / (np.abs(other[name]).max() or 1) for name in one
    )


def both(scenario, dense_expected=True, on="cython", **settings):
    """The records of a scenario by dense loops, compiled, and by ordinary objects in NumPy."""
    results = []
    for dense in (True, False):
        prefs["brian_rflo.dense_pass"] = dense
        try:
            with device(on if dense else "numpy"):
                p = build(**settings)
                scenario(p)
                assert (p.recurrent.dense.why_not_dense is None) == (dense and dense_expected), (
                    p.recurrent.dense.why_not_dense
                )
                results.append(records(p))
        finally:
            prefs["brian_rflo.dense_pass"] = True
    moved = results[0]["recurrent.w"]
    assert np.isfinite(moved).all()
    return results


def plain(p, steps=50):
    p.network.run(steps * ms)


def in_pieces(p):
    for steps in (1, 1, 17, 1, 19, 11):
        p.network.run(steps * ms)


def writes_between(p):
    p.network.run(25 * ms)
    p.recurrent.w["i == 3 and j == 7"] = 0.5
    p.recurrent.w["i == 2"] = "0.9*w"
    p.neurons.activity = "activity + 0.01*i"
    p.recurrent.trace = 0.1
    view = p.recurrent.w
    p.network.run(7 * ms)
    view[4, 5] = 0.3
    p.network.run(18 * ms)


def clips(when):
    def scenario(p):
        p.recurrent.run_regularly(
            "w = clip(w, -0.3, 0.3)", when=when, order=20, name=f"{p.recurrent.name}_clip_{when}"
        )
        p.network.run(50 * ms)

    return scenario


def kicks(p):
    p.neurons.run_regularly(
        "activity += 0.05*sin(1.0*i + t/ms)",
        dt=7 * ms,
        when="start",
        order=3,
        name=f"{p.neurons.name}_kick",
    )
    p.network.run(50 * ms)


def drifts(p):
    p.recurrent.run_regularly("tau = (10 + t/second)*ms", when="end", order=3, name="drift")
    p.network.run(50 * ms)


def surgery(p, when="start", dt=3 * ms):
    view = p.recurrent.w

    def cut():
        view[4, 5] = 0.3
        p.recurrent.w[:] = np.asarray(p.recurrent.w) * 0.98

    p.network.add(NetworkOperation(cut, dt=dt, when=when, order=5))
    p.network.run(50 * ms)


def surgery_within(p):
    surgery(p, when="after_resets", dt=1 * ms)


def stopped(p):
    p.network.add(NetworkOperation(stop, dt=9 * ms, **schedule.TRACE.behind(5)))
    for _ in range(6):
        p.network.run(10 * ms)


def restored(p):
    p.network.run(10 * ms)
    p.network.store()
    p.network.run(15 * ms)
    p.network.restore()
    p.network.run(21 * ms)


def frozen(p):
    p.network.run(15 * ms)
    p.recurrent.plastic = False
    p.network.run(15 * ms)
    p.recurrent.plastic = True
    p.recurrent.learning_rate = 0.1
    p.network.run(15 * ms)


def everything(p, own_objects=True):
    """All that may happen, in turn: one network, so that little is compiled."""
    for scenario in (in_pieces, writes_between, frozen, restored):
        scenario(p)
    for scenario in (kicks, drifts, clips("start"), clips("end")) if own_objects else ():
        scenario(p)


SCENARIOS = {
    "plain": plain,
    "in_pieces": in_pieces,
    "writes_between": writes_between,
    "clips_start": clips("start"),
    "clips_end": clips("end"),
    "kicks": kicks,
    "drifts": drifts,
    "surgery": surgery,
    "surgery_within": surgery_within,
    "stopped": stopped,
    "restored": restored,
    "frozen": frozen,
}


@pytest.mark.parametrize("update", ["step", pytest.param("trial", marks=pytest.mark.model)])
def test_dense_equals_ordinary_whatever_happens(update):
    dense, ordinary = both(everything, update=update)
    assert difference(dense, ordinary) < 1e-12


def test_python_code_in_each_step():
    dense, ordinary = both(surgery_within)
    assert difference(dense, ordinary) < 1e-12


@pytest.mark.model
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("update", ["step", "trial"])
def test_dense_equals_ordinary(scenario, update):
    """One thing at a time, to find what is wrong."""
    dense, ordinary = both(SCENARIOS[scenario], update=update, dense_expected=scenario != "stopped")
    assert difference(dense, ordinary) < 1e-12


@pytest.mark.model
def test_one_run_equals_six():
    one, _ = both(plain)
    six, _ = both(in_pieces)
    assert difference(one, six) < 1e-14


@dataclass(frozen=True)
class Filtered(LearningRule):
    """A rule that uses much of what Brian2's strings can say: two traces, functions, numbers of
    neurons, the switch of time.
    """

    tau: object
    traces = """dp/dt = (gain_post*activity_pre - p)/tau : 1 (clock-driven)
                ds/dt = (clip(p, -0.05, 0.2) - s)/(2*tau) : 1 (clock-driven)"""
    update = "feedback_post*s*exp(-abs(i - j)/8.0) - 0.01*tanh(w)*int(t > 3*ms)"
    reset = "p = 0; s = 0"


@dataclass(frozen=True)
class Kept(LearningRule):
    """A trace that outlives the trial."""

    tau: object
    traces = "dtrace/dt = (gain_post*activity_pre - trace)/tau : 1 (clock-driven)"
    update = "2*feedback_post*trace"


INPUTS = ArrayTask(
    inputs=np.sin(np.arange(60.0)).reshape(20, 3),
    target=np.cos(np.arange(40.0)).reshape(20, 2),
    dt=1 * ms,
)

SHAPES = {
    "subgroup_source": dict(source=slice(3, 11)),
    "subgroup_target": dict(target=slice(2, 9)),
    "subgroups": dict(source=slice(0, 5), target=slice(4, 13)),
    "one_to_many": dict(source=slice(4, 5)),
    "many_to_one": dict(target=slice(4, 5)),
    "many_to_three": dict(target=slice(4, 7)),
    "three_networks": dict(networks=3),
    "inputs_and_outputs": dict(task=INPUTS),
    "inputs_trial": dict(task=INPUTS, update="trial", networks=2),
    "without_trials": dict(trials=False),
    "two_traces": dict(rule=Filtered(learning_rate=0.5, tau=10 * ms)),
    "two_traces_trial": dict(rule=Filtered(learning_rate=0.5, tau=10 * ms), update="trial"),
}


@pytest.mark.parametrize(
    "name",
    rarely(
        SHAPES,
        "one_to_many",
        "many_to_one",
        "subgroup_source",
        "subgroup_target",
        "two_traces",
        "two_traces_trial",
        "without_trials",
        "inputs_and_outputs",
        "inputs_trial",
        "three_networks",
    ),
)
def test_shapes_and_rules(name):
    dense, ordinary = both(plain, **SHAPES[name])
    assert difference(dense, ordinary) < 1e-12


def everything_between_runs(p):
    everything(p, own_objects=False)


HISTORIES = {
    "everything": (everything_between_runs, {}),
    "plain": (plain, {}),
    "in_pieces": (in_pieces, {}),
    "writes_between": (writes_between, {}),
    "frozen": (frozen, {}),
    "restored": (restored, {}),
    "clips": (clips("end"), {}),
    "three_networks": (in_pieces, dict(networks=3)),
    "subgroups": (in_pieces, dict(source=slice(0, 5), target=slice(4, 13))),
    "inputs": (in_pieces, dict(task=INPUTS)),
    "kept_trace": (in_pieces, dict(rule=Kept(learning_rate=0.5, tau=10 * ms))),
}


@pytest.mark.parametrize(
    "name", rarely(HISTORIES, *(name for name in HISTORIES if name != "everything"))
)
def test_histories_equal_the_sum_of_steps(name):
    scenario, settings = HISTORIES[name]
    reasons = []
    dense, ordinary = both(
        lambda p: (scenario(p), reasons.append(p.recurrent.dense.why_not_batched)),
        update="trial",
        recorded=(),
        **settings,
    )
    assert reasons[0] is None
    assert difference(dense, ordinary) < 1e-12


@pytest.mark.model
def test_histories_only_where_nobody_looks():
    reasons = []
    for settings in (
        dict(update="trial"),
        dict(update="step", recorded=()),
        dict(update="trial", recorded=(), rule=Filtered(learning_rate=0.5, tau=10 * ms)),
    ):
        both(lambda p: (plain(p, 1), reasons.append(p.recurrent.dense.why_not_batched)), **settings)
    assert [reasons[k] for k in (0, 2, 4)] == [
        "'synapses_start' uses change, trace",
        "weights do not change at the end of trials",
        "its update is not a sum of products of neurons",
    ]


@dataclass(frozen=True)
class Noisy(Filtered):
    """A rule that also draws a random number for each synapse and step."""

    update = Filtered.update + " + 0.01*(rand() - 0.5)"


STANDALONE = {
    "noisy": dict(
        rule=Noisy(learning_rate=0.5, tau=10 * ms),
        source=slice(0, 5),
        target=slice(4, 13),
        task=INPUTS,
        recorded=("end",),
    ),
    "histories": dict(update="trial", networks=3, recorded=()),
}


def standalone(cases, precision=np.float64):
    """Records of all cases by dense loops and by ordinary objects, from one C++ program."""
    made = {}
    before = prefs["core.default_float_dtype"]
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        prefs["core.default_float_dtype"] = precision
        try:
            for name, settings in cases.items():
                for dense in (True, False):
                    prefs["brian_rflo.dense_pass"] = dense
                    made[name, dense] = p = build(prefix=f"{name}_{int(dense)}_", **settings)
                    seed(7)
                    clips("end")(p)
                    assert (p.recurrent.dense.why_not_dense is None) == dense, (
                        p.recurrent.dense.why_not_dense
                    )
            brian_device.build(directory=None)
            return {case: records(p) for case, p in made.items()}
        finally:
            prefs["core.default_float_dtype"], prefs["brian_rflo.dense_pass"] = before, True


def test_standalone():
    results = standalone(STANDALONE)
    differences = {
        name: difference(results[name, True], results[name, False]) for name in STANDALONE
    }
    assert max(differences.values()) < 1e-12, differences


@pytest.mark.model
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # Brian2 compares with 1e50
def test_single_precision():
    results = standalone({"histories": STANDALONE["histories"]}, np.float32)
    assert results["histories", True]["recurrent.w"].dtype == np.float32
    assert difference(results["histories", True], results["histories", False]) < 1e-5


@pytest.mark.model
def test_sanitizers(capfd, monkeypatch):
    """The same program under the address and undefined-behaviour sanitizers: no report but for
    arrays that Brian2 never frees.
    """
    monkeypatch.setenv("ASAN_OPTIONS", "detect_leaks=0")
    before = {
        name: list(prefs[name])
        for name in ("codegen.cpp.extra_compile_args_gcc", "codegen.cpp.extra_link_args")
    }
    for name, flags in before.items():
        prefs[name] = [*flags, "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    try:
        standalone(STANDALONE)
    finally:
        for name, flags in before.items():
            prefs[name] = flags
    assert "runtime error" not in "".join(capfd.readouterr())


def monitor_between(p):
    p.network.add(
        StateMonitor(p.recurrent, "trace", record=True, when="thresholds", name="between")
    )
    plain(p)


def change_between(p):
    p.recurrent.run_regularly("trace = 0.9*trace", when="thresholds", name="change_between")
    plain(p)


def from_outside(p):
    drive = NeuronGroup(1, "x : 1", name="drive")
    onto = Synapses(drive, p.recurrent, "decay : 1\nw_post = 0.3*decay : 1 (summed)", name="onto")
    onto.connect()
    onto.decay = 1
    p.network.add(drive, onto)
    plain(p)


def rule(traces, update="feedback_post*trace", reset="trace = 0"):
    """A rule of the given strings."""
    made = dataclass(frozen=True)(
        type(
            "Made",
            (LearningRule,),
            dict(__annotations__={"tau": object}, traces=traces, update=update, reset=reset),
        )
    )
    return dict(rule=made(learning_rate=0.5, tau=10 * ms))


def early_clip(p):
    p.recurrent.run_regularly("w = 0.98*w", when="before_start", name="early")
    plain(p)


def moved(p):
    p.recurrent.dense.summed.when = "before_groups"
    plain(p)


def switched_off(p):
    p.recurrent.dense.learner.active = False
    plain(p)
    assert not p.recurrent.dense.learner.active


def records_subexpression(p):
    p["elig"] = StateMonitor(p.recurrent, "elig", record=True, name="elig")
    p.network.add(p.elig)
    plain(p)


TRACE = "dtrace/dt = (gain_post*activity_pre - trace)/tau : 1 (clock-driven)"

#: Scenario, settings, and the beginning of the reason against the pass and of that against
#: histories; None where it is dense.
SUBTLE = {
    "count_of_synapses": (
        plain,
        rule(TRACE.replace("activity_pre", "activity_pre/N_incoming")),
        None,
        "weights",
    ),
    "numbers_in_traces": (
        plain,
        rule(TRACE.replace("gain_post", "exp(-abs(i - j)/8.0)*gain_post")),
        None,
        "weights",
    ),
    "subexpression": (
        plain,
        rule(TRACE.replace("gain_post", "drive_post")),
        "its traces read 'drive_post'",
        "its traces",
    ),
    "early": (early_clip, {}, None, "weights"),
    "moved": (moved, {}, "'recurrent_summed_variable_I_rec_post' was moved", "'rec"),
    "switched_off": (switched_off, {}, "'recurrent_learn' was switched off", "'rec"),
    "reset_reads": (
        in_pieces,
        rule(TRACE, reset="trace = 0.5*trace") | dict(update="trial", recorded=()),
        None,
        None,
    ),
    "decay_in_time": (
        in_pieces,
        rule(TRACE.replace("- trace", "- trace*(1 + 0.5*sin(t/ms))"))
        | dict(update="trial", recorded=()),
        None,
        None,
    ),
    "looked_at": (
        records_subexpression,
        rule(TRACE + "\nelig = 2*trace : 1") | dict(update="trial", recorded=()),
        None,
        "'elig' uses trace",
    ),
}


@pytest.mark.parametrize(
    "name",
    rarely(SUBTLE, *(name for name in SUBTLE if name not in ("count_of_synapses", "early"))),
)
def test_subtle(name):
    scenario, settings, against_pass, against_histories = SUBTLE[name]
    seen = []
    dense, ordinary = both(
        lambda p: (
            scenario(p),
            seen.append((p.recurrent.dense.why_not_dense, p.recurrent.dense.why_not_batched)),
        ),
        dense_expected=against_pass is None,
        **settings,
    )
    for reason, expected in zip(seen[0], (against_pass, against_histories)):
        assert reason == expected or reason.startswith(expected)
    assert difference(dense, ordinary) < 1e-12


def test_random_numbers_are_drawn_for_each_synapse():
    with device("cpp_standalone"):
        set_device("cpp_standalone", build_on_run=False, directory=None)
        p = build(
            update="trial",
            recorded=(),
            **rule(TRACE, update="feedback_post*trace*(1 + 0.1*randn())"),
        )
        plain(p)
        assert (p.recurrent.dense.why_not_dense, p.recurrent.dense.why_not_batched) == (
            None,
            "it draws random numbers",
        )


@pytest.mark.model
def test_named_noise_falls_back():
    with device("cython"):
        p = build(recorded=(), **rule(TRACE.replace(")/tau", ")/tau + 0.1*xi_1*tau**-0.5")))
        plain(p, 1)
        assert "random numbers" in p.recurrent.dense.why_not_dense


def test_interrupted_run():
    with device("cython"):
        p = build(update="trial", recorded=())
        p.network.store()
        with pytest.raises(KeyError):
            p.network.run(
                20 * ms,
                report=lambda elapsed, done, start, duration: (
                    {}["interrupted"] if done > 0.3 else None
                ),
                report_period=0 * ms,
            )
        p.network.restore()
        plain(p)
        weights = np.array(p.recurrent.w)
        p.network.restore()
        plain(p)
        np.testing.assert_array_equal(weights, p.recurrent.w)


def test_a_stored_network_is_restored_anywhere(tmp_path):
    with device("cython"):
        p = build(update="trial", recorded=())
        p.network.run(40 * ms)
        p.network.store(filename=str(tmp_path / "network"))
        plain(p, 20)
    with device("numpy"):
        q = build(update="trial", recorded=())
        q.network.restore(filename=str(tmp_path / "network"))
        plain(q, 20)
    np.testing.assert_allclose(q.recurrent.w, p.recurrent.w, rtol=1e-12)


FALLBACKS = {
    "without_self": (plain, dict(connect=dict(condition="i != j")), "not connected all to all"),
    "monitor_between": (monitor_between, {}, "'between' reads trace between traces and learning"),
    "change_between": (change_between, {}, "'change_between' reads trace"),
    "python_between": (stopped, {}, "runs Python code between traces and learning"),
    "from_outside": (from_outside, {}, "changes w from outside"),
}


@pytest.mark.parametrize(
    "name", rarely(FALLBACKS, "python_between", "from_outside", "change_between", "without_self")
)
def test_falls_back(name):
    scenario, settings, reason = FALLBACKS[name]
    reasons = []
    dense, ordinary = both(
        lambda p: (scenario(p), reasons.append(p.recurrent.dense.why_not_dense)),
        dense_expected=False,
        **settings,
    )
    assert reason in reasons[0]
    assert difference(dense, ordinary) < 1e-12
