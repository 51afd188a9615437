"""Flags of Brian2's equations: each is honoured, or refused where it is written."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, Quantity, defaultclock, linked_var, ms, start_scope

from brian_rflo import RFLO, LearningRule, LIFNeurons, PlasticSynapses, RateNeurons, schedule
from brian_rflo.neurons import DerivedNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.tasks import ArrayTask

TAU = 10 * ms
EQUATION = "dp/dt = (gain_post*activity_pre - p)/(20*ms) : 1 "


def rule(**strings):
    """A rule of these strings."""
    return type("Rule", (LearningRule,), {"update": "feedback_post*p"} | strings)(0.03)


def weights(one, make=RateNeurons):
    neurons = make(3, tau=TAU)
    neurons.feedback = 1
    synapses = PlasticSynapses(neurons, neurons, one, onto="I_rec")
    synapses.connect()
    synapses.w, neurons.activity = 0.1, [0.1, 0.5, 0.9]
    Network(neurons, synapses).run(5 * ms)
    return np.array(synapses.w)


@pytest.mark.parametrize(
    "flagged",
    [
        dict(traces=EQUATION + "(event-driven)"),
        dict(traces=EQUATION + "(unless refractory)"),
        dict(traces=EQUATION + "(shared)"),
        dict(traces="p : 1 (shared)", advance="p = 0.5*p"),
        dict(traces="p : 1 (linked)", advance="p = 0.5*p"),
        dict(traces=EQUATION + "\nq = 2*p : 1 (constant over dt)"),
        dict(traces=EQUATION + "\nq = 2*p : 1 (shared)"),
        *(
            {f"{side}_traces": f"dz/dt = (activity - z)/(9*ms) : 1 ({flag})"}
            for side in ("pre", "post")
            for flag in ("unless refractory", "event-driven", "shared")
        ),
        dict(pre_traces="z : 1 (shared)", pre_advance="z = activity"),
    ],
)
def test_flags_of_traces_that_are_refused(flagged):
    name = "q" if "q =" in flagged.get("traces", "") else "z" if "traces" not in flagged else "p"
    with pytest.raises(ValueError, match=rf"its trace '{name}' must be updated in each .*; got \("):
        weights(rule(**flagged))


def test_flags_of_traces_that_mean_what_they_say():
    right = weights(rule(traces=EQUATION))
    assert np.array_equal(right, weights(rule(traces=EQUATION + "(clock-driven)")))
    assert np.ptp(right) > 0
    by_statements = dict(advance="p = 0.5*p + gain_post*activity_pre")
    right = weights(rule(traces="p : 1", **by_statements))
    assert np.array_equal(right, weights(rule(traces="p : 1 (constant)", **by_statements)))
    assert np.ptp(right) > 0


def test_event_driven_traces_of_spiking_neurons():
    @dataclass(frozen=True)
    class Rule(LearningRule):
        tau: Quantity
        traces = "dp/dt = (gain_post*activity_pre - p)/tau : 1 (event-driven)"
        update = "feedback_post*p"

    neurons = LIFNeurons(3, tau=TAU, tau_syn=TAU)
    with pytest.raises(ValueError, match=r"got \(event-driven\). Write \(clock-driven\)"):
        PlasticSynapses(neurons, neurons, Rule(0.1, tau=TAU), onto="I_rec")


PORTS = {
    "activity": "activity : 1",
    "I_rec": "I_rec : 1",
    "gain": "gain : 1",
    "feedback": "feedback : 1",
}


@pytest.mark.parametrize("name", PORTS)
def test_a_shared_port_is_refused(name):
    lines = PORTS | {name: f"{PORTS[name]} (shared)"}
    group = NeuronGroup(3, "\n".join(lines.values()), name="mine")
    words = f"'{name}' of group 'mine' must have a value for each neuron.*Write '{name} : 1'"
    with pytest.raises(ValueError, match=words):
        PlasticSynapses(group, group, RFLO(0.1, tau=TAU), onto="I_rec")


def test_a_sum_into_a_constant_is_refused():
    lines = PORTS | {"I_rec": "I_rec : 1 (constant)"}
    group = NeuronGroup(3, "\n".join(lines.values()), name="mine")
    with pytest.raises(ValueError, match=r"into 'I_rec' of 'mine', which is flagged \(constant\)"):
        PlasticSynapses(group, group, RFLO(0.1, tau=TAU), onto="I_rec")


def test_linked_ports():
    """A gain that is linked to a variable of another group is that variable."""

    def learned(gain, more=""):
        start_scope()
        other = NeuronGroup(3, "q : 1")
        lines = PORTS | {"gain": f"gain : 1 {more}"}
        group = NeuronGroup(3, "\n".join(lines.values()))
        if more:
            other.q, group.gain = gain, linked_var(other, "q")
        else:
            group.gain = gain
        synapses = PlasticSynapses(group, group, RFLO(0.5, tau=TAU), onto="I_rec")
        synapses.connect()
        group.activity, group.feedback = [0.1, 0.5, 0.9], 1
        Network(group, other, synapses).run(5 * ms)
        return np.array(synapses.w)

    right = learned([0.3, 0.6, 0.9])
    assert np.array_equal(right, learned([0.3, 0.6, 0.9], "(linked)")) and np.ptp(right) > 0


T, STEP = 8, 1e-5
#: Declarations of a factor k of derived neurons, in words.
FACTORS = {
    "a value of each": "k : 1",
    "constant": "k : 1 (constant)",
    "shared": "k : 1 (shared)",
    "constant and shared": "k : 1 (constant, shared)",
    "a subexpression": "k = 1 + 0.3*cos(t/ms) : 1",
    "a shared subexpression": "k = 1 + 0.3*cos(t/ms) : 1 (shared)",
    "constant over dt": "k = 1 + 0.3*x : 1 (constant over dt)",
    "shared, constant over dt": "k = 1 + 0.3*cos(t/ms) : 1 (shared, constant over dt)",
}


def derived(line, w):
    """Activity and derivative of derived neurons with a factor k, at the end of a run."""
    start_scope()
    defaultclock.dt = 1 * ms
    model = f"dx/dt = (-k*x*x - x + tanh(I_in))/(5*ms) : 1\n{line}"
    neurons = DerivedNeurons(2, model, input="I_in", activity="x", method="euler")
    if "=" not in line:
        neurons.k = 0.6 if "shared" in line else [0.5, 0.9]
        if "constant" not in line:
            neurons.run_regularly("k = k*1.1", when="start")
    task = ArrayTask(target=np.zeros(T), inputs=np.linspace(0.5, 1.5, T), dt=1 * ms)
    inputs = TaskInput(task)
    synapses = PlasticSynapses(inputs, neurons, neurons.rule(0.0), onto="I_in")
    synapses.connect()
    synapses.w = w
    Network(neurons, inputs, synapses).run(T * ms)
    return np.array(neurons.activity), np.array(synapses.trace_x)


@pytest.mark.parametrize("name", FACTORS)
def test_flags_of_derived_neurons(name):
    (more, _), (less, _) = derived(FACTORS[name], 0.7 + STEP), derived(FACTORS[name], 0.7 - STEP)
    trace = derived(FACTORS[name], 0.7)[1]
    np.testing.assert_allclose(trace, (more - less) / (2 * STEP), rtol=1e-8)
    assert (np.abs(trace) > 0.1).all()


def test_a_linked_variable_of_derived_neurons():
    with pytest.raises(
        ValueError, match=r"'k' is \(linked\), and the rule is derived before it is"
    ):
        derived("k : 1 (linked)", 0.7)


def test_a_subexpression_is_no_port():
    lines = PORTS | {"gain": "gain = 1 - tanh(I_rec)**2 : 1"}
    group = NeuronGroup(3, "\n".join(lines.values()), name="mine")
    group.run_regularly("activity = tanh(I_rec)", **schedule.GAIN)
    with pytest.raises(ValueError, match="'gain' of group 'mine' must be stored"):
        PlasticSynapses(group, group, RFLO(0.1, tau=TAU), onto="I_rec")
