"""Parts that a network lacks, or that run at the wrong time, are named at the first run; correct
networks run in silence.
"""

import re

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Synapses, defaultclock, ms, network_operation

from brian_rflo import (
    RFLO,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    FeedbackSynapses,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.credit import (
    FORCE,
    AdaptiveFeedback,
    Credit,
    LeakDNI,
    LocalDNI,
    SymmetricFeedback,
)
from brian_rflo.rules import Instantaneous, RecursiveLeastSquares
from brian_rflo.synapses import SymmetricFeedbackSum
from brian_rflo.tasks import CursorMovements, PeriodicOutput

TAU, TASK = 10 * ms, PeriodicOutput(period=20 * ms)
RATES = "dactivity/dt = (tanh(I_rec) - activity)/(10*ms) : 1\ngain : 1\nfeedback : 1\nI_rec : 1"
SPIKES = """dv/dt = (g + 2 - v)/(20*ms) : 1
            dg/dt = -g/(10*ms) : 1
            dactivity/dt = -activity/(10*ms) : 1
            gain : 1
            feedback : 1"""


def said(caplog):
    """What was said of forgotten parts."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.endswith((".forgotten", ".belated"))
    ]


class Parts:
    """Neurons, a readout and two projections of one's own, in a network with some of them."""

    def __init__(self, neurons=None, rule=None):
        self.neurons, self.readout = neurons or RateNeurons(6, tau=TAU, name="own"), Readout(TASK)
        onto = "g" if "g" in self.neurons.variables else "I_rec"
        self.recurrent = PlasticSynapses(
            self.neurons, self.neurons, rule or RFLO(0.1, tau=TAU), onto=onto, name="rec"
        )
        self.output = PlasticSynapses(
            self.neurons, self.readout, Delta(0.1), onto="output", name="out"
        )
        self.feedback = FeedbackSynapses(self.readout, self.neurons)
        for synapses in (self.recurrent, self.output, self.feedback):
            synapses.connect()
        self.recurrent.w = 0.1
        self.trials = Trials(
            TASK,
            *([self.neurons] if hasattr(self.neurons, "trial_start") else []),
            self.readout,
            self.recurrent,
            self.output,
            name="mytrials",
        )

    def run(self, *more, without=(), trials=2):
        own = (self.neurons, self.readout, self.recurrent, self.output, self.feedback, self.trials)
        network = Network(*(part for part in own if part not in without), *more)
        for _ in range(trials):
            network.run(TASK.duration, namespace={})
        return network


def rates(
    reset=True,
    gain=True,
    phase=schedule.GAIN,
    equations=RATES,
    statement="gain = 1 - tanh(I_rec)**2",
):
    """Neurons of the user's, as parts."""
    mine = NeuronGroup(6, equations, method="euler", name="mine")
    if gain:
        mine.run_regularly(statement, **phase)
    parts = Parts(mine)
    if reset:
        parts.trials.at_start(mine, "activity = 0.1")
    return parts


def spiking(phase):
    mine = NeuronGroup(
        6, SPIKES, threshold="v > 1", reset="v = 0; activity += 1", method="euler", name="mine"
    )
    mine.run_regularly("gain = clip(1 - abs(v - 1), 0, 1)", **phase)
    parts = Parts(mine)
    parts.trials.at_start(mine, "v = 0; g = 0; activity = 0")
    return parts


# Feedback that nothing writes


@pytest.mark.parametrize("built", [False, True], ids=["never built", "left out"])
def test_forgotten_feedback_is_named_once(built, caplog):
    """The weights of the readout learn all the same."""
    parts = Parts()
    before = parts.recurrent.matrix(), parts.output.matrix()
    left_out = [parts.feedback]
    if not built:
        del parts.feedback, left_out[0]
        parts.feedback = parts.trials
    parts.run(without=left_out)
    assert (parts.recurrent.matrix() == before[0]).all() and (
        parts.output.matrix() != before[1]
    ).any()
    assert said(caplog) == [
        "'rec' learns from the feedback of 'own', which is 0 and which nothing in this network"
        " sets. To let it learn, put a FeedbackSynapses(readout, own) into the network."
    ]


def test_feedback_that_arrives_is_not_missed(caplog):
    """By the package, or by what a user writes: a sum, statements, spikes, Python, a number."""

    def summed(parts):
        synapses = Synapses(parts.readout, parts.neurons, "feedback_post = error_pre : 1 (summed)")
        synapses.connect()
        schedule.move(synapses.summed_updaters["feedback_post"], schedule.FEEDBACK)
        return [synapses]

    def spikes(parts):
        source = LIFNeurons(3, tau=TAU, tau_syn=TAU)
        synapses = Synapses(source, parts.neurons, on_pre="feedback_post += 0.1")
        synapses.connect()
        return [source, synapses]

    def python(parts):
        @network_operation
        def teach():
            parts.neurons.feedback = 0.5

        return [teach]

    others = {
        "sum": summed,
        "statements": (
            lambda parts: parts.neurons.run_regularly("feedback = 0.5", **schedule.FEEDBACK) and []
        ),
        "spikes": spikes,
        "Python": python,
        "a number": lambda parts: setattr(parts.neurons, "feedback", 0.5) or [],
        "symmetric": lambda parts: [SymmetricFeedbackSum(parts.output)],
        "part of the group": lambda parts: parts.neurons[:3].run_regularly("feedback = 0.5") and [],
    }
    Parts().run()
    for name, other in others.items():
        parts = Parts(RateNeurons(6, tau=TAU))
        parts.run(*other(parts), without=[parts.feedback], trials=1)
        assert not said(caplog), name


def test_who_does_not_learn_needs_no_feedback(caplog):
    parts = Parts()
    parts.recurrent.plastic = False
    network = parts.run(without=[parts.feedback])
    assert not said(caplog)
    parts.recurrent.plastic = True
    network.run(TASK.duration)
    network.run(TASK.duration)
    assert len(said(caplog)) == 1 and "'rec' learns from the feedback of 'own'" in said(caplog)[0]


@pytest.mark.compiled
def test_who_does_not_learn_needs_no_feedback_in_standalone(caplog):
    with device("cpp_standalone"):
        defaultclock.dt = TASK.dt
        neurons = RateNeurons(4, tau=10 * ms)
        rule = RecursiveLeastSquares()
        LearningNetwork(
            TASK, neurons, RFLO(0.1, tau=TAU), readout_rule=rule, credit=FORCE(), trained=["output"]
        ).train(1)
    assert not said(caplog)


def test_a_rule_that_reads_no_feedback_needs_none(caplog):
    class Hebb(LearningRule):
        update = "activity_post*activity_pre"
        needs_post = ("activity",)

    parts = Parts(rule=Hebb(1e-3))
    before = parts.recurrent.matrix()
    parts.run(without=[parts.feedback])
    assert (parts.recurrent.matrix() != before).any() and not said(caplog)


def test_derived_rules_need_feedback(caplog):
    """The class says nothing of it: it is read off the strings."""
    neurons = DerivedNeurons(
        6,
        "dh/dt = (-h + tanh(I_rec))/(10*ms) : 1",
        activity="h",
        method="euler",
        initial={"h": 0.1},
        name="own",
    )
    parts = Parts(neurons, neurons.rule(0.1))
    parts.run(without=[parts.feedback])
    assert len(said(caplog)) == 1 and "'rec' learns from the feedback of 'own'" in said(caplog)[0]


def test_a_gain_that_nothing_sets_is_named(caplog):
    rates(gain=False).run()
    assert said(caplog) == [
        "'rec' learns from the gain of 'mine', which is 0 and which nothing in this network"
        " sets. To let it learn, write mine.run_regularly('gain = ...', **schedule.GAIN)."
    ]


# Groups that go on from trial to trial


def test_a_group_that_nothing_resets_is_named_once(caplog):
    rates(reset=False).run()
    assert said(caplog) == [
        "Nothing resets 'mine' at the beginning of a trial, so it begins in the state in which"
        " the last trial ended. Write mytrials.at_start(mine, 'activity = ...')."
    ]


def test_neurons_of_the_package_that_trials_were_not_given(caplog):
    neurons, readout = RateNeurons(6, tau=TAU, name="left_out"), Readout(TASK)
    fixed, output = (
        FixedSynapses(neurons, neurons, onto="I_rec"),
        PlasticSynapses(neurons, readout, Delta(0.1), onto="output"),
    )
    fixed.connect()
    output.connect()
    Network(neurons, readout, fixed, output, Trials(TASK, readout, output)).run(TASK.duration)
    assert said(caplog) == [
        "Nothing resets 'left_out' at the beginning of a trial, so it begins in the state in which"
        " the last trial ended. Write Trials(task, ..., left_out)."
    ]


class Stream(PeriodicOutput):
    continuous = True


@pytest.mark.parametrize("task", [TASK, Stream(period=20 * ms)], ids=["trials", "stream"])
@pytest.mark.parametrize(
    "path", [LocalDNI(0.01, 0.01), LeakDNI(0.01, 0.9)], ids=lambda path: type(path).__name__
)
def test_each_plastic_projection_of_a_path_that_no_trials_has_is_named(task, path, caplog):
    neurons, readout = RateNeurons(4, tau=TAU, name="own"), Readout(task)
    output = PlasticSynapses(neurons, readout, Delta(0.1), onto="output", name="out")
    recurrent = PlasticSynapses(neurons, neurons, Instantaneous(0.1, TAU), onto="I_rec", name="rec")
    for part in (output, recurrent):
        part.connect()
    credit = Credit(path, readout, neurons, output)
    trials = Trials(task, neurons, readout, output, recurrent, name="mytrials")
    network = Network(neurons, readout, output, recurrent, *credit, trials)
    credit.projections["own_credit"].plastic = False
    for _ in range(2):
        network.run(task.duration, namespace={})
    named = {part.name for part in credit.parts} - {credit.projections["own_credit"].name}
    assert len(named) == (4 if isinstance(path, LocalDNI) else 2)
    assert len(said(caplog)) == len(named)
    for name in named:
        assert any(text.startswith(f"'{name}' is plastic but was") for text in said(caplog))
    lost = "where its network has diverged" if task.continuous else "not divided by the 20 steps"
    assert all(lost in text and "to 'mytrials'" in text for text in said(caplog))


def test_of_two_trials_that_of_its_groups_names_it_once(caplog):
    objects, lefts = [], []
    for name in ("first", "second"):
        neurons, readout = RateNeurons(6, tau=TAU, name=name), Readout(TASK)
        output = PlasticSynapses(neurons, readout, Delta(0.1), onto="output")
        left = PlasticSynapses(neurons, neurons, RFLO(0.1, tau=TAU), "I_rec", name=f"left_{name}")
        feedback = FeedbackSynapses(readout, neurons)
        for part in (output, left, feedback):
            part.connect()
        trials = Trials(TASK, neurons, readout, output, name=f"trials_{name}")
        objects += [neurons, readout, output, left, feedback, trials]
        lefts.append(left)
    Network(*objects).run(TASK.duration, namespace={})
    assert len(said(caplog)) == 2
    for name, text in zip(("first", "second"), sorted(said(caplog))):
        assert text.startswith(f"'left_{name}' is plastic but was not passed to 'trials_{name}'")


def test_groups_that_need_no_reset_or_have_one(caplog):
    """Without memory; reset by the user in another way; maybe by Python; as a source that nothing
    drives, whose state is the user's affair.
    """
    static = "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1"
    mine = rates(
        reset=False,
        equations=static,
        statement="activity = tanh(I_rec + 0.1)\ngain = 1 - activity**2",
    )
    mine.run()
    by_hand = rates(reset=False)
    by_hand.neurons.run_regularly("activity = 0.1", dt=TASK.duration)
    by_hand.run()
    python = rates(reset=False)
    python.run(network_operation(lambda: None))
    source = NeuronGroup(
        2, "dactivity/dt = (1 - activity)/(50*ms) : 1", method="euler", name="source"
    )
    parts = Parts()
    inward = PlasticSynapses(source, parts.neurons, RFLO(0.1, tau=TAU), onto="I_in")
    inward.connect()
    Network(
        source,
        parts.neurons,
        inward,
        parts.feedback,
        parts.readout,
        Trials(TASK, parts.neurons, inward),
    ).run(TASK.duration)
    assert not said(caplog)


def test_an_activity_made_of_itself_is_a_memory(caplog):
    equations = "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1"
    rates(
        reset=False,
        equations=equations,
        statement="activity = 0.9*activity + 0.1*tanh(I_rec)\ngain = 1 - tanh(I_rec)**2",
    ).run()
    assert (
        len(said(caplog)) == 1
        and "Write mytrials.at_start(mine, 'activity = ...')." in said(caplog)[0]
    )


# Gains that come too early or too late


LATE = dict(when="end")


@pytest.mark.parametrize(
    "phase",
    [{}, schedule.RESET, schedule.INPUT, LATE, schedule.LEARN],
    ids=["Brian2's default", "reset", "before the drive", "end", "learn"],
)
def test_a_gain_of_the_step_before_is_named(phase, caplog):
    rates(phase=phase).run()
    (sentence,) = said(caplog)
    assert (
        "sets the gain of 'mine' at when=" in sentence
        and "'rec' learns with that of the previous step. Write"
        " mine.run_regularly('gain = ...', **schedule.GAIN)."
        in sentence
    )


@pytest.mark.parametrize(
    "phase, named",
    [
        ({}, True),
        (schedule.GAIN, True),
        (schedule.SLOPE, False),
        (schedule.SLOPE.behind(300), False),
        (dict(when="end"), True),
    ],
    ids=str,
)
def test_a_gain_of_spikes(phase, named, caplog):
    spiking(phase).run()
    assert len(said(caplog)) == named and ("**schedule.SLOPE)." in caplog.text) == named


def test_gains_that_are_right(caplog):
    """In its phase, or elsewhere between the drive and the trace; of nothing that changes; without
    a trace; one of several.
    """
    rates().run()
    rates(phase=schedule.GAIN.behind(100)).run()
    rates(phase={}, statement="gain = 0.5").run()
    several = rates(phase={})
    several.neurons.run_regularly("gain = 1 - tanh(I_rec)**2", **schedule.GAIN)
    several.run()
    assert not said(caplog)


@pytest.mark.parametrize("moved", [False, True])
def test_feedback_of_the_step_before_is_named(moved, caplog):
    """A sum of fixed weights is a drive, taken before the readout knows its error."""
    parts = Parts()
    back = FixedSynapses(parts.readout, parts.neurons, sends="error", onto="feedback", name="back")
    back.connect()
    back.w = 0.3
    if moved:
        schedule.move(back.summed_updaters["feedback_post"], schedule.FEEDBACK)
    parts.run(back, without=(parts.feedback,))
    assert len(said(caplog)) == (not moved)
    assert moved or re.search(
        "sums the feedback of 'own' before .* sets error: 'rec' learns with that of the"
        r" previous step. Write FeedbackSynapses\(.*, own\)",
        said(caplog)[0],
    )


def test_the_numbers_of_the_three_are_what_was_said(caplog):
    """As findings had them: the right losses, those without a reset, and those of a late gain."""

    def losses(reset, phase):
        mine = NeuronGroup(20, RATES, method="euler", name="mine*")
        mine.run_regularly("gain = 1 - tanh(I_rec)**2", **phase)
        net = LearningNetwork(TASK, mine, RFLO(0.1, tau=TAU), learn=PerTrial())
        if reset:
            net.trials.at_start(mine, "activity = 0.1")
        mine.activity = 0.1
        return net.train(3, namespace={}).losses[0]

    assert np.allclose(
        losses(True, schedule.GAIN), [0.31681544, 0.31468881, 0.3125994], atol=1e-7
    ) and not said(caplog)
    assert np.allclose(losses(False, schedule.GAIN)[1:], [0.3512516, 0.36938396], atol=1e-7)
    assert len(said(caplog)) == 1 and "Nothing resets 'mine" in said(caplog)[0]
    assert np.allclose(losses(True, {})[1:], [0.31469102, 0.31260426], atol=1e-7)
    assert len(said(caplog)) == 2 and "sets the gain of 'mine" in said(caplog)[1]


def test_standard_networks_lack_nothing(caplog):
    task = CursorMovements(movement=10 * ms, n_movements=2)
    makers = (
        lambda: RateNeurons(6, tau=TAU),
        lambda: LIFNeurons(6, tau=TAU, tau_syn=TAU, bias=2.0),
        lambda: DiscreteLIFNeurons(6, tau=TAU),
    )
    for make, options in zip(
        makers,
        (
            dict(credit=AdaptiveFeedback()),
            dict(learn=PerTrial(), credit=SymmetricFeedback()),
            dict(trained=("output",)),
        ),
    ):
        LearningNetwork(task, make(), RFLO(1e-3, tau=TAU), **options).train(1, namespace={})
    assert not said(caplog)
