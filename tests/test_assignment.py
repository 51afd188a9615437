"""What is assigned to an object that is there: it takes effect, or it is refused with what to
write.
"""

from inspect import signature

import numpy as np
import pytest
from brian2 import BrianObject, Network, NeuronGroup, StateMonitor, defaultclock, ms

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
    LIFNeurons,
    LossMonitor,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.readouts import LeakyReadout, SoftmaxReadout, TaskInput, WinnerTakeAll
from brian_rflo.rules import FeedbackDelta
from brian_rflo.synapses import AdaptiveFeedbackSynapses, SymmetricFeedbackSum
from brian_rflo.tasks import CursorMovements, EvidenceAccumulation
from brian_rflo.updates import DALE

TAU, TASK = 10 * ms, CursorMovements(movement=20 * ms, seed=1)
RULE = RFLO(0.1, tau=TAU)


def network(**options):
    return LearningNetwork(TASK, RateNeurons(5, tau=TAU), RULE, **options)


def recurrent(**options):
    neurons = RateNeurons(5, tau=TAU)
    return keep(
        PlasticSynapses(neurons, neurons, RULE, onto="I_rec", name="rec", **options), neurons
    )


def output(readout=None):
    neurons, readout = RateNeurons(5, tau=TAU), readout or Readout(TASK)
    return keep(PlasticSynapses(neurons, readout, Delta(0.1), onto="output"), neurons, readout)


def keep(obj, *others):
    obj._others = others
    return obj


#: Objects, and all that their constructors were told, with another value than before; of each kind
#: that the package makes.
FIXED = {
    "RateNeurons": (
        lambda: RateNeurons(5, tau=TAU),
        dict(tau=50 * ms, inputs=("I_rec",), trial_start="activity = 0", activity_tau=5 * ms),
    ),
    "LIFNeurons": (
        lambda: LIFNeurons(5, tau=TAU, tau_syn=TAU),
        dict(tau=50 * ms, tau_syn=5 * ms, inputs=(), events_onto=(), refractory_time=1 * ms),
    ),
    "ALIFNeurons": (
        lambda: ALIFNeurons(5, TAU, TAU, 50 * ms, beta=1),
        dict(tau_adapt=5 * ms, beta=3),
    ),
    "DiscreteLIFNeurons": (
        lambda: DiscreteLIFNeurons(5, tau=TAU),
        dict(tau=5 * ms, tau_adapt=5 * ms, scale_input=True, reset_by="zero"),
    ),
    "DerivedNeurons": (
        lambda: DerivedNeurons(
            5, "dx/dt = (tanh(I_rec) - x)/(10*ms) : 1", activity="x", method="euler"
        ),
        dict(inputs=("I_in",), surrogate="1", rule=None, derivations={}),
    ),
    "Readout": (lambda: Readout(TASK), dict(task=CursorMovements(), networks=2, copies=2, tau=TAU)),
    "LeakyReadout": (lambda: LeakyReadout(TASK, TAU), dict(tau=5 * ms)),
    "SoftmaxReadout": (
        lambda: SoftmaxReadout(EvidenceAccumulation(n_cues=1, delay=20 * ms), TAU),
        dict(tau=5 * ms),
    ),
    "TaskInput": (lambda: TaskInput(TASK), dict(task=CursorMovements(), is_filtered=True)),
    "PlasticSynapses": (
        recurrent,
        dict(
            rule=RULE,
            onto="I_in",
            learn=PerTrial(),
            constraint=DALE,
            sends="gain",
            mechanisms=(),
            trials="mine",
        ),
    ),
    "AdaptiveFeedbackSynapses": (
        lambda: (
            lambda out: keep(
                AdaptiveFeedbackSynapses(out.target, out.source, FeedbackDelta(0.1), out),
                out,
                *out._others,
            )
        )(output()),
        dict(rule=RULE, switched_with=None),
    ),
    "FixedSynapses": (
        lambda: (lambda group: keep(FixedSynapses(group, group), group))(RateNeurons(5, tau=TAU)),
        dict(sends="gain", onto="I_rec"),
    ),
    "FeedbackSynapses": (
        lambda: (lambda out: keep(FeedbackSynapses(out.target, out.source), out, *out._others))(
            output()
        ),
        dict(sends="output"),
    ),
    "SymmetricFeedbackSum": (
        lambda: (lambda out: keep(SymmetricFeedbackSum(out), out, *out._others))(output()),
        dict(plastic=False, w=0),
    ),
    "Trials": (
        lambda: Trials(TASK),
        dict(
            task=CursorMovements(),
            copies=2,
            seen=2,
            phases=None,
            duration=1 * ms,
            projections=[],
            readouts=[],
        ),
    ),
    "WinnerTakeAll": (
        lambda: WinnerTakeAll(3, 20 * ms),
        dict(n_units=4, period=10 * ms, active_time=10 * ms, networks=2),
    ),
    "LearningNetwork": (
        network,
        dict(
            task=CursorMovements(),
            neurons=None,
            rule=RULE,
            learn=PerTrial(),
            trained=(),
            initial=2,
            plastic=False,
            learning_rate=0.5,
            readout=None,
            copies=2,
            recurent=None,
        ),
    ),
}


