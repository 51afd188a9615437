"""Bad input: an error where it was written, that names the object, what was wrong, and what to write instead."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import BrianObjectException, Hz, Network, NeuronGroup, Quantity, defaultclock, ms, mV, second

from brian_rflo import (
    DALE,
    RFLO,
    ArrayTask,
    CursorMovements,
    Delta,
    EvidenceAccumulation,
    FeedbackSynapses,
    FixedSynapses,
    IntervalMatching,
    LearningNetwork,
    LearningRule,
    LossMonitor,
    PatternGeneration,
    PeriodicOutput,
    PlasticSynapses,
    RateNeurons,
    Readout,
    StoreRecall,
    SymmetricFeedback,
    TaskInput,
    Trials,
    reference,
)
from brian_rflo.network import initial_weights

TAU, RULE = 10 * ms, RFLO(0.1, tau=10 * ms)
TASK = PeriodicOutput(period=20 * ms)
PORTS = "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1\nI_in : 1"


def neurons(N=5, **args):
    return RateNeurons(N, tau=TAU, **args)


def without(port, model=PORTS):
    """A group of the user's, named mine, that lacks a port."""
    return NeuronGroup(5, model.replace(f"{port} : 1\n", ""), name="mine")


def recurrent(group, rule=RULE, **args):
    return PlasticSynapses(group, group, rule, onto=args.pop("onto", "I_rec"), **args)


def connected(**args):
    synapses = recurrent(neurons(), name="rec", **args)
    synapses.connect()
    return synapses


def with_weights(values):
    connected().w = values


def network(task=TASK, group=None, rule=RULE, **args):
    return LearningNetwork(task, group or neurons(), rule, **args)


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


def without_trials():
    synapses = connected(update="trial")
    Network(synapses.source, synapses).run(1 * ms)


def two_trials():
    synapses = connected()
    Trials(TASK, synapses)
    Trials(TASK, synapses)


def different_batches():
    group, readout = neurons(), Readout(TASK)
    one = recurrent(group, update="trial", name="one")
    two = PlasticSynapses(group, readout, Delta(0.1), onto="output", update="trial", batch=2, name="two")
    Trials(TASK, readout, one, two, clip_norm=0.1)


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


def baseline(rule="rflo", update="trial", **weights):
    weights = initial_weights(5, 0, 1, 1, 1.5, 0) | weights
    reference.train(TASK, {name: w for name, w in weights.items() if w is not None}, rule, 0.1, TAU, 1, update=update)


class Ragged(PeriodicOutput):
    def sample(self, rng):
        inputs, target, mask = super().sample(rng)
        return inputs, target[:-1], mask


