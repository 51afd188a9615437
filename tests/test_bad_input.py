"""Bad input: an error where it was written, that names the object, what was wrong, and what to
write instead.
"""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Hz,
    Network,
    NeuronGroup,
    Quantity,
    defaultclock,
    ms,
    mV,
    second,
)
from helpers import assemble

from brian_rflo import (
    RFLO,
    Adam,
    ALIFNeurons,
    Delta,
    DerivedNeurons,
    DiscreteLIFNeurons,
    EProp,
    FeedbackSynapses,
    FiringRate,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    LIFNeurons,
    LossMonitor,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Task,
    TrainingResult,
    Trials,
    reference,
)
from brian_rflo.checks import check_gradient, check_neurons, check_rule, check_task
from brian_rflo.comparison import compare
from brian_rflo.credit import AdaptiveFeedback, Credit, RandomFeedback, Relay, SymmetricFeedback
from brian_rflo.network import AllToAll, Murray2019, Sparse, initial_weights
from brian_rflo.readouts import (
    ChoiceMonitor,
    Leaky,
    LeakyReadout,
    Linear,
    SoftmaxReadout,
    TaskInput,
    WinnerTakeAll,
)
from brian_rflo.rules import (
    AdaptiveEProp,
    FeedbackDelta,
    LeakyDelta,
    LeakyFeedbackDelta,
    RewardHebbian,
)
from brian_rflo.synapses import AdaptiveFeedbackSynapses, SymmetricFeedbackSum
from brian_rflo.tasks import (
    ArrayTask,
    CursorMovements,
    EvidenceAccumulation,
    IntervalMatching,
    PatternGeneration,
    PeriodicOutput,
    StoreRecall,
)
from brian_rflo.updates import DALE

TAU, RULE = 10 * ms, RFLO(0.1, tau=10 * ms)
TASK = PeriodicOutput(period=20 * ms)
PORTS = "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1\nI_in : 1"


def neurons(N=5, **args):
    return RateNeurons(N, tau=TAU, **args)


def without(port, model=PORTS):
    """A group of the user's, named mine, that lacks a port."""
    return NeuronGroup(5, model.replace(f"{port} : 1\n", ""), name="mine")


def lif(N=5, **args):
    return LIFNeurons(N, tau=TAU, tau_syn=TAU, **args)


def recurrent(group, rule=RULE, **args):
    return PlasticSynapses(group, group, rule, onto=args.pop("onto", "I_rec"), **args)


def connected(**args):
    synapses = recurrent(neurons(), name="rec", **args)
    synapses.connect()
    return synapses


def with_weights(values):
    connected().w = values


def network(task=TASK, group=None, rule=RULE, **args):
    return assemble(task, group or neurons(), rule, **args)


def sparse_matrix():
    synapses = recurrent(neurons(), name="rec")
    synapses.connect(condition="i != j")
    synapses.set_matrix(np.ones((5, 5)))


def spoilt():
    net = LearningNetwork(TASK, neurons(), RULE)
    net.recurrent.w[:] = np.nan
    net.train(1)


def connect_twice():
    connected().connect()


def slow_clock(build):
    defaultclock.dt = 0.1 * ms
    build()


def clock_changed_later():
    net = network()
    defaultclock.dt = 0.5 * ms
    net.run(1 * ms)


def train_within_a_trial():
    net = network()
    net.run(7 * ms, namespace={})
    net.train(1)


def built(**args):
    """A network as a user writes it."""
    return LearningNetwork(TASK, neurons(), RULE, **args)


def without_trials():
    synapses = connected(learn=PerTrial())
    Network(synapses.source, synapses).run(1 * ms)


def two_trials():
    synapses = connected()
    Trials(TASK, synapses)
    Trials(TASK, synapses)


def different(one, other):
    """Two projections of one network that learn by different schedules."""
    group, readout = neurons(), Readout(TASK)
    parts = (
        recurrent(group, learn=one, name="one"),
        PlasticSynapses(group, readout, Delta(0.1), onto="output", name="two", learn=other),
    )
    for part in parts:
        part.connect()
    Trials(TASK, readout, *parts)


@dataclass(frozen=True)
class Misspelt(LearningRule):
    update = "feedback_post*trce"


@dataclass(frozen=True)
class MisspeltTrace(LearningRule):
    traces = "dp/dt = (gain_post*actvity_pre - p)/(10*ms) : 1 (clock-driven)"
    update = "feedback_post*p"


@dataclass(frozen=True)
class MisspeltReset(LearningRule):
    update = "feedback_post*activity_pre"
    reset = "trace = other"


@dataclass(frozen=True)
class Fast(LearningRule):
    tau_fast: Quantity
    traces = "dp/dt = (gain_post*activity_pre - p)/tau_fast : 1 (clock-driven)"
    update = "feedback_post*p"


@dataclass(frozen=True)
class Timed(LearningRule):
    """Divides by `decay` and by `memory`, which are no names of time constants; other parameters
    may be anything.
    """

    decay: Quantity
    memory: Quantity
    tau_ratio: float
    tau_window: Quantity
    traces = "p : 1"
    advance = "p = exp(-dt/(2*decay))*p + tau_ratio*activity_pre*int(t >= tau_window)"
    pre_traces = "q : 1"
    pre_advance = "q = exp(-dt/memory)*q + activity"
    update = "feedback_post*(p + q_pre)/tau_ratio"


def timed(decay=10 * ms, memory=10 * ms):
    return Timed(0.1, decay, memory, tau_ratio=0.5, tau_window=0 * ms)


def baseline(rule="rflo", update="trial", **weights):
    weights = initial_weights(5, 0, 1, 1, 1.5, 0) | weights
    reference.train(
        TASK,
        {name: w for name, w in weights.items() if w is not None},
        rule,
        0.1,
        TAU,
        1,
        update=update,
    )


def trained_baseline(learning_rate=0.1, **args):
    reference.train(
        TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", learning_rate, TAU, 1, **args
    )


def derived(model="dx/dt = (tanh(I_rec) - x)/(10*ms) : 1", **args):
    return DerivedNeurons(4, model, **dict(activity="x", method="euler") | args)


def own_task(sample=None, **attributes):
    """A task of the user's."""
    return type(
        "OwnTask",
        (Task,),
        dict(
            n_steps=5,
            sample=sample or (lambda self, rng: (np.zeros((5, 0)), np.ones((5, 1)), np.ones(5))),
        )
        | attributes,
    )()


class Ragged(PeriodicOutput):
    def sample(self, rng):
        inputs, target, mask = super().sample(rng)
        return inputs, target[:-1], mask