@pytest.mark.parametrize("make, values", FIXED.values(), ids=FIXED)
def test_what_was_read_when_it_was_made_is_fixed(make, values):
    obj = make()
    for name, value in values.items():
        before = getattr(obj, name, None)
        with pytest.raises(
            AttributeError,
            match=(
                f"'{obj.name}', a {type(obj).__name__}: {name} (is read when it is made, and"
                " assigning it later would change nothing|cannot be set|is a part of it, and"
                " cannot be replaced)."
                " (Write|Build|Make|What can be set) "
            ),
        ):
            setattr(obj, name, value)
        assert getattr(obj, name, None) is before or getattr(obj, name) == before


def test_an_argument_is_named_and_what_is_none_is_not():
    neurons, trials = RateNeurons(5, tau=TAU), Trials(TASK)
    with pytest.raises(
        AttributeError,
        match=(
            r"Write RateNeurons\(..., tau=50. \* msecond\) where it is made, and build again what"
            r" is connected to it"
        ),
    ):
        neurons.tau = 50 * ms
    with pytest.raises(AttributeError, match="Make another Trials in its place"):
        trials.readouts = []
    assert neurons.tau == neurons.namespace["tau"] == TAU


def test_value_objects_are_fixed():
    net = network(learn=PerTrial(Adam()))
    for value, name in (
        (net.task, "movement"),
        (net.rule, "learning_rate"),
        (net.recurrent.learn, "batch"),
        (net.recurrent.learn.optimizer, "beta_1"),
        (FiringRate(0.1, 1), "strength"),
    ):
        with pytest.raises(AttributeError, match=f"cannot assign to field '{name}'"):
            setattr(value, name, 0.5)


@pytest.mark.parametrize(
    "name, value, advice",
    [
        (
            "task",
            CursorMovements(movement=20 * ms, seed=2),
            (
                r"Write net.train\(n, task=CursorMovements\(.*\), or build another network with"
                " initial=result.weights_after of this one"
            ),
        ),
        (
            "plastic",
            False,
            (
                "Write net.recurrent.plastic = False, net.input_synapses.plastic = False,"
                " net.output.plastic = False."
            ),
        ),
        ("learning_rate", 0.5, "Write net.recurrent.learning_rate = 0.5, "),
        ("learn", PerTrial(), r"Write LearningNetwork\(..., learn=PerTrial\(.*\) where it is made"),
    ],
)
def test_a_network_says_what_to_write(name, value, advice):
    with pytest.raises(AttributeError, match=advice):
        setattr(network(), name, value)


def test_a_replaced_task_is_refused_and_the_result_has_the_one_that_ran():
    net = network()
    net.train(3)
    with pytest.raises(AttributeError):
        net.task = CursorMovements(movement=20 * ms, seed=2)
    seen = StateMonitor(net.readout, "target", record=True, when="end")
    net.add(seen)
    result = net.train(1)
    assert np.allclose(seen.target.T, TASK.trial(3)[1]) and np.array_equal(
        result.target, TASK.trial(3)[1]
    )


