"""Arguments of Brian2 that pass through the parts: they do what they say, or are refused."""

import numpy as np
import pytest
from brian2 import BrianObjectException, Network, NeuronGroup, StateMonitor, defaultclock, ms
from brian2 import Clock as BrianClock

from brian_rflo import (
    RFLO,
    ALIFNeurons,
    Delta,
    FeedbackSynapses,
    FixedSynapses,
    LIFNeurons,
    LossMonitor,
    PlasticSynapses,
    RateNeurons,
    Readout,
    TrialMonitor,
    Trials,
)
from brian_rflo.neurons import DerivedNeurons, DiscreteLIFNeurons, PotentialNeurons
from brian_rflo.readouts import ChoiceMonitor, ConstantUnit, LeakyReadout, TaskInput, WinnerTakeAll
from brian_rflo.tasks import ArrayTask

TAU = 5 * ms
TASK = ArrayTask(target=np.linspace(0, 1, 6), inputs=np.ones(6), dt=1 * ms)


def rates(**args):
    return RateNeurons(3, tau=TAU, **args)


def spiking(**args):
    return LIFNeurons(3, tau=TAU, tau_syn=TAU, **args)


def plastic(**args):
    return PlasticSynapses(rates(), rates(), RFLO(0.1, tau=TAU), onto="I_rec", **args)


GROUPS = {
    "rates": rates,
    "spiking": spiking,
    "discrete": lambda **args: DiscreteLIFNeurons(3, tau=TAU, **args),
    "potential": lambda **args: PotentialNeurons(3, tau=TAU, **args),
    "derived": lambda **args: DerivedNeurons(
        3, "dx/dt = (-x + I_rec)/(5*ms) : 1", activity="x", **args
    ),
    "readout": lambda **args: Readout(TASK, **args),
    "leaky": lambda **args: LeakyReadout(TASK, tau=TAU, **args),
    "inputs": lambda **args: TaskInput(TASK, **args),
    "constant": ConstantUnit,
    "choice": lambda **args: WinnerTakeAll(2, period=TAU, **args),
    "trials": lambda **args: Trials(TASK, **args),
}
SYNAPSES = {
    "plastic": plastic,
    "fixed": lambda **args: FixedSynapses(rates(), rates(), onto="I_in", **args),
    "at spikes": lambda **args: FixedSynapses(spiking(), spiking(), onto="I_rec", **args),
    "feedback": lambda **args: FeedbackSynapses(Readout(TASK), rates(), **args),
}
OF_GROUPS = {
    "order": 3,
    "events": {"spike": "t > 1*ms"},
    "method_options": {"a": 1},
    "model": "v : 1",
}
OF_MODELS = {"threshold": "t > 1*ms", "method": "rk4", "refractory": 2 * ms, "reset": "x = 0"}
OF_SYNAPSES = {
    "on_pre": "w += 1",
    "on_post": "w += 1",
    "pre": "w += 1",
    "on_event": "up",
    "method": "rk4",
    "order": 2,
}


@pytest.mark.parametrize("kind", GROUPS)
def test_what_belongs_to_a_model_is_refused(kind):
    make, refused = GROUPS[kind], dict(OF_GROUPS)
    if kind in ("spiking", "derived"):
        del refused["model" if kind == "derived" else "events"]
    if kind in ("rates", "readout", "leaky", "inputs", "constant", "choice", "trials"):
        refused |= OF_MODELS
    for name, value in refused.items():
        with pytest.raises(TypeError, match=rf"does not take {name} \(got {name}="):
            make(**{name: value})


def test_what_a_class_takes_its_subclasses_take():
    """Through arguments that they pass on; `ALIFNeurons` lost its refractory period."""
    adaptive = ALIFNeurons(3, TAU, TAU, tau_adapt=TAU, beta=0.1, refractory=2 * ms)
    assert adaptive.variables["not_refractory"] is not None
    with pytest.raises(TypeError, match="ALIFNeurons does not take method"):
        ALIFNeurons(3, TAU, TAU, tau_adapt=TAU, beta=0.1, method="rk4")


@pytest.mark.parametrize("kind", SYNAPSES)
def test_what_belongs_to_a_rule_is_refused(kind):
    for name, value in OF_SYNAPSES.items():
        with pytest.raises(TypeError, match=rf"Synapses does not take {name} \(got {name}="):
            SYNAPSES[kind](**{name: value})


@pytest.mark.parametrize("make", [*GROUPS.values(), *SYNAPSES.values()])
def test_what_passes(make):
    part = make(namespace={"own": 3}, dt=1 * ms)
    assert part.namespace["own"] == 3
    assert make(clock=BrianClock(1 * ms), name="mine").name == "mine"


def test_options_of_an_integrator():
    with pytest.raises(TypeError, match="Write method= too"):
        GROUPS["derived"](method_options={"simplify": False})
    GROUPS["derived"](method="exact", method_options={"simplify": False})


def test_variables_of_ones_own_with_our_names():
    for line, name in (
        ("dw/dt = -w/(9*ms) : 1", "w"),
        ("tau : second", "tau"),
        ("trace : 1", "trace"),
        ("plastic : 1", "plastic"),
        ("learning_rate : 1", "learning_rate"),
    ):
        group = NeuronGroup(
            3, f"activity : 1\n{line}\nI_rec : 1\ngain : 1\nfeedback : 1", method="euler"
        )
        words = f"'{group.name}' has a variable '{name}'.*rename that of .* '{name}_cell'"
        with pytest.raises(ValueError, match=words):
            PlasticSynapses(group, rates(), RFLO(0.5, tau=TAU), onto="I_rec")
        with pytest.raises(ValueError, match=words):
            PlasticSynapses(rates(), group, RFLO(0.5, tau=TAU), onto="I_rec")