CASES = {
    # groups without a port
    "no gain": (
        lambda: recurrent(without("gain")),
        "'mine' has no variable 'gain'.*RFLO.*add 'gain : 1'",
    ),
    "no activity": (
        lambda: recurrent(without("activity")),
        "'mine' has no variable 'activity'.*add 'activity : 1'",
    ),
    "no feedback": (
        lambda: recurrent(without("feedback")),
        "'mine' has no variable 'feedback'.*add 'feedback : 1'",
    ),
    "no input variable": (
        lambda: recurrent(without("I_rec")),
        "'mine' has no variable 'I_rec'.*onto='I_rec'.*add 'I_rec : 1'",
    ),
    "wrong onto": (
        lambda: recurrent(neurons(name="n"), onto="I_rce"),
        "'n' has no variable 'I_rce'",
    ),
    "port with units": (
        lambda: recurrent(NeuronGroup(5, PORTS.replace("I_rec : 1", "I_rec : volt"), name="mine")),
        "'I_rec' of group 'mine' must be dimensionless.*I_rec\\*mV",
    ),
    "port not stored": (
        lambda: recurrent(
            NeuronGroup(5, PORTS.replace("gain : 1", "gain = 1 - activity**2 : 1"), name="mine")
        ),
        "'gain' of group 'mine' must be stored",
    ),
    "feedback from no error": (
        lambda: FeedbackSynapses(neurons(name="n"), neurons()),
        "'n' has no variable 'error'.*Readout",
    ),
    "feedback onto no port": (
        lambda: FeedbackSynapses(Readout(TASK), without("feedback")),
        "'mine' has no variable 'feedback'",
    ),
    "symmetric without readout": (
        lambda: SymmetricFeedbackSum(connected()),
        "has no variable 'error'",
    ),
    # outputs and inputs against the task
    "another task": (
        lambda: Trials(CursorMovements(movement=20 * ms), Readout(TASK, name="out")),
        "'out' and 'trials.*' must have the same task",
    ),
    "too many inputs": (
        lambda: network(CursorMovements(), inputs=neurons(3, name="three")),
        "CursorMovements has 4 inputs, but 'three' has 3 units; give it 4",
    ),
    "no inputs at all": (lambda: TaskInput(TASK), "PeriodicOutput has no inputs"),
    "weights of wrong shape": (
        lambda: network(weights={"output": np.zeros((2, 5))}),
        r"initial\['output'\] must have shape \(1, 1, 5\).*got \(1, 2, 5\)",
    ),
    "weights not finite": (
        lambda: network(weights={"recurrent": np.full((5, 5), np.nan)}),
        r"initial\['recurrent'\] must be finite; got 25",
    ),
    "weights of nobody": (
        lambda: network(weights={"w_rec": np.zeros((5, 5))}),
        "no 'w_rec'; the names are recurrent, output",
    ),
    "networks do not fit": (
        lambda: network(networks=2),
        "must have networks x copies x N units; got 5 units for networks=2 and copies=1",
    ),
    "no networks": (lambda: network(networks=0), "networks must be a whole number"),
    "credit by name": (
        lambda: built(credit="random"),
        (
            r"credit must be a credit path, for example SymmetricFeedback\(\), or a tuple of a path"
            r" and modulators; got 'random'"
        ),
    ),
    "credit a class": (
        lambda: built(credit=AdaptiveFeedback),
        "credit must be a credit path, .*; got <class",
    ),
    "two credit paths": (
        lambda: built(credit=(RandomFeedback(), SymmetricFeedback())),
        "credit must have one credit path; got RandomFeedback and SymmetricFeedback",
    ),
    "credit of no path": (
        lambda: Credit(RULE, Readout(TASK), neurons()),
        r"Credit: path must be a credit path, for example RandomFeedback\(\); got RFLO",
    ),
    "credit from no group": (
        lambda: Credit(RandomFeedback(), TASK, neurons()),
        "Credit: readout must be a Group, for example net.readout; got PeriodicOutput",
    ),
    "credit to neurons without feedback": (
        lambda: Credit(RandomFeedback(), Readout(TASK), without("feedback")),
        "'mine' has no variable 'feedback'",
    ),
    "readout by name": (
        lambda: built(readout="leaky"),
        r"readout must be one of brian_rflo.readouts, for example Leaky\(.*\); got 'leaky'",
    ),
    "readout a class": (
        lambda: built(readout=Leaky),
        "readout must be one of brian_rflo.readouts, .*; got <class",
    ),
    "readout a group": (
        lambda: built(readout=Readout(TASK)),
        "readout must be one of brian_rflo.readouts, ",
    ),
    "readout rule in the place of the readout": (
        lambda: built(readout=Delta(0.1)),
        "readout must be one of brian_rflo.readouts, .*; got Delta",
    ),
    "leaky readout without units": (
        lambda: Leaky(20),
        "Leaky: tau must be a time, for example 10.ms; got 20",
    ),
    "connectivity by name": (
        lambda: built(connectivity="sparse"),
        (
            r"connectivity must be AllToAll\(...\), Sparse\(probability=0.1\), an array of True and"
            r" False, or a dictionary of 'recurrent', 'input', .*; got 'sparse'"
        ),
    ),
    "connectivity of nobody": (
        lambda: built(connectivity={"outputs": AllToAll()}),
        "connectivity must be .* a dictionary of 'recurrent', 'input', .*; got .'outputs'",
    ),
    "connectivity a flag": (
        lambda: built(connectivity={"recurrent": False}),
        r"connectivity\['recurrent'\] must be a Connectivity, for example AllToAll\(\)",
    ),
    "argument of nobody": (
        lambda: Trials(TASK, clip_nrom=1),
        "^Trials has no argument clip_nrom .got clip_nrom=1.$",
    ),
    "argument misspelt": (
        lambda: Readout(TASK, netwroks=2),
        "Readout has no argument netwroks .got netwroks=2.. Write networks=.",
    ),
    "argument of a schedule": (
        lambda: PlasticSynapses(neurons(), neurons(), RULE, onto="I_rec", update="trial"),
        r"PlasticSynapses has no argument update .* Write learn=PerStep\(Adam\(\)\), or learn=",
    ),
    "argument of a network elsewhere": (
        lambda: built(optimizer=Adam()),
        r"LearningNetwork has no argument optimizer .* Write learn=PerStep",
    ),
    "self-connections a word": (
        lambda: AllToAll(self_connections="no"),
        "AllToAll: self_connections must be True or False; got 'no'",
    ),
    "self-connections a number": (
        lambda: Sparse(0.1, self_connections=0),
        "Sparse: self_connections must be True or False; got 0",
    ),
    "self-connections of synapses": (
        lambda: PlasticSynapses(neurons(), neurons(), RULE, onto="I_rec", self_connections="no"),
        "self_connections must be True or False; got 'no'",
    ),
    "credit the wrong way round": (
        lambda: Credit(RandomFeedback(), neurons(), Readout(TASK, name="out")),
        "neurons must be the group that learns; got the readout 'out'",
    ),
    "types of neurons a letter": (
        lambda: Relay((3, "a"), np.zeros((2, 2))),
        "each of types must be a whole number of at least 1; got 'a'",
    ),
    "onto no input of neurons": (
        lambda: PlasticSynapses(neurons(), neurons(), RULE, onto="x"),
        r"no variable 'x', .*write inputs=\('I_rec', 'I_in', 'x'\) where it is made",
    ),
    "gradient by nothing there": (
        lambda: built().gradient(1, by="foo"),
        "by must name projections .* for example neurons.I_in or readout.error; got 'foo'",
    ),
    "gradient check of no function": (
        lambda: check_gradient(3),
        "check_gradient: make must be a function that returns a new network",
    ),
    "statement that assigns nothing": (
        lambda: Trials(TASK).at_start(neurons(name="n"), "activity"),
        "statements of 'n' must be assignments, .* got 'activity', which assigns nothing",
    ),
    "initial of no projection": (
        lambda: built(initial={"rec": np.zeros((5, 5))}),
        "initial has no 'rec'; the names are recurrent, output",
    ),
    "initial a seed": (
        lambda: built(initial=3),
        r"initial must be Murray2019 or a dictionary of matrices, for example Murray2019.*; got 3",
    ),
    "initial a matrix": (
        lambda: built(initial=np.zeros((5, 5))),
        "initial must be Murray2019 or a dictionary of matrices",
    ),
    # time constants and clocks
    "tau without units": (
        lambda: RateNeurons(5, tau=10),
        "RateNeurons: tau must be a time, for example 10\\*ms; got 10",
    ),
    "tau in volts": (lambda: RateNeurons(5, tau=10 * mV), "RateNeurons: tau must be a time"),
    "tau zero": (lambda: RateNeurons(5, tau=0 * ms), "RateNeurons: tau must be one positive time"),
    "tau negative": (
        lambda: RateNeurons(5, tau=-1 * ms),
        "RateNeurons: tau must be one positive time",
    ),
    "tau nan": (
        lambda: RateNeurons(5, tau=np.nan * ms),
        "RateNeurons: tau must be one positive time",
    ),
    "tau below dt": (
        lambda: RateNeurons(5, tau=0.5 * ms, name="n"),
        "'n': tau = 0.5 ms is shorter than the time step 1. ms",
    ),
    "rule tau without units": (lambda: RFLO(0.1, tau=10), "RFLO: tau must be a time"),
    "rule tau zero": (lambda: RFLO(0.1, tau=0 * ms), "RFLO: tau must be one positive time"),
    "rule tau below dt": (
        lambda: recurrent(neurons(), RFLO(0.1, tau=0.5 * ms)),
        "RFLO: tau = 0.5 ms is shorter than the time step",
    ),
    "time constant of any name below dt": (
        lambda: recurrent(neurons(), timed(decay=0.1 * ms)),
        "Timed: decay = 100. us is shorter than the time step",
    ),
    "time constant on cells of 0": (
        lambda: recurrent(neurons(), timed(memory=0 * ms)),
        "Timed: memory must be one positive time; got 0",
    ),
    "own rule, tau below dt": (
        lambda: recurrent(neurons(), Fast(0.1, tau_fast=0.1 * ms)),
        "Fast: tau_fast = 100. us is shorter than the time step",
    ),
    "dt of the readout": (
        lambda: slow_clock(lambda: Readout(TASK, name="out")),
        "dt = 1. ms, but 'out' runs at 100. us; write defaultclock.dt = task.dt",
    ),
    "dt of the input": (
        lambda: slow_clock(lambda: TaskInput(CursorMovements())),
        "write defaultclock.dt = task.dt",
    ),
    "dt of the trials": (
        lambda: slow_clock(lambda: Trials(TASK)),
        "write defaultclock.dt = task.dt",
    ),
    "dt changed later": (clock_changed_later, "write defaultclock.dt = task.dt"),
    # numbers that are none
    "initial not finite": (lambda: neurons(initial=np.nan), "RateNeurons: initial must be finite"),
    "target nan": (
        lambda: ArrayTask(target=[0, np.nan, 1]),
        (
            "ArrayTask: target must be finite; it is not in step 1 .the first.*. Write 0 there and"
            " in the mask of that step"
        ),
    ),
    "inputs too short": (
        lambda: ArrayTask(target=np.zeros(5), inputs=np.zeros(4)),
        r"ArrayTask: inputs must have shape \(5, 1\); got \(4, 1\)",
    ),
    "mask of wrong shape": (
        lambda: ArrayTask(target=np.zeros(5), mask=np.ones((5, 2))),
        r"ArrayTask: mask must have shape \(5,\)",
    ),
    "empty target": (lambda: ArrayTask(target=[]), "ArrayTask: target must have shape"),
    "target in volts": (
        lambda: ArrayTask(target=np.ones(5) * mV),
        "ArrayTask: target must have no units; divide by the unit, for example values/mV",
    ),
    "target a string": (
        lambda: ArrayTask(target="sine"),
        "ArrayTask: target must be a number or an array of numbers; got 'sine'",
    ),
    "ragged target": (
        lambda: ArrayTask(target=[[1], [1, 2]]),
        "ArrayTask: target must be a number or an array of numbers; got",
    ),
    "complex target": (
        lambda: ArrayTask(target=np.ones(5) * 1j),
        "ArrayTask: target must be a number or an array of numbers",
    ),
    "input nan": (
        lambda: ArrayTask(target=np.ones(3), inputs=[0, np.nan, 0]),
        "ArrayTask: inputs must be finite; it is not in step 1 .the first.*. Write 0 there$",
    ),
    "mask negative": (
        lambda: ArrayTask(target=np.ones(3), mask=[1, -1, 1]),
        "ArrayTask: mask must not be negative; it is in step 1 .the first.",
    ),
    "mask of nothing": (
        lambda: ArrayTask(target=np.ones(3), mask=np.zeros(3)),
        "ArrayTask: mask is 0 in all steps, so no error counts",
    ),
    "sample of wrong shape": (
        lambda: Ragged(period=20 * ms).trial(0),
        r"Ragged: target must have shape \(20, 1\); got \(19, 1\)",
    ),
    "synaptic weights nan": (
        lambda: with_weights(np.full(25, np.nan)),
        "weights of 'rec' must be finite; got 25",
    ),
    "synaptic weight nan": (lambda: with_weights(np.nan), "weights of 'rec' must be finite"),
    "too few weights": (
        lambda: with_weights(np.zeros(24)),
        r"weights of 'rec' must be .* shape \(25,\).*got shape \(24,\)",
    ),
    "matrix as weights": (lambda: with_weights(np.zeros((5, 5))), "set_matrix"),
    "matrix of wrong shape": (
        lambda: connected().set_matrix(np.zeros((5, 4))),
        r"matrix of 'rec' must have shape \(5, 5\), \[post, pre\]; got \(5, 4\)",
    ),
    "matrix for sparse synapses": (
        sparse_matrix,
        (
            r"matrix for 'rec' has 5 weights for pairs without a synapse .the first for post = 0,"
            r" pre = 0.; write 0 there, or make the synapses with rec.connect_matrix"
        ),
    ),
    "weights before connect": (
        lambda: setattr(recurrent(neurons(), name="rec"), "w", 0.1),
        r"'rec' has no weights yet; write rec.connect\(\)",
    ),
    "weights in volts": (lambda: with_weights(1 * mV), "weights of 'rec' must have no units"),
    "weights None": (
        lambda: with_weights(None),
        "weights of 'rec' must be a number or an array of numbers; got None",
    ),
    "matrix a string": (
        lambda: connected().set_matrix("randn()"),
        (
            r"weight matrix of 'rec' must be a number or an array of numbers; got 'randn\(\)': .*"
            r" write rec.w = 'randn\(\)'"
        ),
    ),
    "matrix of too many dimensions": (
        lambda: connected().set_matrix(np.ones((1, 1, 5, 5))),
        r"matrix of 'rec' must have shape \(5, 5\), \[post, pre\]; got \(1, 1, 5, 5\)",
    ),
    "no blocks": (
        lambda: recurrent(neurons(), name="rec").connect(networks=0),
        "'rec': networks must be a whole number of at least 1; got 0",
    ),
    "rate set to nan": (
        lambda: setattr(connected(), "learning_rate", np.nan),
        "'rec': learning_rate must be a finite number and not negative; got nan",
    ),
    "rate set below zero": (
        lambda: setattr(connected(), "learning_rate", -0.1),
        "'rec': learning_rate must be a finite number and not negative; got -0.1",
    ),
    # things in the place of others
    "no task": (
        lambda: network(task=None),
        (
            r"LearningNetwork: task must be a task, for example PeriodicOutput\(period=200.ms\);"
            r" got None"
        ),
    ),
    "task a class": (lambda: Readout(PeriodicOutput), "Readout: task must be a task, for example"),
    "task a string": (
        lambda: TaskInput("cursor"),
        "TaskInput: task must be a task, .*; got 'cursor'",
    ),
    "trials of no task": (lambda: Trials(neurons(), TASK), "Trials: task must be a task"),
    "classes of no task": (
        lambda: SoftmaxReadout(None, tau=TAU),
        "SoftmaxReadout: task must be a task",
    ),
    "number of neurons": (
        lambda: LearningNetwork(TASK, 30, RULE),
        (
            r"LearningNetwork: neurons must be a Brian2 group, for example RateNeurons\(30,"
            r" tau=10.ms\); got 30"
        ),
    ),
    "task and neurons exchanged": (
        lambda: LearningNetwork(neurons(), TASK, RULE),
        "LearningNetwork: task must be a task",
    ),
    "array as inputs": (
        lambda: network(inputs=np.zeros((20, 2))),
        r"LearningNetwork: connectivity\['input'\] must be a Brian2 group",
    ),
    "rule a string": (
        lambda: network(rule="rflo"),
        r"rule must be a learning rule, for example RFLO\(.*\); got 'rflo'",
    ),
    "rule of the readout as rule": (
        lambda: network(rule=Delta(0.1)),
        (
            r"rule=Delta is for readout weights.*for example RFLO\(learning_rate=0.1, tau=10.ms\);"
            r" write readout_rule=Delta"
        ),
    ),
    "rule as rule of the readout": (
        lambda: network(readout_rule=RULE),
        r"readout_rule=RFLO is not for readout weights.*readout_rule=Delta\(learning_rate=0.1\)",
    ),
    "rate as rule of the readout": (
        lambda: network(readout_rule=0.1),
        r"readout_rule must be a learning rule, for example Delta\(learning_rate=0.03\); got 0.1",
    ),
    "rule without an update": (
        lambda: recurrent(neurons(), LearningRule(0.1)),
        "LearningRule on the projection .*: it has no update",
    ),
    "no source": (
        lambda: PlasticSynapses(None, neurons(), RULE, onto="I_rec"),
        "PlasticSynapses: source must be a Brian2 group",
    ),
    "no target": (
        lambda: FeedbackSynapses(Readout(TASK), None),
        "FeedbackSynapses: target must be a Brian2 group",
    ),
    "symmetric feedback of a readout": (
        lambda: SymmetricFeedbackSum(Readout(TASK, name="out")),
        "SymmetricFeedbackSum needs the projection from the neurons to the readout, .*; got 'out'",
    ),
    "adaptive feedback by the rule of the readout": (
        lambda: AdaptiveFeedbackSynapses(Readout(TASK, name="out"), neurons(), Delta(0.1)),
        (
            r"AdaptiveFeedbackSynapses: Delta must read error_pre, the error of"
            r" 'out'.*FeedbackDelta\(learning_rate=0.1\)"
        ),
    ),
    "adaptive feedback, leaky rule": (
        lambda: AdaptiveFeedbackSynapses(
            Readout(TASK, name="out"), neurons(), LeakyFeedbackDelta(0.1, TAU)
        ),
        (
            r"LeakyFeedbackDelta has tau = 10. ms, but readout 'out' none; write"
            r" FeedbackDelta\(learning_rate=0.1\)"
        ),
    ),
    "adaptive feedback, leaky readout": (
        lambda: AdaptiveFeedbackSynapses(
            LeakyReadout(TASK, TAU, name="out"), neurons(), FeedbackDelta(0.1)
        ),
        (
            r"FeedbackDelta has no time constant, but readout 'out' 10. ms; write"
            r" LeakyFeedbackDelta\(learning_rate=0.1, tau=10"
        ),
    ),
    "adaptive feedback of a readout": (
        lambda: AdaptiveFeedbackSynapses(
            Readout(TASK), neurons(), FeedbackDelta(0.1), output="output"
        ),
        "output must be a PlasticSynapses, for example net.output; got 'output'",
    ),
    "list of parts": (
        lambda: Trials(TASK, [Readout(TASK)]),
        "Trials: each part must be a Brian2 group",
    ),
    "losses of a network": (
        lambda: LossMonitor(network(name="mine")),
        "LossMonitor needs a Trials, .* got 'mine'",
    ),
    "choices of nothing": (
        lambda: ChoiceMonitor(None),
        "ChoiceMonitor needs a WinnerTakeAll; got None",
    ),
    "explores, True": (
        lambda: WinnerTakeAll(3, 20 * ms, exploration=True),
        "WinnerTakeAll: exploration must be a probability, from 0 to 1; got True",
    ),
    "decision of nobody": (
        lambda: WinnerTakeAll(3, 20 * ms).at_decision(None, "x = 1"),
        "must be a Brian2 group",
    ),
    "misspelt reset of a group": (
        lambda: Trials(TASK).at_start(neurons(name="n"), "activty = 0"),
        "'n' has no variable 'activty', to which 'activty = 0' assigns",
    ),
    "misspelt statement of a decision": (
        lambda: (lambda units: units.at_decision(units, "rewrd = 1"))(
            WinnerTakeAll(3, 20 * ms, name="units")
        ),
        "'units' has no variable 'rewrd'",
    ),
    "reset that is no statement": (
        lambda: Trials(TASK).at_start(neurons(name="n"), "activity 0"),
        "statements of 'n' must be assignments, for example 'v = 0'",
    ),
    # how many, and from where
    "blocks of a readout": (
        lambda: Readout(TASK, networks=2.5),
        "Readout: networks must be a whole number of at least 1; got 2.5",
    ),
    "blocks that do not fall": (
        lambda: Trials(TASK, Readout(TASK, networks=2, copies=3, name="out")),
        (
            "'out' has copies=3, but the projections of 'trials.*' run 1 different trial.* side by"
            " side; write copies=1"
        ),
    ),
    "blocks of trials": (
        lambda: Trials(TASK, networks="2"),
        "Trials: networks must be a whole number of at least 1; got '2'",
    ),
    "scale of inputs": (
        lambda: TaskInput(CursorMovements(), tau=TAU, scale=np.nan),
        "TaskInput: scale must be a finite and positive number; got nan",
    ),
    "network's seed": (
        lambda: network(seed=-1),
        "Murray2019: seed must be a non-negative whole number; got -1",
    ),
    "network's seed None": (
        lambda: network(seed=None),
        "Murray2019: seed must be a non-negative whole number; got None",
    ),
    "network's gain": (
        lambda: network(gain=1 * mV),
        "Murray2019: gain must be a finite number and not negative; got 1. . mvolt",
    ),
    "decay a string": (
        lambda: Linear(decay="0.1"),
        "Linear: decay must be at least 0 and less than 1; got '0.1'",
    ),
    "weights without names": (
        lambda: built(initial=Murray2019(weights=np.zeros((5, 5)))),
        "weights must be a dictionary of matrices by name.*; got ndarray",
    ),
    "weights as text": (
        lambda: network(weights={"recurrent": "randn()"}),
        (
            r"initial\['recurrent'\] must be a number or an array of numbers; got 'randn\(\)': give"
            r" a matrix"
        ),
    ),
    "constraint without a change": (
        lambda: network(constraint="clip(w, 0, 1)"),
        (
            r"constraint must change w, for example 'w = clip\(w, 0, 1\)', or be DALE; got"
            r" 'clip\(w, 0, 1\)'"
        ),
    ),
    "constraint by name": (
        lambda: network(constraint="dale"),
        "constraint must change w, .* or be DALE; got 'dale'",
    ),
    "decay of adaptive feedback": (
        lambda: AdaptiveFeedback(decay=1),
        "AdaptiveFeedback: decay must be at least 0 and less than 1; got 1",
    ),
    "schedule misspelt": (
        lambda: built(learn="trail"),
        r"learn must be a learning schedule, for example PerTrial\(Adam\(\)\); got 'trail'",
    ),
    "schedule a class": (
        lambda: built(learn=PerTrial),
        "learn must be a learning schedule, .*; got <class",
    ),
    "optimizer in the place of a schedule": (
        lambda: built(learn=Adam()),
        "learn must be a learning schedule, .*; got Adam",
    ),
    # rules
    "rate negative": (
        lambda: Delta(-0.1),
        "Delta: learning_rate must be finite and not negative; got -0.1",
    ),
    "rate nan": (lambda: Delta(np.nan), "Delta: learning_rate must be finite"),
    "rate infinite": (lambda: Delta(np.inf), "Delta: learning_rate must be finite"),
    "rate a quantity": (
        lambda: Delta(0.1 * ms),
        "Delta: learning_rate must be a plain number, not a quantity",
    ),
    "rate a dimensionless quantity": (
        lambda: Delta(Quantity(0.1)),
        "Delta: learning_rate must be a plain number, not a quantity",
    ),
    "rate a string": (
        lambda: Delta("0.1"),
        "Delta: learning_rate must be a plain number; got '0.1'",
    ),
    "update names nobody": (
        lambda: recurrent(neurons(), Misspelt(0.1)),
        "Misspelt .*: its update contains 'trce'",
    ),
    "trace names nobody": (
        lambda: recurrent(neurons(), MisspeltTrace(0.1)),
        "MisspeltTrace .*: its traces contain 'actvity_pre'",
    ),
    "reset names nobody": (
        lambda: recurrent(neurons(), MisspeltReset(0.1)),
        "MisspeltReset .*: its reset contains 'other', 'trace'",
    ),
    "unknown update": (
        lambda: recurrent(neurons(), learn="epoch"),
        r"learn must be a learning schedule, for example PerTrial\(Adam\(\)\); got 'epoch'",
    ),
    # connections, trials
    "connect twice": (connect_twice, "'rec' is already connected"),
    "no trial to wait for": (
        without_trials,
        r"'rec' applies its weight change.*Trials\(task, ..., rec\)",
    ),
    "in two trials": (two_trials, "'rec' already belongs to 'trials.*'"),
    "a part twice": (
        lambda: (lambda out: Trials(TASK, out, out))(Readout(TASK)),
        "Trials was given 'readout' twice; name each part once",
    ),
    "networks that differ": (
        lambda: Trials(TASK, Readout(TASK, networks=2, name="out")),
        "'out' has 2 units, but 1 network.*same networks=",
    ),
    "same shape, another task": (
        lambda: Trials(TASK, Readout(ArrayTask(target=np.ones(20)), name="out")),
        "'out' and 'trials.*' must have the same task",
    ),
    "losses without a readout": (
        lambda: LossMonitor(Trials(TASK, neurons())),
        "LossMonitor needs a Trials with a Readout",
    ),
    "another clock": (lambda: Trials(TASK, neurons(dt=0.5 * ms, name="n")), "'n' runs at 0.5 ms"),
    "never connected": (
        lambda: (lambda rec: Network(rec.source, rec).run(1 * ms))(
            recurrent(neurons(), name="rec")
        ),
        r"'rec' is not connected; write rec.connect\(\)",
    ),
    "weights spoilt from behind": (spoilt, "weights of 'recurrent' must be finite; got 25"),
    "baseline rate negative": (
        lambda: reference.train(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", -0.1, TAU, 1),
        (
            "reference.train: learning_rate must be finite and not negative, a number without"
            " units; got -0.1"
        ),
    ),
    "baseline trials": (
        lambda: reference.train(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", 0.1, TAU, 0),
        "trials must be a whole number of at least 1",
    ),
    "group without a reset": (
        lambda: Trials(TASK, NeuronGroup(1, "v : 1", name="mine")),
        r"at_start\(mine, ",
    ),
    "train zero trials": (lambda: network().train(0), "trials must be at least 1; got 0"),
    "train half a trial": (lambda: network().train(1.5), "trials must be a whole number; got 1.5"),
    "train within a trial": (train_within_a_trial, "at step 7 of a trial"),
    # when and how weights change
    "batch of no trials": (
        lambda: PerTrial(batch=0),
        "PerTrial: batch must be a whole number of at least 1; got 0",
    ),
    "batch True": (
        lambda: PerTrial(batch=True),
        "PerTrial: batch must be a whole number of at least 1; got True",
    ),
    "batch at every step": (lambda: PerStep(batch=10), "unexpected keyword argument 'batch'"),
    "window of no steps": (
        lambda: PerStep(window=0),
        "PerStep: window must be a whole number of at least 1; got 0",
    ),
    "window a time": (
        lambda: PerTrial(window=10 * ms),
        "PerTrial: window must be a whole number of at least 1; got 10",
    ),
    "copies of nothing": (
        lambda: PerTrial(copies=0),
        "PerTrial: copies must be a whole number of at least 1; got 0",
    ),
    "copies that do not fall": (
        lambda: built(learn=PerTrial(copies=2)),
        "must have networks x copies x N units; got 5 units for networks=1 and copies=2",
    ),
    "copies that differ": (
        lambda: different(PerTrial(), PerTrial(copies=2)),
        ("all projections of a Trials must have the same copies"),
    ),
    "clipping to nothing": (
        lambda: PerTrial(clip_norm=0),
        "PerTrial: clip_norm must be a finite and positive number; got 0",
    ),
    "clipping of different batches": (
        lambda: different(PerTrial(clip_norm=0.1), PerTrial(clip_norm=0.1, batch=2)),
        (
            "gradient clipping must have the same settings in all projections; 'one' has"
            " clip_norm=0.1, batch=1 and a window of trial_steps, 'two' clip_norm=0.1, batch=2"
        ),
    ),
    "clipping to different norms": (
        lambda: different(PerTrial(clip_norm=0.1), PerTrial(clip_norm=0.2)),
        "'one' has clip_norm=0.1, .*'two' clip_norm=0.2, ",
    ),
    "optimizer of a schedule a string": (
        lambda: PerStep("adam"),
        r"PerStep: optimizer must be an optimizer, for example Adam\(\); got 'adam'",
    ),
    "self-connections between groups": (
        lambda: PlasticSynapses(
            neurons(name="a"), neurons(name="b"), RULE, onto="I_rec", self_connections=False
        ),
        "self_connections=False is for projections within a group, but 'a' and 'b' are two",
    ),
    "trained weights of nobody": (
        lambda: network(trained=("readout",)),
        "trained must be some of .*'output'.*got .'readout',.",
    ),
    "trained nothing, without a list": (
        lambda: network(trained=3),
        "trained must be some of .*got 3",
    ),
    "trained without a list": (
        lambda: network(trained="output"),
        r"for example trained=\('output',\); got 'output'",
    ),
    "constraint names nobody": (
        lambda: recurrent(neurons(), constraint="w = clip(w, 0, w_max)"),
        "its constraint contains 'w_max', which .* write a number instead",
    ),
    "Dale's law for neurons of neither kind": (
        lambda: network(constraint=DALE),
        "its constraint contains 'excitatory_pre', which .*; give the neurons excitatory=",
    ),
    "output current into nothing": (
        lambda: built(connectivity={"current": AllToAll()}),
        "has no variable 'I_out'",
    ),
    "fixed weights from nothing": (
        lambda: FixedSynapses(neurons(name="n"), neurons(), sends="spikes"),
        "'n' has no variable 'spikes', which FixedSynapses needs",
    ),
    "baseline clipping": (
        lambda: reference.train(
            TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", 0.1, TAU, 1, clip_norm=-1
        ),
        "clip_norm must be a positive number; got -1",
    ),
    "baseline trained": (
        lambda: reference.train(
            TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", 0.1, TAU, 1, trained=("all",)
        ),
        "trained must be some of",
    ),
    # tasks
    "period no whole steps": (
        lambda: PeriodicOutput(period=20.5 * ms),
        (
            "period = 20.5 ms is not a whole number of time steps of 1. ms; write for example"
            " period=20.ms"
        ),
    ),
    "period without units": (
        lambda: PeriodicOutput(period=20),
        "PeriodicOutput: period must be a time",
    ),
    "period too short": (
        lambda: PeriodicOutput(period=1 * ms),
        "PeriodicOutput: period = 1. ms must be at least two time steps",
    ),
    "period negative": (lambda: PeriodicOutput(period=-20 * ms), "period must be"),
    "amplitudes": (
        lambda: PeriodicOutput(period=20 * ms, amplitudes=(1,)),
        "amplitudes and harmonics must be equally many",
    ),
    "amplitudes a number": (
        lambda: PeriodicOutput(period=20 * ms, amplitudes=1.0),
        (
            "PeriodicOutput: amplitudes must be a tuple of numbers, for example .1, 0.5, 0.25.;"
            " got 1.0"
        ),
    ),
    "amplitudes in volts": (
        lambda: PeriodicOutput(period=20 * ms, amplitudes=(1, 1, 1) * mV),
        "PeriodicOutput: amplitudes must",
    ),
    "half a harmonic": (
        lambda: PeriodicOutput(period=20 * ms, harmonics=(0.5, 1, 2)),
        "PeriodicOutput: each of the harmonics must be a whole number of at least 1; got 0.5",
    ),
    "height in volts": (
        lambda: IntervalMatching(target_height=1 * mV),
        "IntervalMatching: target_height must be a finite number without units; got 1. . mvolt",
    ),
    "delay of a string": (
        lambda: StoreRecall(expected_delay="6"),
        "expected_delay must be a number of symbols, .*; got '6'",
    ),
    "trial before the first": (
        lambda: CursorMovements().trial(-1),
        "CursorMovements: the number of a trial must be a non-negative whole number; got -1",
    ),
    "array of no name": (
        lambda: CursorMovements().timed("input"),
        "CursorMovements: timed needs one of 'inputs', 'target', 'mask'; got 'input'",
    ),
    "dt zero": (
        lambda: PeriodicOutput(period=20 * ms, dt=0 * second),
        "PeriodicOutput: dt must be one positive time",
    ),
    "delays reversed": (
        lambda: IntervalMatching(delays=(50 * ms, 40 * ms)),
        "delays must be .shortest, longest.",
    ),
    "one delay": (lambda: IntervalMatching(delays=100 * ms), "delays must be a pair of times"),
    "amplitude nan": (
        lambda: PeriodicOutput(period=20 * ms, amplitudes=(1, np.nan, 1)),
        "PeriodicOutput: amplitudes must be finite; got",
    ),
    "height nan": (
        lambda: CursorMovements(input_height=np.nan),
        "CursorMovements: input_height must be a finite number without units; got nan",
    ),
    "three channels": (lambda: IntervalMatching(n_inputs=3), "n_inputs must be 1 .* or 2"),
    "no movement": (
        lambda: CursorMovements(n_movements=0),
        "n_movements must be a whole number of at least 1",
    ),
    "seed negative": (
        lambda: CursorMovements(seed=-1),
        "CursorMovements: seed must be a non-negative whole number",
    ),
    "even cues": (
        lambda: EvidenceAccumulation(n_cues=6),
        "n_cues must be odd.* got 6",
    ),
    "no cues": (
        lambda: EvidenceAccumulation(n_cues=0),
        "n_cues must be a whole number of at least 1",
    ),
    "likely side": (
        lambda: EvidenceAccumulation(p_likely=1.2),
        "EvidenceAccumulation: p_likely must be a probability",
    ),
    "likely side a string": (
        lambda: EvidenceAccumulation(p_likely="0.7"),
        "EvidenceAccumulation: p_likely must be a probability, between 0 and 1; got '0.7'",
    ),
    "cue rate None": (
        lambda: EvidenceAccumulation(cue_rate=None),
        "EvidenceAccumulation: cue_rate must be a rate, for example 40.Hz; got None",
    ),
    "no recall window": (
        lambda: EvidenceAccumulation(recall=0 * ms),
        "recall = 0. s must be at least one time step of 1. ms",
    ),
    "pause no whole steps": (
        lambda: EvidenceAccumulation(pause=0.5 * ms),
        (
            "EvidenceAccumulation: pause = 0.5 ms is not a whole number of time steps of 1. ms;"
            " write for example pause=1.ms"
        ),
    ),
    "rate without units": (
        lambda: EvidenceAccumulation(cue_rate=0.04),
        "EvidenceAccumulation: cue_rate must be a rate, for example 40.Hz; got 0.04",
    ),
    "rate too high": (
        lambda: EvidenceAccumulation(noise_rate=2000 * Hz),
        "noise_rate must be one rate between 0 Hz and a spike in each time step",
    ),
    "rate of the inputs negative": (
        lambda: PatternGeneration(input_rate=-1 * Hz),
        "input_rate must be one rate",
    ),
    "window too long": (
        lambda: PatternGeneration(length=100 * ms, learning_window=101 * ms),
        "learning_window = 101. ms is longer than a trial",
    ),
    "no window": (
        lambda: PatternGeneration(learning_window=0 * ms),
        "learning_window must be one positive time",
    ),
    "half a period": (
        lambda: PatternGeneration(harmonics=(0.5,)),
        "harmonics must be a whole number",
    ),
    "no sines": (
        lambda: PatternGeneration(harmonics=()),
        "harmonics must be a tuple of whole numbers",
    ),
    "sines too fast": (
        lambda: PatternGeneration(length=10 * ms),
        "length = 10. ms is too short for 5 periods",
    ),
    "no channels": (
        lambda: StoreRecall(n_per_group=0),
        "StoreRecall: n_per_group must be a whole number of at least 1",
    ),
    "one symbol": (
        lambda: StoreRecall(n_symbols=1),
        "StoreRecall: n_symbols must be a whole number of at least 2",
    ),
    "delay beyond the trial": (
        lambda: StoreRecall(n_symbols=4),
        "expected_delay must be a number of symbols, from 1 to n_symbols = 4; got 6.0",
    ),
    "no symbol": (
        lambda: StoreRecall(symbol=0 * ms),
        "StoreRecall: symbol = 0. s must be at least one time step of 1. ms",
    ),
    # neurons, one by one
    "initial of wrong shape": (
        lambda: neurons(initial=np.zeros(4)),
        (
            r"RateNeurons: initial must be one number, or an array of shape \(5,\), one for each"
            r" neuron; got shape \(4,\)"
        ),
    ),
    "initial a string": (
        lambda: neurons(initial="rand()"),
        (
            r"RateNeurons: initial must be a number or an array of numbers; got 'rand\(\)': for a"
            r" string .* assign neurons.initial = 'rand\(\)'"
        ),
    ),
    "initial in volts": (
        lambda: neurons(initial=1 * mV),
        "RateNeurons: initial must have no units; divide by the unit",
    ),
    "tau None": (
        lambda: RateNeurons(5, tau=None),
        "RateNeurons: tau must be a time, for example 10.ms; got None",
    ),
    "no input variables": (
        lambda: neurons(inputs=()),
        (
            r"RateNeurons: inputs must be different names of variables, for example"
            r" inputs=\('I_in', 'I_rec'\); got \(\)"
        ),
    ),
    "an input variable twice": (
        lambda: neurons(inputs=("I_rec", "I_rec")),
        "RateNeurons: inputs must be different names",
    ),
    "input variable that is no name": (
        lambda: neurons(inputs=("I rec",)),
        "RateNeurons: inputs must be different names",
    ),
    "LIF bias of wrong shape": (
        lambda: lif(bias=np.ones(4)),
        r"LIFNeurons: bias must be one number, or an array of shape \(5,\)",
    ),
    "LIF noise a string": (
        lambda: lif(noise="0.1"),
        "LIFNeurons: noise must be a finite number and not negative; got '0.1'",
    ),
    "LIF threshold None": (
        lambda: lif(threshold=None),
        (
            "LIFNeurons: threshold, rest and reset must all be plain numbers or all be voltages;"
            " got None"
        ),
    ),
    "LIF events": (
        lambda: lif(events=1),
        "LIFNeurons: events must be different names of variables",
    ),
    "ALIF beta of each neuron": (
        lambda: ALIFNeurons(5, TAU, TAU, 50 * ms, beta=np.ones(5)),
        "ALIFNeurons: beta must be a finite number and not negative; got array",
    ),
    "beta of wrong shape": (
        lambda: DiscreteLIFNeurons(5, tau=TAU, tau_adapt=50 * ms, beta=np.ones(3)),
        r"DiscreteLIFNeurons: beta must be one number, or an array of shape \(5,\)",
    ),
    "beta None": (
        lambda: DiscreteLIFNeurons(5, tau=TAU, beta=None),
        "DiscreteLIFNeurons: beta must be finite and dimensionless",
    ),
    # what fits in part
    "part of nothing": (
        lambda: network(group=RateNeurons(10, tau=TAU)[:5]),
        "LearningNetwork: neurons is a subgroup of a group that no longer exists",
    ),
    "inputs of other trials": (
        lambda: network(
            inputs=TaskInput(ArrayTask(target=np.ones(7), inputs=np.ones(7), dt=TASK.dt))
        ),
        (
            "'taskinput.*' has the inputs of trials of 7 steps, but those of this task have 20;"
            " give TaskInput the network's own task"
        ),
    ),
    "a group's own time step": (
        lambda: network(group=RateNeurons(5, tau=TAU, dt=0.5 * ms)),
        ("'rateneurons.*' runs at 0.5 ms; write dt=task.dt"),
    ),
    "two arrays for three": (
        lambda: own_task(lambda self, rng: (np.zeros((5, 0)), np.ones((5, 1)))).trial(),
        "OwnTask: sample must return three arrays.* got 2 values",
    ),
    "half a step": (
        lambda: own_task(n_steps=5.0).trial(),
        "OwnTask: n_steps must be a positive whole number; got 5.0",
    ),
    "nan in a later trial": (
        lambda: own_task(
            lambda self, rng: (np.zeros((5, 0)), np.full((5, 1), np.nan), np.ones(5)), random=True
        ).trial(3),
        "OwnTask: target must be finite; it is not in step 0 of trial 3",
    ),
    "random and not said": (
        lambda: Trials(
            own_task(lambda self, rng: (np.zeros((5, 0)), rng.normal(size=(5, 1)), np.ones(5)))
        ),
        ("OwnTask declares random = False, but its trials 0 and 1 differ; write random = True"),
    ),
    "one axes for three": (
        lambda: network().train(1).plot(axes=plt.figure().subplots()),
        "plot_training: it draws on three axes.*got 1. For a single one there are plot_losses",
    ),
    "network that is not there": (
        lambda: network().train(1).plot(network=1),
        "plot_training: there is no network 1; the result has 1",
    ),
    "a function of nobody": (
        lambda: derived(model="dx/dt = (foo(x) - x + I_rec)/(10*ms) : 1"),
        (
            "DerivedNeurons '.*': The identifier \"foo\" could not be resolved. Define it above the"
            " group"
        ),
    ),
    # optimizers and regularization
    "Adam's learning rate": (
        lambda: Adam(0.001),
        (
            r"Adam: decay must be at least 1, a number of updates; got 0.001"
            r".*RFLO\(learning_rate=0.001"
        ),
    ),
    "Adam decay a string": (
        lambda: Adam(decay="10"),
        "Adam: decay must be a positive number of updates, or None; got '10'",
    ),
    "Adam beta None": (
        lambda: Adam(beta_2=None),
        "Adam: beta_2 must be at least 0 and less than 1; got None",
    ),
    "Adam epsilon infinite": (
        lambda: Adam(epsilon=np.inf),
        "Adam: epsilon must be positive and finite; got inf",
    ),
    "Adam epsilon a time": (
        lambda: Adam(epsilon=1 * ms),
        "Adam: epsilon must be positive and finite; got 1. . msecond",
    ),
    "optimizer a string": (
        lambda: PerTrial("adam"),
        r"PerTrial: optimizer must be an optimizer, for example Adam\(\); got 'adam'",
    ),
    "rate below zero": (
        lambda: FiringRate(-10 * Hz, 300),
        "FiringRate: target must not be negative; got -10. . hertz",
    ),
    "regularization a number": (
        lambda: network(regularization=300),
        (
            r"regularization must be FiringRate\(target=10.Hz, strength=300\), L1\(1e-4\),"
            r" L2\(1e-4\) or a tuple of them; got 300"
        ),
    ),
    "strength None": (
        lambda: FiringRate(10 * Hz, None),
        "FiringRate: strength must be a finite number and not negative; got None",
    ),
    # rules of e-prop
    "e-prop tau": (
        lambda: EProp(0.1, tau=20),
        "EProp: tau must be a time, for example 10.ms; got 20",
    ),
    "e-prop tau_adapt None": (
        lambda: AdaptiveEProp(0.1, tau=TAU, tau_adapt=None),
        "AdaptiveEProp: tau_adapt must be a time, for example 10.ms; got None",
    ),
    "leaky rule tau": (lambda: LeakyDelta(0.1, tau=20), "LeakyDelta: tau must be a time"),
    "rate of a reward rule": (
        lambda: RewardHebbian([0.1]),
        r"RewardHebbian: learning_rate must be a plain number; got \[0.1\]",
    ),
    # neurons whose rule is derived
    "no model": (
        lambda: derived(model=None),
        "DerivedNeurons: model must be equations, for example .*; got None",
    ),
    "activity of nobody": (
        lambda: derived(activity="y"),
        (
            "DerivedNeurons '.*': activity='y' names 'y', which the model does not have; its"
            " variables are x"
        ),
    ),
    "activity None": (
        lambda: derived(activity=None),
        "DerivedNeurons: activity must be a string; got None",
    ),
    "inputs None": (
        lambda: derived(input=None),
        "DerivedNeurons: input must be a string or a tuple of strings; got None",
    ),
    "initial values without names": (
        lambda: derived(initial=[0.1]),
        r"DerivedNeurons: initial must be a dictionary by name, .*; got \[0.1\]",
    ),
    "initial value nan": (
        lambda: derived(initial={"x": np.nan}),
        r"DerivedNeurons: initial\['x'\] must be finite numbers, .*; got nan",
    ),
    "derivatives without names": (
        lambda: derived(derivatives=["x"]),
        "DerivedNeurons: derivatives must be a dictionary by name",
    ),
    "derived rule, tau_out": (
        lambda: derived().rule(0.1, tau_out=20),
        "DerivedRule: tau_out must be a time, for example 10.ms; got 20",
    ),
    # what is trained, kept and compared
    "result of no name": (
        lambda: TrainingResult.load(None),
        "results are saved as netCDF .*; got 'None': write for example 'result.npz'",
    ),
    "network as netCDF": (
        lambda: network().save("net.nc"),
        (
            "networks are saved as NumPy arrays .'.npz'.; got 'net.nc': write for example"
            " 'network.npz'"
        ),
    ),
    "network of no name": (
        lambda: network().load(None),
        "networks are saved as NumPy arrays .'.npz'.; got 'None'",
    ),
    "no such task to compare": (
        lambda: compare(task="period"),
        "compare: no task 'period'; there are: periodic",
    ),
    "task to compare a class": (
        lambda: compare(task=PeriodicOutput),
        "compare: task must be a task, for example 'periodic'",
    ),
    "neurons to compare": (
        lambda: compare(neurons="rate"),
        r"neurons must be some of rate, lif, alif, .*; got 'rate': write neurons=\('rate',\)",
    ),
    "rules to compare": (
        lambda: compare(rules=None),
        "compare: rules must be some of rflo, .*, reward_readout; got None",
    ),
    "rule to compare": (
        lambda: compare(rules=(RULE,)),
        "compare: rules must be some of .*; got .RFLO",
    ),
    "seed to compare": (
        lambda: compare(seed="a"),
        "compare: seed must be a non-negative whole number; got 'a'",
    ),
    "gain to compare": (
        lambda: compare(gain="a"),
        "compare: gain must be a finite number and not negative; got 'a'",
    ),
    "check of no rule": (
        lambda: check_rule("rflo"),
        "check_rule: rule must be a learning rule, .*; got 'rflo'",
    ),
    "check of nothing": (
        lambda: check_rule(),
        "check_rule: rule must be a learning rule, .*; got None",
    ),
    "check of a group": (
        lambda: check_neurons(neurons()),
        (
            r"check_neurons: make must be a function that returns a new group, for example lambda"
            r" N: RateNeurons\(N, tau=10.ms\)"
        ),
    ),
    "check of a class": (lambda: check_task(PeriodicOutput), "check_task: task must be a task"),
    # baselines
    "baseline a rule": (
        lambda: baseline(RULE),
        "reference.train: rule must be the name of a baseline rule, one of rflo, .*; got RFLO",
    ),
    "baseline rates by name": (
        lambda: trained_baseline(learning_rate={"recurrent": 0.1}),
        (
            "reference.train: learning_rate must be one number, or a dictionary with one for each"
            " of recurrent, input, output"
        ),
    ),
    "baseline rate a string": (
        lambda: trained_baseline(learning_rate="0.1"),
        (
            "reference.train: learning_rate must be finite and not negative, a number without"
            " units; got '0.1'"
        ),
    ),
    "baseline initial nan": (
        lambda: trained_baseline(initial=np.nan),
        "initial must be finite, and one number or of shape .*; got nan",
    ),
    "baseline initial of wrong shape": (
        lambda: trained_baseline(initial=np.zeros(4)),
        r"initial must be finite, and one number or of shape \(5,\) or \(1, 5\)",
    ),
    "baseline optimizer": (
        lambda: trained_baseline(optimizer="adam"),
        r"optimizer must be an optimizer, for example Adam\(\); got 'adam'",
    ),
    "baseline regularization": (
        lambda: trained_baseline(regularization=300),
        "regularization must be a FiringRate, .*; got 300",
    ),
    "baseline constraint": (
        lambda: trained_baseline(constraint=DALE),
        "reference.train: constraint must be a function; got 'w = where",
    ),
    "baseline report": (
        lambda: trained_baseline(report="text"),
        "reference.train: report must be a function; got 'text'",
    ),
    "baseline neurons": (
        lambda: trained_baseline(neurons=lif(name="n")),
        "neurons must be the parameters of spiking neurons; got 'n'",
    ),
    "baseline weights of nobody": (
        lambda: baseline(inputs=np.zeros((1, 5, 2))),
        "weights has no 'inputs'; the names are recurrent, output, feedback, input",
    ),
    "baseline weights of one network": (
        lambda: baseline(recurrent=np.zeros((5, 5))),
        (
            r"weights\['recurrent'\] must have three dimensions, \[network, post, pre\]; got shape"
            r" \(5, 5\): write weights\['recurrent'\]\[None\]"
        ),
    ),
    "baseline weights nan": (
        lambda: baseline(output=np.full((1, 1, 5), np.nan)),
        (
            r"weights\['output'\] must be finite and have shape \(1, 1, 5\); got \(1, 1, 5\) with 5"
            r" values that are not finite"
        ),
    ),
    "responses of one trial": (
        lambda: reference.respond(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), TAU, 0),
        r"reference.respond: trials must be numbers of trials, for example range\(5\); got 0",
    ),
    "unknown baseline": (
        lambda: baseline("backprop"),
        "unknown baseline rule 'backprop'; choose one of rflo, rtrl, bptt",
    ),
    "bptt at every step": (
        lambda: baseline("bptt", update="step"),
        (
            "'bptt' goes backwards through the trial, and cannot change weights at each step; write"
            " update='trial'"
        ),
    ),
    "baseline without feedback": (lambda: baseline(feedback=None), "weights lack feedback"),
    "baseline weights of wrong shape": (
        lambda: baseline(output=np.zeros((1, 1, 4))),
        r"weights\['output'\] must be finite and have shape \(1, 1, 5\)",
    ),
}


@pytest.mark.parametrize("act, message", CASES.values(), ids=CASES)
def test_bad_input(act, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try:
            act()
        except (
            BrianObjectException
        ) as error:  # Brian2 names the object, and where it was made, around what before_run raises
            raise error.__cause__ from None


def test_a_parameter_is_a_time_constant_by_what_it_does():
    """Not by its name: `tau_ratio` is no time, and nothing is divided by `tau_window`."""
    rule = timed()
    assert rule.time_constants == {"decay": 10 * ms, "memory": 10 * ms}
    net = network(rule=rule)
    result = net.train(1, namespace={})
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()


def test_a_refused_network_leaves_the_next_one_alone():
    """As at a prompt, where the last traceback keeps what was half built."""
    with pytest.raises(TypeError, match="credit must be a credit path") as kept:
        built(credit="symetric")
    net = network()
    before = np.array(net.recurrent.w)
    net.train(1)
    assert kept.value.__traceback__ is not None and (net.recurrent.w != before).any()