def test_switches_and_variables_can_be_set():
    """Brian2's own attributes, state variables with and without units, attributes with a line
    below, and objects kept on a network.
    """
    net = network()
    net.recurrent.plastic, net.recurrent.learning_rate, net.recurrent.tau_ = False, 0.05, 0.02
    net.neurons.initial, net.neurons.activity[:3], net.neurons.namespace["tau"] = 0.2, 0.3, 20 * ms
    net.readout.active, net.losses.active, net.neurons.state_updater.order = True, False, 1
    net.voltage = StateMonitor(net.neurons, "activity", record=True)
    net._mine = 3
    net.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    assert (
        isinstance(net.voltage, BrianObject)
        and net.recurrent.tau == 20 * ms
        and not net.recurrent.plastic[:]
    )
    net.trials.order = 3
    before = net.recurrent.matrix()
    net.train(1)
    assert (net.recurrent.matrix() == before).all()


def test_store_and_restore_work_on_what_is_fixed():
    net = network()
    net.train(1)
    net.store()
    first = net.train(1).losses
    net.restore()
    assert np.array_equal(net.train(1).losses, first)


def test_settings_are_the_arguments():
    net = LearningNetwork(TASK, RateNeurons(5, tau=TAU), RULE)
    assert set(net.given) == set(signature(LearningNetwork).parameters) - {"name"}
    assert set(net.given) <= set(net.settings)


def test_subclasses_have_attributes_of_their_own():
    class Counting(RateNeurons):
        seen = 0

        def __init__(self, N, label):
            self.label, self.runs = label, 0
            super().__init__(N, tau=TAU, name="counting")
            self.add_attribute("note")
            self.note, self.trial_start = "made", "activity = 0.5"

        def before_run(self, run_namespace):
            self.runs += 1
            super().before_run(run_namespace)

    class Named(LearningNetwork):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.label = "mine"

    neurons = Counting(5, "one")
    net = Named(TASK, neurons, RULE)
    net.train(1)
    net.train(1)
    assert neurons.trial_start == "activity = 0.5"
    neurons.label, neurons.note, neurons.seen, net.label = "two", "run", 4, "yours"
    assert (neurons.runs, neurons.label, neurons.note, neurons.seen, net.label) == (
        2,
        "two",
        "run",
        4,
        "yours",
    )
    with pytest.raises(AttributeError, match="'counting', a Counting: tau is read when it is made"):
        neurons.tau = 20 * ms


def test_a_network_may_learn_nothing():
    net = network(trained=())
    before = net.weights()
    result = net.train(3)
    assert np.isfinite(result.losses).all() and all(
        np.array_equal(net.weights()[name], matrix) for name, matrix in before.items()
    )
    frozen = network()
    frozen.recurrent.plastic = frozen.input_synapses.plastic = frozen.output.plastic = False
    assert np.array_equal(result.losses, frozen.train(3).losses)


# Values of state variables: what the constructor refuses


def connected(rule=RULE, **options):
    neurons = RateNeurons(5, tau=TAU)
    synapses = keep(
        PlasticSynapses(neurons, neurons, rule, onto="I_rec", name="rec", **options), neurons
    )
    synapses.connect()
    return synapses


def held():
    return connected(FiringRate(0.1, 300).around(RULE))


def spiking():
    return LIFNeurons(5, tau=TAU, tau_syn=TAU, name="n")