def test_two_synapses_of_a_pair():
    """Each learns as if it were alone, and both send; a matrix cannot say which is meant."""

    def trained(weights, **connected):
        neurons, readout = rates(), Readout(TASK)
        neurons.activity = 0.1
        output = PlasticSynapses(
            neurons, readout, Delta(0.5), onto="output", multisynaptic_index="k"
        )
        output.connect(**connected)
        output.w = weights
        Network(neurons, readout, output, Trials(TASK, neurons, readout, output)).run(12 * ms)
        return output

    two = trained([0.3, 0.1, 0.2, 0.5, -0.4, 0.6], n=2)
    assert list(two.k) == [0, 1] * 3
    # by hand: rates that decay from .1 by 1/5 in each step, in two trials
    w = np.array([0.3, 0.1, 0.2, 0.5, -0.4, 0.6])
    for _ in range(2):
        h = np.full(3, 0.1)
        for target in TASK.trial(0)[1][:, 0]:
            h = h - h / 5
            w = w + 0.5 / 6 * (target - w @ np.repeat(h, 2)) * np.repeat(h, 2)
    np.testing.assert_allclose(two.w, w, rtol=1e-12)
    np.testing.assert_allclose(two.matrix(), [w.reshape(3, 2).sum(axis=1)])
    for matrix in (np.ones((1, 3)), np.ones((1, 1, 3))):
        with pytest.raises(ValueError, match=r"several synapses.*\.w = values, one for each"):
            two.set_matrix(matrix)


def test_connected_once_and_before_the_first_run():
    synapses = plastic()
    with pytest.raises(BrianObjectException) as raised:
        Network(synapses, synapses.source, synapses.target).run(1 * ms)
    assert "is not connected; write" in str(raised.value.__cause__)
    synapses = plastic()
    synapses.connect()
    with pytest.raises(ValueError, match="already connected; connect it once"):
        synapses.connect(i=0, j=1)


@pytest.mark.parametrize("kind", ["plastic", "fixed", "feedback"])
def test_a_time_step_of_its_own(kind):
    with pytest.raises(ValueError, match=r"runs at 0.5 ms, but '.*' at 1. ms; both must have the"):
        SYNAPSES[kind](dt=0.5 * ms)


def test_groups_with_two_time_steps():
    source = rates(dt=0.5 * ms)
    with pytest.raises(ValueError, match="runs at 1. ms, but 'rateneurons.*' at 0.5 ms"):
        PlasticSynapses(source, rates(), RFLO(0.1, tau=TAU), onto="I_rec")
    for make in (rates, spiking):
        neurons = make(dt=0.5 * ms)
        with pytest.raises(ValueError, match=r"dt = 1. ms, but '.*' runs at 0.5 ms; write dt=task"):
            Trials(TASK, neurons)
    # a source of another time step is what its values are
    slow = NeuronGroup(3, "activity : 1", dt=2 * ms)
    FixedSynapses(slow, rates(), onto="I_in")


def test_a_clock_that_changes_after_the_network_is_built():
    neurons, readout = rates(), Readout(TASK)
    own = NeuronGroup(3, "dx/dt = -x/(9*ms) : 1", method="euler")
    output = PlasticSynapses(neurons, readout, Delta(0.5), onto="output")
    output.connect()
    trials = Trials(TASK, neurons, readout, output)
    trials.at_start(own, "x = 1")
    seen = StateMonitor(neurons, "activity", record=True, dt=2 * ms)
    net = Network(neurons, readout, output, trials, own, seen)
    net.run(6 * ms)
    assert len(seen.t) == 3
    defaultclock.dt = 0.5 * ms
    with pytest.raises(BrianObjectException) as raised:
        net.run(6 * ms)
    assert "at 0.5 ms" in str(raised.value.__cause__)


def test_a_monitor_of_trials_has_the_time_of_trials():
    neurons = rates()
    trials = Trials(TASK, neurons)
    for name, value in {"dt": 2 * ms, "when": "start", "order": 1}.items():
        with pytest.raises(TypeError, match=f"TrialMonitor does not take {name} .*Write step= or"):
            TrialMonitor(trials, neurons, "activity", **{name: value})
    assert TrialMonitor(trials, neurons, "activity", name="seen").name == "seen"


@pytest.mark.parametrize("name, value", [("dt", 2 * ms), ("when", "start"), ("record", [0])])
def test_monitors_of_losses_and_choices_record_all_of_them(name, value):
    """A monitor of losses with a time step of its own recorded in other steps than the last."""
    trials = Trials(TASK, Readout(TASK))
    units = WinnerTakeAll(2, period=TAU)
    for make, of in ((LossMonitor, trials), (ChoiceMonitor, units)):
        with pytest.raises(TypeError, match=f"{make.__name__} does not take {name} .*TrialMonitor"):
            make(of, **{name: value})
        assert make(of, name="seen*").name.startswith("seen")


@pytest.mark.parametrize(
    "variables, words",
    [("nope", "has no variable 'nope'"), (["activity", "x"], "'x'"), (5, "names of variables")],
)
def test_what_a_monitor_of_trials_records_is_there(variables, words):
    neurons = rates()
    trials = Trials(TASK, neurons)
    with pytest.raises((TypeError, ValueError), match=f"TrialMonitor: .*{words}"):
        TrialMonitor(trials, neurons, variables)
    with pytest.raises(TypeError, match="TrialMonitor: source must be a group"):
        TrialMonitor(trials, 5, "activity")
