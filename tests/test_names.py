"""Variables of the user's script, whatever they are called, are no other meaning of names in
strings that the user did not write.
"""

import gc
from itertools import cycle

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, ms, run, seed
from brian2.core.variables import ArrayVariable
from brian2.groups.group import Group

from brian_rflo import (
    RFLO,
    Adam,
    ALIFNeurons,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    FeedbackSynapses,
    FiringRate,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    LossMonitor,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.credit import AdaptiveFeedback, SymmetricFeedback
from brian_rflo.network import AllToAll, Murray2019
from brian_rflo.readouts import ChoiceMonitor, Leaky, Linear, Softmax, WinnerTakeAll
from brian_rflo.rules import AdaptiveEProp, RewardHebbian
from brian_rflo.tasks import CursorMovements, EvidenceAccumulation, PeriodicOutput
from brian_rflo.updates import DALE

TAU, CURSOR, PERIODIC = (
    10 * ms,
    CursorMovements(movement=10 * ms, n_movements=2, seed=1),
    PeriodicOutput(period=20 * ms),
)
#: Names that scripts of this field have, beside all that the objects have.
USUAL = [
    "w",
    "tau",
    "tau_syn",
    "tau_m",
    "gain",
    "learning_rate",
    "trace",
    "activity",
    "i",
    "j",
    "k",
    "N",
    "N_pre",
    "N_post",
    "feedback",
    "error",
    "target",
    "output",
    "loss",
    "x",
    "p",
    "b",
    "n",
    "v",
    "dt",
    "t",
    "rate",
    "scale",
    "change",
    "step",
    "where",
]


def rates():
    return LearningNetwork(
        CURSOR,
        RateNeurons(6, tau=TAU, excitatory=np.arange(6) < 4),
        RFLO(0.1, tau=TAU),
        readout=Linear(decay=0.01),
        credit=AdaptiveFeedback(decay=0.01),
        constraint=DALE,
        networks=2,
    )


def rates_at_trial_ends():
    return LearningNetwork(
        CURSOR,
        RateNeurons(8, tau=TAU),
        RFLO(0.1, tau=TAU),
        learn=PerTrial(Adam(decay=10), batch=2, clip_norm=0.1, copies=2),
        regularization=FiringRate(0.1, 1),
        connectivity={"recurrent": AllToAll(self_connections=False)},
    )


def spikes():
    return LearningNetwork(
        CURSOR,
        LIFNeurons(6, tau=TAU, tau_syn=TAU, noise=0.1, bias=2),
        RFLO(0.1, tau=TAU),
        readout=Leaky(TAU),
        credit=SymmetricFeedback(),
        learn=PerTrial(),
    )


def adaptive_spikes():
    return LearningNetwork(
        CURSOR, ALIFNeurons(6, TAU, TAU, 50 * ms, 0.1, bias=2), RFLO(0.1, tau=TAU)
    )


def discrete_spikes():
    task = EvidenceAccumulation(n_cues=1, cue=10 * ms, pause=5 * ms, delay=20 * ms, recall=10 * ms)
    return LearningNetwork(
        task,
        DiscreteLIFNeurons(6, tau=TAU, tau_adapt=50 * ms, beta=0.1),
        AdaptiveEProp(0.1, tau=TAU, tau_adapt=50 * ms),
        readout=Softmax(TAU),
        learn=PerTrial(),
    )


def derived():
    neurons = DerivedNeurons(
        6,
        "dh/dt = (-h + tanh(I_rec + I_in))/ms/15 : 1",
        input=("I_rec", "I_in"),
        activity="h",
        method="euler",
        initial={"h": 0.1},
    )
    return LearningNetwork(CURSOR, neurons, neurons.rule(0.1))


def derived_spikes():
    neurons = DerivedNeurons(
        6,
        "dh/dt = (-h + ge + 2)/(15*ms) : 1\ndge/dt = -ge/(5*ms) : 1",
        input=(),
        on_pre="ge += w",
        threshold="h > 1",
        reset="h = 0",
        surrogate="clip(1 - abs(u), 0, 1)",
    )
    return LearningNetwork(
        PERIODIC, neurons, neurons.rule(0.1, tau_out=TAU), readout=Leaky(TAU), learn=PerTrial()
    )


def parts():
    """By hand: sparse, a fixed projection, a group of units that choose, a user's own group without
    conflicts.
    """
    neurons, readout, units = (
        RateNeurons(6, tau=TAU, inputs=("I_rec", "I_in", "I_out")),
        Readout(PERIODIC),
        WinnerTakeAll(2, 20 * ms),
    )
    recurrent, output = (
        PlasticSynapses(neurons, neurons, RFLO(0.1, tau=TAU), onto="I_rec"),
        PlasticSynapses(neurons, readout, Delta(0.1), onto="output"),
    )
    choosing, current, feedback = (
        PlasticSynapses(neurons, units, RewardHebbian(0.1), onto="z"),
        FixedSynapses(readout, neurons, sends="output", onto="I_out"),
        FeedbackSynapses(readout, neurons),
    )
    recurrent.connect_matrix(np.eye(6))
    output.connect(networks=1)
    for synapses in (choosing, current, feedback):
        synapses.connect()
    current.w = 0.1
    trials = Trials(PERIODIC, neurons, readout, recurrent, output, choosing)
    return Network(
        neurons,
        readout,
        units,
        recurrent,
        output,
        choosing,
        current,
        feedback,
        trials,
        LossMonitor(trials),
        ChoiceMonitor(units),
    )


NETWORKS = (
    rates,
    rates_at_trial_ends,
    spikes,
    adaptive_spikes,
    discrete_spikes,
    derived,
    derived_spikes,
    parts,
)


def names_of(network):
    """All names that its objects have."""
    groups = [obj for obj in network.sorted_objects if isinstance(obj, Group)]
    return sorted(
        {
            name
            for group in groups
            for name in (*group.variables, *(group.namespace or {}), *group.contained_objects)
            if isinstance(name, str) and not name.startswith("_")
        }
    )


def arrays(network):
    """All numbers that a run has left."""
    return {
        f"{obj.name}.{name}": np.array(variable.get_value())
        for obj in network.sorted_objects
        if isinstance(obj, Group)
        for name, variable in obj.variables.items()
        if isinstance(variable, ArrayVariable)
    }


@pytest.mark.parametrize("make", NETWORKS)
def test_names_of_the_script_are_not_those_of_our_strings(make, caplog):
    """The second network is built and run by a script that has arrays, numbers and times under all
    names that the first one has.
    """
    gc.collect()  # both are to have the same names
    seed(3)
    network = make()
    network.run(21 * ms, namespace={})
    expected, names = arrays(network), names_of(network)
    assert len(names) > 30 and {"w", "plastic", "learning_rate"} <= set(names)
    spelled = set().union(
        *(obj._spelled for obj in network.sorted_objects if isinstance(obj, DerivedNeurons))
    )  # by the user
    named = sorted((set(names) | set(USUAL)) - {"ms"} - spelled)
    del network
    gc.collect()
    seed(3)
    script = dict(zip(named, cycle([np.full((3, 3), 7.0), 1e3, 3 * ms])))
    seen = {"make": make, **script}
    exec("network = make()", seen)
    seen["network"].run(21 * ms, namespace=script)
    found = arrays(seen["network"])
    assert set(found) == set(expected) and all(
        np.array_equal(found[name], expected[name], equal_nan=True) for name in expected
    )
    assert "namespace" not in caplog.text, caplog.text


def test_a_sweep_like_script_says_nothing(caplog):
    """The script of a user's: constants called as ours are, a matrix called w, and a training in
    between.
    """
    tau, gain, learning_rate = 30 * ms, 0.5, 1e-3
    net = LearningNetwork(
        PERIODIC,
        LIFNeurons(5, tau=20 * ms, tau_syn=tau, bias=2.0),
        RFLO(learning_rate, tau=tau),
        readout_rule=Delta(3 * learning_rate),
        initial=Murray2019(gain=gain),
    )
    w = net.recurrent.matrix()
    net.train(1)
    net.recurrent.w = "randn()"
    net.recurrent.w["i == j"] = "0"
    assert w.shape == (5, 5) and "namespace" not in caplog.text


def test_what_the_user_writes_may_name_the_script(caplog):
    """Constants of the script in strings of the user's: conditions, probabilities, weights, resets,
    statements; with Brian2's warning where a name is ours too.
    """
    cut, strength, start, near = 3, 0.25, 0.3, 0.5
    neurons, readout = RateNeurons(6, tau=TAU), Readout(PERIODIC)
    recurrent = PlasticSynapses(neurons, neurons, RFLO(0.0, tau=TAU), onto="I_rec")
    recurrent.connect(condition="i < cut", p="near*2")
    recurrent.w = "strength*(1 + 0*rand())"
    recurrent.w["j == cut"] = "2*strength"
    trials = Trials(PERIODIC, neurons, readout, recurrent)
    trials.at_start(neurons, "activity = start")
    neurons.run_regularly("feedback = start", when="end")
    seen = StateMonitor(neurons, ["activity", "feedback"], record=True, when="end")
    Network(neurons, readout, recurrent, trials, seen).run(1 * ms)
    assert (
        len(recurrent) == 18
        and cut
        and near
        and strength
        and (recurrent.w == np.where(np.array(recurrent.j) == 3, 0.5, 0.25)).all()
    )
    assert (
        np.allclose(
            seen.activity[:, 0], 0.9 * start + 0.1 * np.tanh(recurrent.matrix() @ np.full(6, start))
        )
        and (seen.feedback == start).all()
    )
    assert "namespace" not in caplog.text


@pytest.mark.parametrize("write", ["weights", "condition", "statement", "reset"])
def test_a_name_of_ours_in_a_string_of_the_users_is_warned_of(write, caplog):
    tau = gain = gain_post = {"weights": 2.0, "condition": 3.0, "statement": 4.0, "reset": 5.0}[
        write
    ]
    neurons, readout = RateNeurons(6, tau=TAU, name="own"), Readout(PERIODIC)
    recurrent = PlasticSynapses(neurons, neurons, RFLO(0.0, tau=TAU), onto="I_rec", name="rec")
    recurrent.connect(condition="rand() < gain_post" if write == "condition" else None)
    if write == "weights":
        recurrent.w = "tau/second"
    trials = Trials(PERIODIC, neurons, readout, recurrent)
    if write == "reset":
        trials.at_start(neurons, "activity = gain")
    if write == "statement":
        neurons.run_regularly("feedback = gain")
    Network(neurons, readout, recurrent, trials).run(1 * ms)
    assert tau and gain and gain_post and caplog.text.count("namespace with the value") == 1
    assert {
        "weights": "'tau' is an internal variable of group 'rec'",
        "condition": "'gain_post' is an internal variable of group 'rec'",
    }.get(write, "'gain' is an internal variable of group 'own'") in caplog.text


def test_constants_of_the_script_in_derived_neurons(caplog):
    """They count as they were where the neurons are made; Brian2 warns if they have changed."""
    slow, level = 15 * ms, 1.0

    class Mine(DerivedNeurons):
        def __init__(self):
            quick = 5 * ms
            super().__init__(
                3, "dh/dt = (1 - h + tanh(I_rec))/quick : 1", activity="h", method="euler"
            )
            assert quick

    neurons = DerivedNeurons(
        3, "dh/dt = (level - h + tanh(I_rec))/slow : 1", activity="h", method="euler"
    )
    subclassed = Mine()
    run(1 * ms)
    assert (
        np.allclose(neurons.h, 1 / 15)
        and np.allclose(subclassed.h, 0.2)
        and "namespace" not in caplog.text
    )
    slow = 30 * ms
    other = DerivedNeurons(
        3, "dh/dt = (level - h + tanh(I_rec))/slow : 1", activity="h", method="euler", name="other"
    )
    slow = 60 * ms  # noqa: F841 (Brian2 finds it when it runs)
    Network(other).run(1 * ms)
    assert (
        np.allclose(other.h, 1 / 30)
        and level
        and 'The name "slow" refers to different objects' in caplog.text
    )


def test_groups_of_the_users_are_resolved_as_brian2_does(caplog):
    gain = 3.0
    mine = NeuronGroup(
        6,
        "dactivity/dt = (tanh(I_rec) - activity)/(10*ms) : 1\ngain : 1\nfeedback : 1\nI_rec : 1",
        method="euler",
        name="mine",
    )
    mine.run_regularly("gain = 1 - tanh(I_rec)**2", **schedule.GAIN)
    net = LearningNetwork(PERIODIC, mine, RFLO(0.1, tau=TAU), regularization=FiringRate(0.1, 1))
    net.trials.at_start(mine, "activity = 0.1")
    sent = 4.0
    net.train(1)
    assert (
        gain
        and sent
        and "'gain' is an internal variable of group 'mine'" in caplog.text
        and "sent" not in caplog.text
    )


def test_a_variable_named_like_a_trace_of_cells_is_refused():
    """Synapses would read the variable in place of the trace."""

    class Filtered(LearningRule):
        pre_traces = "dslow/dt = (activity_pre - slow)/(20*ms) : 1"
        update = "slow_pre"

    def projection(more):
        model = f"activity : 1\nfeedback : 1\ngain : 1\nI_rec : 1\n{more}"
        mine = NeuronGroup(3, model, name="mine*")
        return PlasticSynapses(mine, mine, Filtered(0.1), onto="I_rec", name="rec*")

    assert "slow_pre" in projection("fast : 1").variables
    with pytest.raises(ValueError, match="keeps 'slow'.*rename the variable"):
        projection("slow : 1")


def test_a_variable_named_like_an_attribute_of_ours_is_refused():
    """`synapses.sum_updater` would be the object, and the variable could not be read."""

    class Hidden(LearningRule):
        traces = "dsum_updater/dt = (gain_post*activity_pre - sum_updater)/(20*ms) : 1"
        update = "sum_updater*feedback_post"

    neurons = RateNeurons(3, 10 * ms)
    with pytest.raises(ValueError, match="'sum_updater'.*attribute of PlasticSynapses.*rename"):
        PlasticSynapses(neurons, neurons, Hidden(0.1), onto="I_rec")
    model = "dx/dt = (-x + I_rec)/(10*ms) : 1\nrule : 1"
    with pytest.raises(ValueError, match="'rule'.*attribute of DerivedNeurons.*rename"):
        DerivedNeurons(3, model, activity="tanh(x)", method="euler")