VALUES = {
    "time constant below the step": (
        connected,
        "tau",
        0.5 * ms,
        "'rec': RFLO: tau = 0.5 ms is shorter than the time step 1. ms",
    ),
    "time constant of 0": (
        connected,
        "tau",
        0 * ms,
        "'rec': RFLO: tau must be one positive time; got 0. . second",
    ),
    "learning rate": (
        connected,
        "learning_rate",
        -1,
        (
            "'rec': .*learning_rate must be finite and not negative|must be a finite number and not"
            " negative; got -1"
        ),
    ),
    "learning rate, not finite": (
        connected,
        "learning_rate",
        np.nan,
        "'rec': .*learning_rate must be",
    ),
    "rate to be held": (held, "rate_target", np.inf, "'rec': FiringRate: target must be one rate"),
    "strength": (
        held,
        "rate_strength",
        -3,
        "'rec': FiringRate: strength must be a finite number and not negative; got -3",
    ),
    "activity of the beginning": (
        lambda: RateNeurons(5, tau=TAU, name="n"),
        "initial",
        np.nan,
        "'n': initial must be finite",
    ),
    "bias": (spiking, "bias", np.inf, "'n': bias must be finite"),
    "membrane of the beginning": (spiking, "v_initial", np.nan, "'n': v_initial must be finite"),
    "adaptation": (
        lambda: DiscreteLIFNeurons(5, tau=TAU, tau_adapt=TAU, name="n"),
        "beta",
        -1,
        "'n': beta must not be negative",
    ),
    "a beginning of one's own": (
        lambda: DerivedNeurons(
            5,
            "dx/dt = (tanh(I_rec) - x)/(10*ms) : 1",
            activity="x",
            method="euler",
            initial={"x": 0.1},
            name="n",
        ),
        "x_initial",
        np.nan,
        "'n': x_initial must be finite numbers",
    ),
    "exploration": (
        lambda: WinnerTakeAll(3, 20 * ms),
        "exploration",
        2,
        "WinnerTakeAll: exploration must be a probability, from 0 to 1; got 2",
    ),
    "height": (
        lambda: WinnerTakeAll(3, 20 * ms),
        "height",
        np.inf,
        "WinnerTakeAll: height must be a finite number; got inf",
    ),
}


def set_slice(obj, name, value):
    getattr(obj, name)[:] = value


def set_by_string(obj, name, value):
    setattr(
        obj,
        name,
        (
            "log((t - second)/second)"
            if np.isnan(value)
            else (
                "exp((t + 1000*second)/second)"
                if np.isinf(value)
                else f"{float(value)!r}{'*second' if name == 'tau' else ''}"
            )
        ),
    )


WAYS = {
    "attribute": setattr,
    "slice": set_slice,
    "states": lambda obj, name, value: obj.set_states({name: value}),
    "string": set_by_string,
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy on the logarithm
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("make, name, value, message", VALUES.values(), ids=VALUES)
def test_values_are_checked_like_those_of_the_constructor(make, name, value, message, way):
    obj = make()
    before = np.array(getattr(obj, name))
    with pytest.raises((TypeError, ValueError), match=message):
        way(obj, name, value)
    assert np.array_equal(np.array(getattr(obj, name)), before)


def test_values_that_are_right_are_set():
    synapses = held()
    synapses.tau, synapses.learning_rate[:], synapses.rate_strength = 20 * ms, 0.5, "2*10.0"
    synapses.learning_rate *= 0.5
    synapses.set_states({"rate_target": 0.2})
    assert (synapses.tau, synapses.learning_rate, synapses.rate_strength, synapses.rate_target) == (
        20 * ms,
        0.25,
        20,
        0.2,
    )
    with pytest.raises(ValueError, match="not negative"):
        synapses.learning_rate *= -1
    assert synapses.learning_rate == 0.25


def test_groups_of_the_users_are_not_touched():
    mine = NeuronGroup(5, "activity : 1\ngain : 1\nfeedback : 1\nI_rec : 1\nI_in : 1\nx : 1")
    mine.add_attribute("tau")
    LearningNetwork(TASK, mine, RULE)
    mine.tau, mine.x = 3 * ms, np.nan
    assert mine.tau == 3 * ms and np.isnan(mine.x).all()


def test_monitors_go_on():
    defaultclock.dt = TASK.dt
    neurons, readout = RateNeurons(5, tau=TAU), Readout(TASK)
    trials = Trials(TASK, neurons, readout)
    losses = LossMonitor(trials)
    losses.active = False
    Network(neurons, readout, trials, losses).run(TASK.duration)
    assert len(losses.t) == 0
    with pytest.raises(AttributeError):
        losses.every = 10