CASES = {
    # groups without a port
    "no gain": (lambda: recurrent(without("gain")), "'mine' has no variable 'gain'.*RFLO.*add 'gain : 1'"),
    "no activity": (lambda: recurrent(without("activity")), "'mine' has no variable 'activity'.*add 'activity : 1'"),
    "no feedback": (lambda: recurrent(without("feedback")), "'mine' has no variable 'feedback'.*add 'feedback : 1'"),
    "no input variable": (lambda: recurrent(without("I_rec")), "'mine' has no variable 'I_rec'.*onto='I_rec'.*add 'I_rec : 1'"),
    "wrong onto": (lambda: recurrent(neurons(name="n"), onto="I_rce"), "'n' has no variable 'I_rce'"),
    "port with units": (lambda: recurrent(NeuronGroup(5, PORTS.replace("I_rec : 1", "I_rec : volt"), name="mine")), "'I_rec' of group 'mine' must have no units.*I_rec\\*mV"),
    "port not stored": (lambda: recurrent(NeuronGroup(5, PORTS.replace("gain : 1", "gain = 1 - activity**2 : 1"), name="mine")), "'gain' of group 'mine' must be stored"),
    "feedback from no error": (lambda: FeedbackSynapses(neurons(name="n"), neurons()), "'n' has no variable 'error'.*Readout"),
    "feedback onto no port": (lambda: FeedbackSynapses(Readout(TASK), without("feedback")), "'mine' has no variable 'feedback'"),
    "symmetric without readout": (lambda: SymmetricFeedback(connected()), "has no variable 'error'"),
    # outputs and inputs against the task
    "another task": (lambda: Trials(CursorMovements(movement=20 * ms), Readout(TASK, name="out")), "'out' was made for another task"),
    "too many inputs": (lambda: network(CursorMovements(), inputs=neurons(3, name="three")), "CursorMovements has 4 inputs, but 'three' has 3"),
    "no inputs at all": (lambda: TaskInput(TASK), "PeriodicOutput has no inputs"),
    "weights of wrong shape": (lambda: network(weights={"output": np.zeros((2, 5))}), r"weights\['output'\] must have shape \(1, 1, 5\).*got \(1, 2, 5\)"),
    "weights not finite": (lambda: network(weights={"recurrent": np.full((5, 5), np.nan)}), r"weights\['recurrent'\] must be finite; got 25"),
    "weights of nobody": (lambda: network(weights={"w_rec": np.zeros((5, 5))}), "no 'w_rec'; the names are recurrent, output"),
    "networks do not fit": (lambda: network(networks=2), "networks must be a whole number that divides the 5 neurons"),
    "no networks": (lambda: network(networks=0), "networks must be a whole number"),
    "unknown feedback": (lambda: network(feedback="none"), "feedback must be one of .'random', 'symmetric', 'adaptive'.; got 'none'"),
    # time constants and clocks
    "tau without units": (lambda: RateNeurons(5, tau=10), "RateNeurons: tau must be a time, for example 10\\*ms; got 10"),
    "tau in volts": (lambda: RateNeurons(5, tau=10 * mV), "RateNeurons: tau must be a time"),
    "tau zero": (lambda: RateNeurons(5, tau=0 * ms), "RateNeurons: tau must be one positive time"),
    "tau negative": (lambda: RateNeurons(5, tau=-1 * ms), "RateNeurons: tau must be one positive time"),
    "tau nan": (lambda: RateNeurons(5, tau=np.nan * ms), "RateNeurons: tau must be one positive time"),
    "tau below dt": (lambda: RateNeurons(5, tau=0.5 * ms, name="n"), "'n': tau = 0.5 ms is shorter than the time step 1. ms"),
    "rule tau without units": (lambda: RFLO(0.1, tau=10), "RFLO: tau must be a time"),
    "rule tau zero": (lambda: RFLO(0.1, tau=0 * ms), "RFLO: tau must be one positive time"),
    "rule tau below dt": (lambda: recurrent(neurons(), RFLO(0.1, tau=0.5 * ms)), "RFLO: tau = 0.5 ms is shorter than the time step"),
    "own rule, tau below dt": (lambda: recurrent(neurons(), Fast(0.1, tau_fast=0.1 * ms)), "Fast: tau_fast = 100. us is shorter than the time step"),
    "dt of the readout": (lambda: slow_clock(lambda: Readout(TASK, name="out")), "dt = 1. ms, but 'out' runs at 100. us; write defaultclock.dt = task.dt"),
    "dt of the input": (lambda: slow_clock(lambda: TaskInput(CursorMovements())), "write defaultclock.dt = task.dt"),
    "dt of the trials": (lambda: slow_clock(lambda: Trials(TASK)), "write defaultclock.dt = task.dt"),
    "dt changed later": (clock_changed_later, "write defaultclock.dt = task.dt"),
    # numbers that are none
    "initial not finite": (lambda: neurons(initial=np.nan), "RateNeurons: initial must be finite"),
    "target nan": (lambda: ArrayTask(target=[0, np.nan, 1]), "ArrayTask: target is not finite .first at step 1"),
    "inputs too short": (lambda: ArrayTask(target=np.zeros(5), inputs=np.zeros(4)), r"ArrayTask: inputs must have shape \(5, 1\); got \(4, 1\)"),
    "mask of wrong shape": (lambda: ArrayTask(target=np.zeros(5), mask=np.ones((5, 2))), r"ArrayTask: mask must have shape \(5,\)"),
    "empty target": (lambda: ArrayTask(target=[]), "ArrayTask: target must have shape"),
    "sample of wrong shape": (lambda: Ragged(period=20 * ms).trial(0), r"Ragged: target must have shape \(20, 1\); got \(19, 1\)"),
    "synaptic weights nan": (lambda: with_weights(np.full(25, np.nan)), "weights of 'rec' must be finite; got 25"),
    "synaptic weight nan": (lambda: with_weights(np.nan), "weights of 'rec' must be finite"),
    "too few weights": (lambda: with_weights(np.zeros(24)), r"weights of 'rec' must be .* shape \(25,\).*got shape \(24,\)"),
    "matrix as weights": (lambda: with_weights(np.zeros((5, 5))), "set_matrix"),
    "matrix of wrong shape": (lambda: connected().set_matrix(np.zeros((5, 4))), r"matrix of 'rec' must have shape \(5, 5\), \[post, pre\]; got \(5, 4\)"),
    "matrix for sparse synapses": (sparse_matrix, r"matrix for 'rec' has 5 weights where there is no synapse .the first for post = 0, pre = 0.; put 0 there, or make them with rec.connect_matrix"),
    "weights before connect": (lambda: setattr(recurrent(neurons(), name="rec"), "w", 0.1), r"'rec' has no weights yet; write rec.connect\(\)"),
    # rules
    "rate negative": (lambda: Delta(-0.1), "Delta: learning_rate must be finite and not negative; got -0.1"),
    "rate nan": (lambda: Delta(np.nan), "Delta: learning_rate must be finite"),
    "rate infinite": (lambda: Delta(np.inf), "Delta: learning_rate must be finite"),
    "rate a quantity": (lambda: Delta(0.1 * ms), "Delta: learning_rate must be a plain number, not a quantity"),
    "rate a dimensionless quantity": (lambda: Delta(Quantity(0.1)), "Delta: learning_rate must be a plain number, not a quantity"),
    "rate a string": (lambda: Delta("0.1"), "Delta: learning_rate must be a plain number; got '0.1'"),
    "update names nobody": (lambda: recurrent(neurons(), Misspelt(0.1)), "Misspelt .*: its update names 'trce'"),
    "trace names nobody": (lambda: recurrent(neurons(), MisspeltTrace(0.1)), "MisspeltTrace .*: its traces names 'actvity_pre'"),
    "reset names nobody": (lambda: recurrent(neurons(), MisspeltReset(0.1)), "MisspeltReset .*: its reset names 'other', 'trace'"),
    "unknown update": (lambda: recurrent(neurons(), update="epoch"), "update must be 'step' or 'trial'; got 'epoch'"),
    # connections, trials
    "connect twice": (connect_twice, "'rec' is connected already"),
    "no trial to wait for": (without_trials, r"'rec' accumulates.*Trials\(task, ..., rec\)"),
    "in two trials": (two_trials, "'rec' belongs to 'trials' already"),
    "a part twice": (lambda: (lambda out: Trials(TASK, out, out))(Readout(TASK)), "Trials was given a part twice"),
    "networks that differ": (lambda: Trials(TASK, Readout(TASK, networks=2, name="out")), "'out' has 2 units, but 1 network.*same networks="),
    "same shape, another task": (lambda: Trials(TASK, Readout(ArrayTask(target=np.ones(20)), name="out")), "'out' was made for another task"),
    "losses without a readout": (lambda: LossMonitor(Trials(TASK, neurons())), "LossMonitor needs a Trials with a Readout"),
    "another clock": (lambda: Trials(TASK, neurons(dt=0.5 * ms, name="n")), "'n' runs at 0.5 ms"),
    "never connected": (lambda: (lambda rec: Network(rec.source, rec).run(1 * ms))(recurrent(neurons(), name="rec")), r"'rec' is not connected; write rec.connect\(\)"),
    "weights spoilt from behind": (spoilt, "weights of 'recurrent' must be finite; got 25"),
    "baseline rate negative": (lambda: reference.train(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", -0.1, TAU, 1), "learning_rate must be finite and not negative"),
    "baseline trials": (lambda: reference.train(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", 0.1, TAU, 0), "trials must be a whole number of at least 1"),
    "group without a reset": (lambda: Trials(TASK, NeuronGroup(1, "v : 1", name="mine")), r"at_start\(mine, "),
    "train zero trials": (lambda: network().train(0), "trials must be at least 1; got 0"),
    "train half a trial": (lambda: network().train(1.5), "trials must be a whole number; got 1.5"),
    "train within a trial": (train_within_a_trial, "stands at step 7 of a trial of 20"),
    # when and how weights change
    "batch of no trials": (lambda: recurrent(neurons(), update="trial", batch=0), "batch must be a whole number of trials, at least 1; got 0"),
    "batch at every step": (lambda: network(batch=10), "batch=10 adds up the changes of trials, which needs update='trial'; got update='step'"),
    "clipping at every step": (lambda: network(clip_norm=0.1), "clip_norm scales the change of a whole trial, which needs update='trial'"),
    "clipping to nothing": (lambda: network(update="trial", clip_norm=0), "clip_norm must be a positive number; got 0"),
    "clipping of nothing": (lambda: Trials(TASK, Readout(TASK), clip_norm=0.1), "scales the changes of plastic projections, and Trials was given none"),
    "clipping of different batches": (different_batches, "'two' has batch=2, 'one' batch=1"),
    "self-connections between groups": (lambda: PlasticSynapses(neurons(name="a"), neurons(name="b"), RULE, onto="I_rec", self_connections=False), "self_connections=False is for projections within a group, but 'a' and 'b' are two"),
    "trained weights of nobody": (lambda: network(trained=("readout",)), "trained must be some of .*'output'.*got .'readout',."),
    "trained without a list": (lambda: network(trained="output"), r"for example trained=\('output',\); got 'output'"),
    "constraint names nobody": (lambda: recurrent(neurons(), constraint="w = clip(w, 0, w_max)"), "its constraint names 'w_max'"),
    "Dale's law for neurons of neither kind": (lambda: network(constraint=DALE), "its constraint names 'excitatory_pre'"),
    "output current into nothing": (lambda: network(output_current=True), "has no variable 'I_out'"),
    "fixed weights from nothing": (lambda: FixedSynapses(neurons(name="n"), neurons(), sends="spikes"), "'n' has no variable 'spikes', which FixedSynapses needs"),
    "baseline clipping": (lambda: reference.train(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", 0.1, TAU, 1, clip_norm=-1), "clip_norm must be a positive number; got -1"),
    "baseline trained": (lambda: reference.train(TASK, initial_weights(5, 0, 1, 1, 1.5, 0), "rflo", 0.1, TAU, 1, trained=("all",)), "trained must be some of"),
    # tasks
    "period no whole steps": (lambda: PeriodicOutput(period=20.5 * ms), "period = 20.5 ms is no whole number of time steps of 1. ms; write for example period=20. ms"),
    "period without units": (lambda: PeriodicOutput(period=20), "PeriodicOutput: period must be a time"),
    "period too short": (lambda: PeriodicOutput(period=1 * ms), "PeriodicOutput: period = 1. ms must be at least two time steps"),
    "period negative": (lambda: PeriodicOutput(period=-20 * ms), "period must be"),
    "amplitudes": (lambda: PeriodicOutput(period=20 * ms, amplitudes=(1,)), "1 amplitudes for 3 harmonics"),
    "dt zero": (lambda: PeriodicOutput(period=20 * ms, dt=0 * second), "PeriodicOutput: dt must be one positive time"),
    "delays reversed": (lambda: IntervalMatching(delays=(50 * ms, 40 * ms)), "delays must be .shortest, longest."),
    "one delay": (lambda: IntervalMatching(delays=100 * ms), "delays must be a pair of times"),
    "amplitude nan": (lambda: PeriodicOutput(period=20 * ms, amplitudes=(1, np.nan, 1)), "PeriodicOutput: target is not finite"),
    "height nan": (lambda: CursorMovements(input_height=np.nan), "CursorMovements: inputs is not finite"),
    "three channels": (lambda: IntervalMatching(n_inputs=3), "n_inputs must be 1 .* or 2"),
    "no movement": (lambda: CursorMovements(n_movements=0), "n_movements must be a whole number of at least 1"),
    "seed negative": (lambda: CursorMovements(seed=-1), "CursorMovements: seed must be a non-negative whole number"),
    "even cues": (lambda: EvidenceAccumulation(n_cues=6), "n_cues = 6 is even, and neither side has more cues .*; write an odd number"),
    "no cues": (lambda: EvidenceAccumulation(n_cues=0), "n_cues must be a whole number of at least 1"),
    "likely side": (lambda: EvidenceAccumulation(p_likely=1.2), "EvidenceAccumulation: p_likely must be a probability"),
    "no recall window": (lambda: EvidenceAccumulation(recall=0 * ms), "recall must be at least one time step"),
    "pause no whole steps": (lambda: EvidenceAccumulation(pause=0.5 * ms), "EvidenceAccumulation: pause = 0.5 ms is no whole number of time steps"),
    "rate without units": (lambda: EvidenceAccumulation(cue_rate=0.04), "EvidenceAccumulation: cue_rate must be a rate, for example 40.Hz; got 0.04"),
    "rate too high": (lambda: EvidenceAccumulation(noise_rate=2000 * Hz), "noise_rate must be one rate between 0 Hz and a spike in each time step"),
    "rate negative": (lambda: PatternGeneration(input_rate=-1 * Hz), "input_rate must be one rate"),
    "window too long": (lambda: PatternGeneration(length=100 * ms, learning_window=101 * ms), "learning_window = 101. ms is longer than a trial"),
    "no window": (lambda: PatternGeneration(learning_window=0 * ms), "learning_window must be one positive time"),
    "half a period": (lambda: PatternGeneration(harmonics=(0.5,)), "harmonics must be a whole number"),
    "no sines": (lambda: PatternGeneration(harmonics=()), "harmonics must be a tuple of whole numbers"),
    "sines too fast": (lambda: PatternGeneration(length=10 * ms), "length = 10. ms is too short for 5 periods"),
    "no channels": (lambda: StoreRecall(n_per_group=0), "StoreRecall: n_per_group must be a whole number of at least 1"),
    "one symbol": (lambda: StoreRecall(n_symbols=1), "StoreRecall: n_symbols must be a whole number of at least 2"),
    "delay beyond the trial": (lambda: StoreRecall(n_symbols=4), "expected_delay must be a number of symbols, from 1 to n_symbols = 4; got 6.0"),
    "no symbol": (lambda: StoreRecall(symbol=0 * ms), "StoreRecall: symbol must be at least one time step"),
    # baselines
    "unknown baseline": (lambda: baseline("backprop"), "unknown baseline rule 'backprop'; choose one of rflo, rtrl, bptt"),
    "bptt at every step": (lambda: baseline("bptt", update="step"), "cannot change weights at each step; write update='trial'"),
    "baseline without feedback": (lambda: baseline(feedback=None), "weights lack feedback"),
    "baseline weights of wrong shape": (lambda: baseline(output=np.zeros((1, 1, 4))), r"weights\['output'\] must be finite and have shape \(1, 1, 5\)"),
}


@pytest.mark.parametrize("act, message", CASES.values(), ids=CASES)
def test_bad_input(act, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try:
            act()
        except BrianObjectException as error:  # Brian2 names the object, and where it was made, around what before_run raises
            raise error.__cause__ from None


@pytest.mark.parametrize("there, warned", [(TAU, False), (20 * ms, True), (10.0, True), (None, False)])
def test_a_variable_of_the_script_named_like_a_parameter(there, warned, caplog):
    """Brian2 warns of two things of one name; the value that the rule was given is not another thing."""
    network().train(1, namespace={"tau": there})
    assert ("'tau' is an internal variable of group 'recurrent" in caplog.text) == warned
